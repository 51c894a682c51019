//! `bennu`: see `bennu --help`.

use std::process::ExitCode;

use bennu::{config, serve};
use clap::Parser;

fn main() -> ExitCode {
    let flags = config::Flags::parse();
    let outcome =
        config::load(flags, |name| std::env::var(name).ok()).map_err(anyhow::Error::from).and_then(run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bennu: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: config::Config) -> anyhow::Result<()> {
    serve::log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let server = serve::Server::start(config).await?;
        serve::greet(&server);
        server.run_until(serve::stop_signal()).await
    });
    // Whatever still computes has nobody to answer.
    runtime.shutdown_background();
    outcome
}
