//! Recordings, what they can be held to, cases, shapes and replays.

mod asserts;
mod cases;
mod recording;
mod replays;
mod shapes;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bennu_sdk::testing::Run;
use serde_json::{Value, json};

/// What an assert says when it fails.
fn said(assert: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assert)).unwrap_err();
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

/// A span of a case: id, the id above, kind and name, milliseconds of its beginning and end, and what else it says.
fn span(id: &str, parent: &str, kind_and_name: &str, [start, end]: [u64; 2], more: Value) -> Value {
    let (kind, name) = kind_and_name.split_once(' ').unwrap();
    let ns = |ms: u64| (1_700_000_000_000_000_000 + ms * 1_000_000).to_string();
    let mut span = json!({
        "span_id": id,
        "parent_id": Some(parent).filter(|parent| !parent.is_empty()),
        "kind": kind,
        "name": name,
        "start_ns": ns(start),
        "end_ns": ns(end),
    });
    for (name, value) in more.as_object().unwrap() {
        span[name] = value.clone();
    }
    span
}

fn case(spans: &[Value]) -> Run {
    Run::from_json(&json!({"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "spans": spans}).to_string())
        .unwrap()
}

/// What a model's call says: tools that it wants, by id, name and arguments; or an answer.
fn call(wants: &[(&str, &str, Value)], answer: &str, tokens: [u64; 2]) -> Value {
    let tools = wants.iter().map(
        |(id, name, arguments)| json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments}),
    );
    let text = Some(json!({"type": "text", "text": answer})).filter(|_| !answer.is_empty());
    let parts: Vec<Value> = text.into_iter().chain(tools).collect();
    json!({
        "model": "gpt-4o",
        "output_messages": [{"role": "assistant", "parts": parts}],
        "finish_reasons": [if wants.is_empty() { "stop" } else { "tool_calls" }],
        "usage": {"input": tokens[0], "output": tokens[1], "total": tokens[0] + tokens[1]},
    })
}

fn tool(name: &str, arguments: Value, result: Value) -> Value {
    json!({"tool": {"name": name, "arguments": arguments, "result": result}})
}

/// The messages that a call was shown, in a case's shape, put into what it says.
fn shown(mut call: Value, messages: Value) -> Value {
    call["input_messages"] = messages;
    call
}

/// An agent that searches twice at the same time, reads a document, which fails, and answers.
fn herons() -> Vec<Value> {
    let user = json!({"role": "user", "parts": [{"type": "text", "text": "What do herons eat?"}]});
    let queries = [json!({"query": "heron food"}), json!({"query": "heron hunting"})];
    let wants = [("c1", "search_docs", queries[0].clone()), ("c2", "search_docs", queries[1].clone())];
    let wish = json!({"role": "assistant", "parts": [
        {"type": "tool_call", "id": "c1", "name": "search_docs", "arguments": queries[0]},
        {"type": "tool_call", "id": "c2", "name": "search_docs", "arguments": queries[1]},
    ]});
    let result = |id: &str, result: Value| json!({"role": "tool", "parts": [{"type": "tool_result", "id": id, "result": result}]});
    let read = [("c3", "fetch_doc", json!({"id": "d9"}))];
    let read_wish = json!({"role": "assistant", "parts": [
        {"type": "tool_call", "id": "c3", "name": "fetch_doc", "arguments": {"id": "d9"}},
    ]});
    let first = json!([user]);
    let second = json!([user, wish, result("c1", json!(["d7"])), result("c2", json!(["d7", "d9"]))]);
    let mut third = second.clone();
    third.as_array_mut().unwrap().extend([read_wish, result("c3", json!({"error": "no such document"}))]);
    let mut failing = tool("fetch_doc", json!({"id": "d9"}), Value::Null);
    failing["status"] = json!("ERROR");
    failing["status_message"] = json!("no such document");
    vec![
        span(
            "a",
            "",
            "AGENT agent.run",
            [0, 2_300],
            json!({"output": {"value": "Fish, mostly.", "mime_type": "text/plain"}}),
        ),
        span("b", "a", "LLM llm.chat", [0, 400], shown(call(&wants, "", [120, 30]), first)),
        span(
            "c",
            "a",
            "TOOL tool.search_docs",
            [400, 460],
            tool("search_docs", queries[0].clone(), json!(["d7"])),
        ),
        span(
            "d",
            "c",
            "RETRIEVER retrieval",
            [401, 455],
            json!({"query": "heron food", "documents": [{"id": "d7", "text": "Fish."}]}),
        ),
        span(
            "e",
            "a",
            "TOOL tool.search_docs",
            [401, 450],
            tool("search_docs", queries[1].clone(), json!(["d7", "d9"])),
        ),
        span("f", "e", "RETRIEVER retrieval", [402, 449], json!({"documents": [{"id": "d7"}, {"id": "d9"}]})),
        span("g", "a", "LLM llm.chat", [460, 900], shown(call(&read, "", [310, 12]), second)),
        span("h", "a", "TOOL tool.fetch_doc", [900, 902], failing),
        span("i", "a", "LLM llm.chat", [902, 2_290], shown(call(&[], "Fish, mostly.", [360, 8]), third)),
    ]
}
