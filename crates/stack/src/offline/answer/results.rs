//! What the tools said, read from the conversation.

use std::collections::HashMap;

use serde_json::Value;

use super::{last, text};

/// What a tool answered.
pub(super) struct ToolResult {
    pub(super) name: String,
    pub(super) arguments: Value,
    pub(super) content: Value,
    /// Whether it is of the last round.
    is_last: bool,
}

/// All that the tools said, with what they were asked.
pub(super) fn results(messages: &[Value]) -> Vec<ToolResult> {
    let called: HashMap<&str, &Value> =
        calls(messages).filter_map(|call| Some((call["id"].as_str()?, &call["function"]))).collect();
    let round = last(messages, "assistant").unwrap_or(0);
    let tools = messages.iter().enumerate().filter(|(_, message)| message["role"] == "tool");
    let result = |(at, message): (usize, &Value)| {
        let call = message["tool_call_id"].as_str().and_then(|id| called.get(id));
        let name = call.and_then(|call| call["name"].as_str()).or_else(|| message["name"].as_str());
        let arguments = call.and_then(|call| serde_json::from_str(call["arguments"].as_str()?).ok());
        let said = text(message);
        ToolResult {
            name: name.unwrap_or("of an unknown name").to_owned(),
            arguments: arguments.unwrap_or_default(),
            content: serde_json::from_str(&said).unwrap_or(Value::String(said)),
            is_last: at >= round,
        }
    };
    tools.map(result).collect()
}

/// The id of the best result, if the last round was a search that found something.
pub(super) fn best(results: &[ToolResult]) -> Option<&Value> {
    let searches = results.iter().filter(|result| result.is_last && result.name == "search_docs");
    let found = searches.filter_map(|result| result.content.as_array()).flatten();
    let mut best: Option<(&Value, f64)> = None;
    for item in found.filter(|item| item["id"].is_string() || item["id"].is_number()) {
        let score = item["score"].as_f64().unwrap_or(0.0);
        // Only better ones, so that the first of equals stays.
        if best.is_none_or(|(_, known)| score > known) {
            best = Some((&item["id"], score));
        }
    }
    best.map(|(id, _)| id)
}

/// Whether a tool of that name was called.
pub(super) fn has_called(messages: &[Value], name: &str) -> bool {
    calls(messages).any(|call| call["function"]["name"] == name)
}

fn calls(messages: &[Value]) -> impl Iterator<Item = &Value> {
    messages.iter().filter_map(|message| message["tool_calls"].as_array()).flatten()
}
