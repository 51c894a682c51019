//! The same spans in other words, answers in pieces, and spans of `tracing`.

use std::{task::Poll, time::Duration};

use bennu_sdk::{
    Conventions, Message, agent_span, embedding_span, llm_span, retrieval_span, tool_span, tracing_layer,
    using_session,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use crate::collector::{traced, traced_async};

fn all_kinds() {
    using_session("s").in_scope(|| {
        let span = llm_span("m", &[Message::user("hi")]).parameters(&json!({"temperature": 0.5, "seed": 7}));
        span.record_output(&json!({
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2}
        }));
        let tool = tool_span("now", &json!({"zone": 1})).call_id("c");
        tool.record_output("12:00");
        retrieval_span("q", 3).record_documents(&[bennu_sdk::Document::new("text").id("d").score(0.5)]);
        agent_span("goal").name("a").record_output("done");
        embedding_span("e", &["x"]).record_vectors(&[vec![1.0, 2.0]]);
    });
}

#[test]
fn gen_ai_when_asked_and_nothing_else() {
    let collector = traced(|builder| builder.conventions(Conventions::GenAi), all_kinds);
    let span = collector.span("chat m");
    let expected = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.request.model", "m"),
        ("gen_ai.request.temperature", "0.5"),
        ("gen_ai.request.seed", "7"),
        ("gen_ai.usage.input_tokens", "1"),
        ("gen_ai.usage.output_tokens", "2"),
        ("gen_ai.response.finish_reasons", "stop"),
        ("gen_ai.conversation.id", "s"),
    ];
    for (name, value) in expected {
        assert_eq!(span.get(name), value, "{name}");
    }
    let read = |name: &str| serde_json::from_str::<Value>(span.get(name)).unwrap();
    assert_eq!(
        read("gen_ai.input.messages"),
        json!([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}])
    );
    assert_eq!(
        read("gen_ai.output.messages"),
        json!([{"role": "assistant", "parts": [{"type": "text", "content": "hello"}], "finish_reason": "stop"}])
    );
    let tool = collector.span("tool.now");
    assert_eq!(tool.get("gen_ai.tool.call.arguments"), r#"{"zone":1}"#);
    assert_eq!((tool.get("gen_ai.tool.call.id"), tool.get("gen_ai.tool.call.result")), ("c", r#""12:00""#));
    for span in collector.spans() {
        let foreign =
            span.attributes.keys().find(|name| name.starts_with("llm.") || name.starts_with("input."));
        assert_eq!(foreign, None, "{}", span.name);
    }
}

#[test]
fn both_when_asked() {
    let collector = traced(|builder| builder.conventions(Conventions::Both), all_kinds);
    let span = collector.span("llm.chat");
    assert_eq!(span.get("llm.input_messages.0.message.content"), "hi");
    assert_eq!(span.get("gen_ai.request.model"), "m");
    assert_eq!(collector.span("embedding").get("gen_ai.embeddings.dimension.count"), "2");
}

fn chunks() -> Vec<Value> {
    let delta = |delta: Value| json!({"id": "c1", "model": "m-1", "choices": [{"index": 0, "delta": delta}]});
    vec![
        delta(json!({"role": "assistant", "content": ""})),
        delta(json!({"content": "Hel"})),
        delta(json!({"content": "lo"})),
        delta(
            json!({"tool_calls": [{"index": 0, "id": "t1", "function": {"name": "now", "arguments": "{\"a\""}}]}),
        ),
        // Some servers say everything with every piece.
        json!({"id": "c1", "model": "m-1", "usage": {"prompt_tokens": 5, "completion_tokens": 5}, "choices": [{"index": 0,
            "delta": {"tool_calls": [{"index": 0, "id": "t1", "function": {"name": "now", "arguments": ":1}"}}]}}]}),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
        json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 6}}),
    ]
}

#[test]
fn an_answer_in_pieces_is_one_answer() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let heard = stream::iter(chunks()).then(|chunk| async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                chunk
            });
            let heard =
                llm_span("m", "hi").stream().over(Box::pin(heard), |answer, chunk| answer.push(chunk));
            assert_eq!(heard.count().await, 7);
        },
    );
    let span = collector.span("llm.chat");
    for (name, value) in [
        ("llm.output_messages.0.message.role", "assistant"),
        ("llm.output_messages.0.message.content", "Hello"),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.id", "t1"),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "now"),
        ("llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", r#"{"a":1}"#),
        ("llm.finish_reason", "tool_calls"),
        ("llm.token_count.prompt", "5"),
        ("llm.response.model_name", "m-1"),
        ("gen_ai.response.id", "c1"),
    ] {
        assert_eq!(span.get(name), value, "{name}");
    }
    assert_eq!(span.events[0].0, "First Token Stream Event");
    assert!(span.duration >= Duration::from_millis(7));
}

#[test]
fn an_answer_that_is_dropped_half_way_says_so() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let heard =
                llm_span("m", "hi").stream().over(stream::iter(chunks()), |answer, chunk| answer.push(chunk));
            assert_eq!(heard.take(2).count().await, 2);
            let mut failed = llm_span("m", "fails").stream();
            failed.push_text("so f");
            failed.fail(&"connection reset");
        },
    );
    let spans = collector.spans();
    let about = |input: &str| {
        spans.iter().find(|span| span.get("llm.input_messages.0.message.content") == input).unwrap()
    };
    let dropped = about("hi");
    assert_eq!(dropped.get("llm.output_messages.0.message.content"), "Hel");
    assert_eq!((dropped.get("llm.finish_reason"), &dropped.error), ("cancelled", &None));
    assert!(dropped.events.iter().any(|(name, _)| name == "cancelled"));
    let failed = about("fails");
    assert_eq!(failed.get("llm.output_messages.0.message.content"), "so f");
    assert_eq!((failed.get("llm.finish_reason"), failed.error.as_deref()), ("", Some("connection reset")));
}

#[test]
fn a_stream_is_polled_as_its_span() {
    let collector = traced_async(
        |builder| builder,
        || async {
            let mut polls = 0;
            let inner = stream::poll_fn(move |_| {
                polls += 1;
                drop(tool_span("while polled", ""));
                Poll::Ready((polls < 2).then(|| json!({})))
            });
            llm_span("m", "hi")
                .stream()
                .over(inner, |answer, chunk| answer.push(chunk))
                .collect::<Vec<_>>()
                .await;
        },
    );
    let parent = collector.span("llm.chat").span_id;
    let inner: Vec<_> =
        collector.spans().into_iter().filter(|span| span.name == "tool.while polled").collect();
    assert!(inner.len() == 2 && inner.iter().all(|span| span.parent_id == parent));
}

#[test]
fn spans_of_tracing_and_these_are_each_others_parents() {
    let collector = traced(
        |builder| builder,
        || {
            let subscriber = tracing_subscriber::registry().with(tracing_layer());
            tracing::subscriber::with_default(subscriber, || {
                let _outer = tracing::info_span!("outer").entered();
                tool_span("middle", "").in_scope(|| {
                    let _inner = tracing::info_span!("inner").entered();
                    drop(tool_span("innermost", ""));
                });
            });
        },
    );
    let below = |child: &str, parent: &str| {
        assert_eq!(collector.span(child).parent_id, collector.span(parent).span_id, "{child}");
    };
    below("tool.middle", "outer");
    below("inner", "tool.middle");
    below("tool.innermost", "inner");
}
