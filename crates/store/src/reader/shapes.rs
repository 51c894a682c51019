//! The list of traces that a filter leaves. Filters by what the shape of a trace says: the traces of each shape that is left are in the order of time, and are merged.
//!
//! So a filter that few traces match, or only old ones, costs no more than one that most match: it does not look at the others.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use rusqlite::{Connection, OptionalExtension, Row, types::Value};

use super::trace_filter::{TraceFilter, TraceSort};
use crate::{
    Result,
    writer::{NO_SHAPE, duration_class},
};

/// The shapes of a project's traces that a filter leaves, each with whether all its traces match, and with them that of the
/// traces whose shape is not known. `None` if the filter is better asked another way: it says nothing about shapes, or names a
/// session, a user or what is open, which are few.
fn shapes(connection: &Connection, project: &str, filter: &TraceFilter) -> Result<Option<Vec<(i64, bool)>>> {
    let mut sql =
        "SELECT id, duration_class FROM shape WHERE project = (SELECT id FROM project WHERE name = ?)"
            .to_owned();
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
    let bounds = [filter.min_duration_ns, filter.max_duration_ns].map(|bound| bound.map(duration_class));
    let mut select = connection.prepare_cached(&sql)?;
    let mut shapes = select
        .query_map(rusqlite::params_from_iter(params), |row| {
            // In the class that a bound lies in, some do not.
            Ok((row.get(0)?, !bounds.contains(&Some(row.get(1)?))))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    shapes.push((NO_SHAPE, false));
    Ok(Some(shapes))
}

/// Traces of a shape that are looked at in one go, at first and at most.
const MIN_PART: usize = 4;
const MAX_PART: usize = 4_000;

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
    all_match: bool,
    rows: VecDeque<(Place, T)>,
    /// Where to go on reading; what comes is beyond.
    after: Place,
    /// How many traces to look at next.
    part: usize,
    ended: bool,
}

impl<T> Run<T> {
    /// Where the next row is, or beyond which it will be found.
    fn head(&self) -> Option<Place> {
        self.rows.front().map(|(place, _)| *place).or_else(|| (!self.ended).then_some(self.after))
    }
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

    /// The same of some shapes. Each is read only as far as the list has come: of traces of which few match, as those in the class
    /// that a bound of the duration lies in, those older than the end of the list are not looked at.
    fn merge<T>(
        &self,
        shapes: Vec<(i64, bool)>,
        after: Option<Place>,
        limit: usize,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<(i64, T)>> {
        let (beginning, sign) = if self.filter.ascending {
            (self.filter.since_ns.map_or((i64::MIN, 0), |since| (since, i64::MIN)), 1)
        } else {
            (self.filter.until_ns.map_or((i64::MAX, i64::MAX), |until| (until, i64::MIN)), -1)
        };
        let after = after.unwrap_or(beginning);
        // Shapes are as different as what is done in a project: most of a page may be of one.
        let part = (2 * limit / shapes.len().max(1)).clamp(MIN_PART, MAX_PART);
        let order = |(start, id): Place| Reverse((i128::from(start) * sign, i128::from(id) * sign));
        let mut runs: Vec<Run<T>> = shapes
            .into_iter()
            .map(|(shape, all_match)| Run {
                shape,
                all_match,
                rows: VecDeque::new(),
                after,
                part,
                ended: false,
            })
            .collect();
        let mut heads: BinaryHeap<_> = (0..runs.len()).map(|at| (order(after), at)).collect();
        let mut taken = Vec::new();
        while let Some((_, at)) = heads.pop().filter(|_| taken.len() < limit) {
            let run = &mut runs[at];
            match run.rows.pop_front() {
                Some(((start_ns, _), row)) => taken.push((start_ns, row)),
                None => self.fill(run, &read)?,
            }
            heads.extend(run.head().map(|place| (order(place), at)));
        }
        Ok(taken)
    }

    /// Looks at the next traces of a shape.
    fn fill<T>(&self, run: &mut Run<T>, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<()> {
        const FROM: &str =
            "FROM trace INDEXED BY trace_by_shape JOIN project ON project.id = trace.project WHERE true";
        let (direction, beyond) = self.filter.direction();
        let next = format!(" AND trace.shape = ? AND (start_ns, trace.id) {beyond} (?, ?)");
        let in_order = format!(" ORDER BY start_ns {direction}, trace.id {direction}");
        let place: [Value; 3] = [run.shape.into(), run.after.0.into(), run.after.1.into()];
        let part = Value::from(run.part as i64);

        let (mut conditions, mut params) = (String::new(), Vec::new());
        match run.shape {
            _ if run.all_match => self.filter.restrict_start(self.project, &mut conditions, &mut params),
            NO_SHAPE => self.filter.restrict(self.project, &mut conditions, &mut params),
            _ => self.filter.restrict_time(self.project, &mut conditions, &mut params),
        }
        let mut sql = format!("SELECT {} {FROM}{conditions}{next}", self.columns);
        params.extend(place.clone());
        let horizon = if run.all_match {
            sql.push_str(&format!("{in_order} LIMIT ?"));
            params.push(part);
            None
        } else {
            let (mut start, mut asked) = (String::new(), Vec::new());
            self.filter.restrict_start(self.project, &mut start, &mut asked);
            asked.extend(place.into_iter().chain([part]));
            let mut last = self.connection.prepare_cached(&format!(
                "SELECT start_ns, trace.id {FROM}{start}{next}{in_order} LIMIT 1 OFFSET ? - 1"
            ))?;
            let horizon: Option<Place> = last
                .query_row(rusqlite::params_from_iter(asked), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((start_ns, id)) = horizon {
                let within = if self.filter.ascending { "<=" } else { ">=" };
                sql.push_str(&format!(" AND (start_ns, trace.id) {within} (?, ?)"));
                params.extend([Value::from(start_ns), Value::from(id)]);
            }
            sql.push_str(&in_order);
            horizon
        };
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            run.rows.push_back(((row.get(0)?, row.get(1)?), read(row)?));
        }
        let last = run.rows.back().map(|(place, _)| *place).filter(|_| run.all_match);
        run.ended = if run.all_match { run.rows.len() < run.part } else { horizon.is_none() };
        run.after = horizon.or(last).unwrap_or(run.after);
        run.part = (run.part * 2).min(MAX_PART);
        Ok(())
    }
}
