//! `genai`: nothing can be put into its HTTP client (`with_reqwest` takes a `reqwest::Client`, which has no place for layers), and
//! nothing need be: with its feature `otel` it opens `tracing` spans, which `tracing_layer` takes.
//!
//! Messages are on them if `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true` is in the environment.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use bennu_clients::ModelServer;
use bennu_sdk::{agent_span, init_tracing, tracing_layer};
use futures_util::StreamExt;
use genai::{
    Client, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent},
    resolver::{AuthData, Endpoint},
};
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-genai").start()?;
    // From INFO on, so that the HTTP client's own steps are not in the trace.
    let layer = tracing_layer().with_filter(LevelFilter::INFO);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    let server = ModelServer::find().await?;
    let target = ServiceTarget {
        endpoint: Endpoint::from_owned(format!("{}/", server.base_url)),
        auth: AuthData::from_single(server.api_key),
        model: ModelIden::new(AdapterKind::OpenAI, server.model),
    };
    let client = Client::new()?;
    let question = ChatRequest::new(vec![ChatMessage::user("What is a pool?")]);

    agent_span("Find out about pools.")
        .trace(async |_| {
            let answer = client.exec_chat(target.clone(), question.clone(), None).await?;
            println!("{}", answer.first_text().unwrap_or_default());

            // What a stream says is on the span if it is captured.
            let options = ChatOptions::default().with_capture_usage(true).with_capture_content(true);
            let mut events = client.exec_chat_stream(target, question, Some(&options)).await?.stream;
            while let Some(event) = events.next().await {
                if let ChatStreamEvent::Chunk(chunk) = event? {
                    print!("{}", chunk.content);
                }
            }
            println!();
            Ok::<_, genai::Error>(())
        })
        .await?;
    Ok(())
}
