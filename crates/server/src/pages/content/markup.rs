//! HTML made of constant tags and escaped text; there is no other way to make it.

use std::fmt;

use askama::filters::Escaper;

use super::Html;

/// A piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::pages) struct Markup(String);

impl Markup {
    /// Adds text, escaped; also right within a quoted attribute.
    pub(in crate::pages) fn text(&mut self, text: &str) {
        // Writing to a String cannot fail.
        let _ = Html.write_escaped_str(&mut self.0, text);
    }

    /// Adds a tag, or what stands between two parts of one.
    pub(in crate::pages) fn tag(&mut self, tag: &'static str) {
        self.0.push_str(tag);
    }

    pub(in crate::pages) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::pages) fn len_bytes(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
