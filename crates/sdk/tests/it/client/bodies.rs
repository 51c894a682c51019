//! Requests and answers, as the APIs have them.

use serde_json::{Value, json};

pub(super) fn chat_request() -> Value {
    json!({
        "model": "gpt-4o", "temperature": 0.2, "stream": true, "stream_options": {"include_usage": true},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "Which bird?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}
        ],
        "tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
    })
}

pub(super) fn chat_answer() -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": null, "message": {
            "role": "assistant", "content": "Ein Reiher – öhm.", "refusal": null,
            "tool_calls": [{"id": "call_1", "type": "function",
                "function": {"name": "look_up", "arguments": "{\"word\":\"héron\"}"}}]}}],
        "usage": {"prompt_tokens": 31, "completion_tokens": 9, "total_tokens": 40,
            "prompt_tokens_details": {"cached_tokens": 16},
            "completion_tokens_details": {"reasoning_tokens": 2}}
    })
}

/// The same in pieces, with the line ends of a proxy and its comments.
pub(super) fn chat_events() -> String {
    let chunk = |delta: Value, reason: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": null})
    };
    let call = |call: Value| json!({"tool_calls": [call]});
    let chunks = [
        chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null),
        chunk(json!({"content": "Ein Reiher"}), Value::Null),
        chunk(json!({"content": " – öhm."}), Value::Null),
        chunk(
            call(json!({"index": 0, "id": "call_1", "type": "function",
                "function": {"name": "look_up", "arguments": ""}})),
            Value::Null,
        ),
        chunk(call(json!({"index": 0, "function": {"arguments": "{\"word\":"}})), Value::Null),
        chunk(call(json!({"index": 0, "function": {"arguments": "\"héron\"}"}})), Value::Null),
        chunk(json!({}), json!("tool_calls")),
        json!({"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06", "choices": [], "usage": chat_answer()["usage"]}),
    ];
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n"));
    format!(": PROCESSING\r\n\r\n{}data: [DONE]\r\n\r\n", events.collect::<String>())
}

pub(super) fn responses_request() -> Value {
    json!({
        "model": "gpt-5", "instructions": "Be brief.", "input": "Which bird?", "stream": true,
        "reasoning": {"effort": "low"}, "max_output_tokens": 100,
        "tools": [{"type": "function", "name": "look_up", "parameters": {"type": "object"}}]
    })
}

pub(super) fn responses_answer() -> Value {
    json!({
        "id": "resp_1", "object": "response", "status": "completed", "error": null,
        "incomplete_details": null, "model": "gpt-5-2025-08-07",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "A bird…"}]},
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "Ein Reiher – öhm.", "annotations": []}]},
            {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "look_up",
                "arguments": "{\"word\":\"héron\"}", "status": "completed"}
        ],
        "usage": {"input_tokens": 31, "input_tokens_details": {"cached_tokens": 16},
            "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 40}
    })
}

/// All but the last events.
pub(super) fn responses_pieces() -> String {
    let answer = responses_answer();
    let mut call = answer["output"][2].clone();
    call["arguments"] = json!("");
    named_events(&[
        json!({"type": "response.created",
            "response": {"id": "resp_1", "model": "gpt-5-2025-08-07", "status": "in_progress", "output": []}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning"}}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "A bird…"}),
        json!({"type": "response.output_text.delta", "output_index": 1, "delta": "Ein Reiher"}),
        json!({"type": "response.output_text.delta", "output_index": 1, "delta": " – öhm."}),
        json!({"type": "response.output_text.done", "output_index": 1, "text": "Ein Reiher – öhm."}),
        json!({"type": "response.output_item.added", "output_index": 2, "item": call}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{\"word\":"}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "\"héron\"}"}),
        json!({"type": "response.output_item.done", "output_index": 2, "item": answer["output"][2]}),
    ])
}

pub(super) fn responses_events() -> String {
    let last = json!({"type": "response.completed", "response": responses_answer()});
    responses_pieces() + &named_events(&[last])
}

pub(super) fn anthropic_request() -> Value {
    json!({
        "model": "claude-sonnet-4-5", "max_tokens": 100, "system": "Be brief.", "stream": true,
        "messages": [{"role": "user", "content": "Which bird?"}],
        "tools": [{"name": "look_up", "input_schema": {"type": "object"}}]
    })
}

pub(super) fn anthropic_answer() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [
            {"type": "thinking", "thinking": "A bird…", "signature": "c2ln"},
            {"type": "text", "text": "Ein Reiher – öhm."},
            {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"word": "héron"}}
        ],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 11, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 16,
            "output_tokens": 9, "service_tier": "standard"}
    })
}

pub(super) fn anthropic_events() -> String {
    let delta =
        |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let start = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    named_events(&[
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
            "model": "claude-sonnet-4-5-20250929", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 11, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 16,
                "output_tokens": 1}}}),
        start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        json!({"type": "ping"}),
        delta(0, json!({"type": "thinking_delta", "thinking": "A bird…"})),
        delta(0, json!({"type": "signature_delta", "signature": "c2ln"})),
        stop(0),
        start(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": "Ein Reiher"})),
        delta(1, json!({"type": "text_delta", "text": " – öhm."})),
        stop(1),
        start(2, json!({"type": "tool_use", "id": "call_1", "name": "look_up", "input": {}})),
        delta(2, json!({"type": "input_json_delta", "partial_json": ""})),
        delta(2, json!({"type": "input_json_delta", "partial_json": "{\"word\":"})),
        delta(2, json!({"type": "input_json_delta", "partial_json": "\"héron\"}"})),
        stop(2),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
            "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ])
}

pub(super) fn embeddings_request() -> Value {
    json!({"model": "text-embedding-3-small", "input": ["a heron", "an ibis"], "dimensions": 2})
}

pub(super) fn embeddings_answer() -> Value {
    json!({
        "object": "list", "model": "text-embedding-3-small",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, -0.25]},
            {"object": "embedding", "index": 1, "embedding": [0.125, 1.0]}
        ],
        "usage": {"prompt_tokens": 5, "total_tokens": 5}
    })
}

/// Events with names, as these APIs send them.
fn named_events(events: &[Value]) -> String {
    let name = |event: &Value| event["type"].as_str().unwrap_or_default().to_owned();
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", name(event))).collect()
}
