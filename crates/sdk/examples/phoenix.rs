//! Phoenix as the backend: its endpoint, project and key, from the builder or from its own variables
//! (`PHOENIX_COLLECTOR_ENDPOINT`, `PHOENIX_PROJECT_NAME`, `PHOENIX_API_KEY`).
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use bennu_sdk::{Document, Message, agent_span, init_tracing, llm_span, retrieval_span, stats, tool_span};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = init_tracing("example-phoenix").project("herons").start()?;
    let agent = agent_span("What do herons eat?");
    agent.in_scope(|| {
        let tool = tool_span("search_docs", &json!({"query": "heron food"}));
        tool.in_scope(|| {
            let found = retrieval_span("heron food", 1);
            found.record_documents(&[Document::new("Herons eat fish.").id("d1").score(0.9)]);
        });
        tool.record_output(&json!([{"id": "d1"}]));
        drop(tool);
        let llm = llm_span("gpt-4o", &[Message::user("What do herons eat?")]);
        llm.record_messages(&[Message::assistant("Fish.")], &["stop"]);
    });
    agent.record_output("Fish.");
    let id = agent.trace_id();
    drop(agent);
    bennu_sdk::flush();
    println!("trace {id}: {:?}", stats());
    drop(guard);
    Ok(())
}
