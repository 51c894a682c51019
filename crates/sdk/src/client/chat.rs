//! OpenAI's chat completions, which most servers speak.

use serde_json::{Map, Value as Json};

use super::{call::Said, error};
use crate::{
    message::Message,
    span::{LlmSpan, LlmStream},
};

/// The messages of a request; `None` if it is none of this API.
pub(super) fn asked(request: &Map<String, Json>) -> Option<Vec<Message<'_>>> {
    Some(request.get("messages")?.as_array()?.iter().map(Message::from_json).collect())
}

/// Records an answer that came whole; `false` if it is none.
pub(super) fn answered(span: &LlmSpan, response: &Json) -> bool {
    let is_answer = response.get("choices").is_some_and(Json::is_array);
    if is_answer {
        span.record_output(response);
    }
    is_answer
}

/// Takes in a chunk.
pub(super) fn heard<'a>(answer: &mut LlmStream, chunk: &'a Json) -> Said<'a> {
    if error::is_in(chunk) {
        return Said::Failure(chunk);
    }
    answer.push(chunk);
    Said::More
}
