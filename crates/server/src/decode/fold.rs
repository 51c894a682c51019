//! Spans that stand for something else: the beginning of a span that is still running, or an event.

use bennu_model::{LogRecord, Span, SpanId, Value};

use super::Item;

/// Marks what a Logfire span is: `span`, `log`, or `pending_span`.
const SPAN_TYPE: &str = "logfire.span_type";
/// The parent of the span that a pending span announces, in hex; zeros for a root.
const PENDING_PARENT: &str = "logfire.pending_parent_id";
/// An event that libraries on `tracing`, which has no events with a name, write as a span opened and closed at once: `genai`.
const EVENT: &str = "gen_ai.evaluation.result";

/// Logfire announces a span when it begins: by a span with an id of its own, under the real one. Here it becomes the first
/// version of the real span. A span that is an event becomes a record of its parent.
pub(crate) fn fold(mut span: Span) -> Item {
    if let Some(real) = span.parent_id.filter(|_| is_pending(&span)) {
        let parent = span.attribute(PENDING_PARENT).and_then(Value::as_text).and_then(|id| id.parse().ok());
        span.parent_id = parent.filter(|id: &SpanId| !id.is_zero());
        span.span_id = real;
        return Item::Span(span);
    }
    match span.parent_id {
        Some(parent) if is_event(&span) => Item::Log(LogRecord {
            trace_id: span.trace_id,
            span_id: Some(parent),
            time_ns: span.start_ns,
            event_name: span.name,
            body: Value::Empty,
            attributes: span.attributes,
            dropped_attributes: span.dropped_attributes,
            flags: span.flags,
            repaired: span.repaired,
            origin: span.origin,
            ..LogRecord::default()
        }),
        _ => Item::Span(span),
    }
}

/// Whether a span only announces another.
pub(crate) fn is_pending(span: &Span) -> bool {
    span.attribute(SPAN_TYPE).and_then(Value::as_text) == Some("pending_span")
}

/// What opening and closing a span takes at most.
const INSTANT_NS: u64 = 1_000_000;

/// Whether a span has nothing that an event has not: one that measured an evaluation, or holds more, stays a span.
fn is_event(span: &Span) -> bool {
    span.name == EVENT
        && span.end_ns.saturating_sub(span.start_ns) < INSTANT_NS
        && span.events.is_empty()
        && span.links.is_empty()
        && span.status == Default::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(attributes: &[(&str, &str)]) -> Span {
        let attributes =
            attributes.iter().map(|(key, value)| ((*key).to_owned(), Value::Text((*value).to_owned())));
        Span {
            span_id: SpanId([9; 8]),
            parent_id: Some(SpanId([1; 8])),
            attributes: attributes.collect(),
            ..Span::default()
        }
    }

    #[test]
    fn a_pending_span_is_the_beginning_of_the_real_one() {
        for (parent, expected) in [("0000000000000000", None), ("0202020202020202", Some(SpanId([2; 8])))] {
            let pending = span(&[(SPAN_TYPE, "pending_span"), (PENDING_PARENT, parent)]);
            let Item::Span(folded) = fold(pending) else { panic!("a span was expected") };
            assert_eq!((folded.span_id, folded.parent_id), (SpanId([1; 8]), expected));
            assert!(is_pending(&folded));
        }
    }

    #[test]
    fn an_event_that_came_as_a_span_belongs_to_its_parent() {
        let event = Span {
            name: "gen_ai.evaluation.result".into(),
            start_ns: 7,
            ..span(&[("gen_ai.evaluation.name", "relevance")])
        };
        let long = Span { end_ns: 2_000_000, ..event.clone() };
        assert!(matches!(fold(long), Item::Span(_)), "one that took time is a span");
        let Item::Log(record) = fold(event) else { panic!("an event was expected") };
        assert_eq!((record.span_id, record.at_ns()), (Some(SpanId([1; 8])), 7));
        let other = Span { name: "step".into(), ..span(&[]) };
        assert!(matches!(fold(other), Item::Span(_)));
    }
}
