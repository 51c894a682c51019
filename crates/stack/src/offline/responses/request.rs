//! A request for a response as a request for a chat.

use serde_json::{Value, json};

use super::super::refusal::Refusal;

/// Fields that name what a server would have to keep.
const KEPT: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// The same in the shape of chat completions; what the rules do not look at is left out.
pub(super) fn chat(request: &Value) -> Result<Value, Refusal> {
    if let Some(field) = KEPT.into_iter().find(|field| !request[field].is_null()) {
        let message = format!(
            "the offline stand-in keeps nothing that `{field}` could name: send everything as `input`"
        );
        return Err(Refusal::bad(message).about(field));
    }
    if request["background"] == true {
        let message = "the offline stand-in keeps nothing to ask for later: leave `background` out";
        return Err(Refusal::bad(message).about("background"));
    }
    let mut messages = match &request["input"] {
        Value::String(text) => vec![json!({"role": "user", "content": text})],
        Value::Array(items) => conversation(items)?,
        _ => return Err(wrong("`input` is neither a string nor an array of items")),
    };
    if messages.is_empty() {
        return Err(wrong("`input` says nothing"));
    }
    if let Some(instructions) = request["instructions"].as_str() {
        messages.insert(0, json!({"role": "system", "content": instructions}));
    }
    let mut chat = json!({"messages": messages});
    for field in ["model", "tool_choice"] {
        if !request[field].is_null() {
            chat[field] = request[field].clone();
        }
    }
    let tools: Vec<Value> = request["tools"].as_array().into_iter().flatten().filter_map(tool).collect();
    if !tools.is_empty() {
        chat["tools"] = tools.into();
    }
    Ok(chat)
}

fn wrong(message: impl Into<String>) -> Refusal {
    Refusal::bad(message).about("input")
}

/// A function's fields lie flat here and in an object of their own there. Hosted tools are none that the rules call.
fn tool(tool: &Value) -> Option<Value> {
    if tool["type"] != "function" {
        return None;
    }
    let mut function = tool.as_object()?.clone();
    function.remove("type");
    Some(json!({"type": "function", "function": function}))
}

/// Items as messages: calls belong to what the assistant said before them.
fn conversation(items: &[Value]) -> Result<Vec<Value>, Refusal> {
    let mut messages: Vec<Value> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match (item["type"].as_str(), item["role"].as_str()) {
            (None | Some("message"), Some(role)) => {
                messages.push(json!({"role": role, "content": item["content"]}));
            }
            (Some("function_call"), _) => {
                let function = json!({"name": item["name"], "arguments": item["arguments"]});
                let call = json!({"id": item["call_id"], "type": "function", "function": function});
                let said = messages.last_mut().filter(|last| last["role"] == "assistant");
                match said.map(|said| &mut said["tool_calls"]) {
                    Some(Value::Array(calls)) => calls.push(call),
                    Some(none) => *none = json!([call]),
                    None => {
                        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
                    }
                }
            }
            (Some("function_call_output"), _) => messages
                .push(json!({"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]})),
            (Some("item_reference"), _) => {
                let message = format!("`input[{at}]` refers to an item, and the offline stand-in keeps none");
                return Err(wrong(message));
            }
            (Some("message"), None) => return Err(wrong(format!("`input[{at}]` has no `role`"))),
            (None, None) => return Err(wrong(format!("`input[{at}]` has neither `type` nor `role`"))),
            // Reasoning, and what tools did that a server runs itself.
            (Some(_), _) => {}
        }
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_become_messages() {
        let call =
            |id: &str| json!({"type": "function_call", "call_id": id, "name": "now", "arguments": "{}"});
        let made =
            |id: &str| json!({"id": id, "type": "function", "function": {"name": "now", "arguments": "{}"}});
        let items = json!([
            {"role": "developer", "content": "Cite."},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "When?"}]},
            {"type": "reasoning", "summary": []},
            call("a"),
            call("b"),
            {"type": "function_call_output", "call_id": "a", "output": "noon"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Wait."}]},
            call("c"),
        ]);
        let chat = chat(&json!({"input": items, "instructions": "Be brief.", "tool_choice": "none"}));
        assert_eq!(
            chat.unwrap_or_default(),
            json!({"tool_choice": "none", "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": "Cite."},
                {"role": "user", "content": [{"type": "input_text", "text": "When?"}]},
                {"role": "assistant", "content": null, "tool_calls": [made("a"), made("b")]},
                {"role": "tool", "tool_call_id": "a", "content": "noon"},
                {"role": "assistant", "content": [{"type": "output_text", "text": "Wait."}], "tool_calls": [made("c")]},
            ]})
        );
    }

    #[test]
    fn functions_get_an_object_of_their_own() {
        let tools = json!([{"type": "function", "name": "now", "parameters": {}}, {"type": "web_search"}, 3]);
        let chat = chat(&json!({"model": "m", "input": "?", "tools": tools})).unwrap_or_default();
        assert_eq!(
            chat["tools"],
            json!([{"type": "function", "function": {"name": "now", "parameters": {}}}])
        );
        assert_eq!(chat["model"], "m");
    }
}
