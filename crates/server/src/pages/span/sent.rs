//! A span as it was sent: attributes, events, links, and who sent it. What it means is shown above, so values are brief, and
//! very many of anything are counted rather than shown.

use bennu_model::{Attribute, Span};

use super::listed::Listed;
use crate::pages::{
    content::{self, Text},
    format,
};

/// Rows of a table.
const MAX_ROWS: usize = 100;
/// Events and links.
const MAX_EVENTS: usize = 25;

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
    Listed::new(attributes, MAX_ROWS, |_, (key, value)| {
        let shown = match value.as_text() {
            Some(text) => Text::brief(text),
            None => Text::brief(&value.to_json().to_string()),
        };
        (content::name(key), shown)
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
    let resource = origin.scope_attributes.iter().chain(&origin.resource.attributes).cloned();
    let mut pairs = attributes(&resource.collect::<Vec<_>>());
    if !scope.trim().is_empty() {
        pairs.items.insert(0, ("scope".to_owned(), Text::brief(scope.trim())));
    }
    pairs
}
