//! A span's row, and which version of the span it holds.

use bennu_model::{StatusCode, Summary};
use rusqlite::Connection;

use super::{links, traces::Counted};
use crate::{Prepared, Result, prepare::Said};

/// What became of a span's row.
pub(crate) enum Outcome {
    Stored,
    /// The same span had been stored before.
    Repeated,
    /// This version took the place of one that was counted so and made this claim.
    Replaced {
        counted: Counted,
        response: Option<i64>,
    },
    /// The version stored before stays.
    Outdated,
}

/// Stores the span's row and its links. Of two versions of one span a finished one is kept before a pending one, else the one that
/// ended later; of two that ended together, either, but always the same one.
pub(crate) fn store(
    connection: &Connection,
    project: i64,
    trace: i64,
    span: &Prepared,
    refs: &[u8],
) -> Result<Outcome> {
    let said = &span.said;
    if insert(connection, project, trace, said, refs, &span.data)? {
        links::insert(connection, trace, span)?;
        return Ok(Outcome::Stored);
    }
    let mut select = connection.prepare_cached(
        "SELECT id, end_ns, version, status, response, running FROM span WHERE trace = ? AND span_id = ?",
    )?;
    type Row = (i64, i64, [u8; 8], i64, Option<i64>, bool);
    let (id, end_ns, version, status, response, running): Row = select
        .query_row((trace, said.span_id.0), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
    if (running, version) == (said.summary.running, said.version) {
        return Ok(Outcome::Repeated);
    }
    if (!running, end_ns, version) > (!said.summary.running, said.end_ns, said.version) {
        return Ok(Outcome::Outdated);
    }
    delete(connection, id)?;
    links::remove(connection, trace, span)?;
    insert(connection, project, trace, said, refs, &span.data)?;
    links::insert(connection, trace, span)?;
    let failed = StatusCode::from_number(status) == StatusCode::Error;
    Ok(Outcome::Replaced { counted: Counted { failed, running }, response })
}

/// Makes room for another row of the same span. A new row, not an update: whoever follows the order of insertion (the sweep, an
/// index) must see it as new.
pub(crate) fn delete(connection: &Connection, id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM span WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Inserts the row unless the span has one; tells whether it did.
pub(crate) fn insert(
    connection: &Connection,
    project: i64,
    trace: i64,
    said: &Said,
    refs: &[u8],
    data: &[u8],
) -> Result<bool> {
    let summary = &said.summary;
    let mut insert = connection.prepare_cached(
        "INSERT INTO span (trace, project, span_id, parent_id, name, kind, status, start_ns, end_ns, model, note, \
         response, scope, messages, version, refs, data, running) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trace, span_id) DO NOTHING",
    )?;
    let inserted = insert.execute(rusqlite::params![
        trace,
        project,
        said.span_id.0,
        said.parent_id.map(|id| id.0),
        said.name,
        summary.kind as i64,
        summary.status as i64,
        said.start_ns,
        said.end_ns,
        summary.model,
        summary.note,
        response(project, summary),
        said.scope,
        summary.has_messages,
        said.version,
        refs,
        data,
        summary.running,
    ])?;
    Ok(inserted == 1)
}

/// The claim a span makes, if it makes one: a hash of the provider's response id, within the project. Who only repeats usage
/// claims none.
pub(crate) fn response(project: i64, summary: &Summary) -> Option<i64> {
    let repeats = summary.aggregated || summary.kind.repeats_usage();
    let id = summary.response_id.as_ref().filter(|_| !summary.usage.is_unknown() && !repeats)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&project.to_be_bytes()).update(id.as_bytes());
    let mut word = [0; 8];
    word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    Some(i64::from_be_bytes(word))
}
