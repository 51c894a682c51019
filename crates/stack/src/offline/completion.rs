//! The answer to a request for a chat, before an API words it.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use serde_json::Value;

use super::{
    MODEL,
    answer::{self, Call, Reply},
    embed::hash,
    model,
    refusal::Refusal,
    tokens::{json_words, tokens, words},
};

/// Words in a piece of a streamed answer.
const PIECE: usize = 3;

/// The answer to a request for a chat.
pub(super) struct Completion {
    /// Of the request; the ids are made of it.
    pub(super) hash: u64,
    pub(super) model: String,
    /// Seconds since the Unix epoch.
    pub(super) created: u64,
    pub(super) reply: Reply,
    pub(super) prompt_tokens: usize,
    pub(super) completion_tokens: usize,
    /// Whether the question asks for a slow answer.
    pub(super) slow: bool,
}

impl Completion {
    /// Answers a request in the shape of chat completions; other APIs are translated to it.
    pub(super) fn of(request: &Value) -> Result<Self, Refusal> {
        let messages =
            request["messages"].as_array().ok_or_else(|| Refusal::bad("`messages` is no array"))?;
        if messages.is_empty() {
            return Err(Refusal::bad("`messages` is empty"));
        }
        if let Some(at) = messages.iter().position(|message| !message["role"].is_string()) {
            return Err(Refusal::bad(format!("`messages[{at}]` has no `role`")));
        }
        let question = answer::question(messages).to_lowercase();
        if question.contains("fail please") {
            let message = "the offline stand-in fails, as the question asks for";
            return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
        let reply = answer::reply(request);
        let asked =
            messages.iter().map(|message| words(&answer::text(message)) + json_words(&message["tool_calls"]));
        let answered = match &reply {
            Reply::Text(text) => words(text),
            Reply::Calls(calls) => {
                calls.iter().map(|call| words(call.name) + json_words(&call.arguments)).sum()
            }
        };
        Ok(Completion {
            hash: hash(request.to_string().bytes()),
            model: model(request, MODEL),
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            prompt_tokens: tokens(asked.sum::<usize>() + json_words(&request["tools"])),
            completion_tokens: tokens(answered),
            reply,
            slow: question.contains("slow please"),
        })
    }

    /// The id of a call.
    pub(super) fn call_id(&self, at: usize) -> String {
        format!("call_{:016x}_{at}", self.hash)
    }
}

/// A text as it is streamed.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(PIECE).map(|words| words.concat()).collect()
}

impl Call {
    /// The arguments as they are streamed: in two pieces.
    pub(super) fn halves(&self) -> [String; 2] {
        let arguments = self.arguments.to_string();
        let middle = (arguments.len() / 2..).find(|at| arguments.is_char_boundary(*at)).unwrap_or(0);
        let (start, end) = arguments.split_at(middle);
        [start.to_owned(), end.to_owned()]
    }
}
