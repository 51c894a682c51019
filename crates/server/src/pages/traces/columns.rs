//! Which columns the list shows: chosen by link, remembered in a cookie.

use super::query::ListQuery;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    When,
    What,
    Io,
    Duration,
    Tokens,
    Errors,
    Spans,
    User,
    Session,
    Service,
}

use Column::{Duration, Errors, Io, Service, Session, Spans, Tokens, User, What, When};

const ALL: [Column; 10] = [When, What, Io, Duration, Tokens, Errors, Spans, User, Session, Service];
const DEFAULT: [Column; 7] = [When, What, Io, Duration, Tokens, Errors, User];

impl Column {
    /// The name in the URL.
    pub(super) fn name(self) -> &'static str {
        match self {
            When => "when",
            What => "what",
            Io => "io",
            Duration => "duration",
            Tokens => "tokens",
            Errors => "errors",
            Spans => "spans",
            User => "user",
            Session => "session",
            Service => "service",
        }
    }

    /// The words above it.
    pub(super) fn heading(self) -> &'static str {
        if self == Io { "in → out" } else { self.name() }
    }

    /// What `sort` is called that puts the list in its order, if there is one; the newest first is the order without a name.
    fn sort(self) -> Option<&'static str> {
        match self {
            When => Some(""),
            Duration | Tokens | Errors | Spans => Some(self.name()),
            _ => None,
        }
    }

    /// Whether numbers stand in it.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Duration | Tokens | Errors | Spans)
    }
}

/// The columns of a comma-separated list, in their own order; the usual ones if it names none. The name is always there: it is
/// the link.
pub(super) fn chosen(list: &str) -> Vec<Column> {
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    let chosen: Vec<Column> =
        ALL.into_iter().filter(|column| *column == What || names.contains(&column.name())).collect();
    if names.iter().any(|name| ALL.iter().any(|column| column.name() == *name)) {
        chosen
    } else {
        DEFAULT.to_vec()
    }
}

/// The list for a cookie or a URL.
pub(super) fn written(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(",")
}

/// What stands above a column.
pub(super) struct Heading {
    pub(super) column: Column,
    /// The link that sorts by it; empty where none does.
    pub(super) link: String,
    pub(super) sorted: bool,
}

/// The headings of the columns shown.
pub(super) fn headings(shown: &[Column], query: &ListQuery, base: &str) -> Vec<Heading> {
    let heading = |column: &Column| Heading {
        column: *column,
        link: column
            .sort()
            .map(|sort| query.link(base, |query| query.sort = sort.into()))
            .unwrap_or_default(),
        sorted: column.sort() == Some(query.sort.as_str()),
    };
    shown.iter().map(heading).collect()
}

/// A column that can be shown or left out.
pub(super) struct Toggle {
    pub(super) text: &'static str,
    pub(super) on: bool,
    pub(super) link: String,
}

/// A toggle for every column but the name.
pub(super) fn toggles(shown: &[Column], query: &ListQuery, base: &str) -> Vec<Toggle> {
    let without = |column: Column| -> Vec<Column> {
        ALL.into_iter().filter(|other| (*other == column) != shown.contains(other)).collect()
    };
    ALL.into_iter()
        .filter(|column| *column != What)
        .map(|column| Toggle {
            text: column.heading(),
            on: shown.contains(&column),
            link: query.link(base, |query| query.columns = written(&without(column))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_and_go() {
        assert_eq!(chosen(""), DEFAULT);
        assert_eq!(chosen("nonsense"), DEFAULT);
        assert_eq!(chosen("tokens, when"), [When, What, Tokens]);
        let toggles = toggles(&[When, What], &ListQuery::default(), "/p");
        assert_eq!(toggles[0].link, "/p?columns=what");
        assert_eq!(chosen("what"), [What], "the last of the others can be taken away too");
        assert_eq!(
            (toggles[1].text, toggles[1].on, toggles[1].link.as_str()),
            ("in → out", false, "/p?columns=when%2Cwhat%2Cio".replace("%2C", ",").as_str())
        );
    }
}
