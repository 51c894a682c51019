//! OpenAI's embeddings, which most servers speak.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::span::EmbeddingSpan;

/// What is read of an answer: the vectors are passed over, they are large and nobody asked for them.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "data")]
    _data: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
}

/// The texts of a request: none where it has tokens; `None` if it is none of this API.
pub(super) fn asked(request: &Map<String, Json>) -> Option<Vec<&str>> {
    match request.get("input")? {
        Json::String(text) => Some(vec![text]),
        Json::Array(texts) => {
            Some(texts.iter().map(Json::as_str).collect::<Option<Vec<_>>>().unwrap_or_default())
        }
        _ => None,
    }
}

/// Records an answer; `false` if it is none.
pub(super) fn answered(span: &EmbeddingSpan, body: &[u8]) -> bool {
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else { return false };
    if let Some(tokens) = answer.usage.and_then(|usage| usage.prompt_tokens) {
        span.record_tokens(tokens);
    }
    if let Some(model) = answer.model {
        span.record_response_model(&model);
    }
    true
}
