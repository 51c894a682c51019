//! `/`: the projects.

use askama::Template;
use axum::{extract::State, http::HeaderMap};

use super::{
    Page, content,
    encode::{encode, traces_link},
    format::{self, Moment},
    frame::{Frame, Tab},
    render,
};
use crate::app::App;

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage {
    frame: Frame,
    projects: Vec<Project>,
    start: GettingStarted,
}

struct Project {
    name: String,
    link: String,
    delete_link: String,
    traces: String,
    spans: String,
    errors: String,
    failing: bool,
    tokens: String,
    last: Option<Moment>,
}

/// What to paste into an app to send a first trace.
pub(super) struct GettingStarted {
    pub(super) endpoint: String,
    pub(super) grpc: Option<String>,
    pub(super) needs_token: bool,
    /// The project to send to, unless it is the default one.
    pub(super) project: Option<String>,
}

impl GettingStarted {
    /// Under the address that the reader's browser used, which is one that works.
    pub(super) fn new(app: &App, headers: &HeaderMap, project: Option<&str>) -> Self {
        let host = headers.get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
        let host = host.unwrap_or_else(|| app.addresses.http.to_string());
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        GettingStarted {
            grpc: app.addresses.grpc.map(|grpc| format!("http://{name}:{}", grpc.port())),
            endpoint: format!("http://{host}"),
            needs_token: app.guard.needs_login(),
            // Other names would have to be quoted for a shell, for Python and for the variable; the default line works without.
            project: project.filter(|name| *name != "default" && is_plain(name)).map(str::to_owned),
        }
    }
}

/// Whether a name means itself in a shell and in Python.
fn is_plain(name: &str) -> bool {
    name.chars().all(|char| char.is_ascii_alphanumeric() || "._-".contains(char))
}

pub(super) async fn page(State(app): State<App>, headers: HeaderMap) -> Page {
    let projects = app.store.projects().await?;
    let projects = projects
        .into_iter()
        .map(|project| Project {
            link: traces_link(&project.name),
            delete_link: format!("/projects/{}/delete", encode(&project.name)),
            traces: format::count(project.traces),
            spans: format::count(project.spans),
            errors: format::count(project.errors),
            failing: project.errors > 0,
            tokens: format::known(Some(project.tokens).filter(|tokens| *tokens > 0)),
            last: (project.last_ns > 0).then(|| format::moment(project.last_ns)),
            name: content::name(&project.name),
        })
        .collect();
    Ok(render(&ProjectsPage {
        frame: Frame::new("Projects", None, Tab::None),
        projects,
        start: GettingStarted::new(&app, &headers, None),
    }))
}
