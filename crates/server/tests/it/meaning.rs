//! The trace that guides teach: messages and documents each as one JSON text.

use serde_json::{Value, json};

use crate::kit::*;

/// `../shared/seed` in the project's history: an agent, its calls, a tool over a retrieval.
pub(crate) fn guide() -> Value {
    let messages = json!([
        {"role": "system", "content": "You are a careful assistant."},
        {"role": "user", "content": "Compare Postgres and SQLite."},
    ]);
    let answer = json!([{"role": "assistant", "content": "For a small app use SQLite."}]);
    let documents = json!([{"id": "doc-7", "score": 0.83, "text": "SQLite uses a write-ahead log."}]);
    json!([
        span(
            'd',
            '1',
            None,
            "agent.run",
            &[
                ("openinference.span.kind", json!("AGENT")),
                ("input.value", json!("Compare Postgres and SQLite."))
            ]
        ),
        span(
            'd',
            '2',
            Some('1'),
            "llm.chat",
            &[
                ("openinference.span.kind", json!("LLM")),
                ("llm.model_name", json!("gpt-4o-mini")),
                ("llm.invocation_parameters", json!("{\"temperature\": 0.0}")),
                ("llm.input_messages", json!(messages.to_string())),
                ("llm.output_messages", json!(answer.to_string())),
                ("llm.token_count.prompt", json!(1200)),
                ("llm.token_count.completion", json!(150)),
                ("llm.token_count.total", json!(1350)),
            ]
        ),
        span(
            'd',
            '3',
            Some('1'),
            "tool.search_docs",
            &[
                ("openinference.span.kind", json!("TOOL")),
                ("tool.name", json!("search_docs")),
                ("input.value", json!("{\"query\": \"sqlite wal\"}")),
                ("output.value", json!("[\"doc-7\"]")),
            ]
        ),
        span(
            'd',
            '4',
            Some('3'),
            "retrieval",
            &[
                ("openinference.span.kind", json!("RETRIEVER")),
                ("input.value", json!("sqlite wal")),
                ("retrieval.top_k", json!(5)),
                ("retrieval.documents", json!(documents.to_string())),
            ]
        ),
    ])
}

#[test]
fn messages_and_documents_of_one_json_text_are_read() {
    let server = TestServer::start();
    server.send(guide());
    let trace = server.trace(&"d".repeat(32));
    let find =
        |name: &str| trace["spans"].as_array().unwrap().iter().find(|span| span["name"] == name).unwrap();
    let llm = find("llm.chat");
    assert_eq!(
        llm["input_messages"],
        json!([
            {"role": "system", "parts": [{"type": "text", "text": "You are a careful assistant."}]},
            {"role": "user", "parts": [{"type": "text", "text": "Compare Postgres and SQLite."}]},
        ])
    );
    assert_eq!(llm["output_messages"][0]["parts"][0]["text"], "For a small app use SQLite.");
    assert_eq!(llm["usage"]["total"], 1350);
    assert_eq!(
        find("retrieval")["documents"],
        json!([{"id": "doc-7", "score": 0.83, "text": "SQLite uses a write-ahead log.", "metadata": null}])
    );
    assert_eq!(
        find("tool.search_docs")["tool"],
        json!({"name": "search_docs", "description": null, "call_id": null, "arguments": {"query": "sqlite wal"}, "result": ["doc-7"]})
    );
    assert_eq!(llm["attributes"]["llm.input_messages"].as_str().unwrap().len(), 117, "kept as it was sent");

    // And on the page, each where its span is looked at.
    let page = |id: char| {
        server.get(&format!("/projects/p/traces/{}?span={}", "d".repeat(32), id.to_string().repeat(16))).text
    };
    let call = page('2');
    for said in [
        "You are a careful assistant.",
        "Compare Postgres and SQLite.",
        "For a small app use SQLite.",
        "1,200 in + 150 out",
        "temperature",
    ] {
        assert!(call.contains(said), "{said}");
    }
    let retrieval = page('4');
    for said in ["doc-7", "0.8300", "SQLite uses a write-ahead log."] {
        assert!(retrieval.contains(said), "{said}");
    }
    assert!(
        page('3').contains("&quot;query&quot;:&quot;sqlite wal&quot;")
            || page('3').contains("&#34;query&#34;:&#34;sqlite wal&#34;")
    );
}

#[test]
fn json_and_page_say_which_attribute_a_field_came_from() {
    let server = TestServer::start();
    server.send(json!([span(
        'e',
        '1',
        None,
        "ai.generateText.doGenerate",
        &[
            ("ai.operationId", json!("ai.generateText.doGenerate")),
            ("gen_ai.response.model", json!("gpt-5-mini-2025")),
            ("ai.usage.promptTokens", json!(84)),
            ("ai.response.providerMetadata", json!("{\"anthropic\":{\"cacheReadInputTokens\":1024}}")),
        ]
    )]));
    let trace = "e".repeat(32);
    let span = &server.trace(&trace)["spans"][0];
    assert_eq!(span["usage"]["input"], 1108, "cached tokens are part of the input");
    let source = |field: &str| span["sources"][field][0].clone();
    assert_eq!(source("kind")["dialect"], "Vercel AI SDK");
    assert_eq!(source("model_answering")["attribute"], "gen_ai.response.model");
    assert_eq!(
        source("usage.cache_read")["attribute"],
        "ai.response.providerMetadata#/anthropic/cacheReadInputTokens"
    );
    let page = server.get(&format!("/projects/p/traces/{trace}")).text;
    assert!(page.contains("Where this came from") && page.contains("ai.usage.promptTokens"));
}
