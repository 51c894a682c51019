//! A row of the waterfall: a span's place in the tree, its bar on the axis, the one figure that matters for its kind.

use bennu_model::{Kind, SpanId, StatusCode};

use super::{
    running::Running,
    state::TraceQuery,
    timing::{self, Timing},
    tree::Tree,
};
use crate::pages::{content, format};

/// The axis's width in the bars' own units.
const AXIS: f64 = 10_000.0;
/// The narrowest bar that can be seen.
const MIN_BAR: f64 = 40.0;
/// Deeper rows are indented no further.
const MAX_INDENT: usize = 14;

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) span_id: SpanId,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) kind_class: String,
    /// Steps of indentation.
    pub(super) indent: usize,
    /// From 1.
    pub(super) level: usize,
    pub(super) model: String,
    /// The bar, as an SVG path in a box of 10,000 by 10.
    pub(super) bar: String,
    /// Its parts on the critical path, likewise.
    pub(super) critical: String,
    pub(super) duration: String,
    pub(super) figure: String,
    pub(super) error: bool,
    /// Its parent has not arrived.
    pub(super) orphan: bool,
    /// It has not ended; its duration is its age.
    pub(super) running: bool,
    /// It was announced, and its end never came.
    pub(super) unended: bool,
    /// Only its children are known.
    pub(super) awaited: bool,
    /// How much it seems to begin before its parent.
    pub(super) skew: String,
    pub(super) selected: bool,
    /// It contains what is searched for.
    pub(super) found: bool,
    /// Spans below it; 0 for none.
    pub(super) below: usize,
    pub(super) folded: bool,
    /// The link that folds or unfolds it.
    pub(super) toggle: String,
    pub(super) title: String,
}

/// What the rows of a trace have in common.
pub(super) struct Rows<'a> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) timing: &'a Timing,
    pub(super) query: &'a TraceQuery,
    pub(super) found: Option<&'a std::collections::HashSet<SpanId>>,
    pub(super) selected: Option<SpanId>,
    pub(super) running: &'a Running,
    /// The whole trace.
    pub(super) trace: timing::Stretch,
    /// What the axis shows of it.
    pub(super) axis: timing::Stretch,
}

impl Rows<'_> {
    /// The row of a place.
    pub(super) fn row(&self, place: usize, folded: bool) -> Row {
        let (span, node) = (self.tree.span(place), self.tree.nodes[place]);
        let lasted = span.end_ns.saturating_sub(span.start_ns).max(0).unsigned_abs();
        let duration = format::duration(lasted);
        let tokens = span.usage.total().filter(|_| matches!(span.kind, Kind::Llm | Kind::Embedding));
        let figure =
            span.note.clone().or_else(|| tokens.map(|tokens| format!("{} tok", format::count(tokens))));
        let below = node.end - place - 1;
        let skew = timing::skew_ns(self.tree, place).map(format::duration);
        Row {
            span_id: span.span_id,
            name: content::name(&span.name),
            kind: kind_word(span.kind),
            kind_class: kind_class(span.kind),
            indent: node.depth.min(MAX_INDENT),
            level: node.depth + 1,
            model: span.model.as_deref().map(content::name).unwrap_or_default(),
            bar: self.path(&[(span.start_ns, span.end_ns)]),
            critical: self.path(self.timing.critical(place)),
            title: self.title(place, &duration, lasted),
            duration,
            figure: figure.unwrap_or_default(),
            error: span.status == StatusCode::Error,
            orphan: node.orphan,
            running: span.running && self.running.live,
            unended: span.running && !self.running.live,
            awaited: self.running.awaited.contains(&span.span_id),
            skew: skew.unwrap_or_default(),
            selected: self.selected == Some(span.span_id),
            found: self.found.is_some_and(|found| found.contains(&span.span_id)),
            below,
            folded,
            toggle: if below > 0 { self.query.toggled(span.span_id) } else { String::new() },
        }
    }

    fn title(&self, place: usize, duration: &str, lasted: u64) -> String {
        let started = self.tree.span(place).start_ns.saturating_sub(self.trace.0).max(0).unsigned_abs();
        let whole = self.trace.1.saturating_sub(self.trace.0).max(1).unsigned_abs();
        let mut title = format!("starts at {}, lasts {duration}", format::duration(started));
        if self.tree.has_children(place) {
            title
                .push_str(&format!(", {} of it itself", format::duration(timing::self_ns(self.tree, place))));
        }
        title.push_str(&format!(", {:.0} % of the trace", lasted as f64 * 100.0 / whole as f64));
        title
    }

    /// Stretches of time as a path; those beyond the axis are not there.
    fn path(&self, stretches: &[timing::Stretch]) -> String {
        let (from, to) = self.axis;
        let whole = to.saturating_sub(from).max(1) as f64;
        let at = |time_ns: i64| (time_ns.saturating_sub(from) as f64 / whole * AXIS).clamp(0.0, AXIS);
        let mut path = String::new();
        for (start, end) in stretches.iter().filter(|(start, end)| *start <= to && *(end.max(start)) >= from)
        {
            let width = (at(*end) - at(*start)).max(MIN_BAR);
            let x = at(*start).min(AXIS - width);
            path.push_str(&format!("M{x:.0} 0h{width:.0}v10h-{width:.0}z"));
        }
        path
    }
}

/// The word shown beside the colour.
pub(in crate::pages) fn kind_word(kind: Kind) -> &'static str {
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
pub(in crate::pages) fn kind_class(kind: Kind) -> String {
    format!("k-{}", kind.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::tree::tests::span;

    #[test]
    fn bars_lie_on_the_axis() {
        let spans = [
            span(1, None, 0, 100),
            span(2, Some(1), 25, 75),
            span(3, Some(1), 90, 10),
            span(4, Some(1), 100, 100),
        ];
        let tree = Tree::new(&spans);
        let timing = Timing::new(&tree, (0, 100), (0, 100));
        let query = TraceQuery::default();
        let rows = Rows {
            tree: &tree,
            timing: &timing,
            query: &query,
            found: None,
            selected: None,
            running: &Running::default(),
            trace: (0, 100),
            axis: (0, 100),
        };
        let bars: Vec<String> = (0..4).map(|place| rows.row(place, false).bar).collect();
        assert_eq!(
            bars,
            ["M0 0h10000v10h-10000z", "M2500 0h5000v10h-5000z", "M9000 0h40v10h-40z", "M9960 0h40v10h-40z",]
        );
        let zoomed = Rows { axis: (20, 45), ..rows };
        let bars: Vec<String> = (0..4).map(|place| zoomed.row(place, false).bar).collect();
        assert_eq!(bars, ["M0 0h10000v10h-10000z", "M2000 0h8000v10h-8000z", "", ""]);
        assert_eq!(
            zoomed.row(0, false).title,
            "starts at 0 ms, lasts 100 ns, 50 ns of it itself, 100 % of the trace"
        );
    }
}
