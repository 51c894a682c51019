//! Links to pages.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Everything that would end or change a path segment or a query value.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'/')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'`');

/// A name as a path segment or query value.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A project's traces.
pub(super) fn traces_link(project: &str) -> String {
    format!("/projects/{}/traces", encode(project))
}

/// A trace.
pub(super) fn trace_link(project: &str, trace_id: bennu_model::TraceId) -> String {
    format!("/projects/{}/traces/{trace_id}", encode(project))
}
