//! The list of traces that a filter leaves. Filters by what the shape of a trace says: the traces of each shape that is left are in the order of time, and are merged.
//!
//! So a filter that few traces match, or only old ones, costs no more than one that most match: it does not look at the others.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use rusqlite::{Connection, Row, types::Value};

use super::trace_filter::{TraceFilter, TraceSort};
use crate::{
    Result,
    writer::{NO_SHAPE, duration_class},
};

/// The shapes of a project's traces that a filter leaves, and with them that of the traces whose shape is not known. `None` if the
/// filter is better asked another way: it says nothing about shapes, or names a session, a user or what is open, which are few.
fn shapes(connection: &Connection, project: &str, filter: &TraceFilter) -> Result<Option<Vec<i64>>> {
    let mut sql = "SELECT id FROM shape WHERE project = (SELECT id FROM project WHERE name = ?)".to_owned();
    let mut params: Vec<Value> = vec![project.to_owned().into()];
    let mut restrict = |condition: &str, value: Value| {
        sql.push_str(condition);
        params.push(value);
    };
    if let Some(errors) = filter.errors {
        restrict(" AND failed = ?", errors.into());
    }
    if let Some(kind) = filter.kind {
        restrict(" AND kinds & ? != 0", (1_i64 << kind as i64).into());
    }
    if let Some(name) = &filter.name {
        restrict(" AND instr(lower(name), lower(?)) > 0", name.clone().into());
    }
    for (condition, value) in [(" AND name = ?", &filter.exact_name), (" AND service = ?", &filter.service)] {
        if let Some(value) = value {
            restrict(condition, value.clone().into());
        }
    }
    for (condition, bound) in [
        (" AND duration_class >= ?", filter.min_duration_ns),
        (" AND duration_class <= ?", filter.max_duration_ns),
    ] {
        if let Some(bound) = bound {
            restrict(condition, duration_class(bound).into());
        }
    }
    let few =
        filter.user_id.is_some() || !filter.session_ids.is_empty() || filter.open_with_news_ns.is_some();
    if params.len() == 1 || few || filter.sort != TraceSort::Start {
        return Ok(None);
    }
    let mut select = connection.prepare_cached(&sql)?;
    let mut shapes = select
        .query_map(rusqlite::params_from_iter(params), |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    shapes.push(NO_SHAPE);
    Ok(Some(shapes))
}

/// A question for traces: columns of table `trace` joined with its `project`, the start and the row id first.
pub(crate) struct Question<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) columns: &'a str,
    pub(crate) project: &'a str,
    pub(crate) filter: &'a TraceFilter,
}

/// The rows of one shape that are read and not yet taken, in the list's order.
struct Run<T> {
    shape: i64,
    rows: VecDeque<(Place, T)>,
    /// Where to go on reading.
    after: Place,
    ended: bool,
}

/// Start and row id.
type Place = (i64, i64);

impl Question<'_> {
    /// At most `limit` traces in the filter's order, those beyond a place, each with what they are sorted by.
    pub(crate) fn list<T>(
        &self,
        after: Option<Place>,
        limit: usize,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<(i64, T)>> {
        // A trace may get another shape meanwhile, and would be found twice or not at all.
        let _snapshot = self.connection.unchecked_transaction()?;
        if let Some(shapes) = shapes(self.connection, self.project, self.filter)? {
            return self.merge(shapes, after, limit, read);
        }
        let key = self.filter.sort.expression();
        let mut sql = format!(
            "SELECT {}, {key} AS sort_key FROM trace {} JOIN project ON project.id = trace.project WHERE true",
            self.columns,
            self.filter.index()
        );
        let mut params: Vec<Value> = Vec::new();
        self.filter.restrict(self.project, &mut sql, &mut params);
        let (direction, beyond) = self.filter.direction();
        if let Some((after, id)) = after {
            sql.push_str(&format!(" AND ({key}, trace.id) {beyond} (?, ?)"));
            params.extend([after.into(), id.into()]);
        }
        sql.push_str(&format!(" ORDER BY {key} {direction}, trace.id {direction} LIMIT ?"));
        params.push((limit as i64).into());
        let mut select = self.connection.prepare_cached(&sql)?;
        let rows = select
            .query_map(rusqlite::params_from_iter(params), |row| Ok((row.get("sort_key")?, read(row)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The same of some shapes.
    fn merge<T>(
        &self,
        shapes: Vec<i64>,
        after: Option<Place>,
        limit: usize,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<(i64, T)>> {
        let (beginning, sign) =
            if self.filter.ascending { ((i64::MIN, 0), 1) } else { ((i64::MAX, i64::MAX), -1) };
        let after = after.unwrap_or(beginning);
        // Shapes are as different as what is done in a project: most of a page may be of one.
        let part = (2 * limit / shapes.len().max(1)).clamp(4, limit.max(4));
        let mut runs: Vec<Run<T>> = shapes
            .into_iter()
            .map(|shape| Run { shape, rows: VecDeque::new(), after, ended: false })
            .collect();
        let order = |(start, id): Place| Reverse((i128::from(start) * sign, i128::from(id) * sign));
        let mut heads = BinaryHeap::new();
        for (at, run) in runs.iter_mut().enumerate() {
            self.fill(run, part, &read)?;
            heads.extend(run.rows.front().map(|(place, _)| (order(*place), at)));
        }
        let mut taken = Vec::new();
        while let Some((_, at)) = heads.pop().filter(|_| taken.len() < limit) {
            let run = &mut runs[at];
            taken.extend(run.rows.pop_front().map(|((start_ns, _), row)| (start_ns, row)));
            if run.rows.is_empty() {
                self.fill(run, part, &read)?;
            }
            heads.extend(run.rows.front().map(|(place, _)| (order(*place), at)));
        }
        Ok(taken)
    }

    fn fill<T>(
        &self,
        run: &mut Run<T>,
        part: usize,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<()> {
        if run.ended {
            return Ok(());
        }
        let mut sql = format!(
            "SELECT {} FROM trace INDEXED BY trace_by_shape JOIN project ON project.id = trace.project WHERE true",
            self.columns
        );
        let mut params: Vec<Value> = Vec::new();
        // Whether a trace matches, its shape says already; what is asked of those beside is in the index.
        match run.shape {
            NO_SHAPE => self.filter.restrict(self.project, &mut sql, &mut params),
            _ => self.filter.restrict_time(self.project, &mut sql, &mut params),
        }
        let (direction, beyond) = self.filter.direction();
        sql.push_str(&format!(
            " AND trace.shape = ? AND (start_ns, trace.id) {beyond} (?, ?) ORDER BY start_ns {direction}, \
             trace.id {direction} LIMIT ?"
        ));
        params.extend([run.shape.into(), run.after.0.into(), run.after.1.into(), (part as i64).into()]);
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            let place = (row.get(0)?, row.get(1)?);
            run.after = place;
            run.rows.push_back((place, read(row)?));
        }
        run.ended = run.rows.len() < part;
        Ok(())
    }
}
