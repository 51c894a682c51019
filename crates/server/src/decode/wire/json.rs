//! OTLP/JSON, read leniently.
//!
//! What is on the wire: ids in hex (the OTLP specification) and in base64 (protobuf's own JSON mapping), 64-bit integers as
//! strings and as numbers, enums as numbers and as names, `null` for anything, `"NaN"`, arrays without `values`, field names
//! in camel case and in snake case.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD, engine::general_purpose::URL_SAFE_NO_PAD};
use bennu_model::{
    Attribute, Event, Link, Origin, OtelKind, Resource, Span, SpanId, Status, StatusCode, TraceId, Value,
};
use serde_json::{Map, Value as Json};

use super::{ids, project, repair::repair};
use crate::decode::{Batch, Refusal, Rejected, ResourceSpans};

/// Reads a body.
///
/// # Errors
/// When it is not JSON, not an object, or holds another signal.
pub fn read(body: &[u8]) -> Result<Batch, Refusal> {
    let unreadable = |reason: String| Refusal::Unreadable("JSON", reason);
    let (request, repaired) = match serde_json::from_slice::<Json>(body) {
        Ok(request) => (request, false),
        Err(error) => match repair(body).map(|text| serde_json::from_str(&text)) {
            Some(Ok(request)) => (request, true),
            _ => return Err(unreadable(error.to_string())),
        },
    };
    let object = request.as_object().ok_or_else(|| unreadable("an object was expected".into()))?;
    let Some(resources) = field(object, "resourceSpans") else {
        return match () {
            () if field(object, "resourceLogs").is_some() => Err(Refusal::OtherSignal("logs", "LOGS")),
            () if field(object, "resourceMetrics").is_some() => {
                Err(Refusal::OtherSignal("metrics", "METRICS"))
            }
            () if object.is_empty() => Ok(Batch::default()),
            () => Err(unreadable("resourceSpans is missing".into())),
        };
    };
    let mut batch = Batch::default();
    for resource in list(Some(resources)) {
        let mut resource = read_resource(resource, &mut batch.rejected);
        resource.spans.iter_mut().for_each(|span| span.repaired = repaired);
        batch.resources.push(resource);
    }
    Ok(batch)
}

fn read_resource(resource: &Json, rejected: &mut Rejected) -> ResourceSpans {
    let described = resource.get("resource").unwrap_or(&Json::Null);
    let described = Arc::new(Resource {
        attributes: attributes(described),
        dropped_attributes: count(described, "droppedAttributesCount"),
        schema_url: string(resource, "schemaUrl"),
    });
    let mut spans = Vec::new();
    for scope_spans in list(get(resource, "scopeSpans")) {
        let scope = scope_spans.get("scope").unwrap_or(&Json::Null);
        let origin = Arc::new(Origin {
            resource: described.clone(),
            scope_name: string(scope, "name"),
            scope_version: string(scope, "version"),
            scope_attributes: attributes(scope),
            scope_dropped: count(scope, "droppedAttributesCount"),
            scope_schema_url: string(scope_spans, "schemaUrl"),
        });
        for span in list(get(scope_spans, "spans")) {
            match read_span(span, &origin) {
                Ok(span) => spans.push(span),
                Err(reason) => rejected.add(reason),
            }
        }
    }
    ResourceSpans { project: project(&described.attributes), spans }
}

fn read_span(span: &Json, origin: &Arc<Origin>) -> Result<Span, &'static str> {
    let trace_id = id::<16>(get(span, "traceId")).map(TraceId);
    let (trace_id, span_id) = ids(trace_id, id::<8>(get(span, "spanId")).map(SpanId))?;
    let status = get(span, "status").unwrap_or(&Json::Null);
    Ok(Span {
        trace_id,
        span_id,
        parent_id: id::<8>(get(span, "parentSpanId")).map(SpanId).filter(|id| !id.is_zero()),
        trace_state: string(span, "traceState"),
        flags: count(span, "flags"),
        name: string(span, "name"),
        otel_kind: get(span, "kind").map_or_else(OtelKind::default, |kind| {
            named(kind, "SPAN_KIND_", OtelKind::from_name)
                .unwrap_or_else(|| OtelKind::from_number(int(kind).unwrap_or_default()))
        }),
        start_ns: time(span, "startTimeUnixNano"),
        end_ns: time(span, "endTimeUnixNano"),
        status: Status {
            code: get(status, "code").map_or_else(StatusCode::default, |code| {
                named(code, "STATUS_CODE_", StatusCode::from_name)
                    .unwrap_or_else(|| StatusCode::from_number(int(code).unwrap_or_default()))
            }),
            message: string(status, "message"),
        },
        attributes: attributes(span),
        dropped_attributes: count(span, "droppedAttributesCount"),
        events: list(get(span, "events")).map(read_event).collect(),
        dropped_events: count(span, "droppedEventsCount"),
        links: list(get(span, "links")).map(read_link).collect(),
        dropped_links: count(span, "droppedLinksCount"),
        repaired: false,
        origin: origin.clone(),
    })
}

fn read_event(event: &Json) -> Event {
    Event {
        time_ns: time(event, "timeUnixNano"),
        name: string(event, "name"),
        attributes: attributes(event),
        dropped_attributes: count(event, "droppedAttributesCount"),
    }
}

fn read_link(link: &Json) -> Link {
    Link {
        trace_id: id::<16>(get(link, "traceId")).map(TraceId).unwrap_or_default(),
        span_id: id::<8>(get(link, "spanId")).map(SpanId).unwrap_or_default(),
        trace_state: string(link, "traceState"),
        flags: count(link, "flags"),
        attributes: attributes(link),
        dropped_attributes: count(link, "droppedAttributesCount"),
    }
}

fn attributes(holder: &Json) -> Vec<Attribute> {
    list(get(holder, "attributes"))
        .map(|pair| (string(pair, "key"), pair.get("value").map_or(super::EMPTY, value)))
        .collect()
}

/// An `AnyValue`; a bare JSON scalar is taken for what it looks like.
fn value(any: &Json) -> Value {
    let object = match any {
        Json::Object(object) => object,
        Json::String(text) => return Value::Text(text.clone()),
        Json::Bool(bool) => return Value::Bool(*bool),
        Json::Number(_) => {
            return int(any).map_or_else(|| Value::Double(any.as_f64().unwrap_or_default()), Value::Int);
        }
        Json::Array(_) | Json::Null => return super::EMPTY,
    };
    let get = |name| field(object, name);
    if let Some(text) = get("stringValue") {
        Value::Text(text.as_str().map_or_else(|| text.to_string(), str::to_owned))
    } else if let Some(bool) = get("boolValue") {
        Value::Bool(bool.as_bool().unwrap_or_else(|| bool.as_str() == Some("true")))
    } else if let Some(number) = get("intValue") {
        int(number).map_or_else(|| Value::Text(plain(number)), Value::Int)
    } else if let Some(number) = get("doubleValue") {
        double(number).map_or_else(|| Value::Text(plain(number)), Value::Double)
    } else if let Some(array) = get("arrayValue") {
        Value::Array(list(array.get("values")).map(value).collect())
    } else if let Some(map) = get("kvlistValue") {
        let pairs = list(map.get("values"));
        Value::Map(
            pairs.map(|pair| (string(pair, "key"), pair.get("value").map_or(super::EMPTY, value))).collect(),
        )
    } else if let Some(bytes) = get("bytesValue") {
        let text = bytes.as_str().unwrap_or_default();
        base64(text).map_or_else(|| Value::Text(text.to_owned()), Value::Bytes)
    } else {
        super::EMPTY
    }
}

/// A member by its camel-case name, or by the snake-case name of the protobuf field; `null` is absent.
fn field<'a>(object: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    let found = object.get(name).or_else(|| {
        let snake: String = name
            .chars()
            .flat_map(|c| c.is_ascii_uppercase().then_some('_').into_iter().chain([c.to_ascii_lowercase()]))
            .collect();
        if snake == name { None } else { object.get(&snake) }
    });
    found.filter(|value| !value.is_null())
}

fn get<'a>(holder: &'a Json, name: &str) -> Option<&'a Json> {
    field(holder.as_object()?, name)
}

fn list(json: Option<&Json>) -> impl Iterator<Item = &Json> {
    json.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

fn string(holder: &Json, name: &str) -> String {
    get(holder, name).map(plain).unwrap_or_default()
}

fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn int(json: &Json) -> Option<i64> {
    match json {
        Json::String(text) => text.trim().parse().ok(),
        _ => json
            .as_i64()
            .or_else(|| json.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)),
    }
}

fn double(json: &Json) -> Option<f64> {
    match json {
        // Rust reads the names "NaN", "Infinity" and "-Infinity" as protobuf's JSON mapping writes them.
        Json::String(text) => text.trim().parse().ok(),
        _ => json.as_f64(),
    }
}

fn time(holder: &Json, name: &str) -> u64 {
    match get(holder, name) {
        Some(Json::String(text)) => text.trim().parse().unwrap_or_default(),
        Some(number) => number.as_u64().or_else(|| number.as_f64().map(|n| n as u64)).unwrap_or_default(),
        None => 0,
    }
}

fn count(holder: &Json, name: &str) -> u32 {
    get(holder, name).and_then(int).and_then(|n| u32::try_from(n).ok()).unwrap_or_default()
}

fn named<T>(json: &Json, prefix: &str, from_name: impl Fn(&str) -> Option<T>) -> Option<T> {
    let name = json.as_str()?.to_ascii_uppercase();
    from_name(name.strip_prefix(prefix).unwrap_or(&name))
}

/// An id in hex, else in base64.
fn id<const BYTES: usize>(json: Option<&Json>) -> Option<[u8; BYTES]> {
    let text = json?.as_str()?;
    if text.len() == BYTES * 2 {
        let mut id = [0; BYTES];
        for (byte, pair) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? * 16 + digit(1)?) as u8;
        }
        return Some(id);
    }
    base64(text)?.try_into().ok()
}

/// Base64 of either alphabet, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
}
