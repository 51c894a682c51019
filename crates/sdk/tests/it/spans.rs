//! Spans, what they record, how they nest and end.

use std::time::Duration;

use bennu_sdk::{
    Document, Message, agent_span, carry, chain_span, embedding_span, evaluator_span, guardrail_span,
    init_tracing, llm_span, record_llm_output, record_retrieval_output, reranker_span, retrieval_span,
    tool_span, using_metadata, using_prompt_template, using_session, using_tags, using_user,
};
use serde_json::json;

use crate::collector::{Sent, begin, traced, traced_async, turn};

fn response() -> serde_json::Value {
    json!({
        "id": "chatcmpl-1", "model": "gpt-4o-2024",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Because."}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 1}}
    })
}

#[test]
fn a_model_call_says_what_went_in_and_what_came_out() {
    let collector = traced(
        |builder| builder.project("p").resource_attribute("deployment", "test").api_key("secret"),
        || {
            let messages = [Message::system("Be brief."), Message::user("Why?")];
            let span = llm_span("gpt-4o", &messages)
                .provider("openai")
                .parameters(&json!({"temperature": 0.5}))
                .tools(&[json!({"type": "function", "function": {"name": "now"}})]);
            record_llm_output(&span, &response());
        },
    );
    let span = collector.span("llm.chat");
    for (name, value) in [
        ("openinference.span.kind", "LLM"),
        ("llm.model_name", "gpt-4o"),
        ("llm.provider", "openai"),
        ("llm.input_messages.0.message.role", "system"),
        ("llm.input_messages.0.message.content", "Be brief."),
        ("llm.input_messages.1.message.role", "user"),
        ("llm.output_messages.0.message.content", "Because."),
        ("llm.finish_reason", "stop"),
        ("llm.invocation_parameters", r#"{"temperature":0.5}"#),
        ("llm.tools.0.tool.json_schema", r#"{"type":"function","function":{"name":"now"}}"#),
        ("llm.token_count.prompt", "12"),
        ("llm.token_count.completion", "3"),
        ("llm.token_count.total", "15"),
        ("llm.token_count.prompt_details.cache_read", "8"),
        ("llm.token_count.completion_details.reasoning", "1"),
        ("llm.response.model_name", "gpt-4o-2024"),
        ("gen_ai.response.id", "chatcmpl-1"),
        ("output.value", "Because."),
    ] {
        assert_eq!(span.get(name), value, "{name}");
    }
    assert_eq!(span.resource["service.name"], "test");
    assert_eq!(span.resource["openinference.project.name"], "p");
    assert_eq!(span.resource["deployment"], "test");
    assert_eq!((span.error, span.events.len()), (None, 0));
    assert!(collector.headers().contains("authorization: bearer secret"));
    assert!(collector.headers().starts_with("post /v1/traces"));
}

#[test]
fn every_kind_says_what_it_does() {
    let collector = traced(
        |builder| builder.max_document_chars(4),
        || {
            let found = [
                Document::new("abcdéf").id("d1").score(0.5).metadata(json!({"page": 3})),
                Document::new("x"),
            ];
            let retrieval = retrieval_span("why", 2);
            record_retrieval_output(&retrieval, &found);
            let reranker = reranker_span("why", "ranker", &found, 1);
            reranker.record_documents(&[Document::new("x").score(0.9)]);
            let tool = tool_span("now", &json!({"zone": "UTC"})).call_id("c1").description("The time.");
            tool.record_output("12:00");
            tool_span("sum", &json!([1])).record_output(&json!({"sum": 1}));
            let embedding = embedding_span("embedder", &["a", "b"]);
            embedding.record_vectors(&[vec![0.5, 1.0], vec![2.0]]);
            embedding.record_tokens(7);
            let agent = agent_span("goal").name("helper");
            agent.record_output("done");
            agent.record_stop("final answer", 3);
            chain_span("prepare", "in").record_output(&json!({"out": 1}));
            guardrail_span("polite", "text").record_output("passed");
            evaluator_span("true", "text").record_output(&json!({"score": 1}));
        },
    );
    let expected: &[(&str, &[(&str, &str)])] = &[
        (
            "retrieval",
            &[
                ("openinference.span.kind", "RETRIEVER"),
                ("input.value", "why"),
                ("retrieval.top_k", "2"),
                ("retrieval.documents.0.document.id", "d1"),
                ("retrieval.documents.0.document.score", "0.5"),
                ("retrieval.documents.0.document.content", "abcd"),
                ("retrieval.documents.0.document.metadata", r#"{"page":3}"#),
                ("retrieval.documents.1.document.content", "x"),
            ],
        ),
        (
            "rerank",
            &[
                ("openinference.span.kind", "RERANKER"),
                ("reranker.query", "why"),
                ("reranker.model_name", "ranker"),
                ("reranker.input_documents.1.document.content", "x"),
                ("reranker.output_documents.0.document.score", "0.9"),
            ],
        ),
        (
            "tool.now",
            &[
                ("openinference.span.kind", "TOOL"),
                ("tool.name", "now"),
                ("tool.id", "c1"),
                ("tool.description", "The time."),
                ("input.value", r#"{"zone":"UTC"}"#),
                ("input.mime_type", "application/json"),
                ("output.value", "12:00"),
                ("output.mime_type", "text/plain"),
            ],
        ),
        ("tool.sum", &[("output.value", r#"{"sum":1}"#)]),
        (
            "embedding",
            &[
                ("openinference.span.kind", "EMBEDDING"),
                ("embedding.model_name", "embedder"),
                ("embedding.embeddings.1.embedding.text", "b"),
                ("embedding.embeddings.0.embedding.vector", "0.5,1"),
                ("llm.token_count.prompt", "7"),
            ],
        ),
        (
            "agent.run",
            &[
                ("openinference.span.kind", "AGENT"),
                ("agent.name", "helper"),
                ("input.value", "goal"),
                ("output.value", "done"),
                ("agent.stop_reason", "final answer"),
                ("agent.iterations", "3"),
            ],
        ),
        ("prepare", &[("openinference.span.kind", "CHAIN"), ("output.value", r#"{"out":1}"#)]),
        ("polite", &[("openinference.span.kind", "GUARDRAIL"), ("output.value", "passed")]),
        ("true", &[("openinference.span.kind", "EVALUATOR")]),
    ];
    for (name, attributes) in expected {
        let span = collector.span(name);
        for (name, value) in *attributes {
            assert_eq!(span.get(name), *value, "{}: {name}", span.name);
        }
    }
}

fn below(child: &Sent, parent: &Sent) -> bool {
    child.parent_id == parent.span_id && child.trace_id == parent.trace_id
}

#[test]
fn spans_nest_across_await_and_tasks_and_threads() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let agent = agent_span("goal");
            agent
                .run(async {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    let outcome: Result<(), String> = tool_span("a", "")
                        .trace(async |_| {
                            tokio::time::sleep(Duration::from_millis(2)).await;
                            retrieval_span("q", 1).in_scope(|| drop(chain_span("inner", "")));
                            Ok(())
                        })
                        .await;
                    outcome.unwrap();
                    tokio::spawn(carry(async { drop(tool_span("spawned", "")) })).await.unwrap();
                })
                .await;
            drop(tool_span("after", ""));
        },
    );
    let (agent, tool) = (collector.span("agent.run"), collector.span("tool.a"));
    assert!(below(&tool, &agent));
    assert!(below(&collector.span("retrieval"), &tool));
    assert!(below(&collector.span("inner"), &collector.span("retrieval")));
    assert!(below(&collector.span("tool.spawned"), &agent));
    assert_eq!(collector.span("tool.after").parent_id, "");
    assert!(tool.duration >= Duration::from_millis(2) && agent.duration >= tool.duration);
}

#[test]
fn errors_panics_and_futures_that_are_dropped() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let failed =
                tool_span("fails", "").trace(async |_| Err::<(), _>(std::io::Error::other("broken"))).await;
            assert_eq!(failed.unwrap_err().to_string(), "broken");
            let failed = tool_span("fails at once", "").trace_sync(|_| Err::<(), _>("no"));
            assert_eq!(failed, Err("no"));
            let panics = tokio::spawn(tool_span("panics", "").trace(async |_| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                if true {
                    panic!("on purpose");
                }
                Ok::<(), String>(())
            }));
            assert!(panics.await.is_err());
            let never =
                tool_span("dropped", "").trace(async |_| std::future::pending::<Result<(), String>>().await);
            assert!(tokio::time::timeout(Duration::from_millis(5), never).await.is_err());
        },
    );
    let exception = |name: &str| {
        let span = collector.span(name);
        let (event, attributes) = span.events[0].clone();
        assert_eq!((event.as_str(), span.error.as_ref()), ("exception", attributes.get("exception.message")));
        (attributes["exception.type"].clone(), attributes["exception.message"].clone())
    };
    assert_eq!(exception("tool.fails"), ("std::io::error::Error".into(), "broken".into()));
    assert_eq!(exception("tool.fails at once"), ("&str".into(), "no".into()));
    assert_eq!(exception("tool.panics").0, "panic");
    assert_eq!(collector.span("tool.dropped").error, None);
}

#[test]
fn what_a_context_says_holds_for_every_span_inside() {
    let collector = traced_async(
        |builder| builder,
        || async {
            using_session("s1")
                .user("u1")
                .run(async {
                    drop(tool_span("outer", ""));
                    tokio::spawn(carry(async { drop(tool_span("task", "")) })).await.unwrap();
                    using_session("s2")
                        .run(using_tags(["a", "b"]).run(async { drop(tool_span("inner", "")) }))
                        .await;
                    using_metadata(&json!({"k": 1})).in_scope(|| {
                        using_prompt_template("Say {x}", &json!({"x": 1}), "v2")
                            .in_scope(|| drop(llm_span("m", "Say 1")));
                    });
                })
                .await;
            using_user("nobody").in_scope(|| {});
            drop(tool_span("outside", ""));
            let server = chain_span("server", "");
            server.run(async { drop(using_user("late").on_current_span()) }).await;
        },
    );
    let check = |name: &str, expected: &[(&str, &str)]| {
        let span = collector.span(name);
        for (name, value) in expected {
            assert_eq!(span.get(name), *value, "{}: {name}", span.name);
        }
    };
    check("tool.outer", &[("session.id", "s1"), ("user.id", "u1"), ("tag.tags", "")]);
    check("tool.task", &[("session.id", "s1"), ("user.id", "u1")]);
    check("tool.inner", &[("session.id", "s2"), ("user.id", "u1"), ("tag.tags", "a,b")]);
    check(
        "llm.chat",
        &[
            ("session.id", "s1"),
            ("metadata", r#"{"k":1}"#),
            ("llm.prompt_template.template", "Say {x}"),
            ("llm.prompt_template.variables", r#"{"x":1}"#),
            ("llm.prompt_template.version", "v2"),
        ],
    );
    check("tool.outside", &[("session.id", ""), ("user.id", "")]);
    check("server", &[("user.id", "late")]);
}

#[test]
fn a_second_start_changes_nothing_and_says_so() {
    let _turn = turn();
    let collector = crate::collector::Collector::start();
    let guard = begin(&collector, |builder| builder);
    let others: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    init_tracing("other").endpoint("http://127.0.0.1:1").start().unwrap().is_first()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(others, [false; 8]);
    drop(tool_span("still", ""));
    drop(guard);
    assert_eq!(collector.span("tool.still").resource["service.name"], "test");
}
