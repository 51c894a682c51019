//! One transaction: the spans of a group of callers, their bodies, their traces' rows, their usage.

use std::collections::HashMap;

use bennu_model::StatusCode;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{State, bodies::Staged, claims::Claim, links, traces::Traces, usage::Nodes};
use crate::{Prepared, Result, prepare::Said, stored::refs};

/// The transaction under way.
pub(crate) struct Group<'t, 's> {
    transaction: &'t Connection,
    state: &'s mut State,
    staged: Staged,
    traces: Traces,
    nodes: Nodes,
    projects: HashMap<String, i64>,
    /// Whether anything was new; spans that only repeat themselves change nothing.
    changed: bool,
}

/// What became of a span's row.
enum Outcome {
    Stored,
    /// The same span had been stored before.
    Repeated,
    /// This version took the place of one with this status and this claim.
    Replaced {
        status: StatusCode,
        response: Option<i64>,
    },
    /// The version stored before stays.
    Outdated,
}

impl Group<'_, '_> {
    /// Writes and commits; tells whether anything was new. On an error nothing is written; the caller then makes `state` forget.
    pub(crate) fn write<'a>(
        connection: &mut Connection,
        state: &mut State,
        appends: impl Iterator<Item = (&'a str, &'a [Prepared])>,
    ) -> Result<bool> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut group = Group {
            transaction: &transaction,
            state,
            staged: Staged::default(),
            traces: Traces::default(),
            nodes: Nodes::default(),
            projects: HashMap::new(),
            changed: false,
        };
        for (project, spans) in appends {
            let project = group.project(project)?;
            for span in spans {
                group.append(project, span)?;
            }
        }
        let owned = std::mem::take(&mut group.nodes).flush(&transaction)?;
        group.traces.flush(&transaction, owned)?;
        let Group { state, staged, traces, changed, .. } = group;
        transaction.commit()?;
        state.dedup.publish(staged.into_entries());
        traces.publish(&mut state.traces);
        Ok(changed)
    }

    fn project(&mut self, name: &str) -> Result<i64> {
        if let Some(id) = self.projects.get(name) {
            return Ok(*id);
        }
        let mut select = self.transaction.prepare_cached("SELECT id FROM project WHERE name = ?")?;
        let found: Option<i64> = select.query_row([name], |row| row.get(0)).optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                self.transaction.prepare_cached("INSERT INTO project (name) VALUES (?)")?.insert([name])?
            }
        };
        self.projects.insert(name.to_owned(), id);
        Ok(id)
    }

    fn append(&mut self, project: i64, span: &Prepared) -> Result<()> {
        let refs = self.staged.resolve(self.transaction, &self.state.dedup, &span.pending)?;
        let said = &span.said;
        let trace = self.traces.get(self.transaction, &mut self.state.traces, project, said.trace_id)?;
        let trace_row = trace.id;
        let outcome = insert(self.transaction, project, trace_row, span, &refs::encode(&refs))?;
        if !matches!(outcome, Outcome::Repeated) {
            trace.see(said);
            self.changed = true;
        }
        let withdrawn = match outcome {
            Outcome::Repeated | Outcome::Outdated => return Ok(()),
            Outcome::Stored => {
                trace.count(said.summary.status, None);
                None
            }
            Outcome::Replaced { status, response } => {
                trace.count(said.summary.status, Some(status));
                response
            }
        };
        let summary = &said.summary;
        let id = (trace_row, said.span_id.0);
        self.nodes.arrive(self.transaction, trace_row, said)?;
        let response = response(project, said);
        let mut verdicts = Vec::new();
        if let Some(withdrawn) = withdrawn.filter(|withdrawn| Some(*withdrawn) != response) {
            verdicts = self.state.claims.withdraw(withdrawn, id);
            verdicts.push((id, true));
        }
        if let Some(response) = response {
            let claim = Claim {
                without_messages: !summary.has_messages,
                start_ns: said.start_ns,
                end_ns: said.end_ns,
                trace: id.0,
                span_id: id.1,
                scope: said.scope,
                total: summary.usage.total().unwrap_or(0),
            };
            verdicts.extend(self.state.claims.add(response, claim));
        }
        for (id, counts) in verdicts {
            self.nodes.judge(self.transaction, id, counts)?;
        }
        Ok(())
    }
}

/// The claim a span makes, if it makes one: a hash of the provider's response id, within the project. Who only repeats usage
/// claims none.
fn response(project: i64, span: &Said) -> Option<i64> {
    let summary = &span.summary;
    let repeats = summary.aggregated || summary.kind.repeats_usage();
    let id = summary.response_id.as_ref().filter(|_| !summary.usage.is_unknown() && !repeats)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&project.to_be_bytes()).update(id.as_bytes());
    let mut word = [0; 8];
    word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    Some(i64::from_be_bytes(word))
}

/// Stores the span's row. Of two versions of one span the one that ended later is kept; of two that ended together, either,
/// but always the same one.
fn insert(
    connection: &Connection,
    project: i64,
    trace: i64,
    span: &Prepared,
    refs: &[u8],
) -> Result<Outcome> {
    if insert_new(connection, project, trace, span, refs)? {
        return Ok(Outcome::Stored);
    }
    let mut select = connection.prepare_cached(
        "SELECT id, end_ns, version, status, response FROM span WHERE trace = ? AND span_id = ?",
    )?;
    type Row = (i64, i64, [u8; 8], i64, Option<i64>);
    let read =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
    let (id, end_ns, version, status, response): Row =
        select.query_row((trace, span.said.span_id.0), read)?;
    if version == span.said.version {
        return Ok(Outcome::Repeated);
    }
    if (end_ns, version) > (span.said.end_ns, span.said.version) {
        return Ok(Outcome::Outdated);
    }
    // A new row, not an update: whoever follows the order of insertion (the sweep, an index) must see it as new.
    connection.prepare_cached("DELETE FROM span WHERE id = ?")?.execute([id])?;
    links::remove(connection, trace, span)?;
    insert_new(connection, project, trace, span, refs)?;
    Ok(Outcome::Replaced { status: StatusCode::from_number(status), response })
}

/// Inserts the row and its links unless the span has one; tells whether it did.
fn insert_new(
    connection: &Connection,
    project: i64,
    trace: i64,
    span: &Prepared,
    refs: &[u8],
) -> Result<bool> {
    let said = &span.said;
    let summary = &said.summary;
    let mut insert = connection.prepare_cached(
        "INSERT INTO span (trace, project, span_id, parent_id, name, kind, status, start_ns, end_ns, model, note, \
         response, scope, messages, version, refs, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (trace, span_id) DO NOTHING",
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
        response(project, said),
        said.scope,
        summary.has_messages,
        said.version,
        refs,
        span.data,
    ])?;
    if inserted == 1 {
        links::insert(connection, trace, span)?;
    }
    Ok(inserted == 1)
}
