//! The guard in front of routes.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::Guard;
use crate::{api, app::App, pages};

/// In front of JSON: `Host`, and the token as bearer or the pages' cookie.
pub(crate) async fn json_gate(State(app): State<App>, request: Request, next: Next) -> Response {
    let guard = &app.guard;
    let checked = guard.check_host(request.headers(), request.uri()).and_then(|()| {
        if guard.needs_login() && guard.is_logged_in(request.headers()) {
            return Ok(());
        }
        guard.check_token(request.headers())
    });
    match checked.and_then(|()| check_change(&request)) {
        Ok(()) => next.run(request).await,
        Err(error) => api::failure(&error),
    }
}

/// In front of pages: `Host`, and the cookie; without it the way to the login page and back.
pub(crate) async fn page_gate(State(app): State<App>, request: Request, next: Next) -> Response {
    if let Err(error) =
        app.guard.check_host(request.headers(), request.uri()).and_then(|()| check_change(&request))
    {
        return pages::failure(&error);
    }
    if !app.guard.is_logged_in(request.headers()) {
        let back = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let back = percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC);
        return Redirect::to(&format!("/login?next={back}")).into_response();
    }
    next.run(request).await
}

fn check_change(request: &Request) -> Result<(), crate::error::Error> {
    match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => Ok(()),
        _ => Guard::check_origin(request.headers()),
    }
}
