//! A project's traces, newest first, a page at a time.

use bennu_model::{Kind, SpanId, TraceId, Usage};
use rusqlite::{Connection, Row};

use super::{cursor::Cursor, projects::count, shapes::Question, trace_filter::TraceFilter};
use crate::{Result, writer::span_of};

/// A trace as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// Row id.
    pub id: i64,
    /// Project.
    pub project: String,
    /// Trace id.
    pub trace_id: TraceId,
    /// Earliest start, nanoseconds since the Unix epoch.
    pub start_ns: i64,
    /// Latest end, nanoseconds since the Unix epoch; a span that is still running has come as far as its start.
    pub end_ns: i64,
    /// Spans stored.
    pub spans: u64,
    /// Spans that ended in an error, by [`SpanRow::status`](crate::SpanRow).
    pub errors: u64,
    /// Spans that are still running, as far as was told.
    pub running: u64,
    /// Name of the root, or of the outermost span that has arrived.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether a span without a parent has arrived.
    pub has_root: bool,
    /// Preview of the input.
    pub input: Option<String>,
    /// The span that preview is from.
    pub input_span: Option<SpanId>,
    /// Preview of the output.
    pub output: Option<String>,
    /// The span that preview is from.
    pub output_span: Option<SpanId>,
    /// Session.
    pub session_id: Option<String>,
    /// User.
    pub user_id: Option<String>,
    /// Service of the outermost span.
    pub service: Option<String>,
    /// Tokens owned by its spans.
    pub usage: Usage,
}

impl TraceRow {
    /// Nanoseconds from the earliest start to the latest end.
    pub fn duration_ns(&self) -> u64 {
        count(self.end_ns.saturating_sub(self.start_ns))
    }
}

/// A page of traces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TracePage {
    /// The traces.
    pub traces: Vec<TraceRow>,
    /// Where to go on, if there are more.
    pub next: Option<Cursor>,
}

pub(crate) const COLUMNS: &str = "start_ns, trace.id, project.name AS project, trace_id, end_ns, trace.spans, \
     trace.errors, trace.running, root_key, root_name, root_kind, input, input_key, output, output_key, session, user, service, input_tokens, output_tokens, \
     cache_read_tokens, cache_write_tokens, reasoning_tokens, unsplit_tokens";

/// A page of at most `limit` traces.
pub(crate) fn traces(
    connection: &Connection,
    project: &str,
    filter: &TraceFilter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<TracePage> {
    let question = Question { connection, columns: COLUMNS, project, filter };
    let mut traces = question.list(after.map(|after| (after.key, after.id)), limit + 1, read)?;
    let more = traces.len() > limit;
    traces.truncate(limit);
    let next = traces.last().filter(|_| more).map(|(key, last)| Cursor { key: *key, id: last.id });
    Ok(TracePage { traces: traces.into_iter().map(|(_, trace)| trace).collect(), next })
}

/// The services of a project's newest traces, for a filter's choices.
pub(crate) fn services(connection: &Connection, project: &str) -> Result<Vec<String>> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT service FROM (SELECT service FROM trace WHERE project = (SELECT id FROM project WHERE name = ?) \
         ORDER BY start_ns DESC LIMIT 2000) WHERE service IS NOT NULL ORDER BY service LIMIT 50",
    )?;
    Ok(select.query_map([project], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<TraceRow> {
    let root_key: Option<Vec<u8>> = row.get("root_key")?;
    let span = |key: &str| -> rusqlite::Result<Option<SpanId>> {
        Ok(row.get_ref(key)?.as_blob_or_null().ok().flatten().and_then(span_of))
    };
    let tokens = [
        row.get("input_tokens")?,
        row.get("output_tokens")?,
        row.get("cache_read_tokens")?,
        row.get("cache_write_tokens")?,
        row.get("reasoning_tokens")?,
        row.get("unsplit_tokens")?,
    ];
    Ok(TraceRow {
        id: row.get("id")?,
        project: row.get("project")?,
        trace_id: TraceId(row.get("trace_id")?),
        start_ns: row.get("start_ns")?,
        end_ns: row.get("end_ns")?,
        spans: count(row.get("spans")?),
        errors: count(row.get("errors")?),
        running: count(row.get("running")?),
        name: row.get::<_, Option<String>>("root_name")?.unwrap_or_default(),
        kind: Kind::from_number(row.get::<_, Option<i64>>("root_kind")?.unwrap_or_default()),
        has_root: root_key.is_some_and(|key| key.first() == Some(&0)),
        input: row.get("input")?,
        input_span: span("input_key")?,
        output: row.get("output")?,
        output_span: span("output_key")?,
        session_id: row.get("session")?,
        user_id: row.get("user")?,
        service: row.get("service")?,
        usage: Usage::from_tokens(tokens.map(count)),
    })
}
