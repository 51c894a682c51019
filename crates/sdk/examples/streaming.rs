//! An answer that comes piece by piece: the time to its first token, and the whole of it in the end.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use bennu_sdk::{init_tracing, llm_span};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};

/// Stands in for the server-sent events of a model.
fn answer() -> impl Stream<Item = Value> + Unpin {
    let words = ["It ", "scatters ", "blue ", "light."];
    let mut chunks: Vec<Value> =
        words.iter().map(|word| json!({"choices": [{"delta": {"content": word}}]})).collect();
    chunks.push(json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}));
    chunks.push(json!({"choices": [], "usage": {"prompt_tokens": 21, "completion_tokens": 6}}));
    stream::iter(chunks)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-streaming").start()?;
    let span = llm_span("gpt-4o", "Why is the sky blue?");
    let mut chunks = span.stream().over(answer(), |answer, chunk| answer.push(chunk));
    while let Some(chunk) = chunks.next().await {
        print!("{}", chunk.pointer("/choices/0/delta/content").and_then(Value::as_str).unwrap_or_default());
    }
    println!();
    Ok(())
}
