//! `bennu-bench`: sends LLM-shaped traces to any OTLP/HTTP server and says how fast they were acknowledged.
#![expect(clippy::print_stdout, reason = "a command-line tool's answer")]

mod worst;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bennu_bench::{Generator, Request, Shape};
use clap::{Parser, Subcommand, ValueEnum};

/// Load for an OTLP server.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where traces go.
    #[arg(long, default_value = "http://127.0.0.1:6006/v1/traces")]
    url: String,
    /// Shape of the traffic.
    #[arg(long, value_enum, default_value = "chat")]
    shape: ShapeName,
    /// Spans in all.
    #[arg(long, default_value_t = 100_000)]
    spans: usize,
    /// Spans a request.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// Connections.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends the worst bodies there are and says how much memory the server took for each.
    Worst(worst::WorstFlags),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShapeName {
    Chat,
    Agent,
    AgentJson,
}

/// Requests made before the clock starts: making them is not what is measured.
const CHUNK_BYTES: usize = 1 << 30;

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    if let Some(Command::Worst(worst)) = &flags.command {
        return worst::run(worst, &flags.url);
    }
    let shape = match flags.shape {
        ShapeName::Chat => Shape::Chat,
        ShapeName::Agent => Shape::Agent,
        ShapeName::AgentJson => Shape::AgentJson,
    };
    let mut generator = Generator::new(flags.seed, shape);
    let (mut sent, mut bytes, mut took, mut answers) = (0, 0, Duration::ZERO, Vec::new());
    while sent < flags.spans {
        let mut requests = Vec::new();
        let mut chunk = 0;
        while sent < flags.spans && chunk < CHUNK_BYTES {
            let request = generator.request(flags.batch.min(flags.spans - sent));
            sent += request.spans;
            chunk += request.body.len();
            requests.push(request);
        }
        bytes += chunk;
        let begun = Instant::now();
        answers.extend(send(&flags, requests)?);
        took += begun.elapsed();
    }
    answers.sort_unstable();
    let percentile = |share: f64| answers[((answers.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let seconds = took.as_secs_f64();
    println!("spans            {sent} ({:.0} bytes each)", bytes as f64 / sent as f64);
    println!(
        "acknowledged     {:.0} spans/s, {:.1} MB/s",
        sent as f64 / seconds,
        bytes as f64 / seconds / 1e6
    );
    println!("ack p50 / p99    {:.1} ms / {:.1} ms", percentile(0.5), percentile(0.99));
    println!("raw bytes        {bytes}");
    Ok(())
}

/// Sends all requests over the connections and returns how long each took to be acknowledged.
fn send(flags: &Flags, requests: Vec<Request>) -> anyhow::Result<Vec<Duration>> {
    let queue = Arc::new(Mutex::new(requests));
    let threads: Vec<_> = (0..flags.connections)
        .map(|_| {
            let (queue, url) = (queue.clone(), flags.url.clone());
            std::thread::spawn(move || -> anyhow::Result<Vec<Duration>> {
                let agent = ureq::Agent::new_with_defaults();
                let mut answers = Vec::new();
                loop {
                    let request = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some(request) = request else { return Ok(answers) };
                    let begun = Instant::now();
                    let mut answer = agent
                        .post(&url)
                        .header("content-type", "application/x-protobuf")
                        .send(&request.body)
                        .with_context(|| format!("{url} did not take a request"))?;
                    let reply = answer.body_mut().read_to_vec()?;
                    ensure!(reply.is_empty(), "spans were refused: {}", String::from_utf8_lossy(&reply));
                    answers.push(begun.elapsed());
                }
            })
        })
        .collect();
    let mut answers = Vec::new();
    for thread in threads {
        answers.extend(thread.join().map_err(|_| anyhow::anyhow!("a sender panicked"))??);
    }
    Ok(answers)
}
