//! Chat requests and what was recorded of them: whether they are the same call, and what it was answered with.

use serde_json::{Value as Json, json};

use super::{
    Span,
    messages::messages,
    reasons,
    words::{count, list},
};
use crate::{Message, Part};

/// What a message is in a conversation, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Turn {
    /// A message of a role.
    Said(String),
    /// The assistant asks for tools: their names.
    Calls(Vec<String>),
    /// The result of a call: its id and the tool's name, where they are known.
    Result { id: String, tool: String },
}

impl Turn {
    fn fits(&self, other: &Turn) -> bool {
        match (self, other) {
            // An id that one side lost is no difference.
            (Turn::Result { id: one, .. }, Turn::Result { id: other, .. }) => {
                one.is_empty() || other.is_empty() || one == other
            }
            _ => self == other,
        }
    }

    fn noun(&self) -> String {
        match self {
            Turn::Said(role) => {
                let article = if role.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
                format!("{article} {role} message")
            }
            Turn::Calls(names) => format!("the model's wish to call {}", list(names, 6)),
            Turn::Result { tool, .. } if tool.is_empty() => "the result of a tool".to_owned(),
            Turn::Result { tool, .. } => format!("the result of {tool}"),
        }
    }
}

fn turns(messages: &[Message<'_>]) -> Vec<Turn> {
    let calls = || messages.iter().flat_map(|message| &message.tool_calls);
    let turn = |message: &Message<'_>| match (&message.tool_call_id, &*message.role) {
        (id, "tool") | (id @ Some(_), _) => {
            let id = id.as_deref().unwrap_or_default();
            let called = calls().find(|call| call.id == id).map(|call| &*call.name);
            let tool = called.or(message.name.as_deref()).unwrap_or_default();
            Turn::Result { id: id.to_owned(), tool: tool.to_owned() }
        }
        _ if !message.tool_calls.is_empty() => {
            Turn::Calls(message.tool_calls.iter().map(|call| call.name.to_string()).collect())
        }
        // OpenAI's newer word for the same.
        (_, "developer") => Turn::Said("system".to_owned()),
        (_, role) => Turn::Said(role.to_owned()),
    };
    messages.iter().map(turn).collect()
}

/// Why a request is not the recorded call.
#[derive(Debug)]
pub(super) struct Differs {
    recorded: Vec<Turn>,
    request: Vec<Turn>,
}

impl Differs {
    pub(super) fn sentence(&self, number: usize) -> String {
        let Differs { recorded, request } = self;
        let last = |turns: &[Turn]| turns.last().map_or("no message".to_owned(), Turn::noun);
        let (was, is) = (last(recorded), last(request));
        if was != is {
            return format!(
                "the recorded run's model call {number} followed {was}; this request ends with {is}"
            );
        }
        if recorded.len() != request.len() {
            return format!(
                "the recorded run's model call {number} followed {}; this request has {}, and ends with {is} as well",
                count(recorded.len(), "message"),
                request.len()
            );
        }
        let differ = recorded.iter().zip(request).enumerate().find(|(_, (was, is))| !was.fits(is));
        match differ {
            Some((at, (was, is))) if was.noun() != is.noun() => format!(
                "message {} of the recorded run's model call {number} was {}; in this request it is {}",
                at + 1,
                was.noun(),
                is.noun()
            ),
            Some((at, (Turn::Result { id: was, tool }, Turn::Result { id: is, .. }))) => format!(
                "message {} of the recorded run's model call {number} was the result of {tool} for the call {was}; in this request \
                 it is for the call {is}",
                at + 1
            ),
            _ => format!("the recorded run's model call {number} followed another conversation"),
        }
    }
}

/// Of recorded calls that may come next, the one that a request is: shown the same messages in the same roles, and the same texts
/// where several fit.
pub(super) fn choose(recorded: &[(usize, &Span)], request: &Json) -> Result<usize, Differs> {
    let asked = messages(request.get("messages").unwrap_or(&Json::Null));
    let shape = turns(&asked);
    let texts = |messages: &[Message<'_>]| messages.iter().map(Message::text).collect::<Vec<_>>();
    let fits = |span: &Span| {
        let known = turns(&span.input_messages);
        // A recording without content cannot be compared.
        known.is_empty()
            || (known.len() == shape.len() && known.iter().zip(&shape).all(|(one, other)| one.fits(other)))
    };
    let fitting: Vec<&(usize, &Span)> = recorded.iter().filter(|(_, span)| fits(span)).collect();
    let same = fitting.iter().find(|(_, span)| texts(&span.input_messages) == texts(&asked));
    same.or(fitting.first()).map(|(place, _)| *place).ok_or_else(|| Differs {
        recorded: recorded.first().map(|(_, span)| turns(&span.input_messages)).unwrap_or_default(),
        request: shape,
    })
}

/// What was recorded, as a response of OpenAI's shape to a request, with everything in it that a client with types insists on.
pub(super) fn response(span: &Span, request: &Json) -> Json {
    let choices: Vec<Json> = span
        .output_messages
        .iter()
        .enumerate()
        .map(|(n, message)| json!({"index": n, "message": said(message), "finish_reason": finish_reason(span, n)}))
        .collect();
    json!({
        "id": span.response_id.clone().unwrap_or_else(|| format!("replay-{}", span.span_id)),
        "object": "chat.completion",
        "created": 0,
        "model": span.model.as_deref().or(request["model"].as_str()).unwrap_or_default(),
        "choices": choices,
        "usage": usage(span),
    })
}

/// The same piece by piece, as server-sent events carry it. `usage` says whether tokens are asked for.
pub(super) fn chunks(response: &Json, with_usage: bool) -> Vec<Json> {
    let chunk = |choices: Vec<Json>| json!({"id": response["id"], "object": "chat.completion.chunk", "created": 0, "model": response["model"], "choices": choices});
    let mut chunks = Vec::new();
    for choice in response["choices"].as_array().into_iter().flatten() {
        let delta = |delta: Json| {
            chunk(vec![json!({"index": choice["index"], "delta": delta, "finish_reason": null})])
        };
        let message = &choice["message"];
        chunks.push(delta(json!({"role": "assistant", "content": ""})));
        let pieces = message["content"].as_str().map(pieces).unwrap_or_default();
        chunks.extend(pieces.into_iter().map(|piece| delta(json!({"content": piece}))));
        for (n, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
            let (id, name) = (&call["id"], &call["function"]["name"]);
            let call_of = |call: Json| delta(json!({"tool_calls": [call]}));
            chunks.push(call_of(json!({"index": n, "id": id, "type": "function", "function": {"name": name, "arguments": ""}})));
            let arguments = call["function"]["arguments"].as_str().map(self::pieces).unwrap_or_default();
            chunks.extend(
                arguments
                    .into_iter()
                    .map(|piece| call_of(json!({"index": n, "function": {"arguments": piece}}))),
            );
        }
        chunks.push(chunk(vec![
            json!({"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}),
        ]));
    }
    if with_usage {
        let mut last = chunk(Vec::new());
        last["usage"] = response["usage"].clone();
        chunks.push(last);
    }
    chunks
}

/// A text as a model sends it: in several pieces, wherever a character ends.
fn pieces(text: &str) -> Vec<String> {
    const CHARS: usize = 12;
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(CHARS).map(|piece| piece.iter().collect()).collect()
}

fn said(message: &Message<'_>) -> Json {
    let has_text = message.parts.iter().any(|part| matches!(part, Part::Text(_)));
    let mut said = json!({"role": "assistant", "content": has_text.then(|| message.text())});
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}})
        });
        said["tool_calls"] = calls.collect();
    }
    said
}

fn finish_reason(span: &Span, choice: usize) -> &'static str {
    let calls = || span.output_messages.get(choice).is_some_and(|message| !message.tool_calls.is_empty());
    reasons::reason(span, choice).unwrap_or_else(|| if calls() { "tool_calls" } else { "stop" })
}

/// Tokens, null if none were recorded. The parts are always there: what was not recorded is 0, and what nobody split went in.
fn usage(span: &Span) -> Json {
    let usage = &span.usage;
    let Some(total) = span.tokens() else { return Json::Null };
    let mut said = json!({
        "prompt_tokens": usage.input.or(span.unsplit_tokens).unwrap_or_default(),
        "completion_tokens": usage.output.unwrap_or_default(),
        "total_tokens": total,
    });
    if let Some(cached) = usage.cache_read {
        said["prompt_tokens_details"] = json!({"cached_tokens": cached});
    }
    if let Some(reasoning) = usage.reasoning {
        said["completion_tokens_details"] = json!({"reasoning_tokens": reasoning});
    }
    said
}
