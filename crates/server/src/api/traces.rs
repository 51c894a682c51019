//! `/v1/projects/{project}/traces`, as Phoenix answers.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use bennu_store::{Cursor, TraceFilter, TraceRow};
use serde_json::{Value, json};

use super::{
    cursor::write_cursor,
    global_id,
    parameters::{Parameters, bool},
    parts::written,
    projects, rfc3339,
};
use crate::{app::App, error::Error, query};

/// A page with spans ends after the trace with which it has so many.
const MAX_LISTED_SPANS: u64 = 50_000;

/// `GET /v1/projects/{project}/traces`
pub(crate) async fn list(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let mut parameters = Parameters::new(query);
    let limit = parameters.limit(100, 1000)?;
    let cursor = parameters.cursor()?;
    let include_spans = parameters.read("include_spans", "true or false", bool)?.unwrap_or(false);
    let milliseconds =
        |text: &str| text.parse::<f64>().ok().filter(|ms| *ms >= 0.0).map(|ms| (ms * 1e6) as i64);
    let filter = TraceFilter {
        since_ns: parameters.time("start_time")?,
        until_ns: parameters.time("end_time")?,
        session_ids: parameters.all("session_identifier"),
        errors: parameters.read("error", "true or false", bool)?,
        min_duration_ns: parameters.read("min_latency_ms", "milliseconds", milliseconds)?,
        max_duration_ns: parameters.read("max_latency_ms", "milliseconds", milliseconds)?,
        ascending: parameters.ascending()?,
        ..TraceFilter::default()
    };
    parameters.finish()?;

    let project = projects::find(&app, &project).await?;
    let _turn = query::turn(&app.answers).await?;
    let mut page = app.store.traces(&project.name, filter, cursor, limit).await?;
    let mut data = Vec::with_capacity(page.traces.len());
    let mut listed = 0;
    for row in &page.traces {
        let mut trace = answer(project.id, row);
        if include_spans {
            trace["spans"] = spans(&app, row).await?;
            listed += row.spans;
        }
        data.push(trace);
        if listed > MAX_LISTED_SPANS && data.len() < page.traces.len() {
            page.next = Some(Cursor { key: row.start_ns, id: row.id });
            break;
        }
    }
    let next = page.next.map(write_cursor);
    written(move || json!({"data": data, "next_cursor": next})).await
}

fn answer(project: i64, row: &TraceRow) -> Value {
    json!({
        "id": global_id("Trace", row.id),
        "trace_id": row.trace_id,
        "project_id": global_id("Project", project),
        "start_time": rfc3339(row.start_ns),
        "end_time": rfc3339(row.end_ns),
        "token_count_prompt": row.usage.input.unwrap_or(0),
        "token_count_completion": row.usage.output.unwrap_or(0),
        "token_count_total": row.usage.total().unwrap_or(0),
    })
}

async fn spans(app: &App, row: &TraceRow) -> Result<Value, Error> {
    let trace = app.store.trace(Some(&row.project), row.trace_id).await?;
    let spans = trace.map(|trace| trace.spans).unwrap_or_default();
    Ok(spans
        .iter()
        .map(|span| {
            json!({
                "id": global_id("Span", span.id),
                "span_id": span.span_id,
                "parent_id": span.parent_id,
                "name": span.name,
                "span_kind": span.kind,
                "status_code": span.status.as_str(),
                "start_time": rfc3339(span.start_ns),
                "end_time": rfc3339(span.end_ns),
            })
        })
        .collect())
}
