//! A model call: what went in, what came out, tokens.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use bennu_sdk::{Message, init_tracing, llm_span};
use serde_json::{Value, json};

/// Stands in for an HTTP request to a model.
async fn ask(_messages: &[Message<'_>]) -> Result<Value, std::io::Error> {
    Ok(json!({
        "id": "chatcmpl-1",
        "model": "gpt-4o-2024-08-06",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "It scatters blue light."}}],
        "usage": {"prompt_tokens": 21, "completion_tokens": 6}
    }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-chat").start()?;
    let messages = [Message::system("Be brief."), Message::user("Why is the sky blue?")];
    let response = llm_span("gpt-4o", &messages)
        .provider("openai")
        .parameters(&json!({"temperature": 0.2}))
        .trace(async |span| {
            let response = ask(&messages).await?;
            span.record_output(&response);
            Ok::<_, std::io::Error>(response)
        })
        .await?;
    println!("{}", response["choices"][0]["message"]["content"]);
    Ok(())
}
