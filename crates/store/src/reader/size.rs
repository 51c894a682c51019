//! How large what an answer holds is in memory, about. Everything a client sent counts: whatever did not could be the whole of a
//! gigabyte.

use bennu_model::{Attribute, LogRecord, Origin, Value as Any};

use super::spans::StoredSpan;

/// Bytes that a span and its records hold in memory, about, without what they share with others.
pub(super) fn span_bytes(stored: &StoredSpan) -> usize {
    let span = &stored.span;
    let texts = span.name.len() + span.status.message.len() + span.trace_state.len();
    let events = span.events.iter().map(|event| 128 + event.name.len() + attributes_bytes(&event.attributes));
    let links =
        span.links.iter().map(|link| 128 + link.trace_state.len() + attributes_bytes(&link.attributes));
    let records = stored.records.iter().map(record_bytes);
    512 + texts + attributes_bytes(&span.attributes) + events.chain(links).chain(records).sum::<usize>()
}

/// Bytes that an origin holds in memory, about.
pub(super) fn origin_bytes(origin: &Origin) -> usize {
    let texts =
        [&origin.scope_name, &origin.scope_version, &origin.scope_schema_url, &origin.resource.schema_url];
    256 + texts.into_iter().map(String::len).sum::<usize>()
        + attributes_bytes(&origin.resource.attributes)
        + attributes_bytes(&origin.scope_attributes)
}

/// Bytes that attributes hold in memory, about.
pub(super) fn attributes_bytes(attributes: &[Attribute]) -> usize {
    attributes.iter().map(|(key, value)| size_of::<Attribute>() + key.len() + value_bytes(value)).sum()
}

/// Bytes that a value holds in memory besides its own place.
pub(super) fn value_bytes(value: &Any) -> usize {
    match value {
        Any::Empty | Any::Bool(_) | Any::Int(_) | Any::Double(_) => 0,
        Any::Text(text) => text.len(),
        Any::Bytes(bytes) => bytes.len(),
        Any::Array(values) => values.iter().map(|value| size_of::<Any>() + value_bytes(value)).sum(),
        Any::Map(entries) => attributes_bytes(entries),
    }
}

/// Bytes that a log record holds in memory, about, without its origin.
pub(super) fn record_bytes(record: &LogRecord) -> usize {
    let texts = record.severity_text.len() + record.event_name.len();
    512 + texts + value_bytes(&record.body) + attributes_bytes(&record.attributes)
}
