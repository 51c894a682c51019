//! One transaction: the spans and log records of a group of callers, their bodies, their traces' rows, their usage.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{
    State,
    bodies::Staged,
    claims::Claim,
    complete::Incomplete,
    logs,
    rows::{self, Outcome},
    shown::Shown,
    traces::{Counted, Traces},
    usage::Nodes,
};
use crate::{Batch, Prepared, PreparedLog, Result, prepare::Said, stored::refs};

/// The transaction under way.
pub(crate) struct Group<'t, 's> {
    pub(super) transaction: &'t Connection,
    pub(super) state: &'s mut State,
    staged: Staged,
    pub(super) traces: Traces,
    nodes: Nodes,
    projects: HashMap<String, i64>,
    /// Spans that log records may have to say something about.
    incomplete: Incomplete,
    /// Whether anything was new; spans and records that only repeat themselves change nothing.
    changed: bool,
}

impl Group<'_, '_> {
    /// Writes and commits; tells whether anything was new. On an error nothing is written; the caller then makes `state` forget.
    pub(crate) fn write<'a>(
        connection: &mut Connection,
        state: &mut State,
        appends: impl Iterator<Item = (&'a str, &'a Batch)>,
    ) -> Result<bool> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut group = Group {
            transaction: &transaction,
            state,
            staged: Staged::default(),
            traces: Traces::default(),
            nodes: Nodes::default(),
            projects: HashMap::new(),
            incomplete: Incomplete::default(),
            changed: false,
        };
        for (project, batch) in appends {
            group.batch(project, batch)?;
        }
        let incomplete = std::mem::take(&mut group.incomplete);
        if !incomplete.is_empty() {
            group.traces.insert_new(&transaction, &mut group.state.shapes)?;
            group.complete(incomplete)?;
        }
        let owned = std::mem::take(&mut group.nodes).flush(&transaction)?;
        group.traces.flush(&transaction, &mut group.state.shapes, owned)?;
        let Group { state, staged, traces, changed, .. } = group;
        transaction.commit()?;
        state.dedup.publish(staged.into_entries());
        traces.publish(&mut state.traces);
        Ok(changed)
    }

    fn batch(&mut self, project: &str, batch: &Batch) -> Result<()> {
        // Log records are of no project; they alone do not make one.
        if !batch.spans.is_empty() {
            let project = self.project(project)?;
            for span in &batch.spans {
                self.span(project, span)?;
            }
        }
        batch.logs.iter().try_for_each(|log| self.log(log))
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

    fn span(&mut self, project: i64, span: &Prepared) -> Result<()> {
        let refs = self.staged.resolve(self.transaction, &self.state.dedup, &span.pending)?;
        let said = &span.said;
        let trace = self.traces.get(self.transaction, &mut self.state.traces, project, said.trace_id)?;
        let trace_row = trace.id;
        let outcome = rows::store(self.transaction, project, trace_row, span, &refs::encode(&refs))?;
        if matches!(outcome, Outcome::Repeated) {
            return Ok(());
        }
        self.changed = true;
        // The row is about everything that finished versions ever said, whether or not they are kept, so that it does not
        // depend on the order of arrival.
        if !said.summary.running {
            trace.offers.settle(Shown::of(said));
        }
        let (replaced, withdrawn) = match outcome {
            Outcome::Repeated | Outcome::Outdated => return Ok(()),
            Outcome::Stored => (None, None),
            Outcome::Replaced { counted, response } => (Some(counted), response),
        };
        trace.count(Counted::of(&said.summary), replaced);
        if said.summary.running || replaced.is_some() {
            let offer = said.summary.running.then(|| Shown::of(said));
            trace.offers.offer(self.transaction, said.span_id, offer)?;
        }
        if self.state.meaning {
            self.incomplete.stored(project, trace_row, said.trace_id, said.span_id);
        }
        self.own(project, trace_row, said, withdrawn)
    }

    /// A span's row was stored: its tokens go up the tree, and of the spans that describe one call one owns its tokens. `withdrawn`
    /// is the claim of the row that it replaced.
    pub(super) fn own(
        &mut self,
        project: i64,
        trace: i64,
        said: &Said,
        withdrawn: Option<i64>,
    ) -> Result<()> {
        self.nodes.arrive(self.transaction, trace, said)?;
        let id = (trace, said.span_id.0);
        let response = rows::response(project, &said.summary);
        let mut verdicts = Vec::new();
        if let Some(withdrawn) = withdrawn.filter(|withdrawn| Some(*withdrawn) != response) {
            verdicts = self.state.claims.withdraw(withdrawn, id);
            verdicts.push((id, true));
        }
        // A claim that was judged so long ago that it is forgotten stays as it was judged: its partners are forgotten, too.
        let judged = withdrawn.is_some() && withdrawn == response;
        if let Some(response) = response.filter(|response| !judged || self.state.claims.has(*response, id)) {
            let claim = Claim {
                without_messages: !said.summary.has_messages,
                start_ns: said.start_ns,
                end_ns: said.end_ns,
                trace: id.0,
                span_id: id.1,
                scope: said.scope,
                total: said.summary.usage.total().unwrap_or(0),
            };
            verdicts.extend(self.state.claims.add(response, claim));
        }
        for (id, counts) in verdicts {
            self.nodes.judge(self.transaction, id, counts)?;
        }
        Ok(())
    }

    fn log(&mut self, log: &PreparedLog) -> Result<()> {
        let refs = self.staged.resolve(self.transaction, &self.state.dedup, &log.pending)?;
        if !logs::insert(self.transaction, log, &refs::encode(&refs))? {
            return Ok(());
        }
        self.changed = true;
        if let Some(span_id) = log.span_id.filter(|_| log.meaningful) {
            self.state.meaning = true;
            self.incomplete.told(log.trace_id, span_id);
        }
        Ok(())
    }
}
