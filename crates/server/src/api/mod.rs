//! JSON: Phoenix's paths and shapes, so that its clients work unchanged, and ours.

mod conventions;
mod cursor;
mod logs;
mod parameters;
mod parts;
mod projects;
mod span_json;
mod spans;
mod time;
mod trace;
mod traces;

use axum::{
    Json, Router,
    http::{HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    app::App,
    error::{Code, Error},
    guard::json_gate,
};

pub(crate) use cursor::{read_cursor, write_cursor};
pub(crate) use time::{parse_time, rfc3339};
pub(crate) use trace::RUNNING;

/// The Phoenix whose answers these are; its clients look at it before they use newer parameters.
const PHOENIX_VERSION: &str = "20.26.1";

pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/v1/projects", get(projects::list))
        .route("/v1/projects/{project}", get(projects::one).delete(projects::delete))
        .route("/v1/projects/{project}/spans", get(spans::list))
        .route("/v1/projects/{project}/traces", get(traces::list))
        .route("/v1/projects/{project}/conventions", get(conventions::list))
        .route("/v1/traces/{trace_id}", get(trace::trace).delete(trace::delete))
        .route("/v1/traces/{trace_id}/logs", get(logs::list))
        .route("/v1/traces/{trace_id}/otlp", get(trace::otlp))
        .route("/v1/traces/{trace_id}/spans/{span_id}/openai", get(trace::openai))
        .route("/v1/traces/{trace_id}/spans/{span_id}/curl", get(trace::curl))
        .route_layer(middleware::from_fn_with_state(app.clone(), json_gate))
        .route("/arize_phoenix_version", get(|| async { PHOENIX_VERSION }))
        .layer(middleware::map_response(name_version))
}

async fn name_version(mut response: Response) -> Response {
    response.headers_mut().insert("x-phoenix-server-version", HeaderValue::from_static(PHOENIX_VERSION));
    response
}

/// A failure as JSON: `{"detail": …}`, the field Phoenix's clients print.
pub(crate) fn failure(error: &Error) -> Response {
    let mut response =
        (error.code.http(), Json(serde_json::json!({"detail": error.message}))).into_response();
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.code == Code::Unauthenticated {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        failure(&self)
    }
}

/// A row id as Phoenix's clients see ids: base64 of `Type:1`.
fn global_id(kind: &str, id: i64) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(format!("{kind}:{id}"))
}

/// The row id in such an id.
fn row_id(kind: &str, global_id: &str) -> Option<i64> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = String::from_utf8(STANDARD.decode(global_id).ok()?).ok()?;
    text.strip_prefix(kind)?.strip_prefix(':')?.parse().ok()
}
