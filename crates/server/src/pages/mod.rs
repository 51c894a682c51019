//! HTML, made by the server. A handler asks a query function, fills a view struct and hands it to a template; no page knows
//! SQL or OTLP. A URL holds the whole state of a view.

mod format;
pub(crate) mod content;
mod encode;
mod asked;
mod preferences;
mod assets;
mod frame;
mod login;
mod open;
mod projects;
mod traces;
mod trace;
mod span;
mod body;
mod groups;
mod session;
mod compare;
mod conventions;
mod delete;

use askama::Template;
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};

use bennu_store::Cursor;

use crate::{
    app::App,
    error::{Code, Error},
    guard::page_gate,
};
use frame::Frame;

pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(projects::page))
        .route("/projects/{project}", get(traces::redirect))
        .route("/projects/{project}/traces", get(traces::page))
        .route("/projects/{project}/traces/live", get(traces::live::page))
        .route("/projects/{project}/traces/{trace_id}", get(trace::page))
        .route("/projects/{project}/traces/{trace_id}/rows", get(trace::rows))
        .route("/projects/{project}/traces/{trace_id}/span", get(trace::span))
        .route("/projects/{project}/traces/{trace_id}/spans/{span_id}/body/{address}", get(body::body))
        .route("/projects/{project}/sessions", get(groups::sessions))
        .route("/projects/{project}/session", get(session::page))
        .route("/projects/{project}/users", get(groups::users))
        .route("/projects/{project}/compare", get(compare::page))
        .route("/projects/{project}/conventions", get(conventions::page))
        .route("/projects/{project}/delete", get(delete::project_page).post(delete::project))
        .route("/projects/{project}/traces/{trace_id}/delete", get(delete::trace_page).post(delete::trace))
        .route("/traces/{trace_id}", get(open::trace))
        .route("/open", get(open::pasted))
        .fallback(nowhere)
        .route_layer(middleware::from_fn_with_state(app.clone(), page_gate))
        .route("/login", get(login::page).post(login::enter))
        .layer(middleware::from_fn(keep))
        .route("/static/{version}/{file}", get(assets::file))
}

/// Who asks for a page is a person; who sends something has the wrong address.
async fn nowhere(method: Method, uri: Uri) -> Response {
    if method == Method::GET || method == Method::HEAD {
        return failure(&Error::not_found("the page"));
    }
    let message = format!("there is nothing at {}; OTLP is sent to /v1/traces and /v1/logs", uri.path());
    Error::new(Code::NotFound, message).into_response()
}

/// What a path is not asked for in that way.
pub(crate) async fn not_that_way(method: Method, uri: Uri) -> Response {
    let hint =
        if uri.path().starts_with("/v1/") && method == Method::GET { "; OTLP is sent with POST" } else { "" };
    let message = format!("{method} is not understood at {}{hint}", uri.path());
    (StatusCode::METHOD_NOT_ALLOWED, message).into_response()
}

/// A page is as of now. What was asked for ahead, because a pointer rests on its link, may be kept for the moment until the
/// click.
async fn keep(request: Request, next: Next) -> Response {
    let ahead = request.headers().contains_key("x-prefetch");
    let mut response = next.run(request).await;
    let value = if ahead && response.status() == StatusCode::OK {
        "private, max-age=10"
    } else {
        "private, no-cache"
    };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(value));
    response
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

/// Where a list goes on, as its link says; none for the first page.
fn read_cursor(text: &str) -> Result<Option<Cursor>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let broken = || Error::new(Code::Unprocessable, "the page's cursor is broken; begin again without it");
    crate::api::read_cursor(text).map(Some).ok_or_else(broken)
}

fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be rendered").into_response()
        }
    }
}
