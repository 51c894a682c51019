//! `/v1/projects/{project}/spans`, as Phoenix answers.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use bennu_model::{Attribute, Event, JsonAttributes, Kind, StatusCode, Value as Any};
use bennu_store::{AttributeFilter, SpanFilter, StoredSpan};
use serde_json::{Map, Value, json};

use super::{cursor::write_cursor, global_id, parameters::Parameters, parts::written, projects, rfc3339};
use crate::{app::App, error::Error, query};

/// `GET /v1/projects/{project}/spans`
pub(crate) async fn list(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let mut parameters = Parameters::new(query);
    let limit = parameters.limit(100, 1000)?;
    let cursor = parameters.cursor()?;
    let filter = SpanFilter {
        trace_ids: parameters.read_all("trace_id", "32 hex digits", |text| text.parse().ok())?,
        span_ids: parameters.read_all("span_id", "16 hex digits", |text| text.parse().ok())?,
        parent_id: parameters.read("parent_id", "16 hex digits or null", |text| match text {
            "null" => Some(None),
            id => id.parse().ok().map(Some),
        })?,
        names: parameters.all("name"),
        kinds: parameters.read_all("span_kind", "a span kind such as LLM", Kind::from_name)?,
        statuses: parameters.read_all("status_code", "OK, ERROR or UNSET", StatusCode::from_name)?,
        attributes: parameters.read_all("attribute", "key:value", attribute_filter)?,
        since_ns: parameters.time("start_time")?,
        until_ns: parameters.time("end_time")?,
        ascending: parameters.ascending()?,
    };
    parameters.finish()?;

    let project = projects::find(&app, &project).await?;
    let _turn = query::turn(&app.answers).await?;
    let page = app.store.project_spans(&project.name, filter, cursor, limit).await?;
    let next = page.next.map(write_cursor);
    written(move || {
        let data: Vec<Value> = page.spans.iter().map(answer).collect();
        json!({"data": data, "next_cursor": next})
    })
    .await
}

/// `key:value`; the value is JSON where it reads as JSON, so `5` is a number and `"5"` a text.
fn attribute_filter(text: &str) -> Option<AttributeFilter> {
    let (key, value) = text.split_once(':').filter(|(key, _)| !key.is_empty())?;
    let value = match serde_json::from_str::<Value>(value) {
        Ok(Value::String(text)) => Any::Text(text),
        Ok(Value::Bool(bool)) => Any::Bool(bool),
        Ok(Value::Number(number)) => {
            number.as_i64().map_or_else(|| Any::Double(number.as_f64().unwrap_or_default()), Any::Int)
        }
        _ => Any::Text(value.to_owned()),
    };
    Some(AttributeFilter { key: key.to_owned(), value })
}

/// A span in Phoenix's shape.
fn answer(stored: &StoredSpan) -> Value {
    let span = &stored.span;
    let mut attributes = attributes(&span.attributes);
    // Phoenix's readers look for OpenInference's kind whatever the dialect.
    let kind = stored.row.kind;
    attributes.entry("openinference.span.kind").or_insert_with(|| kind.as_str().into());
    json!({
        "id": global_id("Span", stored.row.id),
        "name": span.name,
        "context": {"trace_id": span.trace_id, "span_id": span.span_id},
        "span_kind": kind,
        "parent_id": span.parent_id,
        "start_time": rfc3339(stored.row.start_ns),
        "end_time": rfc3339(stored.row.end_ns),
        "status_code": stored.row.status.as_str(),
        "status_message": span.status.message,
        "attributes": attributes,
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn event(event: &Event) -> Value {
    json!({
        "name": event.name,
        "timestamp": rfc3339(i64::try_from(event.time_ns).unwrap_or(i64::MAX)),
        "attributes": JsonAttributes(&event.attributes),
    })
}

/// Attributes by name, as flat as they were sent.
fn attributes(attributes: &[Attribute]) -> Map<String, Value> {
    attributes.iter().map(|(key, value)| (key.clone(), value.to_json())).collect()
}
