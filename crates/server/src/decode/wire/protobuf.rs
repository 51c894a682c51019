//! OTLP/protobuf.

use std::sync::Arc;

use bennu_model::{
    Attribute, Event, Link, Origin, OtelKind, Resource, Span, SpanId, Status, StatusCode, TraceId, Value,
};
use bytes::Bytes;
use prost::Message;

use super::{
    fields::{field, fields},
    ids, project,
    proto::{self, numbers},
    text,
};
use crate::decode::{Batch, Refusal, Rejected, ResourceSpans};

/// Reads a body. A part that does not decode costs the spans in it, no others.
///
/// # Errors
/// When the outermost message does not decode, or when the records are logs.
pub fn read(body: Bytes) -> Result<Batch, Refusal> {
    let mut batch = Batch::default();
    let mut logs = 0;
    for bytes in fields(body, numbers::RESOURCE_SPANS) {
        let bytes = bytes.map_err(|error| Refusal::Unreadable("protobuf", error.to_string()))?;
        let resource = read_resource(&bytes, &mut batch.rejected, &mut logs);
        if !resource.spans.is_empty() {
            batch.resources.push(resource);
        }
    }
    if logs > 0 && batch.resources.is_empty() && logs == batch.rejected.count() {
        return Err(Refusal::OtherSignal("logs", "LOGS"));
    }
    Ok(batch)
}

fn read_resource(bytes: &Bytes, rejected: &mut Rejected, logs: &mut u64) -> ResourceSpans {
    let mut repaired = false;
    // A resource that does not decode costs its attributes, not its spans.
    let described = proto::Resource::decode(field(bytes, numbers::RESOURCE)).unwrap_or_default();
    let described = Arc::new(Resource {
        attributes: attributes(described.attributes, &mut repaired),
        dropped_attributes: described.dropped_attributes_count,
        schema_url: text(&field(bytes, numbers::SCHEMA_URL), &mut repaired),
    });
    let mut spans = Vec::new();
    for scope_spans in fields(bytes.clone(), numbers::SCOPE_SPANS) {
        let Ok(scope_spans) = scope_spans else {
            rejected.add("resource_spans is cut off or not a protobuf message");
            break;
        };
        let mut repaired = repaired;
        let scope = proto::Scope::decode(field(&scope_spans, numbers::SCOPE)).unwrap_or_default();
        let origin = Arc::new(Origin {
            resource: described.clone(),
            scope_name: text(&scope.name, &mut repaired),
            scope_version: text(&scope.version, &mut repaired),
            scope_attributes: attributes(scope.attributes, &mut repaired),
            scope_dropped: scope.dropped_attributes_count,
            scope_schema_url: text(&field(&scope_spans, numbers::SCHEMA_URL), &mut repaired),
        });
        for span in fields(scope_spans, numbers::SPANS) {
            let Ok(bytes) = span else {
                rejected.add("scope_spans is cut off or not a protobuf message");
                break;
            };
            match read_span(bytes.clone(), &origin, repaired) {
                Ok(span) => spans.push(span),
                Err(reason) => {
                    *logs += u64::from(is_log(bytes));
                    rejected.add(&reason);
                }
            }
        }
    }
    ResourceSpans { project: project(&described.attributes), spans }
}

fn read_span(bytes: Bytes, origin: &Arc<Origin>, mut repaired: bool) -> Result<Span, String> {
    let span = proto::Span::decode(bytes).map_err(|error| format!("the span does not decode: {error}"))?;
    let (trace_id, span_id) = ids(TraceId::from_slice(&span.trace_id), SpanId::from_slice(&span.span_id))?;
    let status = span.status.unwrap_or_default();
    let mut read = Span {
        trace_id,
        span_id,
        parent_id: SpanId::from_slice(&span.parent_span_id).filter(|id| !id.is_zero()),
        trace_state: text(&span.trace_state, &mut repaired),
        flags: span.flags,
        name: text(&span.name, &mut repaired),
        otel_kind: OtelKind::from_number(span.kind.into()),
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano,
        status: Status {
            code: StatusCode::from_number(status.code.into()),
            message: text(&status.message, &mut repaired),
        },
        attributes: attributes(span.attributes, &mut repaired),
        dropped_attributes: span.dropped_attributes_count,
        events: Vec::with_capacity(span.events.len()),
        dropped_events: span.dropped_events_count,
        links: Vec::with_capacity(span.links.len()),
        dropped_links: span.dropped_links_count,
        repaired: false,
        origin: origin.clone(),
    };
    for event in span.events {
        read.events.push(Event {
            time_ns: event.time_unix_nano,
            name: text(&event.name, &mut repaired),
            attributes: attributes(event.attributes, &mut repaired),
            dropped_attributes: event.dropped_attributes_count,
        });
    }
    for link in span.links {
        read.links.push(Link {
            trace_id: TraceId::from_slice(&link.trace_id).unwrap_or_default(),
            span_id: SpanId::from_slice(&link.span_id).unwrap_or_default(),
            trace_state: text(&link.trace_state, &mut repaired),
            flags: link.flags,
            attributes: attributes(link.attributes, &mut repaired),
            dropped_attributes: link.dropped_attributes_count,
        });
    }
    read.repaired = repaired;
    Ok(read)
}

fn attributes(list: Vec<proto::KeyValue>, repaired: &mut bool) -> Vec<Attribute> {
    list.into_iter()
        .map(|pair| (text(&pair.key, repaired), value(pair.value.unwrap_or_default(), repaired)))
        .collect()
}

fn value(any: proto::AnyValue, repaired: &mut bool) -> Value {
    match any.value {
        None => super::EMPTY,
        Some(proto::Any::String(bytes)) => Value::Text(text(&bytes, repaired)),
        Some(proto::Any::Bool(bool)) => Value::Bool(bool),
        Some(proto::Any::Int(int)) => Value::Int(int),
        Some(proto::Any::Double(double)) => Value::Double(double),
        Some(proto::Any::Bytes(bytes)) => Value::Bytes(bytes.to_vec()),
        Some(proto::Any::Array(array)) => {
            Value::Array(array.values.into_iter().map(|any| value(any, repaired)).collect())
        }
        Some(proto::Any::KvList(list)) => Value::Map(attributes(list.values, repaired)),
    }
}

/// Whether bytes that are not a span are a log record.
fn is_log(bytes: Bytes) -> bool {
    proto::LogProbe::decode(bytes).is_ok_and(|log| {
        log.time_unix_nano > 0 || log.observed_time_unix_nano > 0 || log.trace_id.len() == 16
    })
}
