//! From any dialect's attributes to one vocabulary. Pure, and the same for writing and for reading, so that a better table
//! can be applied to history.
//!
//! - `table`: which attribute means what. To teach a new name, add a row and a fixture.
//! - `source`: an attribute's value however it was encoded: plain, JSON text, structured, flattened over many attributes.
//! - `convert`: from a source to a fact.
//! - `message`, `document`: the shapes messages and documents come in, read by one lenient reader each.
//! - `finish`: what follows from the facts together.

mod table;
mod source;
mod convert;
mod message;
mod document;
mod finish;

use bennu_model::{Detail, Span};

use source::Attributes;
pub(crate) use table::is_understood;

/// What a span means.
pub fn normalise(span: &Span) -> Detail {
    let attributes = Attributes::new(&span.attributes);
    let mut detail = Detail::default();
    for rule in table::TABLE {
        if let Some(source) = attributes.source(rule.attribute, rule.shape) {
            (rule.convert)(&source, &mut detail);
        }
    }
    finish::finish(span, &attributes, &mut detail);
    detail
}
