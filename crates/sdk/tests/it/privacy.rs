//! What leaves the process.

use bennu_sdk::{
    Conventions, Document, Hide, Message, agent_span, chain_span, llm_span, retrieval_span, tool_span,
    using_metadata,
};
use opentelemetry::trace::TraceContextExt;
use serde_json::{Value as Json, json};

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

/// Parts of messages with media in them, as many as there are ways.
fn media(data: &str) -> Vec<Json> {
    vec![
        json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}}),
        json!({"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}),
        json!({"type": "file", "file": {"file_data": format!("data:application/pdf;base64,{data}")}}),
        json!({"type": "input_file", "filename": "a.pdf", "file_data": data}),
        json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}),
        json!({"type": "computer_call_output", "output": {"type": "computer_screenshot",
            "image_url": format!("data:image/png;base64,{data}")}}),
        json!({"type": "image_generation_call", "status": "completed", "result": data}),
    ]
}

#[test]
fn long_media_stays_here_wherever_it_is() {
    let data = "c2Vj".repeat(8_001);
    let conversation = || {
        let message = json!({"role": "user", "content": media(&data)});
        let tool = json!({"role": "tool", "tool_call_id": "c1", "content": media(&data)});
        let call = llm_span("m", &json!([message, tool]));
        call.record_output(&json!({"choices": [{"message": message}]}));
        // As other libraries have it.
        let other = chain_span("other", "");
        other.set_attribute("gen_ai.prompt.0.content", json!(media(&data)).to_string());
        other.set_attribute("gen_ai.completion.0.content", json!(media(&data)).to_string());
        other.set_attribute("output.value", json!(media(&data)).to_string());
    };
    for conventions in [Conventions::OpenInference, Conventions::GenAi] {
        let collector = traced(|builder| builder.conventions(conventions), conversation);
        assert_eq!(leaks(&collector, &data[..1_000]), Vec::<String>::new(), "{conventions:?}");
        let said = format!("{:?}", collector.spans());
        assert!(said.contains("a.pdf") && said.contains("completed"), "what is around it stays");
        let more = Hide { base64_image_max_length: Some(50_000), ..Hide::default() };
        let collector = traced(|builder| builder.conventions(conventions).hide(more), conversation);
        assert!(leaks(&collector, &data).len() >= 5, "{conventions:?}");
    }
    // What is no message is not looked at.
    let collector = traced(|builder| builder, || tool_span("encode", "").record_output(&data));
    assert_eq!(collector.span("tool.encode").get("output.value"), data);
}

#[test]
fn images_are_hidden_in_every_part() {
    let images: Vec<_> =
        media("c2VjcmV0").into_iter().filter(|part| part.to_string().contains("image")).collect();
    assert_eq!(images.len(), 3);
    for conventions in [Conventions::OpenInference, Conventions::GenAi] {
        let hide = Hide { input_images: true, ..Hide::default() };
        let collector = traced(
            |builder| builder.conventions(conventions).hide(hide),
            || {
                let message = json!({"role": "user", "content": images});
                let tool = json!({"role": "tool", "tool_call_id": "c1", "content": images});
                drop(llm_span("m", &json!([message, tool])));
            },
        );
        assert_eq!(leaks(&collector, "c2VjcmV0"), Vec::<String>::new(), "{conventions:?}");
    }
}
