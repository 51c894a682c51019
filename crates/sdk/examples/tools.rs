//! An agent with a tool: the tool's call is below the agent's run, beside the model's.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use bennu_sdk::{Message, Part, ToolCall, agent_span, init_tracing, llm_span, tool_span};
use serde_json::json;

fn weather(city: &str) -> Result<String, String> {
    if city == "Atlantis" { Err("no such city".to_owned()) } else { Ok(format!("sunny in {city}")) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-tools").start()?;
    let agent = agent_span("What is the weather in Lisbon?").name("forecaster");
    let answer = agent.in_scope(|| {
        let call =
            ToolCall { id: "c1".into(), name: "weather".into(), arguments: r#"{"city":"Lisbon"}"#.into() };
        let wants = Message { role: "assistant".into(), tool_calls: vec![call], ..Message::default() };
        let first = llm_span("gpt-4o", "What is the weather in Lisbon?");
        first.record_messages(std::slice::from_ref(&wants), &["tool_calls"]);
        drop(first);

        let result = tool_span("weather", &json!({"city": "Lisbon"})).call_id("c1").trace_sync(|span| {
            let result = weather("Lisbon")?;
            span.record_output(&result);
            Ok::<_, String>(result)
        })?;
        // A tool that fails is marked, with its error.
        let _ = tool_span("weather", &json!({"city": "Atlantis"})).trace_sync(|_| weather("Atlantis"));

        let asked = [Message::user("What is the weather in Lisbon?"), wants, Message::tool("c1", result)];
        let second = llm_span("gpt-4o", &asked);
        let said = Message::assistant("It is sunny.");
        second.record_messages(std::slice::from_ref(&said), &["stop"]);
        Ok::<_, String>(match &said.parts[0] {
            Part::Text(text) => text.to_string(),
            _ => String::new(),
        })
    })?;
    agent.record_output(&answer);
    agent.record_stop("final answer", 2);
    println!("{answer}");
    Ok(())
}
