//! What has not ended yet: spans that were announced and spans that are only known from their children, shown as far as they have
//! come.
//!
//! A span is sent when it ends, so a parent comes after its children, and a process that dies never sends it. While a trace
//! still has news such a span counts as running; later, as one whose end never came.

use std::collections::HashMap;

use bennu_model::{Kind, SpanId, StatusCode, Usage};
use bennu_store::SpanRow;

use crate::query::is_live;

/// Parents that are shown although they have not arrived; a trace of orphans only is shown as that.
const MAX_AWAITED: usize = 50;

/// What is still going on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Running {
    /// Whether the trace has news and something in it is open: the page asks again.
    pub(super) live: bool,
    /// Spans known from their children only, that stand among the rows.
    pub(super) awaited: Vec<SpanId>,
    pub(super) now_ns: i64,
}

/// Lets open spans last until now, and puts rows where parents are awaited. `end_ns` is the end of the trace.
pub(super) fn extend(spans: &mut Vec<SpanRow>, end_ns: &mut i64, now_ns: i64) -> Running {
    let Some(last_ns) = spans.iter().map(|span| span.end_ns.max(span.start_ns)).max() else {
        return Running::default();
    };
    // Where the root has ended nobody is awaited: a parent that is missing then was lost.
    let ended = spans.iter().any(|span| span.parent_id.is_none() && !span.running);
    let missing = if ended { Vec::new() } else { missing(spans) };
    let open = spans.iter().any(|span| span.running) || !missing.is_empty();
    let live = open && is_live(last_ns, now_ns);
    let now_ns = now_ns.max(last_ns);
    for span in spans.iter_mut().filter(|span| span.running) {
        span.end_ns = if live { now_ns } else { span.end_ns.max(span.start_ns) };
    }
    if !live {
        return Running { now_ns, ..Running::default() };
    }
    let mut awaited = Vec::new();
    if missing.len() <= MAX_AWAITED {
        for (parent, start_ns) in missing {
            awaited.push(parent);
            spans.push(placeholder(parent, start_ns, now_ns));
        }
        spans.sort_by_key(|span| (span.start_ns, !awaited.contains(&span.span_id)));
    }
    *end_ns = now_ns.max(*end_ns);
    Running { live, awaited, now_ns }
}

/// Parents that have not arrived, with the earliest start of their children.
fn missing(spans: &[SpanRow]) -> Vec<(SpanId, i64)> {
    let here: std::collections::HashSet<SpanId> = spans.iter().map(|span| span.span_id).collect();
    let mut missing: HashMap<SpanId, i64> = HashMap::new();
    for span in spans {
        if let Some(parent) = span.parent_id.filter(|parent| !here.contains(parent)) {
            let start_ns = missing.entry(parent).or_insert(span.start_ns);
            *start_ns = span.start_ns.min(*start_ns);
        }
    }
    let mut missing: Vec<(SpanId, i64)> = missing.into_iter().collect();
    missing.sort_unstable_by_key(|(parent, start_ns)| (*start_ns, *parent));
    missing
}

fn placeholder(span_id: SpanId, start_ns: i64, end_ns: i64) -> SpanRow {
    SpanRow {
        id: 0,
        span_id,
        parent_id: None,
        name: "not ended yet".into(),
        kind: Kind::Unknown,
        status: StatusCode::Unset,
        start_ns,
        end_ns,
        running: true,
        model: None,
        note: None,
        usage: Usage::default(),
        usage_owned: Usage::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::tree::tests::span;

    #[test]
    fn a_parent_that_is_awaited_stands_over_its_children_while_there_is_news() {
        let second = 1_000_000_000;
        let sent = [span(2, Some(1), 5 * second, 6 * second), span(3, Some(1), 7 * second, 8 * second)];
        let (mut spans, mut end_ns) = (sent.to_vec(), 8 * second);
        let running = extend(&mut spans, &mut end_ns, 10 * second);
        assert_eq!((running.live, running.awaited.len(), end_ns), (true, 1, 10 * second));
        assert_eq!((spans[0].start_ns, spans[0].end_ns, spans[0].running), (5 * second, 10 * second, true));
        let (mut spans, mut end_ns) = (sent.to_vec(), 8 * second);
        assert!(
            !extend(&mut spans, &mut end_ns, crate::query::news(8 * second).1 + 1).live,
            "its end never came"
        );
        assert_eq!((spans.len(), end_ns), (2, 8 * second));
    }

    #[test]
    fn an_announced_span_lasts_until_now() {
        let mut spans = vec![span(1, None, 100, 0)];
        spans[0].running = true;
        let mut end_ns = 100;
        let running = extend(&mut spans, &mut end_ns, 500);
        assert!(running.live && running.awaited.is_empty());
        assert_eq!((spans[0].end_ns, end_ns), (500, 500));
    }
}
