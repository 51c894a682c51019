//! From a trace's spans to the rows of its waterfall: the tree in order, each with its bar on one time axis.

use std::collections::{HashMap, HashSet};

use bennu_model::{Kind, SpanId, StatusCode, Tokens};
use bennu_store::SpanRow;

use super::{format, text};

/// Rows of one page of a waterfall. The page of a larger trace is a window of it.
pub(super) const WINDOW_ROWS: usize = 500;
/// The axis's width in the bars' own units.
const AXIS: f64 = 1000.0;
/// The narrowest bar that can be seen.
const MIN_BAR: f64 = 2.0;
/// Deeper rows are indented no further.
const MAX_INDENT: usize = 14;

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) span_id: SpanId,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) kind_class: String,
    pub(super) indent_px: usize,
    pub(super) depth: usize,
    pub(super) model: String,
    pub(super) x: String,
    pub(super) width: String,
    /// Whether the figure stands left of the bar, because the bar ends near the right edge.
    pub(super) duration: String,
    pub(super) figure: String,
    pub(super) error: bool,
    /// Its parent has not arrived.
    pub(super) orphan: bool,
    pub(super) selected: bool,
    pub(super) title: String,
}

/// The spans in the order of the tree, and where each stands.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    /// Index into the spans, depth, and whether the parent is missing.
    order: Vec<(usize, usize, bool)>,
    spans: &'a [SpanRow],
    children: HashMap<SpanId, Vec<usize>>,
}

impl<'a> Tree<'a> {
    /// Children follow their parent by start. A span whose parent has not arrived stands at the top; a circle of parents is
    /// cut at its earliest span.
    pub(super) fn new(spans: &'a [SpanRow]) -> Tree<'a> {
        let ids: HashSet<SpanId> = spans.iter().map(|span| span.span_id).collect();
        let mut children: HashMap<SpanId, Vec<usize>> = HashMap::new();
        let mut tops = Vec::new();
        for (at, span) in spans.iter().enumerate() {
            match span.parent_id {
                Some(parent) if ids.contains(&parent) => children.entry(parent).or_default().push(at),
                parent => tops.push((at, parent.is_some())),
            }
        }
        let mut tree = Tree { order: Vec::with_capacity(spans.len()), spans, children };
        let mut seen = vec![false; spans.len()];
        for (at, orphan) in tops {
            tree.walk(at, orphan, &mut seen);
        }
        for at in 0..spans.len() {
            if !seen[at] {
                tree.walk(at, true, &mut seen);
            }
        }
        tree
    }

    /// Depth first without recursion: traces may be deeper than the stack.
    fn walk(&mut self, top: usize, orphan: bool, seen: &mut [bool]) {
        let mut stack = vec![(top, 0, orphan)];
        while let Some((at, depth, orphan)) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            self.order.push((at, depth, orphan));
            let below = self.children.get(&self.spans[at].span_id).map(Vec::as_slice).unwrap_or_default();
            stack.extend(below.iter().rev().map(|child| (*child, depth + 1, false)));
        }
    }

    /// The span to open on: the first error with no error below it, else the last model call, else the first row.
    pub(super) fn interesting(&self) -> Option<&'a SpanRow> {
        let ordered = || self.order.iter().map(|(at, ..)| &self.spans[*at]);
        let failed = |span: &SpanRow| span.status == StatusCode::Error;
        let error = ordered().find(|span| {
            let below = self.children.get(&span.span_id).map(Vec::as_slice).unwrap_or_default();
            failed(span) && !below.iter().any(|child| failed(&self.spans[*child]))
        });
        let answer = || {
            ordered()
                .filter(|span| span.kind == Kind::Llm)
                .max_by_key(|span| (span.end_ns, std::cmp::Reverse(span.start_ns)))
        };
        error.or_else(answer).or_else(|| ordered().next())
    }

    /// Where a span stands in the order.
    pub(super) fn position(&self, span_id: SpanId) -> Option<usize> {
        self.order.iter().position(|(at, ..)| self.spans[*at].span_id == span_id)
    }

    /// Tokens owned below a span.
    pub(super) fn owned_below(&self, span_id: SpanId) -> Tokens {
        let Some(position) = self.position(span_id) else { return Tokens::default() };
        let depth = self.order[position].1;
        let below = self.order[position + 1..].iter().take_while(|(_, below, _)| *below > depth);
        below.fold(Tokens::default(), |mut sum, (at, ..)| {
            for (sum, more) in sum.iter_mut().zip(self.spans[*at].usage_owned.tokens()) {
                *sum = sum.saturating_add(more);
            }
            sum
        })
    }

    /// A window of rows on the axis from `start_ns` to `end_ns`.
    pub(super) fn rows(&self, from: usize, start_ns: i64, end_ns: i64, selected: Option<SpanId>) -> Vec<Row> {
        let window = self.order.iter().skip(from).take(WINDOW_ROWS);
        window
            .map(|(at, depth, orphan)| {
                let span = &self.spans[*at];
                row(span, *depth, *orphan, start_ns, end_ns, selected == Some(span.span_id))
            })
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

fn row(span: &SpanRow, depth: usize, orphan: bool, start_ns: i64, end_ns: i64, selected: bool) -> Row {
    let whole = (end_ns - start_ns).max(1) as f64;
    let at = |time_ns: i64| ((time_ns - start_ns) as f64 / whole * AXIS).clamp(0.0, AXIS);
    let width = (at(span.end_ns) - at(span.start_ns)).max(MIN_BAR);
    let x = at(span.start_ns).min(AXIS - width);
    let lasted = span.end_ns.saturating_sub(span.start_ns).max(0).unsigned_abs();
    let duration = format::duration(lasted);
    let tokens = span.usage.total().filter(|_| matches!(span.kind, Kind::Llm | Kind::Embedding));
    let figure = span.note.clone().or_else(|| tokens.map(|tokens| format!("{} tok", format::count(tokens))));
    let started = format::duration(span.start_ns.saturating_sub(start_ns).max(0).unsigned_abs());
    Row {
        span_id: span.span_id,
        name: text::name(&span.name),
        kind: kind_word(span.kind),
        kind_class: kind_class(span.kind),
        indent_px: depth.min(MAX_INDENT) * 12,
        depth: depth + 1,
        model: span.model.clone().unwrap_or_default(),
        x: format!("{x:.1}"),
        width: format!("{width:.1}"),
        title: format!("starts at {started}, lasts {duration}"),
        duration,
        figure: figure.unwrap_or_default(),
        error: span.status == StatusCode::Error,
        orphan,
        selected,
    }
}

/// The word shown beside the colour.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Unknown => "span",
        Kind::Llm => "llm",
        Kind::Embedding => "embed",
        Kind::Chain => "chain",
        Kind::Retriever => "retrieve",
        Kind::Reranker => "rerank",
        Kind::Tool => "tool",
        Kind::Agent => "agent",
        Kind::Guardrail => "guard",
        Kind::Evaluator => "eval",
        Kind::Prompt => "prompt",
        Kind::Decision => "decide",
    }
}

/// The class that gives the colour.
pub(super) fn kind_class(kind: Kind) -> String {
    format!("k-{}", kind.as_str().to_ascii_lowercase())
}

/// The axis's marks: quarters of the whole.
pub(super) fn ticks(start_ns: i64, end_ns: i64) -> Vec<String> {
    let whole = end_ns.saturating_sub(start_ns).max(0).unsigned_abs();
    (0..4)
        .map(|quarter| if quarter == 0 { "0".into() } else { format::duration(whole / 4 * quarter) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bennu_model::Usage;

    fn span(id: u8, parent: Option<u8>, start_ns: i64, end_ns: i64) -> SpanRow {
        SpanRow {
            id: id.into(),
            span_id: SpanId([id; 8]),
            parent_id: parent.map(|id| SpanId([id; 8])),
            name: format!("s{id}"),
            kind: Kind::Unknown,
            status: StatusCode::Unset,
            start_ns,
            end_ns,
            model: None,
            note: None,
            usage: Usage::default(),
            usage_owned: Usage::default(),
        }
    }

    fn shape(spans: &[SpanRow]) -> Vec<(String, usize, bool)> {
        let rows = Tree::new(spans).rows(0, 0, 100, None);
        rows.into_iter().map(|row| (row.name, row.depth, row.orphan)).collect()
    }

    #[test]
    fn children_follow_their_parent_and_orphans_stand_at_the_top() {
        let spans = [
            span(1, None, 0, 100),
            span(2, Some(1), 10, 50),
            span(3, Some(2), 20, 30),
            span(4, Some(1), 60, 90),
            span(5, Some(9), 70, 80),
        ];
        let expected =
            [("s1", 1, false), ("s2", 2, false), ("s3", 3, false), ("s4", 2, false), ("s5", 1, true)];
        assert_eq!(shape(&spans), expected.map(|(name, depth, orphan)| (name.to_owned(), depth, orphan)));
    }

    #[test]
    fn circles_and_very_deep_chains_end() {
        let circle = [span(1, Some(2), 0, 10), span(2, Some(1), 1, 9), span(3, Some(3), 2, 3)];
        assert_eq!(shape(&circle).len(), 3);
        let mut chain: Vec<SpanRow> = (0..50_000_u64)
            .map(|n| SpanRow {
                span_id: SpanId((n + 1).to_be_bytes()),
                parent_id: (n > 0).then(|| SpanId(n.to_be_bytes())),
                ..span(1, None, 0, 10)
            })
            .collect();
        chain.reverse();
        assert_eq!(Tree::new(&chain).len(), 50_000);
    }

    #[test]
    fn it_opens_on_the_innermost_error_else_on_the_last_answer() {
        let mut spans = vec![
            span(1, None, 0, 100),
            span(2, Some(1), 10, 50),
            span(3, Some(1), 60, 90),
            span(4, Some(1), 91, 99),
        ];
        spans[1].kind = Kind::Llm;
        spans[2].kind = Kind::Llm;
        assert_eq!(Tree::new(&spans).interesting().unwrap().name, "s3");
        spans[0].status = StatusCode::Error;
        spans[3].status = StatusCode::Error;
        assert_eq!(Tree::new(&spans).interesting().unwrap().name, "s4");
    }

    #[test]
    fn bars_lie_on_the_axis() {
        let spans = [
            span(1, None, 0, 100),
            span(2, Some(1), 25, 75),
            span(3, Some(1), 100, 100),
            span(4, Some(1), 90, 10),
        ];
        let bars: Vec<(String, String)> =
            Tree::new(&spans).rows(0, 0, 100, None).into_iter().map(|row| (row.x, row.width)).collect();
        let expected = [("0.0", "1000.0"), ("250.0", "500.0"), ("900.0", "2.0"), ("998.0", "2.0")];
        let mut bars_sorted = bars.clone();
        bars_sorted.sort_by(|a, b| a.0.parse::<f64>().unwrap().total_cmp(&b.0.parse().unwrap()));
        assert_eq!(bars_sorted, expected.map(|(x, width)| (x.to_owned(), width.to_owned())));
    }
}
