//! What a request says that is not for everybody.

use bennu_sdk::{Conventions, Hide};
use serde_json::json;

use super::{bodies::*, *};

#[test]
fn keys_within_a_request_stay_there() {
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "api_key": "s3cret",
        "data_sources": [{"type": "azure_search", "parameters": {"endpoint": "https://h",
            "authentication": {"type": "api_key", "key": "s3cret"}}}]});
    let responses = json!({"model": "m", "input": "hi", "tools": [
        {"type": "mcp", "server_label": "birds", "server_url": "https://h/mcp?key=s3cret",
            "authorization": "s3cret", "headers": {"Authorization": "Bearer s3cret"}},
        {"type": "function", "name": "log_in", "parameters": {"properties": {"password": {"type": "string"}}}}]});
    let anthropic = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
        "mcp_servers": [{"type": "url", "name": "birds", "authorization_token": "s3cret"}]});
    for conventions in [Conventions::OpenInference, Conventions::GenAi] {
        let collector = traced_async(
            |builder| builder.conventions(conventions),
            || async {
                for (url, request, answer) in [
                    (OPENAI, &chat, chat_answer()),
                    (RESPONSES, &responses, responses_answer()),
                    (ANTHROPIC, &anthropic, anthropic_answer()),
                ] {
                    let wire = Wire::to(Answer::json(&answer));
                    wire.exchange(url, request).await.unwrap();
                    assert_eq!(wire.seen().body, request.to_string());
                }
            },
        );
        let said = format!("{:?}", collector.spans());
        assert!(!said.contains("s3cret"), "{said}");
        for kept in ["azure_search", "birds", "https://h/mcp", "password", "__REDACTED__"] {
            assert!(said.contains(kept), "{kept} of {said}");
        }
    }
}

#[test]
fn inputs_are_no_parameters() {
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "s3cret"}], "temperature": 1,
        "prediction": {"type": "content", "content": "s3cret"}, "documents": [{"text": "s3cret"}]});
    let responses = json!({"prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "s3cret"}}});
    let exchange = async |url, request: &Value, answer| {
        Wire::to(Answer::json(&answer)).exchange(url, request).await.unwrap();
    };
    for conventions in [Conventions::OpenInference, Conventions::GenAi] {
        for hide in [Hide { inputs: true, ..Hide::default() }, Hide { input_text: true, ..Hide::default() }] {
            let collector = traced_async(
                |builder| builder.conventions(conventions).hide(hide),
                || async {
                    exchange(OPENAI, &chat, chat_answer()).await;
                    exchange(RESPONSES, &responses, responses_answer()).await;
                },
            );
            let said = format!("{:?}", collector.spans());
            assert!(!said.contains("s3cret") && said.contains("pmpt_1"), "{said}");
        }
    }
    let span = span_of(RESPONSES, &responses, &Answer::json(&responses_answer()));
    check(
        &span,
        &[
            ("llm.invocation_parameters", r#"{"prompt":{"id":"pmpt_1","version":"2"}}"#),
            (
                "llm.input_messages.0.message.contents.0.message_content.text",
                r#"{"type":"prompt","variables":{"city":"s3cret"}}"#,
            ),
        ],
    );
}
