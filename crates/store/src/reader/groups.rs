//! Traces gathered by session or by user, the group with the newest trace first.
//!
//! A group stands where its newest trace stands. Which those are is found in one of two ways, both through indexes alone:
//! - Sessions are many and short. A scan of the traces that have one, newest first, takes those that no newer trace of the same
//!   session follows, and stops when the page is full.
//! - Users are few and have many traces. A scan would go through most of them before a page is full, so the index on users is
//!   leapt through, from one user to the next.
//!
//! Then each group of the page is summed up from its traces.

use std::collections::HashSet;

use bennu_model::{TOKEN_TYPES, Usage};
use rusqlite::{Connection, OptionalExtension, types::Value};

use super::{
    cursor::Cursor,
    projects::count,
    traces::{self, TraceRow},
};
use crate::Result;

/// Traces of one group that are summed up at most, the newest: some tens of milliseconds.
const MAX_SUMMED: usize = 20_000;

/// Users that a session's row names at most.
const MAX_USERS: usize = 3;

/// What traces are gathered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Their session.
    Session,
    /// Their user.
    User,
}

/// Which groups. Empty fields do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupFilter {
    /// The key contains this, case ignored (ASCII).
    pub contains: Option<String>,
    /// Its last trace starts at or after, nanoseconds since the Unix epoch.
    pub since_ns: Option<i64>,
    /// Its last trace starts before.
    pub until_ns: Option<i64>,
    /// Has a trace of this user, exactly.
    pub user_id: Option<String>,
}

/// A session or a user.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    /// The session or the user.
    pub key: String,
    /// Traces.
    pub traces: u64,
    /// Traces with an error.
    pub errors: u64,
    /// Spans.
    pub spans: u64,
    /// Tokens owned by its spans.
    pub usage: Usage,
    /// Start of its first trace, nanoseconds since the Unix epoch.
    pub first_ns: i64,
    /// Start of its last trace.
    pub last_ns: i64,
    /// The latest end of any of its traces.
    pub end_ns: i64,
    /// Different sessions of its traces.
    pub sessions: u64,
    /// Different users of its traces, at most three, the latest first.
    pub users: Vec<String>,
    /// The trace that started last.
    pub last_trace: TraceRow,
    /// `false`: it has more than 20,000 traces, and what is said here is about the newest of them.
    pub complete: bool,
}

/// A page of groups.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<GroupRow>,
    /// Where to go on, if there are more: the last group's last trace.
    pub next: Option<Cursor>,
}

impl GroupBy {
    fn column(self) -> &'static str {
        match self {
            GroupBy::Session => "session",
            GroupBy::User => "user",
        }
    }

    /// Selects the last trace of every group of project `?1`: its id and start, and the key. Conditions may follow; returns
    /// also what the key is called in them.
    fn last_traces(self) -> (&'static str, &'static str) {
        match self {
            GroupBy::Session => (
                "SELECT last.id, last.start_ns, last.session FROM trace AS last \
                 WHERE last.project = ?1 AND last.session IS NOT NULL AND NOT EXISTS (SELECT 1 FROM trace AS newer \
                 WHERE newer.project = ?1 AND newer.session = last.session \
                 AND (newer.start_ns, newer.id) > (last.start_ns, last.id))",
                "last.session",
            ),
            GroupBy::User => (
                "WITH RECURSIVE key (name) AS (SELECT min(user) FROM trace WHERE project = ?1 AND user IS NOT NULL \
                 UNION ALL SELECT (SELECT min(user) FROM trace WHERE project = ?1 AND user > key.name) FROM key \
                 WHERE name IS NOT NULL) \
                 SELECT last.id, last.start_ns, key.name FROM key CROSS JOIN trace AS last ON last.id = \
                 (SELECT id FROM trace WHERE project = ?1 AND user = key.name ORDER BY start_ns DESC, id DESC LIMIT 1) \
                 WHERE key.name IS NOT NULL",
                "key.name",
            ),
        }
    }
}

/// A page of at most `limit` groups.
pub(crate) fn groups(
    connection: &Connection,
    project: &str,
    by: GroupBy,
    filter: &GroupFilter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<GroupPage> {
    // What is found and what is summed up must be of one moment.
    let snapshot = connection.unchecked_transaction()?;
    let Some(project) = project_id(&snapshot, project)? else { return Ok(GroupPage::default()) };
    let (select, key) = by.last_traces();
    let mut sql = select.to_owned();
    let mut params: Vec<Value> = vec![project.into()];
    let mut restrict = |condition: &str, values: &[Value]| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        params.extend_from_slice(values);
    };
    if let Some(contains) = &filter.contains {
        restrict(&format!("instr(lower({key}), lower(?)) > 0"), &[contains.clone().into()]);
    }
    if let Some(user) = &filter.user_id {
        let column = by.column();
        let own = format!("{key} IN (SELECT {column} FROM trace WHERE project = ?1 AND user = ?)");
        restrict(&own, &[user.clone().into()]);
    }
    for (condition, bound) in
        [("last.start_ns >= ?", filter.since_ns), ("last.start_ns < ?", filter.until_ns)]
    {
        if let Some(bound) = bound {
            restrict(condition, &[bound.into()]);
        }
    }
    if let Some(after) = after {
        restrict("(last.start_ns, last.id) < (?, ?)", &[after.key.into(), after.id.into()]);
    }
    sql.push_str(" ORDER BY last.start_ns DESC, last.id DESC LIMIT ?");
    params.push((limit as i64 + 1).into());

    let mut select = snapshot.prepare_cached(&sql)?;
    let found = select.query_map(rusqlite::params_from_iter(params), |row| Ok((row.get(0)?, row.get(2)?)))?;
    let mut found = found.collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
    let more = found.len() > limit;
    found.truncate(limit);
    let groups = found
        .into_iter()
        .map(|(last, key)| sum_up(&snapshot, project, by, key, last))
        .collect::<Result<Vec<_>>>()?;
    let next = groups.last().filter(|_| more).map(|group| {
        let last = &group.last_trace;
        Cursor { key: last.start_ns, id: last.id }
    });
    Ok(GroupPage { groups, next })
}

/// One group.
pub(crate) fn group(
    connection: &Connection,
    project: &str,
    by: GroupBy,
    key: String,
) -> Result<Option<GroupRow>> {
    let snapshot = connection.unchecked_transaction()?;
    let Some(project) = project_id(&snapshot, project)? else { return Ok(None) };
    let sql = format!(
        "SELECT id FROM trace WHERE project = ? AND {} = ? ORDER BY start_ns DESC, id DESC LIMIT 1",
        by.column()
    );
    let last = snapshot.prepare_cached(&sql)?.query_row((project, &key), |row| row.get(0)).optional()?;
    last.map(|last| sum_up(&snapshot, project, by, key, last)).transpose()
}

fn project_id(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT id FROM project WHERE name = ?")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

fn sum_up(connection: &Connection, project: i64, by: GroupBy, key: String, last: i64) -> Result<GroupRow> {
    let sql = format!(
        "SELECT {} FROM trace JOIN project ON project.id = trace.project WHERE trace.id = ?",
        traces::COLUMNS
    );
    let last_trace = connection.prepare_cached(&sql)?.query_row([last], traces::read)?;
    let sql = format!(
        "SELECT start_ns, end_ns, errors, spans, session, user, input_tokens, output_tokens, cache_read_tokens, \
         cache_write_tokens, reasoning_tokens, unsplit_tokens FROM trace WHERE project = ? AND {} = ? \
         ORDER BY start_ns DESC, id DESC LIMIT ?",
        by.column()
    );
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query((project, &key, MAX_SUMMED as i64 + 1))?;
    let mut group = GroupRow {
        key: key.clone(),
        traces: 0,
        errors: 0,
        spans: 0,
        usage: Usage::default(),
        first_ns: last_trace.start_ns,
        last_ns: last_trace.start_ns,
        end_ns: last_trace.end_ns,
        sessions: 0,
        users: Vec::new(),
        last_trace,
        complete: true,
    };
    let mut tokens = [0_u64; TOKEN_TYPES];
    let mut sessions: HashSet<String> = HashSet::new();
    while let Some(row) = rows.next()? {
        if group.traces == MAX_SUMMED as u64 {
            group.complete = false;
            break;
        }
        group.traces += 1;
        group.first_ns = row.get(0)?;
        group.end_ns = group.end_ns.max(row.get(1)?);
        group.errors += u64::from(row.get::<_, i64>(2)? > 0);
        group.spans = group.spans.saturating_add(count(row.get(3)?));
        if let Some(session) = row.get_ref(4)?.as_str_or_null().ok().flatten()
            && !sessions.contains(session)
        {
            sessions.insert(session.to_owned());
        }
        if let Some(user) = row.get_ref(5)?.as_str_or_null().ok().flatten()
            && group.users.len() < MAX_USERS
            && !group.users.iter().any(|known| known == user)
        {
            group.users.push(user.to_owned());
        }
        for (at, sum) in tokens.iter_mut().enumerate() {
            *sum = sum.saturating_add(count(row.get(6 + at)?));
        }
    }
    group.sessions = sessions.len() as u64;
    group.usage = Usage::from_tokens(tokens);
    Ok(group)
}
