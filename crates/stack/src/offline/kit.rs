//! What the tests of the APIs share.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::BODY_LIMIT;

/// A response's status and text.
pub(super) async fn read(response: impl IntoResponse) -> (StatusCode, String) {
    let response: Response = response.into_response();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), BODY_LIMIT).await.expect("the body is whole");
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// The named events of a stream, whose data say the same name.
pub(super) fn events(body: &str) -> Vec<Value> {
    let event = |event: &str| -> Value {
        let (name, data) = event.split_once("\ndata: ").expect("a name, then data");
        let data: Value = serde_json::from_str(data).expect("data are JSON");
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        data
    };
    body.split_terminator("\n\n").map(event).collect()
}

/// The names of events, those that follow each other named once.
pub(super) fn names(events: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    names.dedup();
    names
}

/// What all events say at a pointer.
pub(super) fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}
