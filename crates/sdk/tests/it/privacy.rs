//! What leaves the process.

use bennu_sdk::{
    Conventions, Document, Hide, Message, agent_span, chain_span, llm_span, retrieval_span, tool_span,
    using_metadata,
};
use opentelemetry::trace::TraceContextExt;
use serde_json::json;

use crate::collector::{Collector, traced};

/// Everything in which this was sent.
fn leaks(collector: &Collector, secret: &str) -> Vec<String> {
    let mut leaks = Vec::new();
    for span in collector.spans() {
        let events = span.events.iter().flat_map(|(_, attributes)| attributes);
        leaks.extend(
            span.events.iter().filter(|(name, _)| name.contains(secret)).map(|_| "an event".to_owned()),
        );
        for (name, value) in span.attributes.iter().chain(events) {
            if value.contains(secret) {
                leaks.push(format!("{}: {name}", span.name));
            }
        }
        leaks.extend(
            span.error.filter(|error| error.contains(secret)).map(|_| format!("{}: error", span.name)),
        );
        if span.name.contains(secret) {
            leaks.push("a name".to_owned());
        }
    }
    leaks
}

fn secretive() {
    agent_span("secret").in_scope(|| {
        let call = llm_span("m", &[Message::system("secret"), Message::user("secret")]);
        call.record_output(&json!({"choices": [{"message": {"role": "assistant", "content": "secret"}}]}));
        let tool = tool_span("look_up", &json!({"who": "secret"}));
        tool.record_output("secret");
        let found = [Document::new("secret").id("d1").score(0.5).metadata(json!({"of": "secret"}))];
        retrieval_span("secret", 1).record_documents(&found);
    });
}

#[test]
fn what_is_hidden_is_nowhere_in_any_convention() {
    for conventions in [Conventions::OpenInference, Conventions::GenAi, Conventions::Both] {
        let both = Hide { inputs: true, outputs: true, ..Hide::default() };
        let collector = traced(|builder| builder.conventions(conventions).hide(both), secretive);
        assert_eq!(leaks(&collector, "secret"), Vec::<String>::new(), "{conventions:?}");
        assert_eq!(collector.spans().len(), 4);
        let texts = Hide { input_text: true, output_text: true, ..Hide::default() };
        let collector = traced(|builder| builder.conventions(conventions).hide(texts), secretive);
        let leaks = leaks(&collector, "secret");
        let of_calls: Vec<_> = leaks.iter().filter(|leak| leak.contains("chat")).collect();
        assert_eq!(of_calls, Vec::<&String>::new(), "{conventions:?}");
        assert!(leaks.len() >= 3, "only messages are hidden: {leaks:?}");
    }
}

#[test]
fn a_redaction_sees_everything_and_what_it_panics_at_is_hidden() {
    let collector = traced(
        |builder| {
            builder.redact(|shown| {
                if shown.name() == "retrieval.top_k" {
                    panic!("on purpose");
                }
                if shown.name() == "metadata" {
                    shown.remove();
                }
                if shown.event() == Some("exception") && shown.name() == "exception.type" {
                    shown.replace("some error");
                }
                let text = shown.text().replace("secret", "…");
                if text != shown.text() {
                    shown.replace(text);
                }
            })
        },
        || {
            using_metadata(&json!({"plan": "pro"})).in_scope(secretive);
            let failed = tool_span("secret", "").trace_sync(|_| Err::<(), _>("no secret"));
            assert_eq!(failed, Err("no secret"));
            let logged = chain_span("logs", "");
            logged.context().span().add_event("a line with a secret", Vec::new());
        },
    );
    assert_eq!(leaks(&collector, "secret"), Vec::<String>::new());
    let failed = collector.span("tool.…");
    assert_eq!(failed.error.as_deref(), Some("no …"));
    assert_eq!(failed.events[0].1["exception.type"], "some error");
    assert_eq!(collector.span("agent.run").get("input.value"), "…");
    let retrieval = collector.span("retrieval");
    assert_eq!((retrieval.get("metadata"), retrieval.get("retrieval.top_k")), ("", "__REDACTED__"));
}
