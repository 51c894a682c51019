//! Log records: a row each, the same record once.

use bennu_model::TraceId;
use rusqlite::Connection;

use crate::{PreparedLog, Result};

/// Stores a record unless it is there already; tells whether it did.
pub(crate) fn insert(connection: &Connection, log: &PreparedLog, refs: &[u8]) -> Result<bool> {
    let span_id = log.span_id.map(|id| id.0);
    let mut same = connection.prepare_cached(
        "SELECT 1 FROM log WHERE trace_id = ? AND span_id IS ? AND at_ns = ? AND version = ?",
    )?;
    if same.exists((log.trace_id.0, span_id, log.at_ns, log.version))? {
        return Ok(false);
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO log (trace_id, span_id, at_ns, severity, event_name, meaningful, preview, version, refs, data) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(rusqlite::params![
        log.trace_id.0,
        span_id,
        log.at_ns,
        log.severity,
        log.event_name,
        log.meaningful,
        log.preview,
        log.version,
        refs,
        log.data,
    ])?;
    Ok(true)
}

/// Deletes a trace's records, unless another project still has the trace.
pub(crate) fn delete(connection: &Connection, trace_id: TraceId) -> Result<()> {
    let mut elsewhere = connection.prepare_cached("SELECT 1 FROM trace WHERE trace_id = ?")?;
    if !elsewhere.exists([trace_id.0])? {
        connection.prepare_cached("DELETE FROM log WHERE trace_id = ?")?.execute([trace_id.0])?;
    }
    Ok(())
}

/// Whether the store holds any record that changes what a span means.
pub(crate) fn any_meaning(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare("SELECT 1 FROM log INDEXED BY log_with_meaning WHERE meaningful LIMIT 1")?
        .exists([])?)
}
