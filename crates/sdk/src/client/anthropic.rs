//! Anthropic's Messages API: content in blocks.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use super::call::Said;
use crate::{
    message::{Message, Part, ToolCall},
    span::{LlmSpan, LlmStream, Usage},
};

/// The messages of a request; `None` if it is none of this API.
pub(super) fn asked(request: &Map<String, Json>) -> Option<Vec<Message<'_>>> {
    let said = request.get("messages")?.as_array()?;
    // Other services have messages, too; this one cannot do without this number.
    request.get("max_tokens")?.as_u64()?;
    let mut messages = Vec::new();
    if let Some(system) = request.get("system").filter(|system| !system.is_null()) {
        messages.push(Message { role: "system".into(), ..blocks(Some(system)).message });
    }
    for message in said {
        let role = message.get("role").and_then(Json::as_str).unwrap_or_default();
        let Blocks { message, results } = blocks(message.get("content"));
        let nothing_else = message.parts.is_empty() && message.tool_calls.is_empty();
        let only_results = nothing_else && !results.is_empty();
        messages.extend(results);
        if !only_results {
            messages.push(Message { role: role.into(), ..message });
        }
    }
    Some(messages)
}

/// Records an answer that came whole; `false` if it is none.
pub(super) fn answered(span: &LlmSpan, response: &Json) -> bool {
    if !response.get("content").is_some_and(Json::is_array) {
        return false;
    }
    let text = |name: &str| response.get(name).and_then(Json::as_str);
    let message = Message { role: "assistant".into(), ..blocks(response.get("content")).message };
    span.record_messages(&[message], text("stop_reason").as_slice());
    span.record_usage(&Usage::from_anthropic(response.get("usage").unwrap_or(&Json::Null)));
    span.record_response(text("id"), text("model"));
    true
}

/// Takes in an event. `usage` is what was said of tokens so far: the first event has those of the input, a late one the others.
pub(super) fn heard<'a>(answer: &mut LlmStream, usage: &mut Map<String, Json>, event: &'a Json) -> Said<'a> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Json::as_str);
    let index = event.get("index").and_then(Json::as_u64);
    match text("/type").unwrap_or_default() {
        "message_start" => {
            answer.note(text("/message/id"), text("/message/model"), None);
            note_usage(answer, usage, event.pointer("/message/usage"));
        }
        "content_block_start" => match text("/content_block/type").unwrap_or_default() {
            "text" => answer.push_text(text("/content_block/text").unwrap_or_default()),
            "thinking" => answer.push_reasoning(text("/content_block/thinking").unwrap_or_default()),
            kind if is_call(kind) => {
                let word = |pointer: &str| text(pointer).unwrap_or_default();
                let input = event.pointer("/content_block/input").map(arguments).unwrap_or_default();
                // Empty ones are filled by what follows.
                let input = if input == "{}" { Cow::default() } else { input };
                answer.push_call(index, word("/content_block/id"), word("/content_block/name"), &input);
            }
            // Thinking that may not be read, results of tools that the provider runs, and what comes later: whole from the beginning.
            _ => {
                if let Some(block) = event.get("content_block") {
                    answer.push_other(block);
                }
            }
        },
        "content_block_delta" => match text("/delta/type").unwrap_or_default() {
            "text_delta" => answer.push_text(text("/delta/text").unwrap_or_default()),
            "thinking_delta" => answer.push_reasoning(text("/delta/thinking").unwrap_or_default()),
            "input_json_delta" => {
                answer.push_call(index, "", "", text("/delta/partial_json").unwrap_or_default());
            }
            _ => {}
        },
        "message_delta" => {
            answer.note(None, None, text("/delta/stop_reason"));
            note_usage(answer, usage, event.get("usage"));
        }
        "message_stop" => return Said::End,
        "error" => return Said::Failure(event),
        _ => {}
    }
    Said::More
}

fn note_usage(answer: &mut LlmStream, known: &mut Map<String, Json>, said: Option<&Json>) {
    let said = said.and_then(Json::as_object).into_iter().flatten();
    // Numbers only, so that what is kept is as small as it should be.
    let numbers = said.filter(|(_, value)| value.is_u64());
    known.extend(numbers.map(|(name, value)| (name.clone(), value.clone())));
    answer.note_usage(Usage::from_anthropic(&Json::Object(known.clone())));
}

/// Whether a block is a call of a tool, whoever runs it: `tool_use`, `server_tool_use`, `mcp_tool_use`.
fn is_call(kind: &str) -> bool {
    kind.ends_with("tool_use")
}

/// What blocks say: a message without its role, and the results of tools, which are messages of their own.
#[derive(Debug, Default)]
struct Blocks<'a> {
    message: Message<'a>,
    results: Vec<Message<'a>>,
}

fn blocks(content: Option<&Json>) -> Blocks<'_> {
    let mut all = Blocks::default();
    let blocks = match content {
        Some(Json::Array(blocks)) => blocks,
        Some(Json::String(text)) => {
            all.message.parts.push(Part::Text(text.as_str().into()));
            return all;
        }
        None | Some(Json::Null) => return all,
        Some(other) => {
            all.message.parts.push(Part::Other(Cow::Borrowed(other)));
            return all;
        }
    };
    for block in blocks {
        let text = |name: &str| block.get(name).and_then(Json::as_str).unwrap_or_default();
        match text("type") {
            kind if is_call(kind) => all.message.tool_calls.push(ToolCall {
                id: text("id").into(),
                name: text("name").into(),
                arguments: block.get("input").map(arguments).unwrap_or_default(),
            }),
            "tool_result" => {
                let mut parts = match block.get("content") {
                    Some(Json::Array(parts)) => parts.iter().map(part).collect(),
                    Some(Json::String(text)) => vec![Part::Text(text.as_str().into())],
                    _ => Vec::new(),
                };
                // Neither convention has a word for it.
                if block.get("is_error").and_then(Json::as_bool) == Some(true) {
                    let failed = json!({"type": "tool_error", "is_error": true});
                    parts.insert(0, Part::Other(Cow::Owned(failed)));
                }
                let tool_call_id = Some(text("tool_use_id").into());
                all.results.push(Message { role: "tool".into(), parts, tool_call_id, ..Message::default() });
            }
            _ => all.message.parts.push(part(block)),
        }
    }
    all
}

fn part(block: &Json) -> Part<'_> {
    let at = |pointer: &str| block.pointer(pointer).and_then(Json::as_str);
    match (at("/type"), at("/source/type")) {
        (Some("image"), Some("url")) => Part::Image(at("/source/url").unwrap_or_default().into()),
        (Some("image"), Some("base64")) => {
            let kind = at("/source/media_type").unwrap_or_default();
            let data = at("/source/data").unwrap_or_default();
            Part::Image(format!("data:{kind};base64,{data}").into())
        }
        (Some("text"), _) => Part::from_json(block),
        // Thinking, documents, and what comes later.
        _ => Part::Other(Cow::Borrowed(block)),
    }
}

fn arguments(input: &Json) -> Cow<'_, str> {
    match input {
        Json::String(text) => text.as_str().into(),
        Json::Null => Cow::default(),
        other => other.to_string().into(),
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
    fn blocks_become_messages() {
        let request = json!({"max_tokens": 9, "system": [{"type": "text", "text": "Be brief."}], "messages": [
            {"role": "user", "content": "what is this?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "let me look"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "a heron"}]},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t2", "content": "no"}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t3", "content": "gone", "is_error": true}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t4", "content": [
                {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}}]}]},
            {"role": "assistant", "content": [
                {"type": "mcp_tool_use", "id": "m1", "name": "find", "server_name": "s", "input": {}},
                {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": false, "content": []}]},
        ]});
        let expected = [
            r#"{"role":"system","parts":[{"type":"text","content":"Be brief."}]}"#,
            r#"{"role":"user","parts":[{"type":"text","content":"what is this?"}]}"#,
            r#"{"role":"assistant","parts":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","content":"let me look"},{"type":"tool_call","id":"t1","name":"look","arguments":{"at":1}}]}"#,
            r#"{"role":"tool","parts":[{"type":"tool_call_response","id":"t1","response":"a heron"}]}"#,
            r#"{"role":"user","parts":[{"type":"uri","modality":"image","uri":"data:image/png;base64,AA=="}]}"#,
            r#"{"role":"tool","parts":[{"type":"tool_call_response","id":"t2","response":"no"}]}"#,
            r#"{"role":"tool","parts":[{"type":"tool_call_response","id":"t3","response":[{"type":"tool_error","is_error":true},{"type":"text","content":"gone"}]}]}"#,
            r#"{"role":"tool","parts":[{"type":"tool_call_response","id":"t4","response":[{"type":"uri","modality":"image","uri":"https://a/b.png"}]}]}"#,
            r#"{"role":"assistant","parts":[{"type":"mcp_tool_result","tool_use_id":"m1","is_error":false,"content":[]},{"type":"tool_call","id":"m1","name":"find","arguments":{}}]}"#,
        ];
        assert_eq!(said(request).unwrap(), expected);
    }

    #[test]
    fn what_only_looks_alike_is_no_call() {
        assert_eq!(said(json!({"messages": [{"to": "ada"}]})), None);
        assert_eq!(said(json!({"max_tokens": 1, "messages": "x"})), None);
        let odd =
            json!({"max_tokens": 1, "system": 7, "messages": [1, {"content": 2}, {"content": [null, 3]}]});
        assert_eq!(said(odd).unwrap().len(), 4);
    }
}
