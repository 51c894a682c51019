//! Projects with their totals.

use rusqlite::{Connection, OptionalExtension, Row};

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

const COLUMNS: &str = "id, name, traces, spans, errors, tokens, last_ns";

/// All projects, the most recently used first.
pub(crate) fn projects(connection: &Connection) -> Result<Vec<ProjectRow>> {
    let sql = format!("SELECT {COLUMNS} FROM project ORDER BY last_ns DESC, name LIMIT 10000");
    let mut select = connection.prepare_cached(&sql)?;
    Ok(select.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow {
        id: row.get(0)?,
        name: row.get(1)?,
        traces: count(row.get(2)?),
        spans: count(row.get(3)?),
        errors: count(row.get(4)?),
        tokens: count(row.get(5)?),
        last_ns: row.get(6)?,
    })
}

/// The project of that name.
pub(crate) fn project(connection: &Connection, name: &str) -> Result<Option<ProjectRow>> {
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM project WHERE name = ?"))?;
    Ok(select.query_row([name], read).optional()?)
}

/// A count from a column.
pub(crate) fn count(column: i64) -> u64 {
    column.max(0).unsigned_abs()
}
