//! `/projects/{project}/traces/{trace_id}`: the waterfall, and one span whole beside it.

use askama::Template;
use axum::extract::{Path, Query, State};
use bennu_model::{SpanId, TraceId};
use serde::Deserialize;

use super::{
    Page,
    encode::{encode, trace_link, traces_link},
    format::{self, Moment},
    frame::Frame,
    render,
    span::SpanView,
    text,
    waterfall::{self, Row, Tree, WINDOW_ROWS},
};
use crate::{
    app::App,
    error::{Code, Error},
    query,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TraceQuery {
    span: Option<String>,
    /// First row of the window, for traces of more rows than a page holds.
    from: Option<usize>,
}

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
    also_in: Vec<Elsewhere>,
    ticks: Vec<String>,
    rows: Vec<Row>,
    window: Option<Window>,
    base: String,
    json_link: String,
    otlp_link: String,
    delete_link: String,
    span: Option<SpanView>,
}

struct Elsewhere {
    project: String,
    link: String,
}

/// Which rows of a large trace are shown.
struct Window {
    first: String,
    last: String,
    all: String,
    before: Option<String>,
    after: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    Path((project, trace_id)): Path<(String, String)>,
    Query(query): Query<TraceQuery>,
) -> Page {
    let id: TraceId = trace_id
        .parse()
        .map_err(|_| Error::new(Code::NotFound, format!("{trace_id:?}: a trace id has 32 hex digits")))?;
    let trace = app.store.trace(Some(&project), id).await?;
    let trace =
        trace.ok_or_else(|| Error::not_found(format!("the trace {id} in the project {project:?}")))?;
    let row = &trace.row;
    let tree = Tree::new(&trace.spans);

    let asked: Option<SpanId> = query.span.as_deref().and_then(|span| span.parse().ok());
    let asked = asked.filter(|asked| tree.position(*asked).is_some());
    let missing = query.span.is_some() && asked.is_none();
    let selected = asked.or_else(|| tree.interesting().map(|span| span.span_id));
    let position = selected.and_then(|selected| tree.position(selected)).unwrap_or(0);
    let from = query.from.unwrap_or(position / WINDOW_ROWS * WINDOW_ROWS).min(tree.len());

    let base = trace_link(&project, id);
    let detail = match selected {
        Some(selected) => query::span_detail(&app, row, selected).await?,
        None => None,
    };
    let project_query = format!("?project={}", encode(&project));
    let span = detail.map(|detail| {
        let below = tree.owned_below(detail.stored.row.span_id);
        let mut view = SpanView::new(&detail, below, &project_query, row.start_ns);
        view.not_found = missing;
        view
    });
    let filter_link = |name: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| format!("{}?{name}={}", traces_link(&project), encode(value)))
            .unwrap_or_default()
    };
    Ok(render(&TracePage {
        frame: Frame::new(text::name(&row.name), Some(&project)),
        trace_id: id,
        name: text::name(&row.name),
        duration: format::duration(row.duration_ns()),
        tokens: format::known(row.usage.total()),
        usage: format::usage(&row.usage),
        spans: format::count(row.spans),
        errors: row.errors,
        user_link: filter_link("user", &row.user_id),
        user: row.user_id.clone().unwrap_or_default(),
        session_link: filter_link("session", &row.session_id),
        session: row.session_id.clone().unwrap_or_default(),
        service: row.service.clone().unwrap_or_default(),
        when: format::moment(row.start_ns),
        has_root: row.has_root,
        also_in: trace
            .also_in
            .iter()
            .map(|project| Elsewhere { link: trace_link(project, id), project: project.clone() })
            .collect(),
        ticks: waterfall::ticks(row.start_ns, row.end_ns),
        rows: tree.rows(from, row.start_ns, row.end_ns, selected),
        window: window(&tree, from, &base),
        json_link: format!("/v1/traces/{id}{project_query}"),
        otlp_link: format!("/v1/traces/{id}/otlp{project_query}"),
        delete_link: format!("{base}/delete"),
        base,
        span,
    }))
}

fn window(tree: &Tree<'_>, from: usize, base: &str) -> Option<Window> {
    let all = tree.len();
    (all > WINDOW_ROWS).then(|| Window {
        first: format::count(from as u64 + 1),
        last: format::count((from + WINDOW_ROWS).min(all) as u64),
        all: format::count(all as u64),
        before: (from > 0).then(|| format!("{base}?from={}", from.saturating_sub(WINDOW_ROWS))),
        after: (from + WINDOW_ROWS < all).then(|| format!("{base}?from={}", from + WINDOW_ROWS)),
    })
}
