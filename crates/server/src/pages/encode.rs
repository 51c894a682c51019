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

/// How well a project's services are understood.
pub(super) fn conventions_link(project: &str) -> String {
    format!("/projects/{}/conventions", encode(project))
}

/// A trace.
pub(super) fn trace_link(project: &str, trace_id: bennu_model::TraceId) -> String {
    format!("/projects/{}/traces/{trace_id}", encode(project))
}

/// A trace beside the last good one of its name.
pub(super) fn compare_link(project: &str, trace_id: bennu_model::TraceId) -> String {
    format!("/projects/{}/compare?b={trace_id}", encode(project))
}

/// A project's sessions.
pub(super) fn sessions_link(project: &str) -> String {
    format!("/projects/{}/sessions", encode(project))
}

/// A session. Its id may be anything, dots and slashes too, so it is no part of the path.
pub(super) fn session_link(project: &str, session: &str) -> String {
    format!("/projects/{}/session?id={}", encode(project), encode(session))
}

/// A project's users.
pub(super) fn users_link(project: &str) -> String {
    format!("/projects/{}/users", encode(project))
}
