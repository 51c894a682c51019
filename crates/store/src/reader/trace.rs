//! One trace: its row and the light rows of its spans.

use std::cmp::Reverse;

use bennu_model::{Kind, SpanId, StatusCode, TraceId, Usage};
use rusqlite::{Connection, OptionalExtension, Row};

use super::traces::{self, TraceRow};
use crate::{Error, Result, writer};

/// Spans of one trace that an answer holds at most.
pub(crate) const MAX_SPANS: usize = 100_000;

/// A trace with its spans.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The trace's row.
    pub row: TraceRow,
    /// Its spans by start, without content.
    pub spans: Vec<SpanRow>,
    /// Other projects that hold spans of this trace id.
    pub also_in: Vec<String>,
}

/// A span as the waterfall shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanRow {
    /// Row id, the order of insertion.
    pub id: i64,
    /// Span id.
    pub span_id: SpanId,
    /// Parent, which may not have arrived.
    pub parent_id: Option<SpanId>,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// How it ended: what it says, or an error that only an event or `error.type` tells of.
    pub status: StatusCode,
    /// Start, nanoseconds since the Unix epoch.
    pub start_ns: i64,
    /// End, nanoseconds since the Unix epoch; of a running span whatever was sent as one.
    pub end_ns: i64,
    /// Whether the client only said so far that it began.
    pub running: bool,
    /// Model.
    pub model: Option<String>,
    /// A tool's name, how many documents, an exception.
    pub note: Option<String>,
    /// Tokens it reports.
    pub usage: Usage,
    /// Tokens it owns, where it reports any.
    pub usage_owned: Usage,
}

impl SpanRow {
    /// Sorts the spans of a trace: by start, the longer before the shorter.
    pub(super) fn place(&self) -> (i64, Reverse<i64>, i64) {
        (self.start_ns, Reverse(self.end_ns), self.id)
    }
}

pub(crate) const COLUMNS: &str = "span.id, span.span_id, span.parent_id, name, kind, status, span.start_ns, span.end_ns, model, note, \
     usage.flags, usage.reported, usage.below, span.running";
pub(crate) const USAGE_JOIN: &str =
    "LEFT JOIN usage ON usage.trace = span.trace AND usage.span_id = span.span_id";

/// A trace's row alone.
pub(crate) fn trace_row(
    connection: &Connection,
    project: &str,
    trace_id: TraceId,
) -> Result<Option<TraceRow>> {
    let sql = format!(
        "SELECT {} FROM trace JOIN project ON project.id = trace.project WHERE trace_id = ? AND project.name = ?",
        traces::COLUMNS
    );
    let mut select = connection.prepare_cached(&sql)?;
    Ok(select.query_row((trace_id.0, project), traces::read).optional()?)
}

/// The trace, or `None`. Without a project, the one whose trace began first.
pub(crate) fn trace(
    connection: &Connection,
    project: Option<&str>,
    trace_id: TraceId,
) -> Result<Option<Trace>> {
    let Some(mut trace) = trace_alone(connection, project, trace_id)? else { return Ok(None) };
    let row = &trace.row;
    // Sorting here is several times as fast as a temporary table of SQLite; only what is cut has to be in order before.
    let order = if row.spans > MAX_SPANS as u64 { "ORDER BY start_ns, end_ns DESC, span.id" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM span {USAGE_JOIN} WHERE span.trace = ? {order} LIMIT ?");
    let mut select = connection.prepare_cached(&sql)?;
    let mut spans = select
        .query_map((row.id, MAX_SPANS as i64), |row| Ok(read(row)))?
        .map(|span| span?)
        .collect::<Result<Vec<_>>>()?;
    spans.sort_unstable_by_key(SpanRow::place);
    trace.spans = spans;
    Ok(Some(trace))
}

/// The same without its spans.
pub(crate) fn trace_alone(
    connection: &Connection,
    project: Option<&str>,
    trace_id: TraceId,
) -> Result<Option<Trace>> {
    let sql = format!(
        "SELECT {} FROM trace JOIN project ON project.id = trace.project WHERE trace_id = ? ORDER BY start_ns, trace.id",
        traces::COLUMNS
    );
    let mut select = connection.prepare_cached(&sql)?;
    let all = select.query_map([trace_id.0], traces::read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let position = match project {
        Some(project) => all.iter().position(|row| row.project == project),
        None => (!all.is_empty()).then_some(0),
    };
    let Some(position) = position else { return Ok(None) };
    let row = all[position].clone();
    let also_in = all.into_iter().map(|other| other.project).filter(|other| *other != row.project).collect();
    Ok(Some(Trace { row, spans: Vec::new(), also_in }))
}

/// The project where a trace began.
pub(crate) fn project_of(connection: &Connection, trace_id: TraceId) -> Result<Option<String>> {
    let mut select = connection.prepare_cached(
        "SELECT project.name FROM trace JOIN project ON project.id = trace.project WHERE trace_id = ? \
         ORDER BY start_ns, trace.id LIMIT 1",
    )?;
    Ok(select.query_row([trace_id.0], |row| row.get(0)).optional()?)
}

/// Reads a row of [`COLUMNS`]. By number: a name would be looked up for every row.
pub(crate) fn read(row: &Row<'_>) -> Result<SpanRow> {
    let (usage, usage_owned) = match row.get::<_, Option<i64>>(10)? {
        Some(flags) => {
            let column = |at: usize| Ok::<_, Error>(row.get_ref(at)?.as_blob().unwrap_or_default());
            let (usage, owned) = writer::read_usage(flags, column(11)?, column(12)?)?;
            // Unknown stays unknown; a reported type that somebody else owns is zero.
            let reported = usage.parts();
            let mut parts = owned.map(Some);
            parts.iter_mut().zip(reported).for_each(|(owned, reported)| *owned = reported.and(*owned));
            (usage, Usage::from_parts(parts))
        }
        None => (Usage::default(), Usage::default()),
    };
    Ok(SpanRow {
        id: row.get(0)?,
        span_id: SpanId(row.get(1)?),
        parent_id: row.get::<_, Option<[u8; 8]>>(2)?.map(SpanId),
        name: row.get(3)?,
        kind: Kind::from_number(row.get(4)?),
        status: StatusCode::from_number(row.get(5)?),
        start_ns: row.get(6)?,
        end_ns: row.get(7)?,
        running: row.get(13)?,
        model: row.get(8)?,
        note: row.get(9)?,
        usage,
        usage_owned,
    })
}
