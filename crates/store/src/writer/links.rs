//! Which spans point at a trace, kept in step with the spans themselves.

use rusqlite::Connection;

use crate::{Prepared, Result};

/// Links of one span that can be found from their other end. The span itself keeps all.
pub(crate) const MAX_LINKS: usize = 128;

/// Stores the links of a span that was inserted.
pub(crate) fn insert(connection: &Connection, trace: i64, span: &Prepared) -> Result<()> {
    if span.links.is_empty() {
        return Ok(());
    }
    // A span may point at another twice; that is one link from here.
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO link (target, start_ns, trace, span_id, target_span) VALUES (?, ?, ?, ?, ?)",
    )?;
    for (target, target_span) in &span.links {
        insert.execute((target.0, span.said.start_ns, trace, span.said.span_id.0, target_span.0))?;
    }
    Ok(())
}

/// Takes the links of a version of a span that makes room for another.
pub(crate) fn remove(connection: &Connection, trace: i64, span: &Prepared) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM link WHERE trace = ? AND span_id = ?")?;
    delete.execute((trace, span.said.span_id.0))?;
    Ok(())
}
