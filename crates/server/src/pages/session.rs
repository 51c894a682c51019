//! `/projects/{project}/session?id=…`: a session as a conversation. Each turn is a trace and opens it.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use bennu_model::SpanId;
use bennu_store::{GroupBy, TraceFilter, TraceRow};
use serde::Deserialize;

use super::{
    Page,
    asked::Asked,
    content::{self, Mode, Text},
    encode::{encode, session_link, trace_link, traces_link},
    format::{self, Moment},
    frame::{Frame, Tab},
    preferences, read_cursor, render,
};
use crate::{
    app::App,
    decode::{answer, question},
    error::Error,
    query::{self, SpanDetail},
};

/// Turns of a page.
const PAGE_TURNS: usize = 25;
/// What their texts take of a page; then they are brief.
const MAX_SHOWN_BYTES: usize = 60_000;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SessionQuery {
    id: String,
    cursor: String,
    text: String,
}

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage {
    frame: Frame,
    id: String,
    traces: String,
    traces_link: String,
    errors: String,
    failing: bool,
    tokens: String,
    usage: String,
    lasted: String,
    first: Moment,
    users: Vec<(String, String)>,
    turns: Vec<Turn>,
    first_page: Option<String>,
    later: Option<String>,
    text_link: String,
    text_says: &'static str,
}

struct Turn {
    link: String,
    name: String,
    when: Moment,
    duration: String,
    tokens: String,
    usage: String,
    errors: String,
    failed: bool,
    asked: Said,
    answered: Said,
}

/// One side of a turn, and where the bodies of the span are that it comes from.
#[derive(Default)]
struct Said {
    text: Option<Text>,
    bodies: String,
}

pub(super) async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    Asked(query): Asked<SessionQuery>,
    headers: HeaderMap,
) -> Page {
    let group = app.store.group(&project, GroupBy::Session, &query.id).await?;
    let group = group
        .ok_or_else(|| Error::not_found(format!("the session {:?} in the project {project:?}", query.id)))?;
    let cursor = read_cursor(&query.cursor)?;
    let filter =
        TraceFilter { session_ids: vec![query.id.clone()], ascending: true, ..TraceFilter::default() };
    let found = app.store.traces(&project, filter, cursor, PAGE_TURNS).await?;
    let mode = preferences::text_mode(&query.text, &headers);
    let mut turns = Vec::with_capacity(found.traces.len());
    let mut bytes = 0;
    for row in found.traces {
        let turn = turn(&app, row, mode, bytes > MAX_SHOWN_BYTES).await?;
        bytes += [&turn.asked, &turn.answered]
            .iter()
            .filter_map(|said| said.text.as_ref())
            .map(Text::size_bytes)
            .sum::<usize>();
        turns.push(turn);
    }
    // Sums of very many traces are those of the newest.
    let more = if group.complete { "" } else { "+" };
    let base = session_link(&project, &query.id);
    let (other_mode, text_says) = mode.other();
    let mut response = render(&SessionPage {
        frame: Frame::new(content::name(&query.id), Some(&project), Tab::Sessions),
        traces: format::count(group.traces) + more,
        traces_link: format!("{}?session={}", traces_link(&project), encode(&query.id)),
        errors: format::count(group.errors) + more,
        failing: group.errors > 0,
        tokens: format::known(group.usage.total()),
        usage: format::usage(&group.usage),
        lasted: format::duration(group.end_ns.saturating_sub(group.first_ns).max(0).unsigned_abs()),
        first: format::moment(group.first_ns),
        users: group
            .users
            .into_iter()
            .map(|user| (format!("{}?user={}", traces_link(&project), encode(&user)), user))
            .collect(),
        turns,
        first_page: (!query.cursor.is_empty()).then(|| base.clone()),
        later: found.next.map(|next| format!("{base}&cursor={}", crate::api::write_cursor(next))),
        text_link: format!("{base}&cursor={}&text={other_mode}", encode(&query.cursor)),
        text_says,
        id: query.id,
    });
    preferences::remember_text(&query.text, &mut response);
    Ok(response)
}

async fn turn(app: &App, row: TraceRow, mode: Mode, brief: bool) -> Result<Turn, Error> {
    let mut sources: Vec<SpanId> = row.input_span.into_iter().chain(row.output_span).collect();
    sources.dedup();
    let spans = query::spans_with(app, &row, sources).await?;
    let span = |id: Option<SpanId>| spans.iter().find(|span| Some(span.stored.row.span_id) == id);
    let said = |found: Option<&SpanDetail>, text: Option<String>, preview: Option<&String>| Said {
        text: text
            .as_ref()
            .or(preview)
            .map(|text| if brief { Text::brief(text) } else { Text::value(text, mode) }),
        bodies: found
            .map(|found| {
                format!("{}/spans/{}/body/", trace_link(&row.project, row.trace_id), found.stored.row.span_id)
            })
            .unwrap_or_default(),
    };
    let (asked, answered) = (span(row.input_span), span(row.output_span));
    Ok(Turn {
        asked: said(
            asked,
            asked.and_then(|span| question(&span.detail)).map(|text| text.into_owned()),
            row.input.as_ref(),
        ),
        answered: said(
            answered,
            answered.and_then(|span| answer(&span.detail)).map(|text| text.into_owned()),
            row.output.as_ref(),
        ),
        link: trace_link(&row.project, row.trace_id),
        name: content::name(&row.name),
        when: format::moment(row.start_ns),
        duration: format::duration(row.duration_ns()),
        tokens: format::known(row.usage.total()),
        usage: format::usage(&row.usage),
        errors: format::count(row.errors),
        failed: row.errors > 0,
    })
}
