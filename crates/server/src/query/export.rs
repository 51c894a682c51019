//! A call as somebody would send it again.

use bennu_model::{Detail, Message, Part};
use serde_json::{Map, Value as Json, json};

/// A model call as the body of an OpenAI chat completion request.
pub(crate) fn openai_request(detail: &Detail) -> Json {
    let mut request = Map::new();
    let model = detail.model_requested.as_deref().or(detail.model()).unwrap_or("unknown");
    request.insert("model".into(), model.into());
    request.insert("messages".into(), detail.input_messages.iter().flat_map(openai_messages).collect());
    if !detail.tools.is_empty() {
        request.insert("tools".into(), detail.tools.iter().map(openai_tool).collect());
    }
    if let Some(Json::Object(parameters)) = &detail.invocation_parameters {
        // What the call was made with; its own model and messages are above.
        for (name, value) in parameters {
            request.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Json::Object(request)
}

/// The same request as a shell command.
pub(crate) fn curl(detail: &Detail) -> String {
    let body = serde_json::to_string_pretty(&openai_request(detail)).unwrap_or_default();
    format!(
        "curl \"${{OPENAI_BASE_URL:-https://api.openai.com/v1}}/chat/completions\" \\\n  -H \"Authorization: Bearer $OPENAI_API_KEY\" \\\n  \
         -H \"Content-Type: application/json\" \\\n  -d '{}'\n",
        // Inside single quotes a shell changes nothing but the quote itself.
        body.replace('\'', "'\\''")
    )
}

/// A message may become several: each tool result is a message of its own.
fn openai_messages(message: &Message) -> Vec<Json> {
    let mut messages = Vec::new();
    let mut content = Vec::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text { text } => content.push(json!({"type": "text", "text": text})),
            Part::Image { url } => content.push(json!({"type": "image_url", "image_url": {"url": url}})),
            Part::Audio { url, transcript } => {
                content.push(json!({"type": "text", "text": transcript.as_ref().or(url.as_ref())}))
            }
            Part::ToolCall { id, name, arguments } => calls.push(json!({
                "id": id, "type": "function", "function": {"name": name, "arguments": text(arguments)}
            })),
            Part::ToolResult { id, result } => {
                messages.push(json!({"role": "tool", "tool_call_id": id, "content": text(result)}));
            }
            Part::Other { value } => content.push(value.clone()),
            // A model is not sent its own reasoning.
            Part::Reasoning { .. } => {}
        }
    }
    if !content.is_empty() || !calls.is_empty() || messages.is_empty() {
        let mut one = Map::new();
        one.insert("role".into(), message.role.as_str().into());
        // Plain text in its plain form, as most servers expect it.
        let plain = content
            .iter()
            .map(|part| part.get("text").filter(|_| part["type"] == "text")?.as_str())
            .collect::<Option<Vec<_>>>();
        one.insert(
            "content".into(),
            match plain {
                Some(texts) if texts.is_empty() => Json::Null,
                Some(texts) => texts.join("\n\n").into(),
                None => content.into(),
            },
        );
        if !calls.is_empty() {
            one.insert("tool_calls".into(), calls.into());
        }
        messages.push(Json::Object(one));
    }
    messages
}

/// A tool's description, wrapped as OpenAI wants it.
fn openai_tool(tool: &Json) -> Json {
    if tool.get("function").is_some() {
        return tool.clone();
    }
    let get = |names: &[&str]| names.iter().find_map(|name| tool.get(*name)).cloned().unwrap_or_default();
    json!({"type": "function", "function": {
        "name": get(&["name"]),
        "description": get(&["description"]),
        "parameters": get(&["parameters", "input_schema", "inputSchema"]),
    }})
}

fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_becomes_a_request_that_can_be_sent_again() {
        let detail = Detail {
            model_answering: Some("m".into()),
            input_messages: vec![
                Message {
                    role: "user".into(),
                    parts: vec![Part::Text { text: "it's".into() }],
                    ..Message::default()
                },
                Message {
                    role: "assistant".into(),
                    parts: vec![Part::ToolCall {
                        id: Some("c".into()),
                        name: "f".into(),
                        arguments: json!({"a": 1}),
                    }],
                    ..Message::default()
                },
                Message {
                    role: "tool".into(),
                    parts: vec![Part::ToolResult { id: Some("c".into()), result: json!({"b": 2}) }],
                    ..Message::default()
                },
            ],
            tools: vec![json!({"name": "f", "inputSchema": {"type": "object"}})],
            invocation_parameters: Some(json!({"model": "other", "temperature": 0.5})),
            ..Detail::default()
        };
        assert_eq!(
            openai_request(&detail),
            json!({
                "model": "m",
                "messages": [
                    {"role": "user", "content": "it's"},
                    {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
                    {"role": "tool", "tool_call_id": "c", "content": "{\"b\":2}"},
                ],
                "tools": [{"type": "function", "function": {"name": "f", "description": null, "parameters": {"type": "object"}}}],
                "temperature": 0.5,
            })
        );
        assert!(curl(&detail).contains(r"it'\''s"));
    }
}
