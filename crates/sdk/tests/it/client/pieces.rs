//! Of a stream: choices, refusals, and blocks of every kind; each as the whole answer has it.

use serde_json::json;

use super::{bodies::*, *};

/// Chunks of a chat, each with one choice.
fn chunks(choices: &[Value]) -> String {
    let chunk = |choice: &Value| format!("data: {}\n\n", json!({"id": "c1", "choices": [choice]}));
    choices.iter().map(chunk).collect::<String>() + "data: [DONE]\n\n"
}

#[test]
fn choices_of_one_answer_are_kept_apart() {
    let call = json!({"index": 0, "id": "call_1", "function": {"name": "look_up", "arguments": "{}"}});
    let body = chunks(&[
        json!({"index": 1, "delta": {"role": "assistant", "content": "Ein "}}),
        json!({"index": 0, "delta": {"role": "assistant", "content": "A "}}),
        json!({"index": 2, "delta": {"tool_calls": [call]}}),
        json!({"index": 0, "delta": {"content": "heron."}}),
        json!({"index": 1, "delta": {"content": "Reiher."}}),
        json!({"index": 1, "delta": {}, "finish_reason": "length"}),
        json!({"index": 0, "delta": {}, "finish_reason": "stop"}),
        json!({"index": 2, "delta": {}, "finish_reason": "tool_calls"}),
    ]);
    let span = span_of(OPENAI, &chat_request(), &Answer::events(body));
    let whole = json!({"id": "c1", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "A heron."}, "finish_reason": "stop"},
        {"index": 1, "message": {"role": "assistant", "content": "Ein Reiher."}, "finish_reason": "length"},
        {"index": 2, "message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}
    ]});
    assert_eq!(span.attributes, span_of(OPENAI, &chat_request(), &Answer::json(&whole)).attributes);
    check(
        &span,
        &[
            ("llm.output_messages.0.message.content", "A heron."),
            ("llm.output_messages.1.message.content", "Ein Reiher."),
            ("llm.output_messages.2.message.tool_calls.0.tool_call.id", "call_1"),
            ("llm.finish_reason", "stop"),
        ],
    );
}

#[test]
fn a_refusal_is_the_answer() {
    let streamed = chunks(&[
        json!({"index": 0, "delta": {"role": "assistant", "content": null, "refusal": "I "}}),
        json!({"index": 0, "delta": {"refusal": "cannot."}}),
        json!({"index": 0, "delta": {}, "finish_reason": "stop"}),
    ]);
    let message = json!({"role": "assistant", "content": null, "refusal": "I cannot."});
    let whole = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]});
    let mut response = responses_answer();
    response["output"] = json!([{"type": "message", "role": "assistant",
        "content": [{"type": "refusal", "refusal": "I cannot."}]}]);
    for (url, request, answer) in [
        (OPENAI, chat_request(), Answer::events(streamed)),
        (OPENAI, chat_request(), Answer::json(&whole)),
        (RESPONSES, responses_request(), Answer::json(&response)),
    ] {
        let span = span_of(url, &request, &answer);
        check(
            &span,
            &[("llm.output_messages.0.message.content", "I cannot."), ("output.value", "I cannot.")],
        );
    }
}

#[test]
fn blocks_of_every_kind_are_kept() {
    let blocks = [
        json!({"type": "redacted_thinking", "data": "c2VjcmV0"}),
        json!({"type": "text", "text": "Let me look."}),
        json!({"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "heron"}}),
        json!({"type": "web_search_tool_result", "tool_use_id": "s1",
            "content": [{"type": "web_search_result", "title": "Herons", "url": "https://h"}]}),
        json!({"type": "mcp_tool_use", "id": "m1", "name": "find", "server_name": "birds", "input": {}}),
        json!({"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": false, "content": []}),
        json!({"type": "code_execution_tool_result", "tool_use_id": "x1", "content": {"stdout": "3"}}),
        json!({"type": "text", "text": "A heron."}),
    ];
    let mut whole = anthropic_answer();
    whole["content"] = json!(blocks);
    let mut events = vec![json!({"type": "message_start", "message": {"id": "msg_1",
        "model": whole["model"], "usage": whole["usage"]}})];
    for (index, block) in blocks.iter().enumerate() {
        let mut begun = block.clone();
        let delta = match block["type"].as_str().unwrap() {
            "text" => {
                begun["text"] = json!("");
                Some(json!({"type": "text_delta", "text": block["text"]}))
            }
            kind if kind.ends_with("tool_use") => {
                begun["input"] = json!({});
                Some(json!({"type": "input_json_delta", "partial_json": block["input"].to_string()}))
            }
            _ => None,
        };
        events.push(json!({"type": "content_block_start", "index": index, "content_block": begun}));
        events.extend(
            delta.map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})),
        );
    }
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}));
    events.push(json!({"type": "message_stop"}));
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let streamed = span_of(ANTHROPIC, &anthropic_request(), &Answer::events(events));
    let whole = span_of(ANTHROPIC, &anthropic_request(), &Answer::json(&whole));
    assert_eq!(streamed.attributes, whole.attributes);
    let message = "llm.output_messages.0.message";
    check(
        &streamed,
        &[
            (&*format!("{message}.contents.0.message_content.type"), "redacted_thinking"),
            (&*format!("{message}.contents.2.message_content.type"), "web_search_tool_result"),
            (&*format!("{message}.contents.4.message_content.type"), "code_execution_tool_result"),
            (&*format!("{message}.tool_calls.1.tool_call.function.name"), "find"),
        ],
    );
}
