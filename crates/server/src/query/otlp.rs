//! A trace as OTLP/JSON: what another collector takes, hex ids and string integers as the specification says. Written span by
//! span, as it is read; spans of one origin that follow each other stand together under it.

use std::sync::Arc;

use bennu_model::{Event, Link, Origin, OtlpAttributes, Span, SpanId, TraceId};
use serde::Serialize;

/// The elements of `resourceSpans`.
#[derive(Debug, Default)]
pub(crate) struct OtlpWriter {
    /// Whose spans are being listed.
    open: Option<Arc<Origin>>,
}

impl OtlpWriter {
    /// Adds a span.
    pub(crate) fn span(&mut self, span: &Span, text: &mut Vec<u8>) {
        match &self.open {
            Some(open) if Arc::ptr_eq(open, &span.origin) || *open == span.origin => text.push(b','),
            open => {
                if open.is_some() {
                    text.extend(b"]}]},");
                }
                begin(&span.origin, text);
                self.open = Some(span.origin.clone());
            }
        }
        write(&OtlpSpan::of(span), text);
    }

    /// Ends the last element.
    pub(crate) fn end(&mut self, text: &mut Vec<u8>) {
        if self.open.take().is_some() {
            text.extend(b"]}]}");
        }
    }
}

/// Everything of a `ResourceSpans` before its first span.
fn begin(origin: &Origin, text: &mut Vec<u8>) {
    let resource = OtlpResource {
        attributes: OtlpAttributes(&origin.resource.attributes),
        dropped_attributes_count: origin.resource.dropped_attributes,
    };
    let scope = OtlpScope {
        name: &origin.scope_name,
        version: &origin.scope_version,
        attributes: OtlpAttributes(&origin.scope_attributes),
        dropped_attributes_count: origin.scope_dropped,
    };
    text.extend(br#"{"resource":"#);
    write(&resource, text);
    text.extend(br#","schemaUrl":"#);
    write(&origin.resource.schema_url, text);
    text.extend(br#","scopeSpans":[{"scope":"#);
    write(&scope, text);
    text.extend(br#","schemaUrl":"#);
    write(&origin.scope_schema_url, text);
    text.extend(br#","spans":["#);
}

fn write(value: &impl Serialize, text: &mut Vec<u8>) {
    // Nothing of these cannot be written, and memory takes everything.
    serde_json::to_writer(text, value).unwrap_or_default();
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtlpResource<'a> {
    attributes: OtlpAttributes<'a>,
    dropped_attributes_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtlpScope<'a> {
    name: &'a str,
    version: &'a str,
    attributes: OtlpAttributes<'a>,
    dropped_attributes_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtlpSpan<'a> {
    trace_id: TraceId,
    span_id: SpanId,
    parent_span_id: String,
    trace_state: &'a str,
    flags: u32,
    name: &'a str,
    kind: i32,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: OtlpAttributes<'a>,
    dropped_attributes_count: u32,
    events: Vec<OtlpEvent<'a>>,
    dropped_events_count: u32,
    links: Vec<OtlpLink<'a>>,
    dropped_links_count: u32,
    status: OtlpStatus<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtlpEvent<'a> {
    time_unix_nano: String,
    name: &'a str,
    attributes: OtlpAttributes<'a>,
    dropped_attributes_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtlpLink<'a> {
    trace_id: TraceId,
    span_id: SpanId,
    trace_state: &'a str,
    flags: u32,
    attributes: OtlpAttributes<'a>,
    dropped_attributes_count: u32,
}

#[derive(Serialize)]
struct OtlpStatus<'a> {
    code: i32,
    message: &'a str,
}

impl<'a> OtlpSpan<'a> {
    fn of(span: &'a Span) -> Self {
        OtlpSpan {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent_span_id: span.parent_id.map(|id| id.to_string()).unwrap_or_default(),
            trace_state: &span.trace_state,
            flags: span.flags,
            name: &span.name,
            kind: span.otel_kind as i32,
            start_time_unix_nano: span.start_ns.to_string(),
            end_time_unix_nano: span.end_ns.to_string(),
            attributes: OtlpAttributes(&span.attributes),
            dropped_attributes_count: span.dropped_attributes,
            events: span.events.iter().map(OtlpEvent::of).collect(),
            dropped_events_count: span.dropped_events,
            links: span.links.iter().map(OtlpLink::of).collect(),
            dropped_links_count: span.dropped_links,
            status: OtlpStatus { code: span.status.code as i32, message: &span.status.message },
        }
    }
}

impl<'a> OtlpEvent<'a> {
    fn of(event: &'a Event) -> Self {
        OtlpEvent {
            time_unix_nano: event.time_ns.to_string(),
            name: &event.name,
            attributes: OtlpAttributes(&event.attributes),
            dropped_attributes_count: event.dropped_attributes,
        }
    }
}

impl<'a> OtlpLink<'a> {
    fn of(link: &'a Link) -> Self {
        OtlpLink {
            trace_id: link.trace_id,
            span_id: link.span_id,
            trace_state: &link.trace_state,
            flags: link.flags,
            attributes: OtlpAttributes(&link.attributes),
            dropped_attributes_count: link.dropped_attributes,
        }
    }
}
