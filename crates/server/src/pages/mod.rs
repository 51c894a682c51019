//! HTML, made by the server. A handler asks a query function, fills a view struct and hands it to a template; no page knows
//! SQL or OTLP. A URL holds the whole state of a view.

mod assets;
mod delete;
mod document;
mod encode;
pub(crate) mod escape;
mod format;
mod frame;
mod login;
mod message;
mod open;
mod projects;
mod span;
mod text;
mod trace;
mod traces;
mod waterfall;

use askama::Template;
use axum::{
    Router,
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{app::App, error::Error, guard::page_gate};
use frame::Frame;

pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(projects::page))
        .route("/projects/{project}", get(traces::redirect))
        .route("/projects/{project}/traces", get(traces::page))
        .route("/projects/{project}/traces/{trace_id}", get(trace::page))
        .route("/projects/{project}/delete", get(delete::project_page).post(delete::project))
        .route("/projects/{project}/traces/{trace_id}/delete", get(delete::trace_page).post(delete::trace))
        .route("/traces/{trace_id}", get(open::trace))
        .route("/open", get(open::pasted))
        .fallback(|| async { failure(&Error::not_found("the page")) })
        .route_layer(middleware::from_fn_with_state(app.clone(), page_gate))
        .route("/login", get(login::page).post(login::enter))
        .route("/static/{file}", get(assets::file))
}

/// A page that says what went wrong and what to do.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    message: String,
}

/// The page for a failure.
pub(crate) fn failure(error: &Error) -> Response {
    let status = error.code.http();
    let page = ErrorPage {
        frame: Frame::bare("Not shown"),
        status: status.as_u16(),
        message: error.message.clone(),
    };
    (status, render(&page)).into_response()
}

/// A failure on the way to a page.
pub(crate) struct PageError(Error);

impl<E: Into<Error>> From<E> for PageError {
    fn from(error: E) -> Self {
        PageError(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        failure(&self.0)
    }
}

/// What handlers return.
type Page = Result<Response, PageError>;

fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be rendered").into_response()
        }
    }
}
