//! Content of traces on its way to a page: anybody's text, made readable and harmless.
//!
//! Every word of a trace reaches a page either through a template, which escapes it, or as [`Markup`], which can only be made
//! by escaping. Nothing else may be marked safe in a template.

mod escape;
mod markup;
mod marks;
mod json;
mod markdown;
mod text;

pub(crate) use escape::Html;
pub(super) use marks::{Terms, placeholders};
pub(super) use markup::Markup;
pub(super) use text::{Mode, Text, name};
