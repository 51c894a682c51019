//! OpenTelemetry's own words, `gen_ai.*`, for backends that know those.

use bennu_sdk::{Conventions, Message, Usage, init_tracing, llm_span, tool_span};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-gen-ai").conventions(Conventions::GenAi).start()?;
    let span =
        llm_span("claude-sonnet-4-5", "hello").provider("anthropic").parameters(&json!({"max_tokens": 100}));
    span.record_messages(&[Message::assistant("Hi!")], &["end_turn"]);
    span.record_usage(&Usage { input: Some(9), output: Some(3), ..Usage::default() });
    drop(span);
    tool_span("now", &json!({"zone": "UTC"})).record_output("12:00");
    Ok(())
}
