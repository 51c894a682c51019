//! `/v1/traces/{trace_id}`: one trace with everything in it, in one vocabulary whatever the dialect.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bennu_model::{SpanId, TraceId, Usage};
use bennu_semconv::otel;
use bennu_store::{StoredSpan, Trace};
use serde_json::{Value, json};

use super::{
    parameters::Parameters,
    parts::{Parts, Writer},
    rfc3339,
    spans::attributes,
};
use crate::{
    app::App,
    decode::{self, Fact},
    error::{Code, Error},
    query::{self, OtlpWriter, SpanDetail},
};

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
    Parts::new(app, row.id, Understood::default()).await?.answer(head.into()).await
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
        serde_json::to_writer(text, &span(&SpanDetail::new(stored))).unwrap_or_default();
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
    Parts::new(app, trace.row.id, OtlpWriter::default()).await?.answer(head).await
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

fn span(found: &SpanDetail) -> Value {
    let (span, row, detail) = (&found.stored.span, &found.stored.row, &found.detail);
    let owned = if row.usage.is_unknown() { Usage::default() } else { row.usage_owned };
    json!({
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": detail.kind,
        "otel_kind": span.otel_kind.as_str(),
        "start_time": rfc3339(row.start_ns),
        "end_time": rfc3339(row.end_ns),
        "start_ns": span.start_ns.to_string(),
        "end_ns": span.end_ns.to_string(),
        "duration_ms": milliseconds(span.duration_ns()),
        "status": row.status.as_str(),
        "running": row.running,
        "status_message": span.status.message,
        "error_type": detail.error_type,
        "model": detail.model(),
        "model_requested": detail.model_requested,
        "model_answering": detail.model_answering,
        "provider": detail.provider,
        "response_id": detail.response_id,
        "input": detail.input,
        "output": detail.output,
        "input_messages": detail.input_messages,
        "output_messages": detail.output_messages,
        "tools": detail.tools,
        "invocation_parameters": detail.invocation_parameters,
        "prompt_template": detail.prompt_template,
        "query": detail.query,
        "documents": detail.documents,
        "input_documents": detail.input_documents,
        "embeddings": detail.embeddings,
        "tool": detail.tool,
        "agent_name": detail.agent_name,
        "finish_reasons": detail.finish_reasons,
        "time_to_first_token_ms": detail.time_to_first_token_ms,
        "usage": detail.usage,
        "usage_owned": owned,
        "cost_reported": detail.cost,
        "session_id": detail.session_id,
        "user_id": detail.user_id,
        "tags": detail.tags,
        "metadata": detail.metadata,
        "service": span.origin.resource.attribute(otel::SERVICE_NAME).map(bennu_model::Value::to_json),
        "events": span.events.iter().map(|event| json!({
            "name": event.name,
            "time_ns": event.time_ns.to_string(),
            "attributes": attributes(&event.attributes),
        })).collect::<Vec<_>>(),
        "links": span.links.iter().map(|link| json!({
            "trace_id": link.trace_id,
            "span_id": link.span_id,
            "attributes": attributes(&link.attributes),
        })).collect::<Vec<_>>(),
        "sources": sources(&found.facts),
        "attributes": attributes(&span.attributes),
        "resource": attributes(&span.origin.resource.attributes),
        "scope": {"name": span.origin.scope_name, "version": span.origin.scope_version},
        "trace_state": span.trace_state,
        "flags": span.flags,
        "repaired": span.repaired,
        "log_records_left_out": found.stored.records_left_out,
        "dropped": {
            "attributes": span.dropped_attributes, "events": span.dropped_events, "links": span.dropped_links
        },
    })
}

/// Where each field came from: the attribute (with a JSON pointer where only a part of it was taken), the event, or what it follows
/// from. A field that several attributes set together names them all.
fn sources(facts: &[Fact]) -> Value {
    let mut fields = serde_json::Map::new();
    for fact in facts {
        let source = json!({
            "attribute": fact.attribute,
            "place": fact.place.name(),
            "dialect": fact.dialect.map(decode::Dialect::name),
        });
        if let Value::Array(sources) = fields.entry(fact.field.path()).or_insert_with(|| json!([])) {
            sources.push(source);
        }
    }
    Value::Object(fields)
}

fn milliseconds(duration_ns: u64) -> f64 {
    duration_ns as f64 / 1e6
}
