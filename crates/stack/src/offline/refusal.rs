//! What is refused, and how OpenAI words it.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// The field of the request that is wrong.
    pub(super) param: Option<&'static str>,
}

impl Refusal {
    /// The request is wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal { status, message: message.into(), param: None }
    }

    /// The same, naming the field of the request that is wrong.
    pub(super) fn about(self, field: &'static str) -> Self {
        Refusal { param: Some(field), ..self }
    }

    /// The class of the failure.
    fn kind(&self) -> &'static str {
        if self.status.is_server_error() { "server_error" } else { "invalid_request_error" }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({"message": self.message, "type": self.kind(), "param": self.param, "code": null});
        (self.status, Json(json!({"error": error}))).into_response()
    }
}

/// A request's body: a JSON object.
pub(super) fn parse(body: &[u8]) -> Result<Value, Refusal> {
    let request: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("the body is no JSON: {error}")))?;
    if request.is_object() { Ok(request) } else { Err(Refusal::bad("the body is no JSON object")) }
}
