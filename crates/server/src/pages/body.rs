//! `/projects/{project}/traces/{trace_id}/spans/{span_id}/body/{address}`: a text too large for a page, or media in a message.
//!
//! It is anybody's content at an address of this server, so the browser is told to make nothing of it: the type is one that
//! cannot run, it is not guessed at, and the answer is a sandbox without rights.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bennu_model::{SpanId, TraceId};

use super::Page;
use crate::{app::App, error::Error, query};

pub(super) async fn body(
    State(app): State<App>,
    Path((project, trace_id, span_id, address)): Path<(String, String, String, String)>,
) -> Page {
    let missing = || Error::not_found("that content; the span may have changed since the page was opened");
    let trace_id: TraceId = trace_id.parse().map_err(|_| missing())?;
    let span_id: SpanId = span_id.parse().map_err(|_| missing())?;
    let row = app.store.trace_row(&project, trace_id).await?.ok_or_else(missing)?;
    let found = query::span_detail(&app, &row, span_id).await?.ok_or_else(missing)?;
    let body = query::blocking(move || {
        let text = query::find_body(&found, &address)?;
        Some(match query::media(&text) {
            Some((kind, bytes)) => (kind, bytes),
            None => ("text/plain; charset=utf-8", text.into_bytes()),
        })
    });
    let (kind, bytes) = body.await?.ok_or_else(missing)?;
    Ok(harmless(kind, bytes))
}

fn harmless(kind: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        // Styles: a browser that shows media by itself styles the page it makes for it. In a sandbox of nothing they reach nobody.
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ];
    let mut response = (headers, bytes).into_response();
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
