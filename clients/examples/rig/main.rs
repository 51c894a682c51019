//! `rig-core`: its transport is a trait, which `transport.rs` implements over `LlmService`. Its own `tracing` spans pass through
//! `tracing_layer` and are of the same trace.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

mod transport;

use bennu_clients::ModelServer;
use bennu_sdk::{agent_span, init_tracing, tracing_layer};
use futures_util::StreamExt;
use rig_core::{
    completion::CompletionRequest,
    providers::openai::OpenAIConfig,
    streaming::{Item, StreamEvent},
};
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-rig").start()?;
    // From INFO on, so that the HTTP client's own steps are not in the trace.
    let layer = tracing_layer().with_filter(LevelFilter::INFO);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    let server = ModelServer::find().await?;
    let config = OpenAIConfig::new(server.api_key).with_base_url(server.base_url);
    let model = config.connect(transport::Traced::default()).chat(server.model);

    agent_span("Find out about pools.")
        .trace(async |_| {
            let answer = model.call(CompletionRequest::new("What is a pool?").temperature(0.2)).await?;
            println!("{}", answer.text());

            let mut events = model.stream(CompletionRequest::new("What is a pool?"))?;
            while let Some(event) = events.next().await {
                if let Item::Event(StreamEvent::Text { text, .. }) = event? {
                    print!("{text}");
                }
            }
            // What rig's own span says of the answer it writes here.
            println!("\n{:?}", events.finish().await?.usage);
            Ok::<_, rig_core::ProviderError>(())
        })
        .await?;
    Ok(())
}
