//! The command line.

use std::path::PathBuf;

use bennu_bench::Shape;
use clap::{Parser, Subcommand};

use crate::{limits::LimitsFlags, servers::Against, worst::WorstFlags};

/// Load for OTLP servers: seeded LLM-shaped traces, and how fast they were acknowledged.
///
/// Load one server:       bennu-bench --url http://127.0.0.1:6006/v1/traces --spans 200000
/// Compare servers:       bennu-bench --against bennu=http://127.0.0.1:6006,pid=1,dir=/data --against phoenix=http://127.0.0.1:6007
/// The worst bodies:      bennu-bench --url http://127.0.0.1:6006/v1/traces worst --pid 1
/// This machine's limits: bennu-bench limits --dir /data
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Where traces go, over HTTP.
    #[arg(long, default_value = "http://127.0.0.1:6006/v1/traces")]
    pub(crate) url: String,
    /// Where traces go, over gRPC: http://host:port. Instead of --url.
    #[arg(long)]
    pub(crate) grpc: Option<String>,
    /// A server to be written to and read: NAME=URL[,pid=PID][,dir=PATH][,grpc=URL][,project=NAME]. Repeat it to compare
    /// servers one after the other. NAME is bennu, phoenix or otlp (written to only), with a label if there are several
    /// (bennu:old). URL is http://host:port; its OTLP/HTTP is at /v1/traces. With pid: CPU and memory. With dir: disk. With grpc:
    /// traces go there.
    #[arg(long, verbatim_doc_comment)]
    pub(crate) against: Vec<Against>,
    /// Shape of the traffic.
    #[arg(long, value_enum, default_value = "chat")]
    pub(crate) shape: Shape,
    /// Spans in all.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) spans: usize,
    /// Spans a request [default: 500; 1 for trickle].
    #[arg(long)]
    pub(crate) batch: Option<usize>,
    /// Connections [default: 4; 32 for trickle].
    #[arg(long)]
    pub(crate) connections: Option<usize>,
    /// Seed: the same one makes the same traffic (but for the time, which is now).
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Turns of an agent.
    #[arg(long, default_value_t = 50)]
    pub(crate) turns: usize,
    /// Days before now over which traces begin, evenly; 0 is now.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) days: f64,
    /// Spans a second, sent when they are due (open loop: latency is counted from then); without it as fast as acknowledged.
    #[arg(long, value_parser = positive)]
    pub(crate) rate: Option<f64>,
    /// With --against: times each question is asked.
    #[arg(long, default_value_t = 200)]
    pub(crate) reads: usize,
    /// With --against: ask the questions once more while so many spans a second come in.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) under: f64,
    /// With --against: seconds left to a server after it has everything, before its disk and CPU time are read.
    #[arg(long, default_value_t = 3.0)]
    pub(crate) settle: f64,
    /// Write everything to this file, as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sends the worst bodies there are and says how much memory the server took for each.
    Worst(WorstFlags),
    /// Measures what this machine can do: syncs, compression, hashing, bare SQLite.
    Limits(LimitsFlags),
}

impl Flags {
    pub(crate) fn batch(&self) -> usize {
        self.batch.unwrap_or(if self.shape == Shape::Trickle { 1 } else { 500 }).max(1)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.unwrap_or(if self.shape == Shape::Trickle { 32 } else { 4 }).max(1)
    }

    /// The servers of this run; the one at `--url` or `--grpc` if there are no others.
    pub(crate) fn servers(&self) -> Vec<Against> {
        if self.against.is_empty() {
            return vec![Against::otlp(&self.url, self.grpc.clone())];
        }
        self.against.clone()
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "a number was expected".to_owned())?;
    if number > 0.0 && number.is_finite() { Ok(number) } else { Err("more than 0 was expected".into()) }
}
