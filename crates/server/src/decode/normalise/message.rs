//! Messages in whatever shape they come: OpenAI's, Anthropic's, OpenInference's, GenAI's parts, LangChain's. One lenient
//! reader, because libraries mix the shapes.

use std::collections::HashSet;

use bennu_model::{Message, Part};
use serde_json::{Map, Value as Json};

use super::source::parse;

/// Parts without an id that others are compared with.
const MAX_COMPARED: usize = 64;

/// Every message of a value: a list, an object that holds a list, a single message, or plain text. `speaker` is the role of
/// what names none.
pub(crate) fn messages(json: &Json, speaker: &str) -> Vec<Message> {
    match json {
        Json::Array(items) => match items.first() {
            // A batch of conversations: the first is the one.
            Some(first @ Json::Array(_)) => messages(first, speaker),
            _ => items.iter().filter_map(|item| message(item, speaker)).collect(),
        },
        // A system prompt beside the messages is the AI SDK's way, and Anthropic's.
        Json::Object(object) if object.contains_key("messages") || object.contains_key("prompt") => {
            super::exchange::request(json)
        }
        Json::Object(_) => message(json, speaker).into_iter().collect(),
        Json::String(text) => said(text, speaker),
        _ => Vec::new(),
    }
}

/// A message that is only a text; none for the empty one.
pub(super) fn said(text: &str, speaker: &str) -> Vec<Message> {
    if text.is_empty() {
        return Vec::new();
    }
    let parts = vec![Part::Text { text: text.to_owned() }];
    vec![Message { role: speaker.into(), parts, ..Message::default() }]
}

fn message(json: &Json, speaker: &str) -> Option<Message> {
    let inner = json.get("message").filter(|inner| inner.is_object());
    // A choice says beside its message why the model stopped.
    let stopped = inner.and_then(|_| string(json.as_object()?, &["finish_reason"]));
    let json = inner.unwrap_or(json);
    // LangChain's serialised objects keep their fields in `kwargs`.
    let json =
        json.get("kwargs").filter(|kwargs| kwargs.is_object() && json.get("lc").is_some()).unwrap_or(json);
    let Some(object) = json.as_object() else {
        let parts = parts(json);
        return (!parts.is_empty()).then(|| Message { role: speaker.into(), parts, ..Message::default() });
    };
    // Haystack's pickled messages keep their fields under names of their own.
    let private = |name: &str| object.get(&format!("_{name}"));
    let role = Some(role(object)).filter(|role| !role.is_empty()).unwrap_or_else(|| speaker.to_owned());
    let call_id = string(object, &["tool_call_id", "toolCallId"])
        .or_else(|| string(object, &["id"]).filter(|_| role == "tool"));
    let mut found = Vec::new();
    for field in ["reasoning_content", "reasoning", "content", "contents", "parts", "tool_calls"] {
        let told = object.get(field).or_else(|| private(field)).map(parts).unwrap_or_default();
        let told = told.into_iter().map(|part| match part {
            Part::Text { text } if field.starts_with("reasoning") => Part::Reasoning { text },
            // The text of a tool's message is its result.
            Part::Text { text } if matches!(role.as_str(), "tool" | "function") => {
                Part::ToolResult { id: call_id.clone(), result: parse(&text) }
            }
            other => other,
        });
        add_unsaid(&mut found, told.collect());
    }
    if let Some(name) = object.get("function_call_name").and_then(Json::as_str) {
        let arguments = object.get("function_call_arguments_json").map(parsed).unwrap_or_default();
        found.push(Part::ToolCall { id: None, name: name.to_owned(), arguments });
    } else if let Some(call) = object.get("function_call").filter(|call| call.is_object()) {
        found.extend(tool_call(call));
    }
    // The Responses API's items are messages of one part.
    if found.is_empty() && object.contains_key("type") {
        found.extend(part(json).filter(|part| !matches!(part, Part::Other { .. })));
    }
    Some(Message {
        role,
        name: string(object, &["name"]),
        parts: found,
        finish_reason: string(object, &["finish_reason", "stop_reason"]).or(stopped),
    })
}

fn role(object: &Map<String, Json>) -> String {
    let named = string(object, &["role", "_role"]).or_else(|| string(object, &["type"])).unwrap_or_default();
    match named.as_str() {
        "human" | "HumanMessage" | "HumanMessageChunk" => "user".into(),
        "ai" | "AIMessage" | "AIMessageChunk" | "model" | "function_call" | "reasoning" => "assistant".into(),
        "function_call_output" | "ToolMessage" => "tool".into(),
        "SystemMessage" => "system".into(),
        "message" | "text" => String::new(),
        _ => named,
    }
}

/// Adds the parts that were not said before: libraries repeat a call in `tool_calls` and in the content, and a text in `content`
/// and in `contents`. What is twice among `told` alone is meant so.
pub(super) fn add_unsaid(found: &mut Vec<Part>, mut told: Vec<Part>) {
    if !found.is_empty() {
        let calls: HashSet<&str> = found.iter().filter_map(call_id).collect();
        let compared = &found[..found.len().min(MAX_COMPARED)];
        told.retain(|part| match (call_id(part), part) {
            (Some(id), _) => !calls.contains(id),
            (None, Part::Text { .. } | Part::ToolCall { .. } | Part::ToolResult { .. }) => {
                !compared.contains(part)
            }
            _ => true,
        });
    }
    found.append(&mut told);
}

fn call_id(part: &Part) -> Option<&str> {
    match part {
        Part::ToolCall { id, .. } => id.as_deref(),
        _ => None,
    }
}

/// The parts of a message's content.
pub(crate) fn parts(json: &Json) -> Vec<Part> {
    match json {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().filter_map(part).collect(),
        Json::String(text) if text.is_empty() => Vec::new(),
        one => part(one).into_iter().collect(),
    }
}

fn part(json: &Json) -> Option<Part> {
    let object = match json {
        Json::Null => return None,
        Json::String(text) => return Some(Part::Text { text: text.clone() }),
        Json::Object(object) => object,
        other => return Some(Part::Other { value: other.clone() }),
    };
    if let Some(inner) = object.get("message_content").filter(|inner| inner.is_object()) {
        return part(inner);
    }
    let kind = object.get("type").and_then(Json::as_str).unwrap_or_default();
    let text = || string(object, &["text", "content", "thinking", "refusal", "summary_text"]);
    match kind {
        "text" | "input_text" | "output_text" | "refusal" => {
            // OpenAI's Assistants have an object there.
            let value = || Some(json.pointer("/text/value")?.as_str()?.to_owned());
            text().or_else(value).map(|text| Part::Text { text }).or_else(|| rest(json))
        }
        "reasoning" | "thinking" | "redacted_thinking" => {
            Some(Part::Reasoning { text: text().or_else(|| summary(object))? })
        }
        "tool_call" | "tool_use" | "tool-call" | "function" | "function_call" => {
            tool_call(json).or_else(|| rest(json))
        }
        "tool_call_response" | "tool_result" | "tool-result" | "function_call_output" => {
            Some(tool_result(object))
        }
        "image" | "image_url" | "input_image" => {
            Some(url(json).map_or_else(|| other(json), |url| Part::Image { url }))
        }
        "audio" | "input_audio" => {
            let transcript = ["/audio/transcript", "/audio/audio/transcript", "/transcript"];
            let transcript =
                transcript.iter().find_map(|path| json.pointer(path)?.as_str()).map(str::to_owned);
            Some(Part::Audio { url: url(json), transcript })
        }
        // GenAI: content in place, or at an address.
        "blob" | "uri" | "file" => {
            let mime = string(object, &["mime_type", "media_type"]).unwrap_or_default();
            let modality = string(object, &["modality"]).unwrap_or_default();
            let is = |class: &str| modality == class || mime.starts_with(class);
            match url(json) {
                Some(url) if is("image") => Some(Part::Image { url }),
                Some(url) if is("audio") => Some(Part::Audio { url: Some(url), transcript: None }),
                _ => Some(other(json)),
            }
        }
        _ if object.contains_key("tool_call") || object.contains_key("function") => {
            tool_call(json).or_else(|| rest(json))
        }
        "" => untyped(json, object),
        _ => Some(other(json)),
    }
}

/// Bedrock, Gemini and Genkit name a part by its only member.
fn untyped(json: &Json, object: &Map<String, Json>) -> Option<Part> {
    let member = |names: &[&str]| names.iter().find_map(|name| object.get(*name)?.as_object());
    if let Some(text) = object.get("text").and_then(Json::as_str) {
        let thought = object.get("thought").and_then(Json::as_bool).unwrap_or_default();
        let text = text.to_owned();
        return Some(if thought { Part::Reasoning { text } } else { Part::Text { text } });
    }
    if let Some(call) = member(&["toolUse", "functionCall", "function_call", "toolRequest"]) {
        return tool_call(&Json::Object(call.clone())).or_else(|| rest(json));
    }
    if let Some(result) =
        member(&["toolResult", "functionResponse", "function_response", "toolResponse", "tool_call_result"])
    {
        return Some(tool_result(result));
    }
    if let Some(text) =
        json.pointer("/reasoningContent/reasoningText/text").or_else(|| object.get("reasoning"))
    {
        return text.as_str().map(|text| Part::Reasoning { text: text.to_owned() });
    }
    let media = ["inline_data", "inlineData", "media"].iter().find_map(|name| object.get(*name));
    if let Some(media) = media {
        let mime = ["mime_type", "mimeType", "contentType"]
            .iter()
            .find_map(|name| media.get(*name)?.as_str())
            .unwrap_or_default();
        return match url(media) {
            Some(url) if mime.starts_with("image") || url.starts_with("data:image") => {
                Some(Part::Image { url })
            }
            Some(url) if mime.starts_with("audio") => Some(Part::Audio { url: Some(url), transcript: None }),
            _ => Some(other(json)),
        };
    }
    // A call with its fields in place, as older OpenLLMetry flattens it.
    if object.contains_key("name") && object.contains_key("arguments") {
        return tool_call(json);
    }
    (!object.is_empty()).then(|| other(json))
}

fn tool_result(object: &Map<String, Json>) -> Part {
    const IDS: [&str; 8] =
        ["id", "tool_use_id", "tool_call_id", "toolCallId", "toolUseId", "call_id", "ref", "callId"];
    let result = ["response", "result", "output", "content"].iter().find_map(|name| object.get(*name));
    Part::ToolResult { id: string(object, &IDS), result: result.map(plain_result).unwrap_or_default() }
}

/// A result without the wrapping that dialects put around it: a list of text blocks (Bedrock, Anthropic, MCP), the AI SDK's
/// `{"type": "json", "value": …}`.
pub(super) fn plain_result(json: &Json) -> Json {
    match json {
        Json::Array(blocks) if !blocks.is_empty() => {
            let text = |block: &Json| {
                let object = block.as_object()?;
                let block_of_text = object.keys().all(|name| matches!(name.as_str(), "type" | "text"));
                object.get("text").and_then(Json::as_str).filter(|_| block_of_text).map(str::to_owned)
            };
            match blocks.iter().map(text).collect::<Option<Vec<String>>>() {
                Some(texts) => parse(&texts.join("\n")),
                None => json.clone(),
            }
        }
        Json::Object(object) => match (object.get("type").and_then(Json::as_str), object.get("value")) {
            (Some("json" | "text" | "error-text" | "error-json" | "content"), Some(value)) => value.clone(),
            _ => json.clone(),
        },
        other => parsed(other),
    }
}

/// A part that is not what its type says is shown as it is, unless it says nothing besides: OpenInference names in `contents` the
/// type of a call that stands elsewhere.
fn rest(json: &Json) -> Option<Part> {
    let says = |(name, value): (&String, &Json)| name != "type" && !value.is_null() && value != "";
    json.as_object()?.iter().any(says).then(|| other(json))
}

fn other(json: &Json) -> Part {
    Part::Other { value: json.clone() }
}

/// A call in OpenAI's shape (`function.name`), OpenInference's (`tool_call.function.name`), or with its fields in place.
pub(super) fn tool_call(json: &Json) -> Option<Part> {
    let object = json.get("tool_call").unwrap_or(json).as_object()?;
    let function = object.get("function").and_then(Json::as_object).unwrap_or(object);
    let name = string(function, &["name", "toolName", "tool_name", "function"])?;
    let arguments = ["arguments", "input", "args"].iter().find_map(|field| function.get(*field));
    Some(Part::ToolCall {
        id: string(object, &["call_id", "id", "toolCallId", "toolUseId", "ref"]),
        name,
        arguments: arguments.map(parsed).unwrap_or_default(),
    })
}

/// The address of an image or of audio: a URL, or the content in place as a data URL.
fn url(json: &Json) -> Option<String> {
    const PATHS: [&str; 11] = [
        "/image/image/url",
        "/image/url",
        "/image_url/url",
        "/image_url",
        "/audio/audio/url",
        "/audio/url",
        "/source/url",
        "/url",
        "/uri",
        "/image",
        "/file_id",
    ];
    if let Some(url) = PATHS.iter().find_map(|path| json.pointer(path)?.as_str()) {
        return Some(url.to_owned());
    }
    let source =
        json.get("source").or_else(|| json.get("input_audio")).or_else(|| json.get("audio")).unwrap_or(json);
    let first = |names: &[&str]| names.iter().find_map(|name| source.get(*name)?.as_str());
    let data = first(&["data", "content"])?;
    let mime = match (first(&["media_type", "mime_type"]), first(&["format"])) {
        (Some(mime), _) => mime.to_owned(),
        // OpenAI names audio by its format alone.
        (None, Some(format)) => format!("audio/{format}"),
        (None, None) => "application/octet-stream".into(),
    };
    Some(format!("data:{mime};base64,{data}"))
}

/// A reasoning item's summaries, joined.
fn summary(object: &Map<String, Json>) -> Option<String> {
    let items = object.get("summary")?.as_array()?;
    let texts: Vec<&str> = items.iter().filter_map(|item| item.get("text")?.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// JSON text to JSON.
fn parsed(json: &Json) -> Json {
    json.as_str().map_or_else(|| json.clone(), parse)
}

/// The first of these fields that holds text.
fn string(object: &Map<String, Json>, names: &[&str]) -> Option<String> {
    names
        .iter()
        .filter_map(|name| object.get(*name)?.as_str())
        .find(|text| !text.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(input: Json, expected: Json) {
        let read = messages(&input, "user");
        assert_eq!(serde_json::to_value(&read).unwrap(), expected, "from {input}");
    }

    #[test]
    fn one_call_in_every_shape() {
        let expected = json!([{"role": "assistant", "parts": [
            {"type": "tool_call", "id": "c1", "name": "search", "arguments": {"q": "wal"}}]}]);
        for message in [
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{\"q\": \"wal\"}"}}]}),
            json!({"message": {"role": "assistant", "tool_calls": [{"tool_call": {"id": "c1", "function": {"name": "search", "arguments": "{\"q\": \"wal\"}"}}}]}}),
            json!({"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "search", "input": {"q": "wal"}}]}),
            json!({"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "search", "arguments": {"q": "wal"}}]}),
            json!({"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "search", "args": {"q": "wal"}}]}),
            json!({"type": "function_call", "call_id": "c1", "name": "search", "arguments": "{\"q\":\"wal\"}"}),
        ] {
            let mut read = messages(&json!([message]), "assistant");
            read[0].name = None;
            assert_eq!(serde_json::to_value(&read).unwrap(), expected, "from {message}");
        }
    }

    #[test]
    fn what_is_said_twice_counts_once() {
        check(
            json!([{"message": {"role": "assistant", "content": "looking",
                "contents": [{"message_content": {"type": "text", "text": "looking"}},
                    {"tool_call": {"id": "t", "function": {"name": "f", "arguments": "{}"}}}],
                "tool_calls": [{"tool_call": {"id": "t", "function": {"name": "f", "arguments": "{}"}}}]}}]),
            json!([{"role": "assistant", "parts": [{"type": "text", "text": "looking"},
                {"type": "tool_call", "id": "t", "name": "f", "arguments": {}}]}]),
        );
    }

    #[test]
    fn a_hundred_calls_said_twice_count_once() {
        let call = |at: usize| json!({"id": format!("c{at}"), "type": "function", "function": {"name": "f", "arguments": "{}"}});
        let calls: Vec<Json> = (0..100).map(call).collect();
        let read = messages(&json!([{"role": "assistant", "content": calls, "tool_calls": calls}]), "user");
        assert_eq!(read[0].parts.len(), 100);
    }

    #[test]
    fn what_has_no_name_is_shown_as_it_is() {
        let parts =
            |message: Json| serde_json::to_value(&messages(&json!([message]), "user")[0].parts).unwrap();
        for call in [
            json!({"id": "1", "function": {"arguments": "{\"x\":1}"}}),
            json!({"id": "1", "function": {"name": 7}}),
            json!({"id": "1", "function": null}),
        ] {
            let expected = json!([{"type": "other", "value": call}]);
            assert_eq!(parts(json!({"role": "assistant", "tool_calls": [call]})), expected);
        }
        let call = json!({"call_id": "", "id": "c9", "function": "f"});
        assert_eq!(
            parts(json!({"role": "assistant", "tool_calls": [call]})),
            json!([{"type": "tool_call", "id": "c9", "name": "f", "arguments": null}])
        );
        let text = |text: Json| parts(json!({"role": "user", "content": [{"type": "text", "text": text}]}));
        assert_eq!(text(json!({"value": "hello"})), json!([{"type": "text", "text": "hello"}]));
        assert_eq!(text(json!(5)), json!([{"type": "other", "value": {"type": "text", "text": 5}}]));
        assert_eq!(text(json!("")), json!([]));
    }

    #[test]
    fn results_media_and_reasoning() {
        check(
            json!([
                {"role": "tool", "tool_call_id": "c1", "content": "{\"temp_c\": 19}"},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "fine"}]},
                {"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
                {"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}]},
                {"role": "user", "parts": [{"type": "blob", "mime_type": "image/png", "modality": "image", "content": "AA=="}]},
                {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}]},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]},
                {"role": "user", "content": [{"type": "video", "x": 1}]},
            ]),
            json!([
                {"role": "tool", "parts": [{"type": "tool_result", "id": "c1", "result": {"temp_c": 19}}]},
                {"role": "tool", "parts": [{"type": "tool_result", "id": "c1", "result": "fine"}]},
                {"role": "user", "parts": [{"type": "text", "text": "see"}, {"type": "image", "url": "data:image/png;base64,AA=="}]},
                {"role": "user", "parts": [{"type": "image", "url": "data:image/png;base64,AA=="}]},
                {"role": "user", "parts": [{"type": "image", "url": "data:image/png;base64,AA=="}]},
                {"role": "user", "parts": [{"type": "audio", "url": "data:audio/wav;base64,AA=="}]},
                {"role": "assistant", "parts": [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "yes"}]},
                {"role": "user", "parts": [{"type": "other", "value": {"type": "video", "x": 1}}]},
            ]),
        );
    }

    #[test]
    fn lists_in_lists_and_plain_text() {
        let hi = json!([{"role": "user", "parts": [{"type": "text", "text": "hi"}]}]);
        check(json!([[{"type": "human", "content": "hi"}]]), hi.clone());
        check(json!({"messages": [{"role": "user", "content": "hi"}]}), hi.clone());
        check(json!("hi"), hi);
        check(json!([]), json!([]));
        check(json!(7), json!([]));
    }
}
