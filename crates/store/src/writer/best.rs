//! Which span a trace's shown values come from, whatever the order of arrival.
//!
//! A trace shows one name, one input, one user. Each comes from the span with the least key among those that have the value.
//! The least of a set does not depend on order, so any splitting of a trace over requests gives the same row.

use std::ops::Range;

use bennu_model::SpanId;

use crate::prepare::Said;

/// Orders spans: roots before the rest, earlier before later, longer before shorter, then by id and version.
pub(crate) type SpanKey = [u8; 33];

/// Where a key holds the span's id.
const ID: Range<usize> = 17..25;

/// The key for names and inputs: the outermost span that began first.
pub(crate) fn first(span: &Said) -> SpanKey {
    key(span, span.start_ns, !span.known_end_ns())
}

/// The key for outputs: the outermost span that ended last.
pub(crate) fn last(span: &Said) -> SpanKey {
    key(span, !span.known_end_ns(), span.start_ns)
}

fn key(span: &Said, major: i64, minor: i64) -> SpanKey {
    let mut key = [0; 33];
    key[0] = u8::from(span.parent_id.is_some());
    key[1..9].copy_from_slice(&sortable(major));
    key[9..17].copy_from_slice(&sortable(minor));
    key[ID].copy_from_slice(&span.span_id.0);
    key[25..].copy_from_slice(&span.version);
    key
}

/// The span a stored key belongs to.
pub(crate) fn span_of(key: &[u8]) -> Option<SpanId> {
    key.get(ID).and_then(SpanId::from_slice)
}

/// Big-endian bytes that sort as the number does.
fn sortable(number: i64) -> [u8; 8] {
    (number ^ i64::MIN).to_be_bytes()
}

/// A value with the key of the span it came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Best<T> {
    key: Option<SpanKey>,
    value: Option<T>,
}

impl<T> Best<T> {
    /// As read from a row.
    pub(crate) fn stored(key: Option<Vec<u8>>, value: Option<T>) -> Self {
        Best { key: key.and_then(|key| key.try_into().ok()), value }
    }

    /// Of one span; nothing without a value.
    pub(crate) fn new(key: SpanKey, value: Option<T>) -> Self {
        Best { key: value.is_some().then_some(key), value }
    }

    /// Takes the other value if there is one and its key is less; if it is the same, `wins_ties` decides.
    pub(crate) fn join(&mut self, other: Self, wins_ties: bool) {
        let better = match (&other.key, &self.key) {
            (Some(other), Some(held)) => other < held || (wins_ties && other == held),
            (other, None) => other.is_some(),
            (None, Some(_)) => false,
        };
        if better {
            *self = other;
        }
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.key.as_ref().map(|key| key.as_slice())
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }
}
