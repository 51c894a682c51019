//! The state of the list of traces: all of it stands in the URL.

use bennu_model::Kind;
use bennu_store::{TraceFilter, TraceSort};
use serde::Deserialize;

use crate::{
    api::parse_time,
    error::{Code, Error},
    pages::{encode::encode, format},
    query::news,
};

/// The state of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::pages) struct ListQuery {
    pub(super) status: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) session: String,
    pub(super) user: String,
    pub(super) service: String,
    /// `10s`, `500ms`, `2m`: lasts at least.
    pub(super) slower: String,
    /// `15m`, `1h`, `24h`, `7d`, `30d`: back from now.
    pub(super) last: String,
    pub(super) since: String,
    pub(super) until: String,
    /// `duration`, `tokens`, `errors` or `spans`: the most first; without it the newest.
    pub(super) sort: String,
    /// The columns shown; without it, what the reader chose last.
    pub(super) columns: String,
    pub(super) cursor: String,
    /// The store's count of changes when the page was made, for the live list.
    pub(super) changes: Option<u64>,
}

pub(super) const RANGES: [(&str, &str, i64); 5] = [
    ("15m", "last 15 minutes", 15 * 60),
    ("1h", "last hour", 3_600),
    ("24h", "last 24 hours", 86_400),
    ("7d", "last 7 days", 7 * 86_400),
    ("30d", "last 30 days", 30 * 86_400),
];

const FILTERS: [&str; 10] =
    ["status", "kind", "name", "session", "user", "service", "slower", "last", "since", "until"];

impl ListQuery {
    /// # Errors
    /// A value that means nothing, in words.
    pub(super) fn filter(&self) -> Result<TraceFilter, Error> {
        // As it is: a session may begin with a space.
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        let invalid = |name: &str, value: &str, expected: &str| {
            Error::new(Code::Unprocessable, format!("{name}={value}: {expected} was expected"))
        };
        let time = |name: &str, text: &str| match given(text) {
            None => Ok(None),
            Some(text) => parse_time(&text)
                .map(Some)
                .ok_or_else(|| invalid(name, &text, "a time such as 2026-11-21T12:00")),
        };
        let back = match given(&self.last) {
            None => None,
            Some(last) => {
                let range = RANGES.iter().find(|(name, ..)| *name == last);
                let (.., seconds) = range.ok_or_else(|| invalid("last", &last, "15m, 1h, 24h, 7d or 30d"))?;
                Some(format::now_ns() - seconds * 1_000_000_000)
            }
        };
        Ok(TraceFilter {
            errors: match self.status.as_str() {
                "" | "running" => None,
                "error" => Some(true),
                "ok" => Some(false),
                other => return Err(invalid("status", other, "error, ok or running")),
            },
            open_with_news_ns: (self.status == "running").then(|| news(format::now_ns())),
            kind: match given(&self.kind) {
                None => None,
                Some(kind) => {
                    Some(Kind::from_name(&kind).ok_or_else(|| invalid("kind", &kind, "a span kind"))?)
                }
            },
            name: given(&self.name),
            session_ids: given(&self.session).into_iter().collect(),
            user_id: given(&self.user),
            service: given(&self.service),
            min_duration_ns: match given(&self.slower) {
                None => None,
                Some(slower) => Some(
                    duration_ns(&slower)
                        .ok_or_else(|| invalid("slower", &slower, "a duration such as 500ms, 10s or 2m"))?,
                ),
            },
            since_ns: time("since", &self.since)?.or(back),
            until_ns: time("until", &self.until)?,
            sort: match self.sort.as_str() {
                "" => TraceSort::Start,
                "duration" => TraceSort::Duration,
                "tokens" => TraceSort::Tokens,
                "errors" => TraceSort::Errors,
                "spans" => TraceSort::Spans,
                other => return Err(invalid("sort", other, "duration, tokens, errors or spans")),
            },
            ..TraceFilter::default()
        })
    }

    /// Whether one of the filters is on that are folded away at first.
    pub(super) fn has_further(&self) -> bool {
        let further = [&self.kind, &self.session, &self.service, &self.slower, &self.since, &self.until];
        further.iter().any(|value| !value.is_empty())
    }

    /// This list's URL with some of its parameters changed; the first page of it.
    pub(super) fn link(&self, base: &str, change: impl FnOnce(&mut ListQuery)) -> String {
        let mut query = self.clone();
        query.cursor.clear();
        change(&mut query);
        let pairs: Vec<String> = FILTERS
            .iter()
            .chain(&["sort", "columns", "cursor"])
            .filter_map(|name| {
                let value = query.value(name).filter(|value| !value.is_empty())?;
                Some(format!("{name}={}", encode(value)))
            })
            .collect();
        if pairs.is_empty() { base.to_owned() } else { format!("{base}?{}", pairs.join("&")) }
    }

    /// The filters that are on, each with the link that takes it off.
    pub(super) fn chips(&self, base: &str) -> Vec<Chip> {
        let on = FILTERS.iter().filter_map(|name| Some((*name, self.value(name)?)));
        on.filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| Chip {
                text: format!("{name}: {value}"),
                remove: self.link(base, |query| {
                    if let Some(value) = query.value_mut(name) {
                        value.clear();
                    }
                }),
            })
            .collect()
    }

    fn value(&self, name: &str) -> Option<&String> {
        Some(match name {
            "status" => &self.status,
            "kind" => &self.kind,
            "name" => &self.name,
            "session" => &self.session,
            "user" => &self.user,
            "service" => &self.service,
            "slower" => &self.slower,
            "last" => &self.last,
            "since" => &self.since,
            "until" => &self.until,
            "sort" => &self.sort,
            "columns" => &self.columns,
            "cursor" => &self.cursor,
            _ => return None,
        })
    }

    fn value_mut(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "status" => &mut self.status,
            "kind" => &mut self.kind,
            "name" => &mut self.name,
            "session" => &mut self.session,
            "user" => &mut self.user,
            "service" => &mut self.service,
            "slower" => &mut self.slower,
            "last" => &mut self.last,
            "since" => &mut self.since,
            "until" => &mut self.until,
            _ => return None,
        })
    }
}

/// `500ms`, `1.5s`, `10 s`, `2m`, `1h`; a number alone is seconds.
fn duration_ns(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let number: f64 = text[..split].trim().parse().ok()?;
    let unit_ns = match &text[split..] {
        "ms" => 1e6,
        "" | "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3_600e9,
        _ => return None,
    };
    let ns = number * unit_ns;
    (0.0..9e18).contains(&ns).then_some(ns as i64)
}

/// A filter that is on.
pub(super) struct Chip {
    pub(super) text: String,
    /// The list without it.
    pub(super) remove: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_takes_its_own_filter_off() {
        let query = ListQuery {
            status: "error".into(),
            user: "a&b".into(),
            cursor: "1-2".into(),
            ..ListQuery::default()
        };
        let chips = query.chips("/p");
        assert_eq!(
            chips.iter().map(|chip| chip.remove.as_str()).collect::<Vec<_>>(),
            ["/p?user=a%26b", "/p?status=error"]
        );
        for name in FILTERS {
            assert!(ListQuery::default().value_mut(name).is_some(), "{name}");
        }
    }

    #[test]
    fn values_that_are_not_known_are_refused() {
        for query in [
            ListQuery { status: "bad".into(), ..ListQuery::default() },
            ListQuery { kind: "bad".into(), ..ListQuery::default() },
            ListQuery { last: "1y".into(), ..ListQuery::default() },
            ListQuery { since: "yesterday".into(), ..ListQuery::default() },
            ListQuery { slower: "fast".into(), ..ListQuery::default() },
            ListQuery { sort: "name".into(), ..ListQuery::default() },
        ] {
            assert_eq!(query.filter().unwrap_err().code, Code::Unprocessable, "{query:?}");
        }
    }

    #[test]
    fn durations_as_people_type_them() {
        for (text, ns) in [
            ("500ms", Some(500_000_000)),
            (" 1.5 s", Some(1_500_000_000)),
            ("10", Some(10_000_000_000)),
            ("2m", Some(120_000_000_000)),
            ("-1s", None),
            ("1e30h", None),
            ("nans", None),
            ("s", None),
        ] {
            assert_eq!(duration_ns(text), ns, "{text}");
        }
    }
}
