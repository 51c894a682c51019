//! Which traces of a project.

use bennu_model::Kind;
use rusqlite::types::Value;

/// Which traces. Empty fields do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceFilter {
    /// `true`: with at least one error; `false`: with none.
    pub errors: Option<bool>,
    /// Those in which something has not ended, a span that was announced or the root, and whose latest end is in this time
    /// (nanoseconds, both ends included).
    pub open_with_news_ns: Option<(i64, i64)>,
    /// Has a span of this kind.
    pub kind: Option<Kind>,
    /// The shown name contains this, case ignored (ASCII).
    pub name: Option<String>,
    /// The shown name is this.
    pub exact_name: Option<String>,
    /// Sessions, any of them.
    pub session_ids: Vec<String>,
    /// User, exactly.
    pub user_id: Option<String>,
    /// Service, exactly.
    pub service: Option<String>,
    /// Starts at or after, nanoseconds since the Unix epoch.
    pub since_ns: Option<i64>,
    /// Starts before.
    pub until_ns: Option<i64>,
    /// Lasts at least, nanoseconds.
    pub min_duration_ns: Option<i64>,
    /// Lasts at most.
    pub max_duration_ns: Option<i64>,
    /// What the list is sorted by.
    pub sort: TraceSort,
    /// The least first.
    pub ascending: bool,
}

/// What a list of traces is sorted by. Only the start has an index: the others read every trace that matches (without more
/// filters, an index entry of each), which a question's time bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TraceSort {
    /// Start.
    #[default]
    Start,
    /// Time from the earliest start to the latest end.
    Duration,
    /// Tokens owned: input, output, and totals that came without a split.
    Tokens,
    /// Spans with status error.
    Errors,
    /// Spans.
    Spans,
}

impl TraceSort {
    pub(crate) fn expression(self) -> &'static str {
        match self {
            TraceSort::Start => "start_ns",
            TraceSort::Duration => "(end_ns - start_ns)",
            TraceSort::Tokens => "(input_tokens + output_tokens + unsplit_tokens)",
            TraceSort::Errors => "trace.errors",
            TraceSort::Spans => "trace.spans",
        }
    }
}

impl TraceFilter {
    /// The index to take where the planner takes another. Few traces are open; in the order of their start all would be read.
    pub(crate) fn index(&self) -> &'static str {
        if self.open_with_news_ns.is_some() { "INDEXED BY trace_open" } else { "" }
    }

    /// The order as SQL says it, and how what comes later compares.
    pub(crate) fn direction(&self) -> (&'static str, &'static str) {
        if self.ascending { ("ASC", ">") } else { ("DESC", "<") }
    }

    /// Appends the conditions to a `WHERE` over `trace` joined with its `project`.
    pub(crate) fn restrict(&self, project: &str, sql: &mut String, params: &mut Vec<Value>) {
        self.restrict_time(project, sql, params);
        let mut restrict = |condition: &str, values: &[Value]| {
            sql.push_str(" AND ");
            sql.push_str(condition);
            params.extend_from_slice(values);
        };
        match self.errors {
            Some(true) => restrict("trace.errors > 0", &[]),
            Some(false) => restrict("trace.errors = 0", &[]),
            None => {}
        }
        if let Some((since_ns, until_ns)) = self.open_with_news_ns {
            restrict(
                "(trace.running > 0 OR substr(root_key, 1, 1) IS NOT X'00') AND trace.end_ns BETWEEN ? AND ?",
                &[since_ns.into(), until_ns.into()],
            );
        }
        if let Some(kind) = self.kind {
            restrict("kinds & ? != 0", &[(1_i64 << kind as i64).into()]);
        }
        if let Some(name) = &self.name {
            restrict("instr(lower(root_name), lower(?)) > 0", &[name.clone().into()]);
        }
        if !self.session_ids.is_empty() {
            let places = vec!["?"; self.session_ids.len()].join(", ");
            let values: Vec<Value> = self.session_ids.iter().map(|id| id.clone().into()).collect();
            restrict(&format!("session IN ({places})"), &values);
        }
        for (column, value) in
            [("user", &self.user_id), ("service", &self.service), ("root_name", &self.exact_name)]
        {
            if let Some(value) = value {
                restrict(&format!("{column} = ?"), &[value.clone().into()]);
            }
        }
    }

    /// Of the conditions only the project and what is about time: all there is to ask of traces whose shape matches but for a bound's class.
    pub(crate) fn restrict_time(&self, project: &str, sql: &mut String, params: &mut Vec<Value>) {
        self.restrict_start(project, sql, params);
        for (condition, bound) in [
            (" AND end_ns - start_ns >= ?", self.min_duration_ns),
            (" AND end_ns - start_ns <= ?", self.max_duration_ns),
        ] {
            push(condition, bound, sql, params);
        }
    }

    /// Of these only the project and the start.
    pub(crate) fn restrict_start(&self, project: &str, sql: &mut String, params: &mut Vec<Value>) {
        sql.push_str(" AND project.name = ?");
        params.push(project.to_owned().into());
        for (condition, bound) in
            [(" AND start_ns >= ?", self.since_ns), (" AND start_ns < ?", self.until_ns)]
        {
            push(condition, bound, sql, params);
        }
    }
}

fn push(condition: &str, bound: Option<i64>, sql: &mut String, params: &mut Vec<Value>) {
    if let Some(bound) = bound {
        sql.push_str(condition);
        params.push(bound.into());
    }
}
