//! What somebody pasted into the box: an id, its beginning, a `traceparent`, or a link that contains one.

use bennu_model::{SpanId, TraceId};

/// What the text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pasted<'a> {
    /// A whole trace id, perhaps with one of its spans.
    Trace(TraceId, Option<SpanId>),
    /// The beginning of a trace's or a span's id (which may be whole).
    Digits(&'a str),
}

/// Fewer digits would match everything.
const MIN_DIGITS: usize = 4;

/// Reads lower-cased text.
pub(crate) fn read_pasted(text: &str) -> Option<Pasted<'_>> {
    // A trace id written as a UUID: five groups of digits.
    let groups: Vec<usize> =
        text.trim().split('-').map(|group| if is_hex(group) { group.len() } else { 0 }).collect();
    if groups == [8, 4, 4, 4, 12] {
        let trace = text.trim().replace('-', "").parse::<TraceId>().ok();
        return trace.map(|trace| Pasted::Trace(trace, None));
    }
    let runs: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| is_hex(run)).collect();
    let trace = runs.iter().find_map(|run| run.parse::<TraceId>().ok()).filter(|id| !id.is_zero());
    let span = runs.iter().rev().find_map(|run| run.parse::<SpanId>().ok()).filter(|id| !id.is_zero());
    if let Some(trace) = trace {
        return Some(Pasted::Trace(trace, span));
    }
    let digits = runs.iter().find(|run| run.len() == 16).copied();
    let whole = text.trim();
    digits
        .or((is_hex(whole) && (MIN_DIGITS..=32).contains(&whole.len())).then_some(whole))
        .map(Pasted::Digits)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_people_paste() {
        const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
        const SPAN: &str = "b7ad6b7169203331";
        let trace = TRACE.parse().unwrap();
        let span = SPAN.parse().unwrap();
        for (text, expected) in [
            (TRACE.to_owned(), Some(Pasted::Trace(trace, None))),
            (format!("  {TRACE}\n"), Some(Pasted::Trace(trace, None))),
            (format!("00-{TRACE}-{SPAN}-01"), Some(Pasted::Trace(trace, Some(span)))),
            (format!("traceparent: 00-{TRACE}-{SPAN}-01"), Some(Pasted::Trace(trace, Some(span)))),
            (
                format!("http://localhost:16686/trace/{TRACE}?uifind={SPAN}"),
                Some(Pasted::Trace(trace, Some(span))),
            ),
            ("0af76519-16cd-43dd-8448-eb211c80319c".to_owned(), Some(Pasted::Trace(trace, None))),
            (SPAN.to_owned(), Some(Pasted::Digits(SPAN))),
            ("0af7".to_owned(), Some(Pasted::Digits("0af7"))),
            ("0af".to_owned(), None),
            ("hello".to_owned(), None),
            (String::new(), None),
            (
                "00000000000000000000000000000000".to_owned(),
                Some(Pasted::Digits("00000000000000000000000000000000")),
            ),
        ] {
            assert_eq!(read_pasted(&text), expected, "{text}");
        }
    }
}
