//! Projects with their totals.

use rusqlite::Connection;

use crate::Result;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    /// Row id, which Phoenix's clients see in its encoded form.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Traces.
    pub traces: u64,
    /// Spans.
    pub spans: u64,
    /// Traces with an error in them.
    pub errors: u64,
    /// Tokens owned by its spans: input, output, and totals that came without a split.
    pub tokens: u64,
    /// Start of the newest trace, nanoseconds since the Unix epoch; 0 when there is none.
    pub last_ns: i64,
}

/// All projects, the most recently used first.
pub(crate) fn projects(connection: &Connection) -> Result<Vec<ProjectRow>> {
    let mut select = connection.prepare_cached(
        "SELECT id, name, traces, spans, errors, tokens, last_ns FROM project ORDER BY last_ns DESC, name LIMIT 10000",
    )?;
    let rows = select.query_map([], |row| {
        Ok(ProjectRow {
            id: row.get(0)?,
            name: row.get(1)?,
            traces: count(row.get(2)?),
            spans: count(row.get(3)?),
            errors: count(row.get(4)?),
            tokens: count(row.get(5)?),
            last_ns: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A count from a column.
pub(crate) fn count(column: i64) -> u64 {
    column.max(0).unsigned_abs()
}
