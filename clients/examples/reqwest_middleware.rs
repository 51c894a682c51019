//! `reqwest-middleware`: for a client of one's own, or one that takes a `ClientWithMiddleware`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use bennu_clients::ModelServer;
use bennu_sdk::{LlmMiddleware, agent_span, init_tracing};
use futures_util::StreamExt;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-reqwest-middleware").start()?;
    let server = ModelServer::find().await?;
    let client =
        reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(LlmMiddleware::new()).build();
    let url = format!("{}/chat/completions", server.base_url);
    let mut request = json!({
        "model": server.model,
        "messages": [{"role": "user", "content": "What is a pool?"}],
    });

    agent_span("Find out about pools.")
        .trace(async |_| {
            let send = |body: &Value| client.post(&url).bearer_auth(&server.api_key).json(body).send();
            let answer: Value = send(&request).await?.json().await?;
            println!("{}", answer["choices"][0]["message"]["content"]);

            request["stream"] = json!(true);
            request["stream_options"] = json!({"include_usage": true});
            let mut events = send(&request).await?.bytes_stream();
            let mut bytes = 0;
            while let Some(piece) = events.next().await {
                bytes += piece?.len();
            }
            println!("{bytes} bytes of events");
            Ok::<_, reqwest_middleware::Error>(())
        })
        .await?;
    Ok(())
}
