//! `/login`: the token, once; then a cookie.

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{failure, frame::Frame, render};
use crate::{
    app::App,
    guard::{COOKIE, Guard},
};

/// Thirty days.
const MAX_AGE_S: u32 = 2_592_000;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    next: String,
    wrong: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LoginQuery {
    next: String,
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    token: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn page(State(app): State<App>, Query(query): Query<LoginQuery>) -> Response {
    if !app.guard.needs_login() {
        return Redirect::to("/").into_response();
    }
    render(&LoginPage { frame: Frame::bare("Log in"), next: query.next, wrong: false })
}

pub(super) async fn enter(
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Response {
    if let Err(error) = Guard::check_origin(&headers) {
        return failure(&error);
    }
    if !app.guard.is_token(&form.token) {
        let page = LoginPage { frame: Frame::bare("Log in"), next: form.next, wrong: true };
        return (StatusCode::UNAUTHORIZED, render(&page)).into_response();
    }
    let cookie = app.guard.cookie().unwrap_or_default();
    // Lax: a link to a trace in a chat must open; whatever changes something is checked for its origin.
    let cookie = format!("{COOKIE}={cookie}; Path=/; Max-Age={MAX_AGE_S}; HttpOnly; SameSite=Lax");
    let mut response = Redirect::to(own_page(&form.next)).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// Only a path of this server is gone back to.
fn own_page(next: &str) -> &str {
    let foreign = next.starts_with("//") || next.contains('\\') || next.chars().any(char::is_control);
    if next.starts_with('/') && !foreign { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_page;

    #[test]
    fn it_leads_nowhere_else() {
        for (next, page) in [
            ("/projects/a/traces?x=1", "/projects/a/traces?x=1"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nset-cookie: b", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_page(next), page);
        }
    }
}
