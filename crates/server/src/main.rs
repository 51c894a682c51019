//! `bennu`: see `bennu --help`.

use std::process::ExitCode;

use bennu::{config, demo, export, serve};
use clap::Parser;

fn main() -> ExitCode {
    let env = |name: &str| std::env::var(name).ok();
    let flags = config::Flags::parse();
    let command = flags.command.clone();
    let outcome = match command {
        Some(config::Command::Export(flags)) => export::run(&flags, env),
        command => {
            config::load(flags, env).map_err(anyhow::Error::from).and_then(|config| run(config, command))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bennu: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: config::Config, command: Option<config::Command>) -> anyhow::Result<()> {
    serve::log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        if let Some(config::Command::Demo(demo)) = command {
            return demo::run(config, demo.once, demo.traffic).await;
        }
        let server = serve::Server::start(config).await?;
        serve::greet(&server);
        server.run_until(serve::stop_signal()).await
    });
    // Whatever still computes has nobody to answer.
    runtime.shutdown_background();
    outcome
}
