//! A span is completed by its log records: what it means is derived again from it and from them.
//!
//! Done at the end of a group, once a span, however many records came for it; and whichever came first, so that in the end the
//! row says what the kept version and all its records say together.
//!
//! What it costs: nothing as long as the store has no record with a meaning. From then on a look into an index for every trace
//! of a group, and where that finds something another for every span that was stored. A span that has records is read whole and
//! stored as a new row with the same content.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic,
};

use bennu_model::{SpanId, StatusCode, TraceId};

use super::{group::Group, rows, shown::Shown, traces::Counted};
use crate::{
    Result,
    prepare::{Said, fit},
    reader::{Fetch, has_meaning, meaning, span_of_trace},
    stored::encode,
};

/// Spans that a group stored, and spans that it has records of.
#[derive(Debug, Default)]
pub(crate) struct Incomplete {
    /// Project, trace's row, trace and span.
    stored: Vec<(i64, i64, TraceId, SpanId)>,
    told: HashSet<(TraceId, SpanId)>,
}

impl Incomplete {
    pub(crate) fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.told.is_empty()
    }

    /// A span was stored; records of an earlier group may wait for it.
    pub(crate) fn stored(&mut self, project: i64, trace: i64, trace_id: TraceId, span_id: SpanId) {
        self.stored.push((project, trace, trace_id, span_id));
    }

    /// A record with a meaning was stored; its span may be there already, in any project.
    pub(crate) fn told(&mut self, trace_id: TraceId, span_id: SpanId) {
        self.told.insert((trace_id, span_id));
    }
}

impl Group<'_, '_> {
    /// Completes every span that has to be.
    pub(super) fn complete(&mut self, incomplete: Incomplete) -> Result<()> {
        if self.state.derive.is_none() || incomplete.is_empty() {
            return Ok(());
        }
        // In an order of its own, not that of a hash map: ids of rows should not depend on it.
        let mut spans: BTreeMap<(i64, SpanId), (i64, TraceId)> = BTreeMap::new();
        let mut known: HashMap<TraceId, bool> = HashMap::new();
        for (project, trace, trace_id, span_id) in incomplete.stored {
            let has_meaning = match known.get(&trace_id) {
                Some(known) => *known,
                None => has_meaning(self.transaction, trace_id)?,
            };
            known.insert(trace_id, has_meaning);
            if has_meaning {
                spans.insert((trace, span_id), (project, trace_id));
            }
        }
        let mut select =
            self.transaction.prepare_cached("SELECT id, project FROM trace WHERE trace_id = ?")?;
        for (trace_id, span_id) in incomplete.told {
            let traces = select.query_map([trace_id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for trace in traces {
                let (trace, project) = trace?;
                spans.insert((trace, span_id), (project, trace_id));
            }
        }
        drop(select);
        let mut fetch = Fetch::new(self.transaction);
        for ((trace, span_id), (project, trace_id)) in spans {
            self.complete_span(&mut fetch, project, trace, trace_id, span_id)?;
        }
        Ok(())
    }

    fn complete_span(
        &mut self,
        fetch: &mut Fetch<'_>,
        project: i64,
        trace: i64,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> Result<()> {
        let Some(derive) = self.state.derive else { return Ok(()) };
        let (records, _) = meaning(self.transaction, fetch, trace_id, span_id)?;
        if records.is_empty() {
            return Ok(());
        }
        let Some(stored) = span_of_trace(self.transaction, fetch, trace, span_id)? else { return Ok(()) };
        let (span, row) = (stored.span, stored.row);
        // The writer must outlive whatever a client sent.
        let Ok(mut summary) = panic::catch_unwind(|| derive(&span, &records)) else {
            tracing::error!(%trace_id, %span_id, "a span could not be completed by its log records; this is a bug");
            return Ok(());
        };
        // Which version of a span is kept depends on this: it stays what the span itself said.
        summary.running = row.running;
        let summary = fit(summary);
        let mut select = self
            .transaction
            .prepare_cached("SELECT scope, version, response, refs, data FROM span WHERE id = ?")?;
        type Rest = (i64, [u8; 8], Option<i64>, Vec<u8>, Vec<u8>);
        let (scope, version, response, refs, data): Rest = select.query_row([row.id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
        let data = match summary.status == row.status {
            true => data,
            false => encode::with_status(&data, span.status.code, summary.status)?,
        };
        let before = Counted { failed: row.status == StatusCode::Error, running: row.running };
        let said = Said {
            trace_id,
            span_id,
            parent_id: row.parent_id,
            name: row.name,
            start_ns: row.start_ns,
            end_ns: row.end_ns,
            scope,
            summary,
            version,
        };
        rows::delete(self.transaction, row.id)?;
        rows::insert(self.transaction, project, trace, &said, &refs, &data)?;
        let row = self.traces.get(self.transaction, &mut self.state.traces, project, trace_id)?;
        row.count(Counted::of(&said.summary), Some(before));
        row.offers.offer(self.transaction, span_id, Some(Shown::of(&said)))?;
        self.own(project, trace, &said, response)
    }
}
