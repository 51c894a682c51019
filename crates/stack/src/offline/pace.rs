//! How answers leave: as slowly as a model's, so that timelines look like those of one.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::completion::Completion;

/// How long every answer takes.
const PAUSE: Duration = Duration::from_millis(20);
/// The same for each token of an answer that comes whole.
const TOKEN_PAUSE: Duration = Duration::from_millis(1);
/// The same between the pieces of an answer that is streamed.
const PIECE_PAUSE: Duration = Duration::from_millis(10);
/// The same for vectors.
const EMBEDDING_PAUSE: Duration = Duration::from_millis(5);
/// What `slow please` adds.
const SLOW: Duration = Duration::from_millis(1500);

/// An answer that comes whole.
pub(super) async fn whole(completion: &Completion, response: Value) -> Response {
    begin(completion).await;
    tokio::time::sleep(TOKEN_PAUSE * u32::try_from(completion.completion_tokens).unwrap_or(u32::MAX)).await;
    Json(response).into_response()
}

/// An answer in server-sent events, each with its blank line.
pub(super) async fn streamed(completion: &Completion, events: Vec<String>) -> Response {
    begin(completion).await;
    let paced = stream::iter(events).then(|event| async move {
        tokio::time::sleep(PIECE_PAUSE).await;
        Ok::<_, Infallible>(event)
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(paced)).into_response()
}

/// A server-sent event that has a name.
pub(super) fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// Vectors.
pub(super) async fn vectors(response: Value) -> Json<Value> {
    tokio::time::sleep(EMBEDDING_PAUSE).await;
    Json(response)
}

async fn begin(completion: &Completion) {
    if completion.slow {
        tokio::time::sleep(SLOW).await;
    }
    tokio::time::sleep(PAUSE).await;
}
