//! `/projects/{project}/traces`: a project's traces, newest first.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect},
};
use bennu_model::Kind;
use bennu_store::{TraceFilter, TraceRow};
use serde::{Deserialize, Serialize};

use super::{
    Page,
    encode::{encode, trace_link, traces_link},
    format::{self, Moment},
    frame::Frame,
    projects::GettingStarted,
    render, text,
    waterfall::{kind_class, kind_word},
};
use crate::{
    api::parse_time,
    app::App,
    error::{Code, Error},
};

/// Rows of a page.
const PAGE_ROWS: usize = 50;

/// The state of the list: everything in its URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ListQuery {
    status: String,
    kind: String,
    name: String,
    session: String,
    user: String,
    service: String,
    /// `15m`, `1h`, `24h`, `7d`, `30d`: back from now.
    last: String,
    since: String,
    until: String,
    cursor: String,
}

const RANGES: [(&str, &str, i64); 5] = [
    ("15m", "last 15 minutes", 15 * 60),
    ("1h", "last hour", 3_600),
    ("24h", "last 24 hours", 86_400),
    ("7d", "last 7 days", 7 * 86_400),
    ("30d", "last 30 days", 30 * 86_400),
];

impl ListQuery {
    fn filter(&self) -> Result<TraceFilter, Error> {
        // As it is: a session may begin with a space.
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        let invalid = |name: &str, value: &str, expected: &str| {
            Error::new(Code::Unprocessable, format!("{name}={value}: {expected} was expected"))
        };
        let time = |name: &str, text: &str| match given(text) {
            None => Ok(None),
            Some(text) => parse_time(&text)
                .map(Some)
                .ok_or_else(|| invalid(name, &text, "a time such as 2026-11-21T12:00")),
        };
        let back = match given(&self.last) {
            None => None,
            Some(last) => {
                let range = RANGES.iter().find(|(name, ..)| *name == last);
                let (.., seconds) = range.ok_or_else(|| invalid("last", &last, "15m, 1h, 24h, 7d or 30d"))?;
                Some(format::now_ns() - seconds * 1_000_000_000)
            }
        };
        Ok(TraceFilter {
            errors: match self.status.as_str() {
                "" => None,
                "error" => Some(true),
                "ok" => Some(false),
                other => return Err(invalid("status", other, "error or ok")),
            },
            kind: match given(&self.kind) {
                None => None,
                Some(kind) => {
                    Some(Kind::from_name(&kind).ok_or_else(|| invalid("kind", &kind, "a span kind"))?)
                }
            },
            name: given(&self.name),
            session_ids: given(&self.session).into_iter().collect(),
            user_id: given(&self.user),
            service: given(&self.service),
            since_ns: time("since", &self.since)?.or(back),
            until_ns: time("until", &self.until)?,
            ..TraceFilter::default()
        })
    }

    /// This list's URL with one parameter changed.
    fn link(&self, base: &str, change: impl FnOnce(&mut ListQuery)) -> String {
        let mut query = self.clone();
        query.cursor.clear();
        change(&mut query);
        let pairs: Vec<String> = query
            .pairs()
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        if pairs.is_empty() { base.to_owned() } else { format!("{base}?{}", pairs.join("&")) }
    }

    fn pairs(&self) -> [(&'static str, &str); 10] {
        [
            ("status", &self.status),
            ("kind", &self.kind),
            ("name", &self.name),
            ("session", &self.session),
            ("user", &self.user),
            ("service", &self.service),
            ("last", &self.last),
            ("since", &self.since),
            ("until", &self.until),
            ("cursor", &self.cursor),
        ]
    }

    /// The filters that are on, each with the link that takes it off.
    fn chips(&self, base: &str) -> Vec<Chip> {
        let pairs = self.pairs();
        let on = pairs.iter().filter(|(name, value)| !value.trim().is_empty() && *name != "cursor");
        on.map(|(name, value)| Chip {
            text: format!("{name}: {value}"),
            remove: self.link(base, |query| match *name {
                "status" => query.status.clear(),
                "kind" => query.kind.clear(),
                "name" => query.name.clear(),
                "session" => query.session.clear(),
                "user" => query.user.clear(),
                "service" => query.service.clear(),
                "last" => query.last.clear(),
                "since" => query.since.clear(),
                _ => query.until.clear(),
            }),
        })
        .collect()
    }
}

#[derive(Template)]
#[template(path = "traces.html")]
struct TracesPage {
    frame: Frame,
    project: String,
    base: String,
    delete_link: String,
    query: ListQuery,
    kinds: Vec<Choice>,
    ranges: Vec<Choice>,
    services: Vec<String>,
    chips: Vec<Chip>,
    traces: Vec<Row>,
    total: String,
    newest: String,
    older: Option<String>,
    start: GettingStarted,
    /// Nothing is there at all, filter or not.
    empty: bool,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

struct Chip {
    text: String,
    remove: String,
}

struct Row {
    link: String,
    when: Moment,
    name: String,
    kind: &'static str,
    kind_class: String,
    input: String,
    output: String,
    duration: String,
    /// Out of 100, against the page's longest.
    share: String,
    tokens: String,
    usage: String,
    spans: String,
    errors: String,
    failed: bool,
    user: String,
    session: String,
    service: String,
    has_root: bool,
}

pub(super) async fn redirect(Path(project): Path<String>) -> Redirect {
    Redirect::to(&traces_link(&project))
}

pub(super) async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(query): Query<ListQuery>,
    headers: HeaderMap,
) -> Page {
    let filter = query.filter()?;
    let cursor = match query.cursor.as_str() {
        "" => None,
        cursor => Some(
            crate::api::read_cursor(cursor)
                .ok_or_else(|| Error::new(Code::Unprocessable, "the page's cursor is broken"))?,
        ),
    };
    let row = app.store.project(&project).await?;
    let total = row.ok_or_else(|| Error::not_found(format!("the project {project:?}")))?.traces;
    let page = app.store.traces(&project, filter, cursor, PAGE_ROWS).await?;
    let services = app.store.services(&project).await?;
    let longest = page.traces.iter().map(TraceRow::duration_ns).max().unwrap_or(0).max(1);
    let base = traces_link(&project);
    let choice = |value: &str, text: &str, now: &str| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        chosen: value.eq_ignore_ascii_case(now),
    };
    Ok(render(&TracesPage {
        frame: Frame::new(text::name(&project), Some(&project)),
        kinds: Kind::ALL
            .iter()
            .skip(1)
            .map(|kind| choice(kind.as_str(), &kind.as_str().to_lowercase(), &query.kind))
            .collect(),
        ranges: RANGES.iter().map(|(value, text, _)| choice(value, text, &query.last)).collect(),
        chips: query.chips(&base),
        newest: query.link(&base, |_| ()),
        older: page.next.map(|next| query.link(&base, |query| query.cursor = crate::api::write_cursor(next))),
        traces: page.traces.into_iter().map(|row| view(row, longest)).collect(),
        delete_link: format!("/projects/{}/delete", encode(&project)),
        total: format::count(total),
        start: GettingStarted::new(&app, &headers, Some(&project)),
        empty: total == 0,
        project,
        base,
        services,
        query,
    })
    .into_response())
}

fn view(row: TraceRow, longest_ns: u64) -> Row {
    let duration_ns = row.duration_ns();
    Row {
        link: trace_link(&row.project, row.trace_id),
        when: format::moment(row.start_ns),
        name: text::name(&row.name),
        kind: kind_word(row.kind),
        kind_class: kind_class(row.kind),
        input: row.input.unwrap_or_default(),
        output: row.output.unwrap_or_default(),
        duration: format::duration(duration_ns),
        share: format!("{:.1}", duration_ns as f64 / longest_ns as f64 * 100.0),
        tokens: format::known(row.usage.total()),
        usage: format::usage(&row.usage),
        spans: format::count(row.spans),
        errors: format::count(row.errors),
        failed: row.errors > 0,
        user: row.user_id.unwrap_or_default(),
        session: row.session_id.unwrap_or_default(),
        service: row.service.unwrap_or_default(),
        has_root: row.has_root,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_takes_its_own_filter_off() {
        let query = ListQuery {
            status: "error".into(),
            user: "a&b".into(),
            cursor: "1-2".into(),
            ..ListQuery::default()
        };
        let chips = query.chips("/p");
        assert_eq!(
            chips.iter().map(|chip| chip.remove.as_str()).collect::<Vec<_>>(),
            ["/p?user=a%26b", "/p?status=error"]
        );
    }

    #[test]
    fn values_that_are_not_known_are_refused() {
        for query in [
            ListQuery { status: "bad".into(), ..ListQuery::default() },
            ListQuery { kind: "bad".into(), ..ListQuery::default() },
            ListQuery { last: "1y".into(), ..ListQuery::default() },
            ListQuery { since: "yesterday".into(), ..ListQuery::default() },
        ] {
            assert_eq!(query.filter().unwrap_err().code, Code::Unprocessable, "{query:?}");
        }
    }
}
