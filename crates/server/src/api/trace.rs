//! `/v1/traces/{trace_id}`: one trace with everything in it, in one vocabulary whatever the dialect.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bennu_model::{SpanId, TraceId};
use bennu_store::{StoredSpan, Trace};
use serde_json::{Value, json};

use super::{
    parameters::Parameters,
    parts::{Parts, Writer},
    rfc3339,
    span_json::{SpanJson, milliseconds},
};
use crate::{
    app::App,
    error::{Code, Error},
    query::{self, OtlpWriter, SpanDetail},
};

/// The header of a trace that goes on: something in it has not ended.
pub(crate) const RUNNING: &str = "x-bennu-running";

/// `GET /v1/traces/{trace_id}?project=`
pub(crate) async fn trace(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let trace = find(&app, &trace_id, Parameters::new(query)).await?;
    let row = &trace.row;
    let about = json!({
        "trace_id": row.trace_id,
        "project": row.project,
        "also_in": trace.also_in,
        "name": row.name,
        "start_time": rfc3339(row.start_ns),
        "end_time": rfc3339(row.end_ns),
        "duration_ms": milliseconds(row.duration_ns()),
        "status": if row.errors > 0 { "ERROR" } else { "OK" },
        "errors": row.errors,
        "running": row.running,
        "span_count": row.spans,
        "session_id": row.session_id,
        "user_id": row.user_id,
        "service": row.service,
        "usage": row.usage,
    });
    let mut head = about.to_string();
    head.truncate(head.len() - 1);
    head.push_str(r#","spans":["#);
    let running = query::is_running(row, query::now_ns());
    Ok(told(running, Parts::new(app, row.id, Understood::default()).await?.answer(head.into()).await?))
}

/// The answer, and beside it whether the trace goes on: OTLP has no place for that.
fn told(running: bool, mut answer: Response) -> Response {
    if running {
        answer.headers_mut().insert(RUNNING, HeaderValue::from_static("true"));
    }
    answer
}

/// Every span with what it means.
#[derive(Default)]
struct Understood {
    begun: bool,
}

impl Writer for Understood {
    const REPEATS_ORIGIN: bool = true;

    fn span(&mut self, stored: StoredSpan, text: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            text.push(b',');
        }
        // Nothing in a JSON value cannot be written, and memory takes everything.
        serde_json::to_writer(text, &SpanJson(&SpanDetail::new(stored))).unwrap_or_default();
    }

    fn end(&mut self, text: &mut Vec<u8>) {
        text.extend(b"]}");
    }
}

/// `GET /v1/traces/{trace_id}/otlp?project=`: the trace as OTLP/JSON, as it was sent.
pub(crate) async fn otlp(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let trace = find(&app, &trace_id, Parameters::new(query)).await?;
    let head = br#"{"resourceSpans":["#.to_vec();
    let running = query::is_running(&trace.row, query::now_ns());
    Ok(told(running, Parts::new(app, trace.row.id, OtlpWriter::default()).await?.answer(head).await?))
}

impl Writer for OtlpWriter {
    const REPEATS_ORIGIN: bool = false;

    fn span(&mut self, stored: StoredSpan, text: &mut Vec<u8>) {
        OtlpWriter::span(self, &stored.span, text);
    }

    fn end(&mut self, text: &mut Vec<u8>) {
        OtlpWriter::end(self, text);
        text.extend(b"]}");
    }
}

/// `GET /v1/traces/{trace_id}/spans/{span_id}/openai?project=`: the call as an OpenAI request.
pub(crate) async fn openai(
    State(app): State<App>,
    Path((trace_id, span_id)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, Error> {
    let found = find_span(&app, &trace_id, &span_id, query).await?;
    Ok(Json(query::openai_request(&found.detail)))
}

/// `GET /v1/traces/{trace_id}/spans/{span_id}/curl?project=`: the call as a shell command.
pub(crate) async fn curl(
    State(app): State<App>,
    Path((trace_id, span_id)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<impl IntoResponse, Error> {
    let found = find_span(&app, &trace_id, &span_id, query).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], query::curl(&found.detail)))
}

/// `DELETE /v1/traces/{trace_id}?project=`; without a project, from every project that has it.
pub(crate) async fn delete(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<StatusCode, Error> {
    let everywhere = !query.iter().any(|(name, _)| name == "project");
    let trace = find(&app, &trace_id, Parameters::new(query)).await?;
    let also_in = if everywhere { &trace.also_in[..] } else { &[] };
    for project in std::iter::once(&trace.row.project).chain(also_in) {
        app.store.delete(project, Some(trace.row.trace_id)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The trace that a path names, without its spans; takes the parameters that are left.
pub(super) async fn find(app: &App, trace_id: &str, mut parameters: Parameters) -> Result<Trace, Error> {
    let project = parameters.one("project")?;
    parameters.finish()?;
    let id = read_id(trace_id)?;
    let trace = app.store.trace_alone(project.as_deref(), id).await?;
    trace.ok_or_else(|| Error::not_found(format!("the trace {id}")))
}

pub(super) fn read_id(trace_id: &str) -> Result<TraceId, Error> {
    let message = || format!("{trace_id:?}: a trace id has 32 hex digits");
    trace_id.parse().map_err(|_| Error::new(Code::Unprocessable, message()))
}

async fn find_span(
    app: &App,
    trace_id: &str,
    span_id: &str,
    query: Vec<(String, String)>,
) -> Result<SpanDetail, Error> {
    let trace = find(app, trace_id, Parameters::new(query)).await?;
    let id: SpanId = span_id
        .parse()
        .map_err(|_| Error::new(Code::Unprocessable, format!("{span_id:?}: a span id has 16 hex digits")))?;
    let found = query::span_detail(app, &trace.row, id).await?;
    found.ok_or_else(|| Error::not_found(format!("the span {id}")))
}
