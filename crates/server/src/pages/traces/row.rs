//! A row of the list.

use askama::Template;
use bennu_store::TraceRow;

use super::columns::Column;
use crate::{
    pages::{
        content,
        encode::trace_link,
        format::{self, Moment},
        trace::row::{kind_class, kind_word},
    },
    query::is_running,
};

/// A trace as the list shows it.
#[derive(Template)]
#[template(path = "trace_row.html")]
pub(super) struct Row<'a> {
    pub(super) columns: &'a [Column],
    pub(super) id: String,
    pub(super) link: String,
    pub(super) when: Moment,
    pub(super) start_ns: i64,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) kind_class: String,
    pub(super) input: String,
    pub(super) output: String,
    pub(super) duration: String,
    /// Out of 100, against the page's longest.
    pub(super) share: String,
    pub(super) tokens: String,
    pub(super) usage: String,
    pub(super) spans: String,
    pub(super) errors: String,
    pub(super) failed: bool,
    pub(super) user: String,
    pub(super) session: String,
    pub(super) service: String,
    pub(super) has_root: bool,
    /// Something in it has not ended, and it had news lately.
    pub(super) running: bool,
}

/// `longest_ns` is the length of the whole duration bar.
pub(super) fn view(row: TraceRow, longest_ns: u64, columns: &[Column]) -> Row<'_> {
    let now_ns = format::now_ns();
    let running = is_running(&row, now_ns);
    let duration_ns = if running {
        now_ns.saturating_sub(row.start_ns).max(0).unsigned_abs().max(row.duration_ns())
    } else {
        row.duration_ns()
    };
    Row {
        columns,
        id: row.trace_id.to_string(),
        link: trace_link(&row.project, row.trace_id),
        when: format::moment(row.start_ns),
        start_ns: row.start_ns,
        name: content::name(&row.name),
        kind: kind_word(row.kind),
        kind_class: kind_class(row.kind),
        input: row.input.unwrap_or_default(),
        output: row.output.unwrap_or_default(),
        duration: format::duration(duration_ns),
        share: format!("{:.1}", (duration_ns as f64 / longest_ns.max(1) as f64 * 100.0).min(100.0)),
        tokens: format::known(row.usage.total()),
        usage: format::usage(&row.usage),
        spans: format::count(row.spans),
        errors: format::count(row.errors),
        failed: row.errors > 0,
        user: row.user_id.unwrap_or_default(),
        session: row.session_id.unwrap_or_default(),
        service: row.service.unwrap_or_default(),
        has_root: row.has_root,
        running,
    }
}
