//! The command line.

use clap::{Args, Parser, Subcommand};

/// LLM observability in one binary: OTLP in, the waterfall out.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "bennu", version, args_conflicts_with_subcommands = true)]
pub struct Flags {
    /// What to do; `serve` when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `serve`.
    #[command(flatten)]
    pub serve: ServeFlags,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Receive traces and show them.
    Serve(ServeFlags),
    /// Run an agent on a question and show its trace; then serve on.
    Demo(DemoFlags),
    /// Print a trace of a running bennu as JSON.
    Export(ExportFlags),
}

/// Flags of `demo`.
#[derive(Debug, Clone, Default, Args)]
pub struct DemoFlags {
    /// End when the trace is shown.
    #[arg(long)]
    pub once: bool,
    /// Make so many varied requests first, spread over the past week, so that every page has something to show.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub traffic: usize,
    /// Those of `serve`, for the server that is started.
    #[command(flatten)]
    pub serve: ServeFlags,
}

/// Flags of `export`. Variables are read by `export` itself, so that no help shows their values.
#[derive(Debug, Clone, Default, Args)]
pub struct ExportFlags {
    /// The trace's id, or the address of its page
    #[arg(value_name = "TRACE")]
    pub trace: String,
    /// Where bennu is; else BENNU_URL, PHOENIX_COLLECTOR_ENDPOINT [default: http://localhost:6006]
    #[arg(long)]
    pub url: Option<String>,
    /// What a bennu wants that was started with --token; else BENNU_TOKEN, PHOENIX_API_KEY
    #[arg(long)]
    pub token: Option<String>,
    /// The project, where several have the trace
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// OTLP/JSON as it was sent, instead of what bennu makes of it
    #[arg(long)]
    pub otlp: bool,
    /// Write to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<String>,
}

/// Flags of `serve`; each also as `BENNU_…` in the environment and as a key of the configuration file.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeFlags {
    /// Where the database lives [default: the platform's data directory]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Address to bind; another than loopback needs --token or --no-auth [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port of pages, JSON and OTLP/HTTP; 0 takes a free one [default: 6006]
    #[arg(long)]
    pub port: Option<String>,
    /// Port of OTLP/gRPC, or "off" [default: 4317]
    #[arg(long, value_name = "PORT")]
    pub grpc_port: Option<String>,
    /// Port of OTLP/HTTP alone, or "off" [default: 4318]
    #[arg(long, value_name = "PORT")]
    pub otlp_port: Option<String>,
    /// Token that senders show as bearer and people enter to see the pages
    #[arg(long)]
    pub token: Option<String>,
    /// Serve another address than loopback to everybody who can reach it
    #[arg(long)]
    pub no_auth: bool,
    /// Largest request body in bytes, before and after decompression [default: 67108864]
    #[arg(long, value_name = "BYTES")]
    pub max_body_bytes: Option<String>,
    /// Bytes of requests worked on at any time; more are told to come back [default: 201326592]
    #[arg(long, value_name = "BYTES")]
    pub max_queue_bytes: Option<String>,
    /// Host names, comma separated, under which the pages may be asked for without a token
    #[arg(long, value_name = "NAMES")]
    pub allowed_hosts: Option<String>,
    /// Configuration file in TOML
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
}
