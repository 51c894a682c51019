//! A provider's whole request and whole answer, which many instrumentors record as they went over the wire: OpenAI's chat and
//! responses, Anthropic's messages, Gemini, Bedrock's Converse, Ollama; and what LangChain makes of them.

use bennu_model::{Message, Part, Usage};
use serde_json::Value as Json;

use super::{message, source::parse};

/// What the model was shown.
pub(super) fn request(json: &Json) -> Vec<Message> {
    let object = match json {
        Json::Object(object) => object,
        other => return message::messages(other, "user"),
    };
    let said =
        ["messages", "contents", "input", "prompt", "history"].iter().find_map(|name| object.get(*name));
    let mut messages = said.map(|said| message::messages(said, "user")).unwrap_or_default();
    let instructions = [
        "/system",
        "/instructions",
        "/system_instruction",
        "/systemInstruction",
        "/config/system_instruction",
    ];
    if let Some(parts) = instructions.iter().find_map(|path| json.pointer(path)).map(message::parts)
        && !parts.is_empty()
        && messages.first().is_none_or(|first| first.role != "system")
    {
        messages.insert(0, Message { role: "system".into(), parts, ..Message::default() });
    }
    messages
}

/// What the model returned.
pub(super) fn answer(json: &Json) -> Vec<Message> {
    let object = match json {
        Json::Object(object) => object,
        Json::String(text) if text.is_empty() => return Vec::new(),
        Json::String(_) | Json::Array(_) => return message::messages(json, "assistant"),
        _ => return Vec::new(),
    };
    let finish = || {
        ["finish_reason", "finishReason", "stop_reason", "done_reason"]
            .iter()
            .find_map(|name| object.get(*name)?.as_str())
    };
    let mut messages = match () {
        // OpenAI's choices and Gemini's candidates, one message each.
        () if object.contains_key("choices") => message::messages(&object["choices"], "assistant"),
        () if object.contains_key("candidates") => candidates(&object["candidates"]),
        // LangChain's LLMResult: a list a prompt, a generation a choice.
        () if object.contains_key("generations") => generations(&object["generations"]),
        // The Responses API's items are one turn together; Bedrock puts a message there.
        () if object.get("output").is_some_and(Json::is_array) => {
            turn(message::messages(&object["output"], "assistant"))
        }
        () if object.get("output").is_some_and(|output| output.get("message").is_some()) => {
            message::messages(&object["output"], "assistant")
        }
        () if object.get("message").is_some_and(Json::is_object) => message::messages(json, "assistant"),
        () if object.contains_key("role") => message::messages(json, "assistant"),
        // One item of the Responses API.
        () if object.get("type").is_some_and(|kind| kind == "function_call") => {
            message::messages(json, "assistant")
        }
        () if object.get("content").is_some_and(Json::is_object) => {
            message::messages(&object["content"], "assistant")
        }
        () => text(json).into_iter().collect(),
    };
    if let ([only], Some(reason)) = (messages.as_mut_slice(), finish()) {
        only.finish_reason.get_or_insert_with(|| reason.to_owned());
    }
    messages
}

/// The tokens of an answer, by OpenAI's names or Anthropic's. Anthropic counts cached input beside the rest.
pub(super) fn usage(json: &Json) -> Usage {
    let count = |paths: &[&str]| paths.iter().find_map(|path| json.pointer(path)?.as_u64());
    let cache_read = count(&["/cache_read_input_tokens"]);
    let cache_write = count(&["/cache_creation_input_tokens"]);
    let beside = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    let input = count(&["/input_tokens", "/prompt_tokens"]);
    Usage {
        input: input.map(|input| input.saturating_add(beside)),
        output: count(&["/output_tokens", "/completion_tokens"]),
        cache_read: cache_read.or_else(|| {
            count(&["/input_tokens_details/cached_tokens", "/prompt_tokens_details/cached_tokens"])
        }),
        cache_write,
        reasoning: count(&[
            "/output_tokens_details/reasoning_tokens",
            "/completion_tokens_details/reasoning_tokens",
        ]),
        ..Usage::default()
    }
}

/// Descriptions of tools.
pub(super) fn tools(json: &Json) -> Vec<Json> {
    let Json::Array(tools) = json else { return Vec::new() };
    let described = tools.iter().map(|tool| {
        // OpenInference: {"tool": {"json_schema": "{…}"}}; the AI SDK: JSON text in an array.
        let schema = tool.pointer("/tool/json_schema").or_else(|| tool.get("tool")).unwrap_or(tool);
        schema.as_str().map_or_else(|| schema.clone(), parse)
    });
    // Gemini lists the functions within a tool.
    described
        .flat_map(|tool| {
            match tool.get("function_declarations").or_else(|| tool.get("functionDeclarations")) {
                Some(Json::Array(functions)) => functions.clone(),
                _ => vec![tool],
            }
        })
        .filter(|tool| !tool.is_null())
        .collect()
}

fn candidates(json: &Json) -> Vec<Message> {
    let read = |candidate: &Json| {
        let mut message = message::messages(candidate.get("content")?, "assistant").into_iter().next()?;
        let reason = candidate.get("finish_reason").or_else(|| candidate.get("finishReason"));
        message.finish_reason = reason.and_then(Json::as_str).map(str::to_owned);
        Some(message)
    };
    json.as_array().into_iter().flatten().filter_map(read).collect()
}

fn generations(json: &Json) -> Vec<Message> {
    let first = match json.get(0) {
        Some(Json::Array(first)) => first.as_slice(),
        _ => json.as_array().map(Vec::as_slice).unwrap_or_default(),
    };
    first
        .iter()
        .flat_map(|generation| match generation.get("message") {
            Some(message) => message::messages(message, "assistant"),
            None => text(generation).into_iter().collect(),
        })
        .collect()
}

/// The items of one answer as one message, in their order; results of tools that the provider ran stand apart.
fn turn(items: Vec<Message>) -> Vec<Message> {
    let mut turn: Vec<Message> = Vec::new();
    for item in items {
        let same = |last: &Message| last.role == item.role || item.role.is_empty() || last.role.is_empty();
        match turn.last_mut().filter(|last| same(last)) {
            Some(last) => {
                if last.role.is_empty() {
                    last.role = item.role;
                }
                last.parts.extend(item.parts);
            }
            None => turn.push(item),
        }
    }
    turn
}

/// An answer that is a text under some name.
fn text(json: &Json) -> Option<Message> {
    const NAMES: [&str; 5] = ["text", "response", "content", "completion", "combined_chunk_content"];
    let said = NAMES.iter().find_map(|name| json.get(*name)?.as_str()).filter(|text| !text.is_empty())?;
    let parts = vec![Part::Text { text: said.to_owned() }];
    Some(Message { role: "assistant".into(), parts, ..Message::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_answer_in_every_providers_shape() {
        for body in [
            json!({"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}),
            json!({"content": [{"type": "text", "text": "hi"}], "role": "assistant", "stop_reason": "stop"}),
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "stop"}]}),
            json!({"output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}, "finish_reason": "stop"}),
            json!({"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}], "finish_reason": "stop"}),
            json!({"message": {"role": "assistant", "content": "hi"}, "done_reason": "stop"}),
            json!({"generations": [[{"text": "hi"}]], "finish_reason": "stop"}),
            json!({"combined_chunk_content": "hi", "finish_reason": "stop"}),
        ] {
            let read = answer(&body);
            assert_eq!(
                (read.len(), read[0].text().as_str(), read[0].role.as_str()),
                (1, "hi", "assistant"),
                "{body}"
            );
            assert_eq!(read[0].finish_reason.as_deref(), Some("stop"), "{body}");
        }
        assert_eq!(answer(&json!({"a": 1})), []);
    }

    #[test]
    fn one_request_in_every_providers_shape() {
        for body in [
            json!({"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]}),
            json!({"system": "be brief", "messages": [{"role": "user", "content": "hi"}]}),
            json!({"instructions": "be brief", "input": "hi"}),
            json!({"config": {"system_instruction": "be brief"}, "contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        ] {
            let read = request(&body);
            let said: Vec<_> = read.iter().map(|message| (message.role.as_str(), message.text())).collect();
            assert_eq!(said, [("system", "be brief".to_owned()), ("user", "hi".to_owned())], "{body}");
        }
    }

    #[test]
    fn the_usage_of_every_provider() {
        let told = |body: Json| {
            let Usage { input, output, cache_read, reasoning, .. } = usage(&body);
            (input, output, cache_read, reasoning)
        };
        let anthropic = json!({"input_tokens": 10, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 20, "output_tokens": 5});
        assert_eq!(told(anthropic), (Some(100), Some(5), Some(70), None));
        let openai = json!({"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 70},
            "completion_tokens_details": {"reasoning_tokens": 3}, "input_tokens": null});
        assert_eq!(told(openai), (Some(100), Some(5), Some(70), Some(3)));
        assert!(usage(&json!({"input_tokens": "many"})).is_unknown());
        assert!(usage(&json!([1])).is_unknown());
    }

    #[test]
    fn tools_of_every_dialect() {
        let f = json!({"name": "f"});
        for list in [
            json!([{"tool": {"json_schema": "{\"name\": \"f\"}"}}]),
            json!(["{\"name\": \"f\"}"]),
            json!([{"function_declarations": [{"name": "f"}]}]),
            json!([{"name": "f"}, null]),
        ] {
            assert_eq!(tools(&list).as_slice(), std::slice::from_ref(&f), "{list}");
        }
    }
}
