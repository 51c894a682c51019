//! `/open?q=`: from whatever was pasted to the trace; `/traces/{trace_id}`: from an id alone.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use bennu_model::{SpanId, TraceId};
use bennu_store::Found;
use serde::Deserialize;

use super::{
    Page,
    asked::Asked,
    content,
    encode::trace_link,
    format::{self, Moment},
    frame::{Frame, Tab},
    render,
};
use crate::{
    app::App,
    error::{Code, Error},
    query::{Pasted, read_pasted},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OpenQuery {
    q: String,
    span: Option<String>,
}

#[derive(Template)]
#[template(path = "open.html")]
struct OpenPage {
    frame: Frame,
    pasted: String,
    understood: bool,
    found: Vec<Match>,
}

struct Match {
    link: String,
    name: String,
    project: String,
    id: String,
    what: &'static str,
    when: Moment,
}

pub(super) async fn trace(
    State(app): State<App>,
    Path(trace_id): Path<String>,
    Asked(query): Asked<OpenQuery>,
) -> Page {
    let id: TraceId = trace_id.parse().map_err(|_| Error::not_found(format!("the trace {trace_id:?}")))?;
    let Some(project) = app.store.project_of(id).await? else {
        let records = app.store.log_records(id, None, None, 1).await?.total;
        let message =
            format!("no span of the trace {id} has come; its log records are at /v1/traces/{id}/logs");
        let missing = Error::not_found(format!("the trace {id}"));
        return Err(if records > 0 { Error::new(Code::NotFound, message) } else { missing }.into());
    };
    let span = query.span.as_deref().and_then(|span| span.parse().ok());
    Ok(Redirect::to(&link(&project, id, span)).into_response())
}

pub(super) async fn pasted(State(app): State<App>, Asked(query): Asked<OpenQuery>) -> Page {
    let pasted = query.q.trim().to_lowercase();
    let read = read_pasted(&pasted);
    let found = match read {
        None => Vec::new(),
        Some(Pasted::Digits(digits)) => app.store.find(digits).await?,
        Some(Pasted::Trace(id, span)) => {
            let mut found = app.store.find(&id.to_string()).await?;
            found.iter_mut().for_each(|found| found.span_id = span);
            found
        }
    };
    if let [only] = &found[..] {
        return Ok(Redirect::to(&link(&only.project, only.trace_id, only.span_id)).into_response());
    }
    let status = if found.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let page = OpenPage {
        frame: Frame::new("Open", None, Tab::None),
        understood: read.is_some(),
        found: found.into_iter().map(view).collect(),
        pasted: query.q,
    };
    Ok((status, render(&page)).into_response())
}

fn link(project: &str, trace_id: TraceId, span_id: Option<SpanId>) -> String {
    let span = span_id.map(|span_id| format!("?span={span_id}")).unwrap_or_default();
    format!("{}{span}", trace_link(project, trace_id))
}

fn view(found: Found) -> Match {
    Match {
        link: link(&found.project, found.trace_id, found.span_id),
        name: content::name(&found.name),
        id: found.span_id.map_or_else(|| found.trace_id.to_string(), |span| span.to_string()),
        what: if found.span_id.is_some() { "span" } else { "trace" },
        when: format::moment(found.start_ns),
        project: found.project,
    }
}
