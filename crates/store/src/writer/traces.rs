//! A trace's row, kept in step with its spans without reading them again.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::LazyLock,
};

use bennu_model::{StatusCode, Summary, TOKEN_TYPES, TraceId};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params_from_iter};

use super::{
    best::Best,
    offers::Offers,
    shapes::{Shape, Shapes},
    shown::Shown,
};
use crate::{Result, recent::Recent};

/// Trace rows kept in memory between transactions.
const CAPACITY: usize = 8_000;

/// Sums are held here: three of them and a change still fit the type.
const MAX_SUM: i64 = 1 << 60;

/// A trace's row id, and its row as of the last commit.
#[derive(Debug, Clone)]
pub(crate) struct TraceState {
    pub(crate) id: i64,
    spans: i64,
    errors: i64,
    running: i64,
    tokens: [i64; TOKEN_TYPES],
    /// Everything else that it shows.
    pub(crate) offers: Offers,
}

/// The columns of a row that change, in the order in which [`TraceState::write`] gives them.
const COLUMNS: [&str; 21 + TOKEN_TYPES] = [
    "start_ns",
    "end_ns",
    "spans",
    "errors",
    "kinds",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "unsplit_tokens",
    "root_key",
    "root_name",
    "root_kind",
    "input_key",
    "input",
    "output_key",
    "output",
    "session_key",
    "session",
    "user_key",
    "user",
    "service_key",
    "service",
    "running",
    "offers",
    "shape",
];

/// What is counted of a span's row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) failed: bool,
    pub(crate) running: bool,
}

impl Counted {
    pub(crate) fn of(summary: &Summary) -> Self {
        Counted { failed: summary.status == StatusCode::Error, running: summary.running }
    }
}

impl TraceState {
    fn read(connection: &Connection, row: &Row<'_>) -> Result<Self> {
        let name: Option<String> = row.get("root_name")?;
        let kind: Option<i64> = row.get("root_kind")?;
        let id = row.get("id")?;
        let shown = Shown {
            start_ns: row.get("start_ns")?,
            end_ns: row.get("end_ns")?,
            kinds: row.get("kinds")?,
            root: Best::stored(row.get("root_key")?, name.zip(kind)),
            input: Best::stored(row.get("input_key")?, row.get("input")?),
            output: Best::stored(row.get("output_key")?, row.get("output")?),
            session: Best::stored(row.get("session_key")?, row.get("session")?),
            user: Best::stored(row.get("user_key")?, row.get("user")?),
            service: Best::stored(row.get("service_key")?, row.get("service")?),
        };
        Ok(TraceState {
            id,
            spans: row.get("spans")?,
            errors: row.get("errors")?,
            running: row.get("running")?,
            tokens: [
                row.get("input_tokens")?,
                row.get("output_tokens")?,
                row.get("cache_read_tokens")?,
                row.get("cache_write_tokens")?,
                row.get("reasoning_tokens")?,
                row.get("unsplit_tokens")?,
            ],
            offers: Offers::read(connection, id, shown, row.get("offers")?)?,
        })
    }

    /// A span's row was stored, perhaps in the place of an earlier one.
    pub(crate) fn count(&mut self, stored: Counted, replaced: Option<Counted>) {
        self.spans += i64::from(replaced.is_none());
        let replaced = replaced.unwrap_or(Counted { failed: false, running: false });
        self.errors += i64::from(stored.failed) - i64::from(replaced.failed);
        self.running += i64::from(stored.running) - i64::from(replaced.running);
    }

    /// Writes the row of a project and trace id; `is_stored` says whether it has one.
    fn write(
        &mut self,
        connection: &Connection,
        shapes: &mut Shapes,
        key: (i64, TraceId),
        is_stored: bool,
    ) -> Result<()> {
        static INSERT: LazyLock<String> = LazyLock::new(|| {
            let places = vec!["?"; COLUMNS.len() + 3].join(", ");
            format!("INSERT INTO trace (id, {}, project, trace_id) VALUES ({places})", COLUMNS.join(", "))
        });
        static UPDATE: LazyLock<String> = LazyLock::new(|| {
            let places = COLUMNS.iter().zip(2..).map(|(column, place)| format!("{column} = ?{place}"));
            format!("UPDATE trace SET {} WHERE id = ?1", places.collect::<Vec<_>>().join(", "))
        });
        self.offers.flush(connection)?;
        let (project, trace_id) = key;
        let shown = self.offers.shown();
        let shape = shapes.id(connection, project, Shape::of(shown, self.errors))?;
        let (root, offers) = (shown.root.value(), self.offers.count());
        let (name, kind) = (root.map(|(name, _)| name), root.map(|(_, kind)| kind));
        let (root_key, input_key, output_key) = (shown.root.key(), shown.input.key(), shown.output.key());
        let (session_key, user_key, service_key) =
            (shown.session.key(), shown.user.key(), shown.service.key());
        let (input, output) = (shown.input.value(), shown.output.value());
        let (session, user, service) = (shown.session.value(), shown.user.value(), shown.service.value());
        let start: [&dyn ToSql; 6] =
            [&self.id, &shown.start_ns, &shown.end_ns, &self.spans, &self.errors, &shown.kinds];
        let rest: [&dyn ToSql; 16] = [
            &root_key,
            &name,
            &kind,
            &input_key,
            &input,
            &output_key,
            &output,
            &session_key,
            &session,
            &user_key,
            &user,
            &service_key,
            &service,
            &self.running,
            &offers,
            &shape,
        ];
        let tokens = self.tokens.iter().map(|tokens| tokens as &dyn ToSql);
        let values = start.into_iter().chain(tokens).chain(rest);
        if is_stored {
            connection.prepare_cached(&UPDATE)?.execute(params_from_iter(values))?;
        } else {
            let whose: [&dyn ToSql; 2] = [&project, &trace_id.0];
            connection.prepare_cached(&INSERT)?.execute(params_from_iter(values.chain(whose)))?;
        }
        Ok(())
    }

    /// Input, output and totals without a split: what a list shows as "tokens".
    fn total_tokens(&self) -> i64 {
        (self.tokens[0] + self.tokens[1] + self.tokens[5]).min(MAX_SUM)
    }
}

/// Trace rows by project and trace id, as committed.
#[derive(Debug)]
pub(crate) struct Cache(Recent<(i64, TraceId), TraceState>);

impl Default for Cache {
    fn default() -> Self {
        Cache(Recent::new(CAPACITY))
    }
}

impl Cache {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The traces touched by one transaction.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// The present row and the row as of the last commit.
    touched: HashMap<(i64, TraceId), (TraceState, TraceState)>,
    /// By row id, for what only knows that.
    by_id: HashMap<i64, (i64, TraceId)>,
    new: HashSet<i64>,
    /// Of the new ones those that have no row yet: a row is written once, when everything about it is known.
    unwritten: HashSet<i64>,
    /// The newest id that was given out.
    newest_id: Option<i64>,
}

impl Traces {
    /// The trace's row, made if there is none.
    pub(crate) fn get(
        &mut self,
        connection: &Connection,
        cache: &mut Cache,
        project: i64,
        trace_id: TraceId,
    ) -> Result<&mut TraceState> {
        let key = (project, trace_id);
        let (state, _) = match self.touched.entry(key) {
            Entry::Occupied(touched) => touched.into_mut(),
            Entry::Vacant(place) => {
                let known = match cache.0.get(&key) {
                    Some(state) => Some(state.clone()),
                    None => find(connection, project, trace_id)?,
                };
                let state = match known {
                    Some(state) => state,
                    None => {
                        let id = next_id(connection, &mut self.newest_id)?;
                        self.new.insert(id);
                        self.unwritten.insert(id);
                        let offers = Offers::read(connection, id, Shown::nothing(), 0)?;
                        TraceState { id, spans: 0, errors: 0, running: 0, tokens: [0; TOKEN_TYPES], offers }
                    }
                };
                self.by_id.insert(state.id, key);
                place.insert((state.clone(), state))
            }
        };
        Ok(state)
    }

    /// Writes the rows of new traces as far as they are known, for what asks for them within the transaction.
    pub(crate) fn insert_new(&mut self, connection: &Connection, shapes: &mut Shapes) -> Result<()> {
        for (key, (now, _)) in &mut self.touched {
            if self.unwritten.remove(&now.id) {
                now.write(connection, shapes, *key, false)?;
            }
        }
        Ok(())
    }

    /// Writes the rows and their projects' totals.
    pub(crate) fn flush(
        &mut self,
        connection: &Connection,
        shapes: &mut Shapes,
        owned: HashMap<i64, [i64; TOKEN_TYPES]>,
    ) -> Result<()> {
        for (id, more) in owned {
            // A span of another trace may have won a claim from a trace that this transaction did not touch otherwise.
            if let Entry::Vacant(place) = self.by_id.entry(id) {
                let Some((key, state)) = find_by_id(connection, id)? else { continue };
                place.insert(key);
                self.touched.insert(key, (state.clone(), state));
            }
            if let Some((state, _)) = self.by_id.get(&id).and_then(|key| self.touched.get_mut(key)) {
                for (tokens, more) in state.tokens.iter_mut().zip(more) {
                    *tokens = (*tokens + more).clamp(0, MAX_SUM);
                }
            }
        }
        let mut totals: HashMap<i64, [i64; 5]> = HashMap::new();
        // In the order of their ids: rows and index entries of new traces are then appended.
        let mut touched: Vec<_> = self.touched.iter_mut().collect();
        touched.sort_unstable_by_key(|(_, (now, _))| now.id);
        for (key, (now, before)) in touched {
            now.write(connection, shapes, *key, !self.unwritten.remove(&now.id))?;
            let total = totals.entry(key.0).or_default();
            total[0] += i64::from(self.new.contains(&now.id));
            total[1] += now.spans - before.spans;
            total[2] += i64::from(now.errors > 0) - i64::from(before.errors > 0);
            total[3] += now.total_tokens() - before.total_tokens();
            total[4] = total[4].max(now.offers.shown().start_ns);
        }
        for (project, total) in totals {
            add_to_project(connection, project, total)?;
        }
        Ok(())
    }

    /// After the commit: remembers the rows for the next transaction.
    pub(crate) fn publish(self, cache: &mut Cache) {
        for (key, (state, _)) in self.touched {
            cache.0.insert(key, state);
        }
    }
}

/// Adds traces, spans, traces with errors and tokens to a project; the last figure is the newest start.
pub(crate) fn add_to_project(connection: &Connection, project: i64, total: [i64; 5]) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE project SET traces = traces + ?2, spans = spans + ?3, errors = errors + ?4, \
             tokens = max(0, min(tokens + ?5, ?7)), last_ns = max(last_ns, ?6) WHERE id = ?1",
        )?
        .execute((project, total[0], total[1], total[2], total[3], total[4], MAX_SUM))?;
    Ok(())
}

fn find(connection: &Connection, project: i64, trace_id: TraceId) -> Result<Option<TraceState>> {
    let mut select = connection.prepare_cached("SELECT * FROM trace WHERE trace_id = ? AND project = ?")?;
    let found = select.query_row((trace_id.0, project), |row| Ok(TraceState::read(connection, row)));
    found.optional()?.transpose()
}

/// An id that no trace ever had.
fn next_id(connection: &Connection, newest: &mut Option<i64>) -> Result<i64> {
    let before = match newest {
        Some(id) => *id,
        None => {
            let mut select =
                connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'trace'")?;
            select.query_row([], |row| row.get(0)).optional()?.unwrap_or(0)
        }
    };
    Ok(*newest.insert(before + 1))
}

fn find_by_id(connection: &Connection, id: i64) -> Result<Option<((i64, TraceId), TraceState)>> {
    let mut select = connection.prepare_cached("SELECT * FROM trace WHERE id = ?")?;
    let found = select.query_row([id], |row| {
        let key = (row.get("project")?, TraceId(row.get("trace_id")?));
        Ok(TraceState::read(connection, row).map(|state| (key, state)))
    });
    found.optional()?.transpose()
}
