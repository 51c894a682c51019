//! Answers that come whole.

use serde_json::{Value, json};

use super::{bodies::*, *};

/// What the same answer says, whichever API it is of.
pub(super) fn check_answer(span: &Sent) {
    check(
        span,
        &[
            ("openinference.span.kind", "LLM"),
            ("llm.input_messages.0.message.role", "system"),
            ("llm.input_messages.0.message.content", "Be brief."),
            ("llm.input_messages.1.message.role", "user"),
            ("llm.output_messages.0.message.role", "assistant"),
            ("llm.output_messages.0.message.tool_calls.0.tool_call.id", "call_1"),
            ("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "look_up"),
            (
                "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
                r#"{"word":"héron"}"#,
            ),
            ("llm.token_count.prompt", "31"),
            ("llm.token_count.completion", "9"),
            ("llm.token_count.total", "40"),
            ("llm.token_count.prompt_details.cache_read", "16"),
            ("http.response.status_code", "200"),
            ("bennu.response.unread", ""),
        ],
    );
    assert_eq!(span.error, None);
}

fn text(span: &Sent) -> (&str, &str) {
    let message = "llm.output_messages.0.message";
    (
        span.get(&format!("{message}.contents.0.message_content.text")),
        span.get(&format!("{message}.contents.1.message_content.text")),
    )
}

#[test]
fn a_chat_completion() {
    let span = span_of(OPENAI, &chat_request(), &Answer::json(&chat_answer()));
    check_answer(&span);
    check(
        &span,
        &[
            ("llm.model_name", "gpt-4o"),
            ("llm.response.model_name", "gpt-4o-2024-08-06"),
            ("llm.provider", "openai"),
            ("server.address", "api.openai.com"),
            ("gen_ai.response.id", "chatcmpl-1"),
            ("llm.finish_reason", "tool_calls"),
            ("llm.output_messages.0.message.content", "Ein Reiher – öhm."),
            ("llm.token_count.completion_details.reasoning", "2"),
            ("llm.invocation_parameters", r#"{"temperature":0.2,"stream_options":{"include_usage":true}}"#),
            ("llm.input_messages.1.message.contents.0.message_content.text", "Which bird?"),
            (
                "llm.input_messages.1.message.contents.1.message_content.image.image.url",
                "https://example.com/a.png",
            ),
        ],
    );
    assert!(span.get("llm.tools.0.tool.json_schema").contains("look_up"));
}

#[test]
fn a_response() {
    let span = span_of(RESPONSES, &responses_request(), &Answer::json(&responses_answer()));
    check_answer(&span);
    check(
        &span,
        &[
            ("llm.model_name", "gpt-5"),
            ("llm.response.model_name", "gpt-5-2025-08-07"),
            ("gen_ai.response.id", "resp_1"),
            ("llm.finish_reason", "completed"),
            ("llm.input_messages.1.message.content", "Which bird?"),
            ("llm.token_count.completion_details.reasoning", "2"),
            ("llm.invocation_parameters", r#"{"reasoning":{"effort":"low"},"max_output_tokens":100}"#),
        ],
    );
    let (reasoning, text) = text(&span);
    assert!(reasoning.contains("A bird…"), "{reasoning}");
    assert_eq!(text, "Ein Reiher – öhm.");
}

#[test]
fn a_message_of_anthropic() {
    let span = span_of(ANTHROPIC, &anthropic_request(), &Answer::json(&anthropic_answer()));
    check_answer(&span);
    check(
        &span,
        &[
            ("llm.model_name", "claude-sonnet-4-5"),
            ("llm.response.model_name", "claude-sonnet-4-5-20250929"),
            ("llm.provider", "anthropic"),
            ("gen_ai.response.id", "msg_1"),
            ("llm.finish_reason", "tool_use"),
            ("llm.token_count.prompt_details.cache_write", "4"),
            ("llm.invocation_parameters", r#"{"max_tokens":100}"#),
            ("llm.tools.0.tool.json_schema", r#"{"name":"look_up","input_schema":{"type":"object"}}"#),
        ],
    );
    let (thinking, text) = text(&span);
    assert!(thinking.contains("A bird…"), "{thinking}");
    assert_eq!(text, "Ein Reiher – öhm.");
}

#[test]
fn embeddings() {
    let span = span_of(EMBEDDINGS, &embeddings_request(), &Answer::json(&embeddings_answer()));
    check(
        &span,
        &[
            ("openinference.span.kind", "EMBEDDING"),
            ("embedding.model_name", "text-embedding-3-small"),
            ("embedding.embeddings.0.embedding.text", "a heron"),
            ("embedding.embeddings.1.embedding.text", "an ibis"),
            ("embedding.invocation_parameters", r#"{"dimensions":2}"#),
            ("llm.provider", "openai"),
            ("llm.token_count.prompt", "5"),
        ],
    );
    assert!(!span.attributes.keys().any(|name| name.contains("vector")));
    // Tokens are no texts.
    let tokens = json!({"model": "m", "input": [[1, 2], [3]]});
    let span = span_of(EMBEDDINGS, &tokens, &Answer::json(&embeddings_answer()));
    has_none(&span, "embedding.embeddings");
}

#[test]
fn a_deployment_of_azure_is_a_model() {
    let url =
        "https://mine.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";
    let request = json!({"messages": [{"role": "user", "content": "hi"}]});
    let span = span_of(url, &request, &Answer::json(&chat_answer()));
    check(&span, &[("llm.model_name", "my-gpt"), ("llm.provider", "azure")]);
}

#[test]
fn an_answer_in_pieces_is_the_same() {
    let whole = span_of(OPENAI, &chat_request(), &Answer::json(&chat_answer()));
    for bytes in [1, 2, 3, 7] {
        let span = span_of(OPENAI, &chat_request(), &Answer::json(&chat_answer()).cut(bytes));
        assert_eq!(span.attributes, whole.attributes);
    }
}

#[test]
fn of_an_answer_that_is_not_read_nothing_is_said() {
    let gzip = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 171, 174, 5, 0];
    let zipped = Answer::bytes("application/json", gzip.to_vec()).header("content-encoding", "gzip");
    let huge = json!({"choices": [{"message": {"content": "x".repeat(17 << 20)}}]});
    for (answer, why) in [
        (zipped, "content-encoding: gzip"),
        (Answer::json(&huge).cut(1 << 20), "larger than 16 MiB"),
        (Answer::bytes("text/html; charset=utf-8", "<html>"), "content-type: text/html"),
        (Answer::bytes("application/json", r#"{"choices": [{"#), "no answer of this API"),
        (Answer::bytes("application/json", ""), "no answer of this API"),
        (Answer::json(&json!([{"choices": 1}])), "no answer of this API"),
        (Answer::json(&Value::Null), "no answer of this API"),
    ] {
        let span = span_of(OPENAI, &chat_request(), &answer);
        assert_eq!(span.get("bennu.response.unread"), why);
        assert_eq!(span.error, None);
        assert_eq!(span.get("llm.model_name"), "gpt-4o");
        for nothing in ["llm.output_messages", "llm.finish_reason", "llm.token_count", "output."] {
            has_none(&span, nothing);
        }
    }
}

#[test]
fn in_the_words_of_gen_ai() {
    let collector = traced_async(
        |builder| builder.conventions(bennu_sdk::Conventions::GenAi),
        || async {
            Wire::to(Answer::json(&anthropic_answer()))
                .exchange(ANTHROPIC, &anthropic_request())
                .await
                .unwrap();
            Wire::to(Answer::json(&embeddings_answer()))
                .exchange(EMBEDDINGS, &embeddings_request())
                .await
                .unwrap();
        },
    );
    let span = collector.span("chat claude-sonnet-4-5");
    check(
        &span,
        &[
            ("gen_ai.provider.name", "anthropic"),
            ("gen_ai.request.max_tokens", "100"),
            ("gen_ai.usage.input_tokens", "31"),
            ("gen_ai.usage.cache_creation.input_tokens", "4"),
            ("gen_ai.response.finish_reasons", "tool_use"),
        ],
    );
    let said: Value = serde_json::from_str(span.get("gen_ai.output.messages")).unwrap();
    assert_eq!(said[0]["parts"][2]["arguments"], json!({"word": "héron"}));
    assert_eq!(collector.span("embedding").get("gen_ai.response.model"), "text-embedding-3-small");
}
