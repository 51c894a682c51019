//! OpenAI's Responses API: items in place of messages.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use super::call::Said;
use crate::{
    message::{Message, Part, ToolCall},
    span::{LlmSpan, LlmStream, Usage},
};

/// The messages of a request; `None` if it is none of this API.
pub(super) fn asked(request: &Map<String, Json>) -> Option<Vec<Message<'_>>> {
    // The model may be left to a stored prompt, and what was said before to a stored conversation.
    let has = |name: &str| request.get(name).is_some_and(|value| !value.is_null());
    let model = request.get("model").is_some_and(Json::is_string);
    if !(model || has("prompt"))
        || !["input", "prompt", "conversation", "previous_response_id"].into_iter().any(has)
    {
        return None;
    }
    let mut messages = Vec::new();
    if let Some(Json::String(instructions)) = request.get("instructions") {
        messages.push(Message::system(instructions.as_str()));
    }
    if let Some(variables) = request.get("prompt").and_then(|prompt| prompt.get("variables")).filter(is_said)
    {
        let part = Part::Other(Cow::Owned(json!({"type": "prompt", "variables": variables})));
        messages.push(Message { role: "user".into(), parts: vec![part], ..Message::default() });
    }
    match request.get("input") {
        Some(Json::String(text)) => messages.push(Message::user(text.as_str())),
        Some(Json::Array(items)) => items.iter().for_each(|item| add_item(&mut messages, item)),
        _ => {}
    }
    Some(messages)
}

/// Whether variables of a stored prompt say anything.
fn is_said(variables: &&Json) -> bool {
    variables.as_object().is_some_and(|variables| !variables.is_empty())
}

/// Records an answer that came whole; `false` if it is none.
pub(super) fn answered(span: &LlmSpan, response: &Json) -> bool {
    let Some(output) = response.get("output").and_then(Json::as_array) else { return false };
    let mut items = Vec::new();
    output.iter().for_each(|item| add_item(&mut items, item));
    // An answer is one message, as it is of the other APIs.
    let mut message = Message { role: "assistant".into(), ..Message::default() };
    for item in items {
        message.parts.extend(item.parts);
        message.tool_calls.extend(item.tool_calls);
    }
    let text = |pointer: &str| response.pointer(pointer).and_then(Json::as_str);
    let reason = text("/incomplete_details/reason").or_else(|| text("/status"));
    span.record_messages(&[message], reason.as_slice());
    span.record_usage(&Usage::from_json(response.get("usage").unwrap_or(&Json::Null)));
    span.record_response(text("/id"), text("/model"));
    true
}

/// Takes in an event. The last one has all of the answer.
pub(super) fn heard<'a>(answer: &mut LlmStream, event: &'a Json) -> Said<'a> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Json::as_str);
    let piece = text("/delta").unwrap_or_default();
    let index = event.get("output_index").and_then(Json::as_u64);
    match text("/type").unwrap_or_default() {
        "response.created" => answer.note(text("/response/id"), text("/response/model"), None),
        "response.output_text.delta" | "response.refusal.delta" => answer.push_text(piece),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            answer.push_reasoning(piece)
        }
        "response.function_call_arguments.delta" => answer.push_call(index, "", "", piece),
        "response.output_item.added" | "response.output_item.done"
            if text("/item/type") == Some("function_call") =>
        {
            // The item that is done says all of its arguments once more.
            let known = index.is_some_and(|index| answer.has_arguments(index));
            let arguments = text("/item/arguments").filter(|_| !known).unwrap_or_default();
            let word = |pointer: &str| text(pointer).unwrap_or_default();
            answer.push_call(index, word("/item/call_id"), word("/item/name"), arguments);
        }
        "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
            if let Some(response) = event.get("response") {
                return Said::Whole(response);
            }
        }
        "error" => return Said::Failure(event),
        _ => {}
    }
    Said::More
}

/// Adds an item as a message; a call to the message that it was said with.
fn add_item<'a>(messages: &mut Vec<Message<'a>>, item: &'a Json) {
    let text = |name: &str| item.get(name).and_then(Json::as_str).unwrap_or_default();
    match text("type") {
        "function_call" => {
            let call = ToolCall {
                id: text("call_id").into(),
                name: text("name").into(),
                arguments: text("arguments").into(),
            };
            match messages.last_mut().filter(|last| last.role == "assistant") {
                Some(last) => last.tool_calls.push(call),
                None => messages.push(Message {
                    role: "assistant".into(),
                    tool_calls: vec![call],
                    ..Message::default()
                }),
            }
        }
        "function_call_output" => {
            let parts = match item.get("output") {
                Some(Json::String(text)) => vec![Part::Text(text.as_str().into())],
                Some(Json::Array(parts)) => parts.iter().map(Part::from_json).collect(),
                None | Some(Json::Null) => Vec::new(),
                Some(other) => vec![Part::Other(Cow::Borrowed(other))],
            };
            let tool_call_id = Some(text("call_id").into());
            messages.push(Message { role: "tool".into(), parts, tool_call_id, ..Message::default() });
        }
        "message" | "" => messages.push(Message::from_json(item)),
        // Reasoning, calls of tools that the provider runs, and what comes later.
        other => {
            let role = if other.ends_with("_output") { "tool" } else { "assistant" };
            let parts = vec![Part::Other(Cow::Borrowed(item))];
            messages.push(Message { role: role.into(), parts, ..Message::default() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(request: Json) -> Option<Vec<String>> {
        let messages = asked(request.as_object()?)?;
        Some(messages.iter().map(|message| message.to_gen_ai().to_string()).collect())
    }

    #[test]
    fn items_become_messages() {
        let request = json!({"model": "m", "instructions": "Be brief.", "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "what is this?"},
                {"type": "input_image", "image_url": "https://a/b.png"}]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{\"at\":1}"},
            {"type": "function_call_output", "call_id": "c1", "output": "a heron"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "A heron."}]},
        ]});
        let expected = [
            r#"{"role":"system","parts":[{"type":"text","content":"Be brief."}]}"#,
            r#"{"role":"user","parts":[{"type":"text","content":"what is this?"},{"type":"uri","modality":"image","uri":"https://a/b.png"}]}"#,
            r#"{"role":"assistant","parts":[{"type":"reasoning","id":"rs_1","summary":[]},{"type":"tool_call","id":"c1","name":"look","arguments":{}},{"type":"tool_call","id":"c2","name":"look","arguments":{"at":1}}]}"#,
            r#"{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"a heron"}]}"#,
            r#"{"role":"assistant","parts":[{"type":"text","content":"A heron."}]}"#,
        ];
        assert_eq!(said(request).unwrap(), expected);
    }

    #[test]
    fn what_a_stored_prompt_is_filled_with_is_said() {
        let request = json!({"prompt": {"id": "p", "variables": {"city": "Bern"}}});
        let expected = r#"{"role":"user","parts":[{"type":"prompt","variables":{"city":"Bern"}}]}"#;
        assert_eq!(said(request).unwrap(), [expected]);
    }

    #[test]
    fn what_only_looks_alike_is_no_call() {
        assert_eq!(said(json!({"answers": [1]})), None);
        assert_eq!(said(json!({"model": "m"})), None);
        assert_eq!(said(json!({"input": "x"})), None);
        assert_eq!(said(json!({"prompt": {"id": "p", "variables": null}})), Some(vec![]));
        assert_eq!(said(json!({"model": "m", "input": [1, null, {"type": 3}]})).unwrap().len(), 3);
    }
}
