//! `/projects/{project}/traces`: a project's traces, newest first.

mod charts;
mod columns;
pub(super) mod live;
mod query;
mod row;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Redirect,
};
use bennu_model::Kind;
use bennu_store::TraceRow;

use super::{
    Page,
    asked::Asked,
    content,
    encode::{encode, traces_link},
    format,
    frame::{Frame, Tab},
    preferences,
    projects::GettingStarted,
    read_cursor, render,
};
use crate::{app::App, error::Error};
use charts::ChartsView;
use columns::{Column, Heading, Toggle};
use query::{Chip, ListQuery, RANGES};
use row::Row;

/// Rows of a page.
const PAGE_ROWS: usize = 50;

#[derive(Template)]
#[template(path = "traces.html")]
struct TracesPage<'a> {
    frame: Frame,
    project: String,
    base: String,
    delete_link: String,
    compare_link: String,
    query: ListQuery,
    kinds: Vec<Choice>,
    ranges: Vec<Choice>,
    services: Vec<String>,
    chips: Vec<Chip>,
    charts: Option<ChartsView>,
    headings: Vec<Heading>,
    toggles: Vec<Toggle>,
    traces: Vec<Row<'a>>,
    total: String,
    newest: String,
    older: Option<String>,
    /// Where rows come from as they arrive; empty where the list is not of the newest.
    live: String,
    start: GettingStarted,
    /// Nothing is there at all, filter or not.
    empty: bool,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

pub(super) async fn redirect(Path(project): Path<String>) -> Redirect {
    Redirect::to(&traces_link(&project))
}

/// The columns that the URL names, else those chosen last.
fn list_columns(query: &ListQuery, headers: &HeaderMap) -> Vec<Column> {
    let remembered = || preferences::cookie(headers, preferences::COLUMNS).unwrap_or_default();
    columns::chosen(if query.columns.is_empty() { remembered() } else { &query.columns })
}

pub(super) async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    Asked(query): Asked<ListQuery>,
    headers: HeaderMap,
) -> Page {
    let filter = query.filter()?;
    let cursor = read_cursor(&query.cursor)?;
    let row = app.store.project(&project).await?;
    let total = row.ok_or_else(|| Error::not_found(format!("the project {project:?}")))?.traces;
    // Before the question: what is stored in between is sent again by the live list rather than missed.
    let changes = *app.store.changes().borrow();
    let mut drawn = filter.clone();
    if drawn.since_ns.is_some() {
        drawn.until_ns = drawn.until_ns.or(Some(format::now_ns()));
    }
    let (page, charts, services) = tokio::try_join!(
        app.store.traces(&project, filter, cursor, PAGE_ROWS),
        app.store.charts(&project, drawn, charts::BINS),
        app.store.services(&project),
    )?;
    let longest = page.traces.iter().map(TraceRow::duration_ns).max().unwrap_or(0);
    let base = traces_link(&project);
    let choice = |value: &str, text: &str, now: &str| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        chosen: value.eq_ignore_ascii_case(now),
    };
    let columns = list_columns(&query, &headers);
    let live = query.link(&format!("{base}/live"), |_| ());
    let is_newest = query.cursor.is_empty() && query.until.is_empty() && query.sort.is_empty();
    let mut response = render(&TracesPage {
        frame: Frame::new(content::name(&project), Some(&project), Tab::Traces),
        kinds: Kind::ALL
            .iter()
            .skip(1)
            .map(|kind| choice(kind.as_str(), &kind.as_str().to_lowercase(), &query.kind))
            .collect(),
        ranges: RANGES.iter().map(|(value, text, _)| choice(value, text, &query.last)).collect(),
        chips: query.chips(&base),
        charts: charts::view(&charts),
        newest: query.link(&base, |_| ()),
        older: page.next.map(|next| query.link(&base, |query| query.cursor = crate::api::write_cursor(next))),
        traces: page.traces.into_iter().map(|trace| row::view(trace, longest, &columns)).collect(),
        headings: columns::headings(&columns, &query, &base),
        toggles: columns::toggles(&columns, &query, &base),
        live: if is_newest {
            format!("{live}{}changes={changes}", if live.contains('?') { '&' } else { '?' })
        } else {
            String::new()
        },
        delete_link: format!("/projects/{}/delete", encode(&project)),
        compare_link: format!("/projects/{}/compare", encode(&project)),
        total: format::count(total),
        start: GettingStarted::new(&app, &headers, Some(&project)),
        empty: total == 0,
        project,
        base,
        services,
        query: query.clone(),
    });
    if !query.columns.is_empty() {
        preferences::remember(&mut response, preferences::COLUMNS, &columns::written(&columns));
    }
    Ok(response)
}
