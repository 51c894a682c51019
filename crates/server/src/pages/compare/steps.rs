//! The steps of two traces as rows of a table: both durations, and in words what else differs.

use bennu_model::{Kind, SpanId, StatusCode};
use bennu_store::SpanRow;

use super::align::Step;
use crate::pages::{
    content, format,
    trace::{
        row::{kind_class, kind_word},
        tree::Tree,
    },
};

/// Steps shown.
pub(super) const MAX_STEPS: usize = 150;

/// A step's span in either trace.
pub(super) type Chosen = (Option<SpanId>, Option<SpanId>);

/// How much more or less `b` has.
#[derive(Default)]
pub(super) struct Delta {
    pub(super) text: String,
    pub(super) class: &'static str,
}

pub(super) struct StepView {
    pub(super) kind: &'static str,
    pub(super) kind_class: String,
    pub(super) name: String,
    pub(super) indent: usize,
    pub(super) link: String,
    pub(super) class: &'static str,
    pub(super) selected: bool,
    pub(super) a: Option<Cell>,
    pub(super) b: Option<Cell>,
    pub(super) duration: Delta,
    /// What else differs, in words.
    pub(super) differs: String,
}

pub(super) struct Cell {
    pub(super) duration: String,
    /// Out of 100, against the longest step.
    pub(super) share: String,
    pub(super) tokens: String,
    pub(super) failed: bool,
}

/// Nothing where the difference is less than a twentieth: every run differs a little.
pub(super) fn delta(a: u64, b: u64, say: fn(u64) -> String) -> Delta {
    let (more, by) = (b > a, b.abs_diff(a));
    if by.saturating_mul(20) < a.max(b) || by == 0 {
        return Delta::default();
    }
    Delta {
        text: format!("{}{}", if more { "+" } else { "−" }, say(by)),
        class: if more { "more" } else { "less" },
    }
}

/// The step to look at first: where one failed and the other did not, else the last model call of both.
pub(super) fn telling(a: &Tree<'_>, b: &Tree<'_>, steps: &[Step]) -> Option<Chosen> {
    let span = |tree: &Tree<'_>, place: Option<usize>| place.map(|place| tree.span(place).span_id);
    let failed = |tree: &Tree<'_>, place: Option<usize>| {
        place.is_some_and(|place| tree.span(place).status == StatusCode::Error)
    };
    let differs = steps.iter().rev().find(|step| failed(a, step.a) != failed(b, step.b));
    let call = || {
        steps.iter().rev().find(|step| match (step.a, step.b) {
            (Some(left), Some(_)) => a.span(left).kind == Kind::Llm,
            _ => false,
        })
    };
    let step = differs.or_else(call).or(steps.first())?;
    Some((span(a, step.a), span(b, step.b)))
}

/// The first rows, each with the link that chooses it.
pub(super) fn views(
    a: &Tree<'_>,
    b: &Tree<'_>,
    steps: &[Step],
    chosen: Option<Chosen>,
    base: &str,
) -> Vec<StepView> {
    let lasted = |span: &SpanRow| span.end_ns.saturating_sub(span.start_ns).max(0).unsigned_abs();
    let longest = (0..a.len()).map(|place| lasted(a.span(place)));
    let longest = longest.chain((0..b.len()).map(|place| lasted(b.span(place)))).max().unwrap_or(0).max(1);
    let cell = |span: &SpanRow| Cell {
        duration: format::duration(lasted(span)),
        share: format!("{:.1}", lasted(span) as f64 / longest as f64 * 100.0),
        tokens: span.usage.total().map(format::count).unwrap_or_default(),
        failed: span.status == StatusCode::Error,
    };
    let view = |step: &Step| {
        let (left, right) = (step.a.map(|place| a.span(place)), step.b.map(|place| b.span(place)));
        let shown = right.or(left)?;
        let id = |span: Option<&SpanRow>| span.map(|span| span.span_id.to_string()).unwrap_or_default();
        let mut differs = Vec::new();
        if let (Some(left), Some(right)) = (left, right) {
            if left.model != right.model {
                let name = |model: &Option<String>| model.clone().unwrap_or_else(|| "-".into());
                differs.push(format!("{} → {}", name(&left.model), name(&right.model)));
            }
            if left.note != right.note {
                let note = |note: &Option<String>| note.clone().unwrap_or_else(|| "-".into());
                differs.push(format!("{} → {}", note(&left.note), note(&right.note)));
            }
        }
        Some(StepView {
            kind: kind_word(shown.kind),
            kind_class: kind_class(shown.kind),
            name: content::name(&shown.name),
            indent: step.depth.min(14),
            link: format!("{base}&step={}-{}", id(left), id(right)),
            class: match (left, right) {
                (Some(_), None) => "only-a",
                (None, Some(_)) => "only-b",
                _ => "",
            },
            selected: chosen == Some((left.map(|span| span.span_id), right.map(|span| span.span_id))),
            duration: match (left, right) {
                (Some(left), Some(right)) => delta(lasted(left), lasted(right), format::duration),
                _ => Delta::default(),
            },
            a: left.map(cell),
            b: right.map(cell),
            differs: differs.join(", "),
        })
    };
    steps.iter().take(MAX_STEPS).filter_map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_no_differences() {
        let told = |a, b| delta(a, b, format::count).text;
        assert_eq!(
            (told(100, 103).as_str(), told(100, 110).as_str(), told(100, 50).as_str(), told(0, 0).as_str()),
            ("", "+10", "−50", "")
        );
        assert_eq!(told(0, u64::MAX), "+18,446,744,073,709,551,615");
    }
}
