//! What a tail sampler reads of a span, and what it writes on it.

use bennu_semconv::{otel, sampling};
use opentelemetry::{
    KeyValue,
    trace::{SpanContext, SpanId, Status, TraceFlags},
};
use opentelemetry_sdk::trace::SpanData;

use super::{
    probability::{Threshold, say},
    rules::Reason,
};

/// That a trace is kept, and as what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) reason: Reason,
    pub(super) threshold: Threshold,
    /// It was decided on before its end, for want of room or time.
    pub(super) cut: bool,
}

impl Kept {
    /// It was cut and kept by chance: what fails later is certain then, as it is where chance did not keep it.
    pub(super) fn may_change(self) -> bool {
        self.cut && self.reason == Reason::Probability
    }
}

/// Whether nothing in this process is above it.
pub(super) fn is_root(span: &SpanData) -> bool {
    span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID
}

/// Whether it failed, as Bennu counts it: by its status; where it has none, by what it says or by an exception.
pub(super) fn is_error(span: &SpanData) -> bool {
    let says = || span.attributes.iter().any(|attribute| attribute.key.as_str() == otel::ERROR_TYPE);
    let threw = || span.events.iter().any(|event| event.name == otel::EXCEPTION_EVENT);
    match span.status {
        Status::Error { .. } => true,
        Status::Ok => false,
        Status::Unset => says() || threw(),
    }
}

/// The span as it is sent: sampled, with the threshold under which it was kept, and why.
pub(super) fn marked(mut span: SpanData, kept: Kept) -> SpanData {
    let context = &span.span_context;
    span.span_context = SpanContext::new(
        context.trace_id(),
        context.span_id(),
        context.trace_flags() | TraceFlags::SAMPLED,
        context.is_remote(),
        say(context.trace_state(), Some(kept.threshold), None),
    );
    span.attributes.push(KeyValue::new(sampling::REASON, kept.reason.name()));
    if is_root(&span) {
        // For backends that do not read `tracestate`.
        span.attributes.push(KeyValue::new(sampling::PROBABILITY, kept.threshold.probability()));
    }
    // Chance keeps all of what it keeps.
    if kept.cut && kept.reason != Reason::Probability {
        span.attributes.push(KeyValue::new(sampling::INCOMPLETE, true));
    }
    span
}

/// About what a span takes in memory.
pub(super) fn size_bytes(span: &SpanData) -> usize {
    let attributes = |attributes: &[KeyValue]| {
        let one = |attribute: &KeyValue| {
            size_of::<KeyValue>() + attribute.key.as_str().len() + value_bytes(&attribute.value)
        };
        attributes.iter().map(one).sum::<usize>()
    };
    let events =
        span.events.iter().map(|event| size_of_val(event) + event.name.len() + attributes(&event.attributes));
    let links = span.links.iter().map(|link| size_of_val(link) + attributes(&link.attributes));
    // What a caller sends in it is copied by every span.
    let state = span.span_context.trace_state().into_iter();
    let state = state.map(|(entry, value)| size_of::<(String, String)>() + entry.len() + value.len());
    let error = match &span.status {
        Status::Error { description } => description.len(),
        _ => 0,
    };
    size_of::<SpanData>()
        + span.name.len()
        + state.sum::<usize>()
        + error
        + attributes(&span.attributes)
        + events.sum::<usize>()
        + links.sum::<usize>()
}

fn value_bytes(value: &opentelemetry::Value) -> usize {
    use opentelemetry::{Array, Value};
    match value {
        Value::String(text) => text.as_str().len(),
        Value::Array(Array::String(texts)) => {
            texts.iter().map(|text| size_of_val(text) + text.as_str().len()).sum()
        }
        Value::Array(Array::F64(numbers)) => size_of_val(&numbers[..]),
        Value::Array(Array::I64(numbers)) => size_of_val(&numbers[..]),
        Value::Array(Array::Bool(bools)) => bools.len(),
        _ => 0,
    }
}
