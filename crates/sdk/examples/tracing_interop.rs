//! Spans of the `tracing` crate and these in one trace.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use bennu_sdk::{init_tracing, tool_span, tracing_layer};
use tracing_subscriber::layer::SubscriberExt;

#[tracing::instrument]
fn look_up(word: &str) -> usize {
    tool_span("dictionary", &word).in_scope(|| {
        let _span = tracing::info_span!("read the index").entered();
        word.len()
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-tracing").start()?;
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(tracing_layer()))?;
    println!("{}", look_up("heron"));
    Ok(())
}
