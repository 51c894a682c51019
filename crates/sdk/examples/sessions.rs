//! A conversation of several traces: session, user, tags and metadata on every span, and the prompt's template.

use bennu_sdk::{Message, agent_span, init_tracing, llm_span, using_prompt_template, using_session};
use serde_json::json;

fn turn(question: &str) {
    let agent = agent_span(question);
    agent.in_scope(|| {
        using_prompt_template(
            "Answer {name}: {question}",
            &json!({"name": "Ada", "question": question}),
            "v3",
        )
        .in_scope(|| {
            let span = llm_span("gpt-4o", &format!("Answer Ada: {question}")[..]);
            span.record_messages(&[Message::assistant("Yes.")], &["stop"]);
        });
    });
    agent.record_output("Yes.");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-sessions").start()?;
    using_session("conversation-17")
        .user("ada")
        .tags(["beta"])
        .metadata(&json!({"plan": "pro"}))
        .in_scope(|| ["Is it true?", "Are you sure?"].into_iter().for_each(turn));
    Ok(())
}
