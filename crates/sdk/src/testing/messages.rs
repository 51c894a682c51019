//! Messages from JSON: a case's, those of `gen_ai` attributes, and OpenAI's.
//!
//! Lenient: what is not known stays as a part, so that nothing that was said is lost.

use serde_json::Value as Json;

use crate::{Message, Part, ToolCall};

/// Messages of a JSON array; anything else is none.
pub(super) fn messages(list: &Json) -> Vec<Message<'static>> {
    list.as_array().into_iter().flatten().flat_map(message).collect()
}

/// A message. Results of several tools in one become a message each, as OpenAI has them.
fn message(message: &Json) -> Vec<Message<'static>> {
    let mut said = Message {
        role: text(message, "role").unwrap_or_default().into(),
        name: text(message, "name").map(Into::into),
        tool_call_id: text(message, "tool_call_id").map(Into::into),
        ..Message::default()
    };
    let mut results = Vec::new();
    match message.get("parts").or_else(|| message.get("content")) {
        None | Some(Json::Null) => {}
        Some(Json::String(text)) => said.parts.push(Part::Text(text.clone().into())),
        Some(Json::Array(parts)) => parts.iter().for_each(|part| read_part(part, &mut said, &mut results)),
        Some(other) => said.parts.push(other_part(other)),
    }
    let calls = message.get("tool_calls").and_then(Json::as_array).into_iter().flatten();
    said.tool_calls.extend(calls.map(|call| tool_call(call, call.get("function").unwrap_or(&Json::Null))));
    if results.is_empty() || !said.parts.is_empty() || !said.tool_calls.is_empty() {
        results.push(said);
    }
    results
}

fn read_part(part: &Json, said: &mut Message<'static>, results: &mut Vec<Message<'static>>) {
    let url = || {
        let places = ["/url", "/uri", "/image_url/url", "/image_url"];
        places.iter().find_map(|at| part.pointer(at)?.as_str()).map(str::to_owned)
    };
    match part.get("type").and_then(Json::as_str) {
        Some("text") => {
            let content = text(part, "text").or_else(|| text(part, "content")).unwrap_or_default();
            said.parts.push(Part::Text(content.into()));
        }
        Some("tool_call") => said.tool_calls.push(tool_call(part, part)),
        Some("tool_result" | "tool_call_response") => {
            let result = ["result", "response"].iter().find_map(|name| part.get(*name)).map(plain);
            results.push(Message {
                name: said.name.clone(),
                tool_call_id: text(part, "id").map(Into::into),
                ..Message::new("tool", result.unwrap_or_default())
            });
        }
        Some("other") => said.parts.push(other_part(part.get("value").unwrap_or(part))),
        kind => match url().filter(|_| kind != Some("audio")) {
            Some(url) => said.parts.push(Part::Image(url.into())),
            None => said.parts.push(other_part(part)),
        },
    }
}

fn tool_call(call: &Json, function: &Json) -> ToolCall<'static> {
    ToolCall {
        id: text(call, "id").unwrap_or_default().into(),
        name: text(function, "name").unwrap_or_default().into(),
        arguments: function.get("arguments").map(plain).unwrap_or_default().into(),
    }
}

fn other_part(part: &Json) -> Part<'static> {
    Part::Other(std::borrow::Cow::Owned(part.clone()))
}

fn text(object: &Json, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

/// A value as text: text as it is, anything else as JSON.
pub(super) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The value that a text is, if it is JSON; else the text.
pub(super) fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn three_shapes_of_a_conversation_say_the_same() {
        let case = json!([
            {"role": "user", "parts": [{"type": "text", "text": "What is the time?"}]},
            {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "now", "arguments": {"zone": "UTC"}}]},
            {"role": "tool", "parts": [{"type": "tool_result", "id": "c1", "result": {"utc": "12:00"}}]},
        ]);
        let gen_ai = json!([
            {"role": "user", "parts": [{"type": "text", "content": "What is the time?"}]},
            {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "now", "arguments": {"zone": "UTC"}}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"utc": "12:00"}}]},
        ]);
        let openai = json!([
            {"role": "user", "content": "What is the time?"},
            {"role": "assistant", "content": null,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": r#"{"zone":"UTC"}"#}}]},
            {"role": "tool", "tool_call_id": "c1", "content": r#"{"utc":"12:00"}"#},
        ]);
        let expected = [
            Message::user("What is the time?"),
            Message {
                tool_calls: vec![ToolCall {
                    id: "c1".into(),
                    name: "now".into(),
                    arguments: r#"{"zone":"UTC"}"#.into(),
                }],
                role: "assistant".into(),
                ..Message::default()
            },
            Message::tool("c1", r#"{"utc":"12:00"}"#),
        ];
        for shape in [case, gen_ai, openai] {
            assert_eq!(messages(&shape), expected, "{shape}");
        }
    }

    #[test]
    fn results_in_one_message_are_several_and_what_is_not_known_is_kept() {
        let results = json!([{"role": "user", "parts": [
            {"type": "tool_result", "id": "a", "result": "1"},
            {"type": "tool_result", "id": "b", "result": [2]},
        ]}]);
        assert_eq!(messages(&results), [Message::tool("a", "1"), Message::tool("b", "[2]")]);
        let odd = json!([{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://a/b.png"}}, {"type": "reasoning", "text": "hm"}, 7,
        ]}]);
        let parts =
            [Part::Image("https://a/b.png".into()), other_part(&odd[0]["content"][1]), other_part(&json!(7))];
        assert_eq!(messages(&odd)[0].parts, parts);
        assert_eq!(messages(&json!("none")), []);
    }
}
