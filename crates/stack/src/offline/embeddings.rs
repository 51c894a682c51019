//! `POST /v1/embeddings`.

use axum::{Json, body::Bytes};
use serde_json::{Value, json};

use super::{
    EMBEDDING_MODEL, MODEL, embed, model, pace,
    refusal::{Refusal, parse},
    tokens::{tokens, words},
};

pub(super) async fn embeddings(body: Bytes) -> Result<Json<Value>, Refusal> {
    Ok(pace::vectors(embedded(&parse(&body)?)?).await)
}

/// The answer to a request for vectors.
fn embedded(request: &Value) -> Result<Value, Refusal> {
    let texts = match &request["input"] {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) if items.is_empty() => return Err(Refusal::bad("`input` is empty")),
        Value::Array(items) => (items.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
            .ok_or_else(|| Refusal::bad("`input` holds something that is no string"))?,
        _ => return Err(Refusal::bad("`input` is neither a string nor an array of strings")),
    };
    let vector = |(index, text): (usize, &&str)| {
        let vector = embed::embed(text);
        json!({"object": "embedding", "index": index, "embedding": vector})
    };
    let data: Vec<Value> = texts.iter().enumerate().map(vector).collect();
    let tokens = tokens(texts.iter().map(|text| words(text)).sum());
    Ok(json!({
        "object": "list",
        "data": data,
        "model": model(request, EMBEDDING_MODEL),
        "system_fingerprint": MODEL,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_requests_are_told_why() {
        for request in [json!({}), json!({"input": []}), json!({"input": [[1, 2]]})] {
            let refusal = embedded(&request).err();
            assert!(refusal.is_some_and(|refusal| refusal.message.starts_with("`input` ")));
        }
    }

    #[test]
    fn every_text_gets_its_vector() {
        let response = embedded(&json!({"input": ["Two words", "One"]})).unwrap_or_default();
        assert_eq!(response["data"].as_array().map(Vec::len), Some(2));
        assert_eq!(response["data"][1]["index"], 1);
        assert_eq!(response["data"][1]["embedding"].as_array().map(Vec::len), Some(embed::DIMENSIONS));
        assert_eq!(response["usage"]["prompt_tokens"], 4);
        assert_eq!(response["model"], EMBEDDING_MODEL);
    }
}
