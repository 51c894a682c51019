//! A span as it was sent: attributes, events, links, and who sent it. What is understood is shown above with its meaning, so here it
//! is brief; what nobody knows is shown whole. Very many of anything are counted rather than shown.

use std::borrow::Cow;

use bennu_model::{Attribute, Span};

use super::listed::Listed;
use crate::{
    decode::is_understood,
    pages::{
        content::{self, Mode, Text},
        format,
    },
};

/// Rows of a table.
const MAX_ROWS: usize = 100;
/// Events and links.
const MAX_EVENTS: usize = 25;

/// What the values that nobody knows take of a page; then they are brief.
const MAX_UNKNOWN_BYTES: usize = 20_000;

/// Names and values.
pub(in crate::pages) type Pairs = Listed<(String, Text)>;

pub(in crate::pages) struct EventView {
    pub(in crate::pages) name: String,
    pub(in crate::pages) at: String,
    pub(in crate::pages) attributes: Pairs,
}

pub(in crate::pages) struct LinkView {
    pub(in crate::pages) trace_id: String,
    pub(in crate::pages) span_id: String,
    pub(in crate::pages) attributes: Pairs,
}

/// An attribute each.
pub(super) fn attributes(attributes: &[Attribute]) -> Pairs {
    Listed::new(attributes, MAX_ROWS, |_, attribute| pair(attribute))
}

fn pair((key, value): &Attribute) -> (String, Text) {
    let shown = match value.as_text() {
        Some(text) => Text::brief(text),
        None => Text::brief(&value.to_json().to_string()),
    };
    (content::name(key), shown)
}

/// The attributes that are not understood, whole.
pub(super) fn unknown(span: &Span) -> Pairs {
    let strange = |(key, _): &&Attribute| !is_understood(key, &span.origin.scope_name);
    let unknown: Vec<&Attribute> = span.attributes.iter().filter(strange).collect();
    let mut bytes = 0;
    Listed::new(&unknown, MAX_ROWS, |_, (key, value)| {
        let text = value.as_text().map_or_else(|| value.to_json().to_string().into(), Cow::from);
        let whole = Text::value(&text, Mode::Raw);
        bytes += whole.size_bytes();
        (content::name(key), if bytes > MAX_UNKNOWN_BYTES { Text::brief(&text) } else { whole })
    })
}

/// The events, each at its time after the span's start.
pub(super) fn events(span: &Span) -> Listed<EventView> {
    Listed::new(&span.events, MAX_EVENTS, |_, event| EventView {
        name: content::name(&event.name),
        at: format::duration(event.time_ns.saturating_sub(span.start_ns)),
        attributes: attributes(&event.attributes),
    })
}

/// The spans it points to.
pub(super) fn links(span: &Span) -> Listed<LinkView> {
    Listed::new(&span.links, MAX_EVENTS, |_, link| LinkView {
        trace_id: link.trace_id.to_string(),
        span_id: link.span_id.to_string(),
        attributes: attributes(&link.attributes),
    })
}

/// The resource and scope.
pub(super) fn origin(span: &Span) -> Pairs {
    let origin = &span.origin;
    let scope = [&*origin.scope_name, &*origin.scope_version].join(" ");
    let scope = (!scope.trim().is_empty()).then(|| ("scope".to_owned(), content::name(scope.trim())));
    let all = origin.scope_attributes.iter().chain(&origin.resource.attributes);
    let mut pairs = Listed::new(&all.collect::<Vec<_>>(), MAX_ROWS, |_, attribute| pair(attribute));
    pairs.items.splice(0..0, scope.map(|(name, value)| (name, Text::prose(&value))));
    pairs
}
