//! `async-openai`: its HTTP client is a tower service, and `LlmService` goes into it.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    middleware::{HttpRequestFactory, retry::OpenAIRetryLayer},
    types::{
        chat::{
            ChatCompletionRequestUserMessage, ChatCompletionTool, ChatCompletionTools,
            CreateChatCompletionRequest, CreateChatCompletionRequestArgs, FunctionObjectArgs,
        },
        embeddings::CreateEmbeddingRequestArgs,
        responses::{CreateResponseArgs, ResponseStreamEvent},
    },
};
use bennu_clients::ModelServer;
use bennu_sdk::{LlmService, agent_span, init_tracing};
use futures_util::StreamExt;
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// A client whose calls are spans. Its retries go around, so that each attempt is one.
fn traced(server: &ModelServer) -> Client<OpenAIConfig> {
    let http = LlmService::new(reqwest::Client::new());
    let send = service_fn(move |request: HttpRequestFactory| {
        let http = http.clone();
        async move { http.oneshot(request.build().await?).await.map_err(OpenAIError::Reqwest) }
    });
    let config = OpenAIConfig::new().with_api_base(&server.base_url).with_api_key(&server.api_key);
    Client::with_config(config)
        .with_http_service(ServiceBuilder::new().layer(OpenAIRetryLayer::default()).service(send))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-async-openai").start()?;
    let server = ModelServer::find().await?;
    let client = traced(&server);
    let ask = |question: &str| -> CreateChatCompletionRequest {
        let question = ChatCompletionRequestUserMessage::from(question).into();
        CreateChatCompletionRequest {
            model: server.model.clone(),
            messages: vec![question],
            ..CreateChatCompletionRequest::default()
        }
    };
    // What is called inside belongs to this.
    agent_span("Find out about pools.")
        .trace(async |_| {
            let answer = client.chat().create(ask("What is a pool?")).await?;
            println!("{}", answer.choices[0].message.content.clone().unwrap_or_default());

            let mut request = ask("What is a pool?");
            request.stream_options =
                Some(serde_json::from_value(json!({"include_usage": true})).unwrap_or_default());
            let mut chunks = client.chat().create_stream(request).await?;
            while let Some(chunk) = chunks.next().await {
                for choice in chunk?.choices {
                    print!("{}", choice.delta.content.unwrap_or_default());
                }
            }
            println!();

            let search = FunctionObjectArgs::default()
                .name("search_docs")
                .parameters(json!({"type": "object", "properties": {"query": {"type": "string"}}}))
                .build()?;
            let request = CreateChatCompletionRequestArgs::default()
                .model(&server.model)
                .messages([ChatCompletionRequestUserMessage::from("What is a pool?").into()])
                .tools(vec![ChatCompletionTools::Function(ChatCompletionTool { function: search })])
                .build()?;
            let answer = client.chat().create(request).await?;
            println!("{:?}", answer.choices[0].message.tool_calls);

            let request =
                CreateResponseArgs::default().model(&server.model).input("What is a pool?").build()?;
            let answer = client.responses().create(request.clone()).await?;
            println!("{}", answer.output_text().unwrap_or_default());
            let mut events = client.responses().create_stream(request).await?;
            while let Some(event) = events.next().await {
                if let ResponseStreamEvent::ResponseOutputTextDelta(piece) = event? {
                    print!("{}", piece.delta);
                }
            }
            println!();

            let request = CreateEmbeddingRequestArgs::default()
                .model(&server.embedding_model)
                .input(["a heron", "an ibis"])
                .build()?;
            let vectors = client.embeddings().create(request).await?;
            println!("{} vectors", vectors.data.len());
            Ok::<_, OpenAIError>(())
        })
        .await?;
    Ok(())
}
