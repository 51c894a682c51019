//! From any dialect's attributes to one vocabulary. Pure, and the same for writing and for reading, so that a better table
//! can be applied to history.
//!
//! - `table`: which attribute means what. To teach a new name, add a row and a fixture.
//! - `field`: the facts there are, and where each is kept.
//! - `source`, `tree`, `bounded`: an attribute's value however it was encoded: plain, JSON text, structured, flattened.
//! - `convert`, `words`: from a source to a fact.
//! - `message`, `document`, `exchange`: the shapes messages, documents and whole requests come in, read by one lenient reader
//!   each.
//! - `events`: what a span's events and log records add.
//! - `finish`: what follows from the facts together.
//! - `dialects`: the table as a document.

mod table;
mod field;
mod source;
mod tree;
mod bounded;
mod convert;
mod words;
mod message;
mod document;
mod exchange;
mod events;
mod finish;
mod dialects;

use std::borrow::Cow;

use bennu_model::{Detail, LogRecord, Span};

use bounded::within_bounds;
pub(crate) use bounded::{parse, tree};
pub use dialects::document as dialects;
pub use events::is_meaningful;
pub(crate) use field::Field;
use source::Attributes;
pub use table::attribute_names;
pub(crate) use table::{Dialect, is_understood};

/// Where a fact stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Among the span's attributes.
    Span,
    /// In an event of the span.
    Event,
    /// In a log record of the span.
    Record,
    /// Nowhere: it follows from what is named.
    Derived,
}

impl Place {
    /// The word for it in answers and on pages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Place::Span => "span",
            Place::Event => "event",
            Place::Record => "log record",
            Place::Derived => "derived",
        }
    }
}

/// Where a field's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) field: Field,
    /// The attribute, with a pointer into its value where only a part was taken; the event's name; or what it follows from.
    pub(crate) attribute: Cow<'static, str>,
    /// Who writes that attribute, if it has a row.
    pub(crate) dialect: Option<Dialect>,
    pub(crate) place: Place,
}

/// What a span means, and how that is known.
#[derive(Debug, Default)]
pub(crate) struct Meaning {
    pub(crate) detail: Detail,
    /// In the order they were found.
    pub(crate) facts: Vec<Fact>,
}

impl Meaning {
    /// Notes where a field came from that no row of the table set.
    fn tell(&mut self, field: Field, from: &str, place: Place) {
        self.learn(Fact { field, attribute: from.to_owned().into(), dialect: None, place });
    }

    /// Notes a fact once: a span may have a hundred thousand events that all say the same.
    fn learn(&mut self, fact: Fact) {
        /// More than there are fields, with several attributes for some.
        const MAX_FACTS: usize = 200;
        if self.facts.len() < MAX_FACTS && !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
    }
}

/// What a span means.
pub fn normalise(span: &Span, records: &[LogRecord]) -> Detail {
    explain(span, records).detail
}

/// What a span means with its meaningful log records (in order of time), and where each fact came from.
pub(crate) fn explain(span: &Span, records: &[LogRecord]) -> Meaning {
    within_bounds(|| {
        let mut meaning = Meaning::default();
        table::apply(&span.attributes, &span.origin.scope_name, Place::Span, &mut meaning);
        events::hear(&span.events, records, &span.origin.scope_name, &mut meaning);
        finish::finish(span, &Attributes::new(&span.attributes), &mut meaning);
        meaning
    })
}
