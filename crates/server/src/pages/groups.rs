//! `/projects/{project}/sessions` and `/users`: the traces gathered by who or what they belong to, the latest first.

use askama::Template;
use axum::extract::{Path, State};
use bennu_store::{GroupBy, GroupFilter, GroupRow};
use serde::Deserialize;

use super::{
    Page,
    asked::Asked,
    content,
    encode::{encode, session_link, sessions_link, traces_link, users_link},
    format::{self, Moment},
    frame::{Frame, Tab},
    read_cursor, render,
};
use crate::{
    app::App,
    error::{Code, Error},
};

/// Rows of a page.
const PAGE_ROWS: usize = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GroupsQuery {
    /// The id contains this.
    q: String,
    /// Only sessions of this user.
    user: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "groups.html")]
struct GroupsPage {
    frame: Frame,
    /// `session` or `user`.
    one: &'static str,
    base: String,
    query: GroupsQuery,
    groups: Vec<Group>,
    newest: String,
    older: Option<String>,
    /// The attribute that apps set.
    attribute: &'static str,
}

struct Group {
    name: String,
    link: String,
    /// The sessions of a user.
    sessions_link: String,
    sessions: String,
    traces: String,
    errors: String,
    failing: bool,
    spans: String,
    tokens: String,
    usage: String,
    users: String,
    lasted: String,
    last: Moment,
    input: String,
    output: String,
}

pub(super) async fn sessions(state: State<App>, path: Path<String>, query: Asked<GroupsQuery>) -> Page {
    page(state, path, query, GroupBy::Session).await
}

pub(super) async fn users(state: State<App>, path: Path<String>, query: Asked<GroupsQuery>) -> Page {
    page(state, path, query, GroupBy::User).await
}

async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    Asked(query): Asked<GroupsQuery>,
    by: GroupBy,
) -> Page {
    if by == GroupBy::User && !query.user.is_empty() {
        return Err(
            Error::new(Code::Unprocessable, "user is a parameter of the sessions, not of the users").into()
        );
    }
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let filter =
        GroupFilter { contains: given(&query.q), user_id: given(&query.user), ..GroupFilter::default() };
    let cursor = read_cursor(&query.cursor)?;
    app.store.project(&project).await?.ok_or_else(|| Error::not_found(format!("the project {project:?}")))?;
    let found = app.store.groups(&project, by, filter, cursor, PAGE_ROWS).await?;
    let (one, tab, base, attribute) = match by {
        GroupBy::Session => ("session", Tab::Sessions, sessions_link(&project), "session.id"),
        GroupBy::User => ("user", Tab::Users, users_link(&project), "user.id"),
    };
    let link = |cursor: &str| {
        let pairs = [("q", query.q.as_str()), ("user", &query.user), ("cursor", cursor)];
        let on = pairs.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = on.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        if pairs.is_empty() { base.clone() } else { format!("{base}?{}", pairs.join("&")) }
    };
    Ok(render(&GroupsPage {
        frame: Frame::new(format!("{one}s · {}", content::name(&project)), Some(&project), tab),
        one,
        newest: link(""),
        older: found.next.map(|next| link(&crate::api::write_cursor(next))),
        groups: found.groups.into_iter().map(|group| view(&project, by, group)).collect(),
        base,
        query,
        attribute,
    }))
}

fn view(project: &str, by: GroupBy, group: GroupRow) -> Group {
    // Sums of very many traces are those of the newest.
    let more = if group.complete { "" } else { "+" };
    let lasted = group.end_ns.saturating_sub(group.first_ns).max(0).unsigned_abs();
    Group {
        link: match by {
            GroupBy::Session => session_link(project, &group.key),
            GroupBy::User => format!("{}?user={}", traces_link(project), encode(&group.key)),
        },
        sessions_link: format!("{}?user={}", sessions_link(project), encode(&group.key)),
        name: content::name(&group.key),
        sessions: format::count(group.sessions) + more,
        traces: format::count(group.traces) + more,
        errors: format::count(group.errors) + more,
        failing: group.errors > 0,
        spans: format::count(group.spans) + more,
        tokens: group.usage.total().map_or_else(|| "-".into(), |total| format::count(total) + more),
        usage: format::usage(&group.usage),
        users: group.users.join(", "),
        lasted: format::duration(lasted),
        last: format::moment(group.last_ns),
        input: group.last_trace.input.unwrap_or_default(),
        output: group.last_trace.output.unwrap_or_default(),
    }
}
