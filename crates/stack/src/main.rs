//! `stack run`: one question, traced. `stack serve`: the agent behind HTTP.
#![allow(clippy::print_stdout, reason = "what the program says to who runs it")]

use std::net::SocketAddr;

use bennu_sdk::init_tracing;
use bennu_stack::{
    Stack,
    server::{Users, app},
    settings::Settings,
};
use clap::{Parser, Subcommand};

/// A small production stack around a language model, traced end to end. The model is an OpenAI-compatible server: OPENAI_BASE_URL,
/// OPENAI_API_KEY and MODEL name it; with none of them an offline stand-in answers, which is no language model. Traces go to
/// PHOENIX_COLLECTOR_ENDPOINT, else to http://localhost:6006.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Asks the agent one question and says where its trace is.
    Run {
        /// The question.
        #[arg(default_value = "Compare Postgres and SQLite for a small Django app's database.")]
        question: String,
        /// Prints every span, too.
        #[arg(long)]
        console: bool,
    },
    /// Serves POST /chat.
    Serve {
        /// The port.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Who may ask: key:user,key:user. Without it X-User-Id is believed.
        #[arg(long, env = "STACK_API_KEYS", default_value = "", hide_env_values = true)]
        api_keys: String,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Cli::parse().command {
        Command::Run { question, console } => run(&question, console).await,
        Command::Serve { port, api_keys } => serve(port, &api_keys).await,
    }
}

async fn run(question: &str, console: bool) -> Result<(), Box<dyn std::error::Error>> {
    let guard = init_tracing("stack-dev").console(console).start()?;
    let stack = Stack::start(Settings::from_environment()).await?;
    let answer = stack.agent.run(question, &[]).await?;
    println!("\n{}\n", answer.text);
    let lost = tokio::task::spawn_blocking(move || {
        bennu_sdk::flush();
        let lost = bennu_sdk::stats().lost;
        drop(guard);
        lost
    });
    match lost.await? {
        0 => println!("Trace {}: open it by this id in Bennu or Phoenix.", answer.trace_id),
        lost => println!(
            "Nobody took the trace: {lost} spans are lost. Start a collector (`bennu`), or name one in PHOENIX_COLLECTOR_ENDPOINT."
        ),
    }
    Ok(())
}

async fn serve(port: u16, api_keys: &str) -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO).init();
    let _guard = init_tracing("stack").start()?;
    let users = Users::parse(api_keys)?;
    let stack = Stack::start(Settings::from_environment()).await?;
    let model = stack.agent.model().to_owned();
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    tracing::info!(address = %listener.local_addr()?, model, "listening");
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app(stack, users)).with_graceful_shutdown(stop).await?;
    Ok(())
}
