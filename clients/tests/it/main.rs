//! The examples, run as their readers would, each against a collector: the spans of their calls are whole.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod collector;

use collector::{Sent, run};

const MODEL: &str = "offline-stand-in";
const QUESTION: &str = "What is a pool?";
const AGENT: &str = "agent.run";

/// The only span of this name.
fn one<'a>(spans: &'a [Sent], name: &str) -> &'a Sent {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {spans:#?}");
    found[0]
}

/// The calls below the example's agent, in order: each is whole, and said what the example printed.
fn calls<'a>(spans: &'a [Sent], said: &str) -> Vec<&'a Sent> {
    let agent = one(spans, AGENT);
    let mut calls: Vec<_> = spans.iter().filter(|span| span.name == "llm.chat").collect();
    calls.sort_by_key(|span| span.begun_ns);
    for call in &calls {
        assert_eq!((call.error.as_deref(), &call.trace_id), (None, &agent.trace_id));
        assert_eq!(call.get("openinference.span.kind"), "LLM");
        assert_eq!((call.get("llm.model_name"), call.get("llm.response.model_name")), (MODEL, MODEL));
        assert_eq!(call.get("llm.input_messages.0.message.role"), "user");
        assert_eq!(call.get("input.value"), QUESTION);
        assert!(call.number("llm.token_count.prompt") > 0 && call.number("llm.token_count.completion") > 0);
        let id = call.get("gen_ai.response.id");
        assert!(id.starts_with("chatcmpl-") || id.starts_with("resp_"), "{call:?}");
        let reason = call.get("llm.finish_reason");
        assert!(["stop", "tool_calls", "completed"].contains(&reason), "{call:?}");
        if reason != "tool_calls" {
            let text = call.get("llm.output_messages.0.message.content");
            let first = text.lines().next().unwrap_or_default();
            assert!(!first.is_empty() && said.contains(first), "{text:?} in {said:?}");
        }
    }
    calls
}

/// The first answer came whole, the second piece by piece, and they are the same.
fn whole_and_streamed(calls: &[&Sent]) {
    let [whole, streamed] = calls else { panic!("{calls:#?}") };
    for same in [
        "llm.output_messages.0.message.content",
        "llm.finish_reason",
        "llm.token_count.prompt",
        "llm.token_count.completion",
        "llm.token_count.total",
    ] {
        assert_eq!(whole.get(same), streamed.get(same), "{same}");
    }
    assert!(whole.events.is_empty());
    assert_eq!(streamed.events, ["First Token Stream Event"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn async_openai() {
    let (spans, said) = run("async_openai").await;
    let calls = calls(&spans, &said);
    whole_and_streamed(&calls[..2]);
    let [_, _, tool, ..] = calls[..] else { panic!("{calls:#?}") };
    // The Responses API.
    whole_and_streamed(&calls[3..]);
    assert_eq!(tool.get("llm.finish_reason"), "tool_calls");
    let call = "llm.output_messages.0.message.tool_calls.0.tool_call";
    assert_eq!(tool.get(&format!("{call}.function.name")), "search_docs");
    assert!(said.contains(tool.get(&format!("{call}.id"))), "{said}");
    assert!(tool.get("llm.tools.0.tool.json_schema").contains("search_docs"));

    let embedding = one(&spans, "embedding");
    assert_eq!(embedding.get("embedding.model_name"), "offline-stand-in-embedding");
    assert_eq!(embedding.get("embedding.embeddings.1.embedding.text"), "an ibis");
    assert!(embedding.number("llm.token_count.prompt") > 0);
    let agent = one(&spans, AGENT);
    assert!(calls.into_iter().chain([embedding]).all(|span| span.parent_id == agent.span_id));
    assert_eq!(spans.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn reqwest_middleware() {
    let (spans, said) = run("reqwest_middleware").await;
    // The example shows the first answer as JSON and counts the second.
    let said = said.replace("\\n", "\n").replace("\\\"", "\"");
    let calls = calls(&spans, &said);
    whole_and_streamed(&calls);
    assert!(calls.iter().all(|call| call.parent_id == one(&spans, AGENT).span_id));
    assert_eq!(spans.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rig() {
    let (spans, said) = run("rig").await;
    let agent = one(&spans, AGENT);
    let calls = calls(&spans, &said);
    whole_and_streamed(&calls);
    assert_eq!(calls[0].get("llm.invocation_parameters"), r#"{"temperature":0.2}"#);

    assert_eq!(spans.len(), 5);
    // rig's own spans, above ours.
    let mut own: Vec<_> = spans.iter().filter(|span| span.name == "chat").collect();
    own.sort_by_key(|span| span.begun_ns);
    assert_eq!(own.len(), 2, "{spans:#?}");
    for (own, call) in own.iter().zip(&calls) {
        assert_eq!((&own.parent_id, own.error.as_deref()), (&agent.span_id, None));
        assert_eq!(call.parent_id, own.span_id);
        assert_eq!(own.get("gen_ai.request.model"), MODEL);
        // By which a backend knows both for one call.
        assert_eq!(own.get("gen_ai.response.id"), call.get("gen_ai.response.id"));
        assert_eq!(own.get("gen_ai.usage.input_tokens"), call.get("llm.token_count.prompt"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn genai() {
    let (spans, said) = run("genai").await;
    let agent = one(&spans, AGENT);
    let mut calls: Vec<_> = spans.iter().filter(|span| span.name == format!("chat {MODEL}")).collect();
    calls.sort_by_key(|span| span.begun_ns);
    assert_eq!((calls.len(), spans.len()), (2, 3), "{spans:#?}");
    for call in &calls {
        assert_eq!((&call.parent_id, call.error.as_deref()), (&agent.span_id, None));
        assert_eq!(call.get("gen_ai.request.model"), MODEL);
        assert!(call.get("gen_ai.input.messages").contains(QUESTION));
        assert!(
            call.number("gen_ai.usage.input_tokens") > 0 && call.number("gen_ai.usage.output_tokens") > 0
        );
        assert!(call.get("gen_ai.response.finish_reasons").contains("stop"), "{call:?}");
        let messages: serde_json::Value = serde_json::from_str(call.get("gen_ai.output.messages")).unwrap();
        let text = messages[0]["parts"][0]["content"].as_str().unwrap();
        let first = text.lines().next().unwrap();
        assert!(!first.is_empty() && said.contains(first), "{text:?} in {said:?}");
    }
    // Of a stream genai does not say which model answered.
    assert_eq!(calls[0].get("gen_ai.response.model"), MODEL);
    assert_eq!(calls[0].get("gen_ai.output.messages"), calls[1].get("gen_ai.output.messages"));
}
