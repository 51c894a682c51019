//! A request for a message as a request for a chat.

use serde_json::{Value, json};

use super::super::{answer, refusal::Refusal};

/// The same in the shape of chat completions; what the rules do not look at is left out.
pub(super) fn chat(request: &Value) -> Result<Value, Refusal> {
    let said = request["messages"].as_array().filter(|said| !said.is_empty());
    let said = said.ok_or_else(|| Refusal::bad("messages: a list of at least one message was expected"))?;
    let mut messages = Vec::new();
    if !request["system"].is_null() {
        // A string or blocks of text, as content is.
        messages.push(json!({"role": "system", "content": request["system"]}));
    }
    for (at, message) in said.iter().enumerate() {
        let content = match &message["content"] {
            Value::String(text) => &[json!({"type": "text", "text": text})],
            Value::Array(blocks) if !blocks.is_empty() => &blocks[..],
            _ => {
                let reason =
                    format!("messages.{at}.content: a text or a list of at least one block was expected");
                return Err(Refusal::bad(reason));
            }
        };
        match message["role"].as_str() {
            Some("user") => heard(content, &mut messages),
            Some("assistant") => messages.push(answered(content)),
            _ => {
                return Err(Refusal::bad(format!(
                    "messages.{at}.role: \"user\" or \"assistant\" was expected"
                )));
            }
        }
    }
    let mut chat = json!({"messages": messages});
    if !request["model"].is_null() {
        chat["model"] = request["model"].clone();
    }
    if request["tool_choice"]["type"] == "none" {
        chat["tool_choice"] = json!("none");
    }
    let tools: Vec<Value> = request["tools"].as_array().into_iter().flatten().map(tool).collect();
    if !tools.is_empty() {
        chat["tools"] = tools.into();
    }
    Ok(chat)
}

fn tool(tool: &Value) -> Value {
    let function = ["name", "description", "input_schema"].into_iter().filter_map(|field| {
        let name = if field == "input_schema" { "parameters" } else { field };
        Some((name.to_owned(), tool.get(field)?.clone()))
    });
    json!({"type": "function", "function": function.collect::<serde_json::Map<_, _>>()})
}

fn is(block: &Value, kind: &str) -> bool {
    block["type"] == kind
}

/// What tools answered comes from the user here, and as messages of its own there.
fn heard(blocks: &[Value], messages: &mut Vec<Value>) {
    for block in blocks.iter().filter(|block| is(block, "tool_result")) {
        let said = match &block["content"] {
            text @ (Value::String(_) | Value::Array(_)) => answer::text(&json!({"content": text})),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        // The rules know a failure from what a tool says of itself.
        let failed = block["is_error"] == true && !tells_error(&said);
        let said = if failed { json!({"error": said}).to_string() } else { said };
        messages.push(json!({"role": "tool", "tool_call_id": block["tool_use_id"], "content": said}));
    }
    let rest: Vec<&Value> = blocks.iter().filter(|block| !is(block, "tool_result")).collect();
    if !rest.is_empty() {
        messages.push(json!({"role": "user", "content": rest}));
    }
}

fn tells_error(said: &str) -> bool {
    serde_json::from_str::<Value>(said).is_ok_and(|said| said.get("error").is_some())
}

/// What the assistant said and which tools it used.
fn answered(blocks: &[Value]) -> Value {
    let texts: Vec<&Value> = blocks.iter().filter(|block| is(block, "text")).collect();
    let mut message = json!({"role": "assistant", "content": texts});
    let uses = blocks.iter().filter(|block| is(block, "tool_use"));
    let call = |block: &Value| {
        let function = json!({"name": block["name"], "arguments": block["input"].to_string()});
        json!({"id": block["id"], "type": "function", "function": function})
    };
    let calls: Vec<Value> = uses.map(call).collect();
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_messages() {
        let text = |text: &str| json!({"type": "text", "text": text});
        let result = |content: Value| json!({"type": "tool_result", "tool_use_id": "a", "content": content});
        let mut failed = result(json!("no clock"));
        failed["is_error"] = json!(true);
        let request = json!({
            "model": "m",
            "system": [text("Be brief.")],
            "messages": [
                {"role": "user", "content": "When?"},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "…", "signature": ""},
                    text("Wait."),
                    {"type": "tool_use", "id": "a", "name": "now", "input": {"zone": "UTC"}},
                ]},
                {"role": "user", "content": [result(json!([text("noon")])), failed, text("And then?")]},
            ],
            "tools": [{"name": "now", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "none"},
        });
        let function = json!({"name": "now", "arguments": "{\"zone\":\"UTC\"}"});
        assert_eq!(
            chat(&request).unwrap_or_default(),
            json!({
                "model": "m",
                "messages": [
                    {"role": "system", "content": [text("Be brief.")]},
                    {"role": "user", "content": [text("When?")]},
                    {"role": "assistant", "content": [text("Wait.")], "tool_calls": [{"id": "a", "type": "function", "function": function}]},
                    {"role": "tool", "tool_call_id": "a", "content": "noon"},
                    {"role": "tool", "tool_call_id": "a", "content": "{\"error\":\"no clock\"}"},
                    {"role": "user", "content": [text("And then?")]},
                ],
                "tools": [{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}],
                "tool_choice": "none",
            })
        );
    }

    #[test]
    fn results_of_any_kind_are_texts() {
        for (content, said) in [
            (Value::Null, ""),
            (json!({"now": "noon"}), "{\"now\":\"noon\"}"),
            (json!([{"type": "image", "source": {}}]), ""),
        ] {
            let mut messages = Vec::new();
            heard(&[json!({"type": "tool_result", "content": content})], &mut messages);
            assert_eq!((messages.len(), &messages[0]["content"]), (1, &json!(said)));
        }
        let mut messages = Vec::new();
        let told = json!({"type": "tool_result", "is_error": true, "content": "{\"error\": \"told\"}"});
        heard(&[told], &mut messages);
        assert_eq!(messages[0]["content"], "{\"error\": \"told\"}");
    }
}
