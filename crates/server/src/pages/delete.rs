//! Deleting a trace or a project: a page that says what will be gone, and then the deed.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use bennu_model::TraceId;
use serde::Deserialize;

use super::{
    Page, content,
    encode::{encode, trace_link, traces_link},
    format,
    frame::{Frame, Tab},
    render,
};
use crate::{
    app::App,
    error::{Code, Error},
};

#[derive(Template)]
#[template(path = "delete.html")]
struct DeletePage {
    frame: Frame,
    what: String,
    contents: String,
    action: String,
    back: String,
    /// The word to type.
    word: String,
}

/// What was typed to confirm.
#[derive(Deserialize)]
pub(super) struct Confirmation {
    #[serde(default)]
    word: String,
}

/// What has to be typed to delete a trace; for a project it is its name.
const TRACE_WORD: &str = "delete";

pub(super) async fn project_page(State(app): State<App>, Path(project): Path<String>) -> Page {
    let row = app.store.project(&project).await?;
    let row = row.ok_or_else(|| Error::not_found(format!("the project {project:?}")))?;
    Ok(render(&DeletePage {
        frame: Frame::new("Delete", Some(&project), Tab::Traces),
        what: format!("the project {}", content::name(&project)),
        contents: format!("{} traces with {} spans", format::count(row.traces), format::count(row.spans)),
        action: format!("/projects/{}/delete", encode(&project)),
        back: traces_link(&project),
        word: project,
    }))
}

pub(super) async fn project(
    State(app): State<App>,
    Path(project): Path<String>,
    Form(confirmation): Form<Confirmation>,
) -> Page {
    check(&confirmation, &project)?;
    app.store.delete(&project, None).await?;
    Ok(Redirect::to("/").into_response())
}

pub(super) async fn trace_page(
    State(app): State<App>,
    Path((project, trace_id)): Path<(String, String)>,
) -> Page {
    let id = parse(&trace_id)?;
    let trace = app.store.trace_alone(Some(&project), id).await?;
    let trace = trace.ok_or_else(|| Error::not_found(format!("the trace {id}")))?;
    Ok(render(&DeletePage {
        frame: Frame::new("Delete", Some(&project), Tab::Traces),
        what: format!("the trace {} ({id})", content::name(&trace.row.name)),
        contents: format!("{} spans", format::count(trace.row.spans)),
        action: format!("{}/delete", trace_link(&project, id)),
        back: trace_link(&project, id),
        word: TRACE_WORD.into(),
    }))
}

pub(super) async fn trace(
    State(app): State<App>,
    Path((project, trace_id)): Path<(String, String)>,
    Form(confirmation): Form<Confirmation>,
) -> Page {
    let id = parse(&trace_id)?;
    check(&confirmation, TRACE_WORD)?;
    app.store.delete(&project, Some(id)).await?;
    Ok(Redirect::to(&traces_link(&project)).into_response())
}

fn check(confirmation: &Confirmation, word: &str) -> Result<(), Error> {
    if confirmation.word.trim() == word.trim() {
        return Ok(());
    }
    Err(Error::new(Code::Unprocessable, format!("nothing was deleted: {word:?} was not typed")))
}

fn parse(trace_id: &str) -> Result<TraceId, Error> {
    trace_id.parse().map_err(|_| Error::not_found(format!("the trace {trace_id:?}")))
}
