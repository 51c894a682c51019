//! `/v1/traces/{trace_id}/logs`: a trace's log records, in order of time; also of a trace of which no span has come.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use bennu_model::{JsonAttributes, SpanId};
use bennu_store::LogRow;
use serde_json::{Value, json};

use super::{cursor::write_cursor, parameters::Parameters, parts::written, rfc3339, trace};
use crate::{app::App, error::Error, query};

/// `GET /v1/traces/{trace_id}/logs?span_id=&limit=&cursor=&project=`; without a span, all of the trace.
pub(crate) async fn list(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let mut parameters = Parameters::new(query);
    let limit = parameters.limit(100, 1000)?;
    let cursor = parameters.cursor()?;
    let span: Option<SpanId> = parameters.read("span_id", "16 hex digits", |text| text.parse().ok())?;
    let project = parameters.one("project")?;
    parameters.finish()?;
    let id = trace::read_id(&trace_id)?;
    let missing = || Error::not_found(format!("the trace {id}"));
    if let Some(project) = &project {
        app.store.trace_row(project, id).await?.ok_or_else(missing)?;
    }
    let _turn = query::turn(&app.answers).await?;
    let page = app.store.log_records(id, span, cursor, limit).await?;
    if page.total == 0 && project.is_none() && app.store.project_of(id).await?.is_none() {
        // A span without records, of a trace that has some, is not missing.
        let any = app.store.log_records(id, None, None, 1).await?.total > 0;
        any.then_some(()).ok_or_else(missing)?;
    }
    written(move || {
        let data: Vec<Value> = page.rows.iter().map(answer).collect();
        json!({"data": data, "total": page.total, "next_cursor": page.next.map(write_cursor)})
    })
    .await
}

fn answer(row: &LogRow) -> Value {
    let record = &row.record;
    json!({
        "span_id": record.span_id,
        "time": rfc3339(i64::try_from(record.at_ns()).unwrap_or(i64::MAX)),
        "time_ns": record.time_ns.to_string(),
        "observed_time_ns": record.observed_ns.to_string(),
        "severity_number": record.severity,
        "severity_text": record.severity_text,
        "event_name": record.event_name,
        "body": record.body.to_json(),
        "attributes": JsonAttributes(&record.attributes),
        "resource": JsonAttributes(&record.origin.resource.attributes),
        "scope": {"name": record.origin.scope_name, "version": record.origin.scope_version},
        "completes_span": row.meaningful,
    })
}
