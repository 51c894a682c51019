//! `/projects/{project}/traces/{trace_id}`: the waterfall, and one span whole beside it.
//!
//! The page is served whole, and in parts to its own script: `/rows` is the next window of rows, `/span` one span's pane.

mod axis;
mod outline;
pub(super) mod row;
mod running;
pub(super) mod state;
mod timing;
pub(super) mod tree;

use std::{collections::HashSet, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use bennu_model::{LogRecord, SpanId, TraceId};
use bennu_store::{LinkFrom, LogCounts, Trace};

use super::{
    Page,
    asked::Asked,
    content::{self, Mode},
    encode::{compare_link, encode, session_link, trace_link, traces_link},
    format::{self, Moment},
    frame::{Frame, Tab},
    preferences, render,
    span::{
        Listed, Place, SpanView,
        records::{MAX_RECORDS, RecordView, records},
    },
};
use crate::{
    app::App,
    error::{Code, Error},
    query,
};
use outline::{Outline, PAGE_ROWS, Part, SpanPlace};
use running::Running;
use state::{Choice, TraceQuery, View};

#[derive(Template)]
#[template(path = "trace.html")]
struct TracePage {
    frame: Frame,
    trace_id: TraceId,
    name: String,
    duration: String,
    tokens: String,
    usage: String,
    spans: String,
    errors: u64,
    user: String,
    user_link: String,
    session: String,
    session_link: String,
    service: String,
    when: Moment,
    has_root: bool,
    /// Something is still running, and the page asks again.
    live: bool,
    also_in: Vec<Elsewhere>,
    linked_from: Vec<Linked>,
    /// Log records of no span that the trace has.
    records: Listed<RecordView>,
    outline: Outline,
    query: TraceQuery,
    choices: Vec<Choice>,
    window: Option<Window>,
    split: u8,
    json_link: String,
    otlp_link: String,
    /// The log records as JSON; empty where there are none.
    logs_link: String,
    compare_link: String,
    delete_link: String,
    missing: bool,
    /// The span that is looked at is only known from its children.
    awaited: Option<String>,
    /// How many of its spans are shown, when not all are.
    cut: String,
    span: Option<SpanView>,
}

/// A window of rows, for the page's script.
#[derive(Template)]
#[template(path = "rows.html")]
struct RowsPart {
    outline: Outline,
}

/// One span's pane, for the page's script.
#[derive(Template)]
#[template(path = "span.html")]
struct SpanPart {
    missing: bool,
    awaited: Option<String>,
    span: Option<SpanView>,
}

struct Elsewhere {
    project: String,
    link: String,
}

/// A span of another trace that links to this one.
struct Linked {
    link: String,
    name: String,
    from: String,
    when: Moment,
}

/// Which rows of a large trace are shown.
struct Window {
    first: String,
    last: String,
    all: String,
    before: Option<String>,
    after: Option<String>,
}

type TracePath = Path<(String, String)>;

pub(super) async fn page(
    State(app): State<App>,
    Path((project, trace_id)): TracePath,
    Asked(query): Asked<TraceQuery>,
    headers: HeaderMap,
) -> Page {
    let _turn = query::turn(&app.pages).await?;
    let (trace, view, running) = open(&app, &project, &trace_id, &query, true).await?;
    let id = trace.row.trace_id;
    let (trace, outline, place) = outline::of(trace, &query, &view, &running, Part::Page).await?;
    let row = &trace.row;
    let base = trace_link(&project, id);
    let span = span_view(&app, &trace, &query, &place, running.live, &headers).await?;
    let mut linked_from = app.store.links_to(id).await?;
    linked_from.dedup_by_key(|link| (link.trace_id, link.span_id));
    let project_query = format!("?project={}", encode(&project));
    let counts = app.store.log_counts(row.id).await?;
    let mut response = render(&TracePage {
        frame: Frame::new(content::name(&row.name), Some(&project), Tab::Traces),
        trace_id: id,
        name: content::name(&row.name),
        duration: format::duration(row.duration_ns()),
        tokens: format::known(row.usage.total()),
        usage: format::usage(&row.usage),
        spans: format::count(row.spans),
        errors: row.errors,
        user_link: row
            .user_id
            .as_ref()
            .map(|user| format!("{}?user={}", traces_link(&project), encode(user)))
            .unwrap_or_default(),
        user: row.user_id.clone().unwrap_or_default(),
        session_link: row.session_id.as_ref().map(|id| session_link(&project, id)).unwrap_or_default(),
        session: row.session_id.clone().unwrap_or_default(),
        service: row.service.clone().unwrap_or_default(),
        when: format::moment(row.start_ns),
        has_root: row.has_root,
        live: running.live,
        also_in: trace
            .also_in
            .iter()
            .map(|project| Elsewhere { link: trace_link(project, id), project: project.clone() })
            .collect(),
        linked_from: linked_from.into_iter().map(linked).collect(),
        records: stray_records(&app, &trace, &running, &counts).await?,
        choices: query.choices(row.errors),
        window: window(&outline, &query),
        split: preferences::split(&headers),
        json_link: format!("/v1/traces/{id}{project_query}"),
        logs_link: if counts.elsewhere > 0 || !counts.spans.is_empty() {
            format!("/v1/traces/{id}/logs{project_query}")
        } else {
            String::new()
        },
        otlp_link: format!("/v1/traces/{id}/otlp{project_query}"),
        compare_link: compare_link(&project, id),
        delete_link: format!("{base}/delete"),
        missing: place.missing,
        awaited: awaited(&running, &place),
        cut: if (trace.spans.len() as u64) < row.spans {
            format::count(trace.spans.len() as u64)
        } else {
            String::new()
        },
        outline,
        span,
        query: query.clone(),
    });
    preferences::remember_text(&query.text, &mut response);
    Ok(response)
}

pub(super) async fn rows(
    State(app): State<App>,
    Path((project, trace_id)): TracePath,
    Asked(query): Asked<TraceQuery>,
) -> Page {
    let _turn = query::turn(&app.pages).await?;
    let (trace, view, running) = open(&app, &project, &trace_id, &query, true).await?;
    let (_, outline, _) = outline::of(trace, &query, &view, &running, Part::Rows).await?;
    Ok(render(&RowsPart { outline }))
}

pub(super) async fn span(
    State(app): State<App>,
    Path((project, trace_id)): TracePath,
    Asked(query): Asked<TraceQuery>,
    headers: HeaderMap,
) -> Page {
    let _turn = query::turn(&app.pages).await?;
    // Which rows there are matters only where no span is named: then the first of those found is shown.
    let (trace, view, running) = open(&app, &project, &trace_id, &query, query.span.is_empty()).await?;
    let (trace, place) = outline::place_of(trace, &query, &view).await?;
    let span = span_view(&app, &trace, &query, &place, running.live, &headers).await?;
    let mut response = render(&SpanPart { missing: place.missing, awaited: awaited(&running, &place), span });
    preferences::remember_text(&query.text, &mut response);
    Ok(response)
}

/// The trace, and which of its rows are asked for.
async fn open(
    app: &App,
    project: &str,
    trace_id: &str,
    query: &TraceQuery,
    search: bool,
) -> Result<(Trace, View, Running), Error> {
    let id: TraceId = trace_id
        .parse()
        .map_err(|_| Error::new(Code::NotFound, format!("{trace_id:?}: a trace id has 32 hex digits")))?;
    let mut view = query.view()?;
    let trace = app.store.trace(Some(project), id).await?;
    let mut trace =
        trace.ok_or_else(|| Error::not_found(format!("the trace {id} in the project {project:?}")))?;
    let sought = query.find.trim();
    if search && !sought.is_empty() {
        let found = app.store.search_trace(trace.row.id, sought).await?;
        view.found = Some(found.into_iter().collect());
    }
    let running = running::extend(&mut trace.spans, &mut trace.row.end_ns, format::now_ns());
    Ok((trace, view, running))
}

/// The id of the span that is looked at, if only its children are known.
fn awaited(running: &Running, place: &SpanPlace) -> Option<String> {
    let selected = place.selected.filter(|selected| running.awaited.contains(selected))?;
    Some(selected.to_string())
}

async fn span_view(
    app: &App,
    trace: &Arc<Trace>,
    query: &TraceQuery,
    place: &SpanPlace,
    live: bool,
    headers: &HeaderMap,
) -> Result<Option<SpanView>, Error> {
    let Some(selected) = place.selected else { return Ok(None) };
    let Some(found) = query::span_detail(app, &trace.row, selected).await? else { return Ok(None) };
    let around = query::around(app, trace, &found).await;
    let logs = app.store.log_records(trace.row.trace_id, Some(selected), None, MAX_RECORDS).await?;
    let mode = preferences::text_mode(&query.text, headers);
    let (trace, query, below, self_ns) = (trace.clone(), query.clone(), place.below, place.self_ns);
    query::blocking(move || {
        let place = Place {
            span_id: selected,
            trace: &trace,
            below,
            self_ns,
            rows_state: query.rows_state(),
            zoom_link: query.zoomed(Some(selected)),
            whole_history: query.history == "all",
            mode,
            live,
            logs: &logs,
        };
        Some(SpanView::new(&found, &around.context(&found), &place))
    })
    .await
}

/// Records that name no span, or one that has not arrived.
async fn stray_records(
    app: &App,
    trace: &Trace,
    running: &Running,
    counts: &LogCounts,
) -> Result<Listed<RecordView>, Error> {
    if counts.elsewhere == 0 {
        return Ok(Listed::default());
    }
    let page = app.store.log_records(trace.row.trace_id, None, None, 1_000).await?;
    let awaited = &running.awaited;
    let here: HashSet<SpanId> =
        trace.spans.iter().map(|span| span.span_id).filter(|span| !awaited.contains(span)).collect();
    let stray = |record: &LogRecord| record.span_id.is_none_or(|span| !here.contains(&span));
    Ok(records(&page, trace.row.start_ns.max(0).unsigned_abs(), Mode::Raw, stray).of(counts.elsewhere))
}

fn linked(from: LinkFrom) -> Linked {
    Linked {
        link: format!("{}?span={}", trace_link(&from.project, from.trace_id), from.span_id),
        name: content::name(&from.span_name),
        from: content::name(&from.trace_name),
        when: format::moment(from.start_ns),
    }
}

fn window(outline: &Outline, query: &TraceQuery) -> Option<Window> {
    let (from, all) = (outline.from, outline.total);
    let state = query.rows_state();
    let link = |from: usize| format!("?from={from}{state}");
    (all > outline.rows.len()).then(|| Window {
        first: format::count(from as u64 + 1),
        last: format::count((from + outline.rows.len()) as u64),
        all: format::count(all as u64),
        before: (from > 0).then(|| link(from.saturating_sub(PAGE_ROWS))),
        after: (from + outline.rows.len() < all).then(|| link(from + outline.rows.len())),
    })
}

/// The text modes' words, for the switch.
impl Mode {
    pub(super) fn other(self) -> (&'static str, &'static str) {
        match self {
            Mode::Raw => ("markdown", "show as markdown"),
            Mode::Markdown => ("raw", "show as sent"),
        }
    }
}

/// A span's link within its trace's page.
pub(super) fn span_link(span_id: SpanId, rows_state: &str) -> String {
    format!("?span={span_id}{rows_state}")
}
