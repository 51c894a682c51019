//! From what somebody pasted to the traces it may mean.

use bennu_model::{SpanId, TraceId};
use rusqlite::{Connection, Row};

use crate::Result;

/// Matches an answer holds at most.
const MAX_FOUND: i64 = 50;

/// A trace, or a span of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Project.
    pub project: String,
    /// Trace.
    pub trace_id: TraceId,
    /// The span, if it was a span's id that matched.
    pub span_id: Option<SpanId>,
    /// The trace's shown name.
    pub name: String,
    /// The trace's start, nanoseconds since the Unix epoch.
    pub start_ns: i64,
}

/// Traces and spans whose id begins with these hex digits (lower case, at most 32), the newest first.
pub(crate) fn find(connection: &Connection, digits: &str) -> Result<Vec<Found>> {
    let (low, high) = range(digits, 32);
    let mut select = connection.prepare_cached(
        "SELECT project.name, trace_id, NULL, root_name, start_ns FROM trace JOIN project ON project.id = trace.project \
         WHERE trace_id BETWEEN ? AND ? ORDER BY start_ns DESC LIMIT ?",
    )?;
    let mut found = select.query_map((low, high, MAX_FOUND), read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    if digits.len() <= 16 {
        // No index begins with the span id: it would cost every write. This scans the narrow one that contains it.
        let (low, high) = range(digits, 16);
        let mut select = connection.prepare_cached(
            "SELECT project.name, trace_id, match.span_id, root_name, trace.start_ns FROM \
             (SELECT trace, span_id FROM span INDEXED BY span_by_id WHERE span_id BETWEEN ? AND ? LIMIT ?) AS match \
             JOIN trace ON trace.id = match.trace JOIN project ON project.id = trace.project ORDER BY trace.start_ns DESC",
        )?;
        let spans = select.query_map((low, high, MAX_FOUND), read)?;
        found.extend(spans.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// The least and the greatest id of `width` digits that begin so.
fn range(digits: &str, width: usize) -> (Vec<u8>, Vec<u8>) {
    let bytes = |fill: char| -> Vec<u8> {
        let padded: Vec<u32> = digits
            .chars()
            .chain(std::iter::repeat(fill))
            .take(width)
            .map(|digit| digit.to_digit(16).unwrap_or(0))
            .collect();
        padded.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
    };
    (bytes('0'), bytes('f'))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        project: row.get(0)?,
        trace_id: TraceId(row.get(1)?),
        span_id: row.get::<_, Option<[u8; 8]>>(2)?.map(SpanId),
        name: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        start_ns: row.get(4)?,
    })
}
