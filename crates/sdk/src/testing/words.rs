//! How counts, durations and values are said.

use std::time::Duration;

use serde_json::Value as Json;

use super::Span;

/// Characters of a tool's arguments that are shown.
const ARGUMENTS: usize = 80;

/// A text of at most so many characters, on one line.
pub(super) fn cut(text: &str, chars: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(chars + 1).collect();
    match line.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

pub(super) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// `1 model call`, `2 model calls`.
pub(super) fn count(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

pub(super) fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `a, b, c`, the first so many.
pub(super) fn list<T: AsRef<str>>(items: &[T], limit: usize) -> String {
    let shown: Vec<&str> = items.iter().take(limit).map(AsRef::as_ref).collect();
    let more = items.len().saturating_sub(limit);
    if more == 0 { shown.join(", ") } else { format!("{}, and {more} more", shown.join(", ")) }
}

pub(super) fn duration(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1e3;
    match ms {
        _ if ms < 0.9995 => format!("{:.0} µs", ms * 1e3),
        _ if ms < 9.95 => format!("{ms:.1} ms"),
        _ if ms < 999.5 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1e3),
    }
}

/// Arguments of a tool, shortened.
pub(super) fn arguments(arguments: &Json) -> String {
    match arguments {
        Json::Null => String::new(),
        other => format!(" {}", cut(&other.to_string(), ARGUMENTS)),
    }
}

/// `tool search_docs {"query":"a"}`.
pub(super) fn tool(span: &Span) -> String {
    format!("tool {}{}", span.label(), arguments(span.arguments()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!([0, 1, 2, 7].map(times), ["never", "once", "twice", "7 times"]);
        assert_eq!(
            [1, 2, 3, 4, 11, 21, 112].map(ordinal),
            ["1st", "2nd", "3rd", "4th", "11th", "21st", "112th"]
        );
        assert_eq!([1, 0].map(|n| count(n, "span")), ["1 span", "0 spans"]);
        assert_eq!(list(&["a", "b", "c"], 2), "a, b, and 1 more");
        assert_eq!((cut("äöü", 3), cut("a \nbcd", 3)), ("äöü".to_owned(), "a…".to_owned()));
        let durations = [200, 9_940, 9_970, 265_426, 1_240_000].map(|us| duration(Duration::from_micros(us)));
        assert_eq!(durations, ["200 µs", "9.9 ms", "10 ms", "265 ms", "1.24 s"]);
    }
}
