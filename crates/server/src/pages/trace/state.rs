//! The state of the trace page: all of it stands in the URL.

use std::collections::HashSet;

use bennu_model::SpanId;
use serde::Deserialize;

use crate::{
    error::{Code, Error},
    pages::encode::encode,
};

/// Rows that can be folded or unfolded one by one; every link of every row says which. The first is forgotten for one more.
const MAX_EXCEPT: usize = 40;

/// The query of the page and of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::pages) struct TraceQuery {
    /// The selected span.
    pub(in crate::pages) span: String,
    /// First row of the window.
    pub(in crate::pages) from: Option<usize>,
    /// `errors` or `calls`: only these spans and what they are in.
    only: String,
    /// Only spans that contain this, and what they are in.
    pub(in crate::pages) find: String,
    /// `all`: everything below the outermost spans is folded.
    fold: String,
    /// Spans, comma-separated, that are folded although `fold` leaves them open, or the other way round.
    except: String,
    /// A span whose time fills the axis.
    pub(in crate::pages) zoom: String,
    /// `all`: messages that the call before was shown already are shown too.
    pub(in crate::pages) history: String,
    /// `raw` or `markdown`; without it, what the reader chose last.
    pub(in crate::pages) text: String,
}

/// Which spans are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::pages) enum Only {
    #[default]
    All,
    Errors,
    Calls,
}

/// The part of the state that decides which rows there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct View {
    pub(super) only: Only,
    pub(super) fold_all: bool,
    pub(super) except: HashSet<SpanId>,
    /// Spans that contain what is searched for.
    pub(super) found: Option<HashSet<SpanId>>,
}

impl TraceQuery {
    /// # Errors
    /// A value that means nothing, in words.
    pub(super) fn view(&self) -> Result<View, Error> {
        let invalid = |name: &str, value: &str, expected: &str| {
            Error::new(Code::Unprocessable, format!("{name}={value}: {expected} was expected"))
        };
        let except: Vec<&str> = self.except.split(',').filter(|id| !id.is_empty()).collect();
        if except.len() > MAX_EXCEPT {
            return Err(invalid("except", "…", &format!("at most {MAX_EXCEPT} span ids")));
        }
        for (name, value, known) in
            [("history", &self.history, &["", "all"][..]), ("text", &self.text, &["", "raw", "markdown"])]
        {
            if !known.contains(&value.as_str()) {
                return Err(invalid(name, value, &known[1..].join(" or ")));
            }
        }
        if !self.zoom.is_empty() && self.zoom.parse::<SpanId>().is_err() {
            return Err(invalid("zoom", &self.zoom, "a span id of 16 hex digits"));
        }
        Ok(View {
            only: match self.only.as_str() {
                "" => Only::All,
                "errors" => Only::Errors,
                "calls" => Only::Calls,
                other => return Err(invalid("only", other, "errors or calls")),
            },
            fold_all: match self.fold.as_str() {
                "" => false,
                "all" => true,
                other => return Err(invalid("fold", other, "all")),
            },
            except: except
                .into_iter()
                .map(|id| id.parse().map_err(|_| invalid("except", id, "span ids of 16 hex digits")))
                .collect::<Result<_, _>>()?,
            found: None,
        })
    }

    /// Which rows there are, as it is written in links after another parameter: empty or `&only=errors…`.
    pub(super) fn rows_state(&self) -> String {
        let pairs = [
            ("only", &self.only),
            ("find", &self.find),
            ("fold", &self.fold),
            ("except", &self.except),
            ("zoom", &self.zoom),
        ];
        let on = pairs.iter().filter(|(_, value)| !value.is_empty());
        on.map(|(name, value)| format!("&{name}={}", encode(value))).collect()
    }

    /// Links that change which rows there are keep the selected span.
    fn link(&self, change: impl FnOnce(&mut TraceQuery)) -> String {
        let mut query = self.clone();
        change(&mut query);
        let span =
            if query.span.is_empty() { String::new() } else { format!("&span={}", encode(&query.span)) };
        format!("?{}", format!("{}{span}", query.rows_state()).trim_start_matches('&'))
    }

    /// With this span folded, if it was open, or open, if it was folded.
    pub(super) fn toggled(&self, span_id: SpanId) -> String {
        let id = span_id.to_string();
        self.link(|query| {
            let others: Vec<&str> =
                query.except.split(',').filter(|other| !other.is_empty() && *other != id).collect();
            let was_there = query.except.split(',').any(|other| other == id);
            let first = (others.len() + 1).saturating_sub(MAX_EXCEPT);
            let mut except = others[first..].join(",");
            if !was_there {
                if !except.is_empty() {
                    except.push(',');
                }
                except.push_str(&id);
            }
            query.except = except;
        })
    }

    /// With a span's time filling the axis; with the whole trace again for none.
    pub(super) fn zoomed(&self, span_id: Option<SpanId>) -> String {
        self.link(|query| query.zoom = span_id.map(|id| id.to_string()).unwrap_or_default())
    }

    /// The views above the rows: their words, links, and which is on.
    pub(super) fn choices(&self, errors: u64) -> Vec<Choice> {
        let choice = |text: &'static str, only: &str, fold: &str| Choice {
            text,
            on: self.only == only && self.fold == fold && self.find.is_empty(),
            link: self.link(|query| {
                query.only = only.into();
                query.fold = fold.into();
                query.except.clear();
                query.find.clear();
            }),
        };
        let mut choices = vec![choice("all", "", ""), choice("folded", "", "all")];
        if errors > 0 {
            choices.push(choice("errors", "errors", ""));
        }
        choices.push(choice("model calls", "calls", ""));
        choices
    }
}

/// A view of the rows.
pub(super) struct Choice {
    pub(super) text: &'static str,
    pub(super) link: String,
    pub(super) on: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_twice_is_not_folding() {
        let query = TraceQuery { only: "errors".into(), span: "aa".into(), ..TraceQuery::default() };
        let folded = query.toggled(SpanId([1; 8]));
        assert_eq!(folded, "?only=errors&except=0101010101010101&span=aa");
        let query =
            TraceQuery { except: "0202020202020202,0101010101010101".into(), ..TraceQuery::default() };
        assert_eq!(query.toggled(SpanId([1; 8])), "?except=0202020202020202");
    }

    #[test]
    fn values_that_mean_nothing_are_refused() {
        for query in [
            TraceQuery { only: "x".into(), ..TraceQuery::default() },
            TraceQuery { fold: "x".into(), ..TraceQuery::default() },
            TraceQuery { except: "x".into(), ..TraceQuery::default() },
            TraceQuery { history: "x".into(), ..TraceQuery::default() },
            TraceQuery { text: "x".into(), ..TraceQuery::default() },
            TraceQuery { zoom: "x".into(), ..TraceQuery::default() },
            TraceQuery { except: "0101010101010101,".repeat(MAX_EXCEPT + 1), ..TraceQuery::default() },
        ] {
            assert_eq!(query.view().unwrap_err().code, Code::Unprocessable, "{query:?}");
        }
    }
}
