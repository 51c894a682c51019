//! Two traces' trees, aligned by path: siblings of the same kind and name in the same order are the same step.

use std::time::{Duration, Instant};

use bennu_model::Kind;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::pages::trace::tree::Tree;

/// After this long, siblings that are left are taken as replaced: a page must not wait for the best alignment of thousands.
const PATIENCE: Duration = Duration::from_millis(300);

/// A step of either trace or of both, by its place in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) a: Option<usize>,
    pub(super) b: Option<usize>,
    pub(super) depth: usize,
}

/// Every step, parents before their children.
pub(super) fn align(a: &Tree<'_>, b: &Tree<'_>) -> Vec<Step> {
    let deadline = Instant::now() + PATIENCE;
    let mut steps = Vec::with_capacity(a.len().max(b.len()));
    // What is still to align, the next last.
    let mut stack = siblings(a, b, None, None, 0, deadline);
    while let Some(step) = stack.pop() {
        steps.push(step);
        match (step.a, step.b) {
            (Some(_), Some(_)) => stack.extend(siblings(a, b, step.a, step.b, step.depth + 1, deadline)),
            (Some(place), None) => {
                let below = a.children(Some(place)).map(|child| Step {
                    a: Some(child),
                    b: None,
                    depth: step.depth + 1,
                });
                stack.extend(reversed(below.collect()));
            }
            (None, Some(place)) => {
                let below = b.children(Some(place)).map(|child| Step {
                    a: None,
                    b: Some(child),
                    depth: step.depth + 1,
                });
                stack.extend(reversed(below.collect()));
            }
            (None, None) => {}
        }
    }
    steps
}

fn reversed(mut steps: Vec<Step>) -> Vec<Step> {
    steps.reverse();
    steps
}

/// The children of two steps, the last first.
fn siblings(
    a: &Tree<'_>,
    b: &Tree<'_>,
    in_a: Option<usize>,
    in_b: Option<usize>,
    depth: usize,
    deadline: Instant,
) -> Vec<Step> {
    let (left, right): (Vec<usize>, Vec<usize>) = (a.children(in_a).collect(), b.children(in_b).collect());
    let key = |tree: &Tree<'_>, place: usize| -> (Kind, String) {
        let span = tree.span(place);
        (span.kind, span.name.clone())
    };
    let left_keys: Vec<_> = left.iter().map(|place| key(a, *place)).collect();
    let right_keys: Vec<_> = right.iter().map(|place| key(b, *place)).collect();
    let mut steps = Vec::new();
    let only_a = |at: usize| Step { a: Some(left[at]), b: None, depth };
    let only_b = |at: usize| Step { a: None, b: Some(right[at]), depth };
    for op in capture_diff_slices_deadline(Algorithm::Myers, &left_keys, &right_keys, Some(deadline)) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => steps.extend((0..len).map(|at| Step {
                a: Some(left[old_index + at]),
                b: Some(right[new_index + at]),
                depth,
            })),
            DiffOp::Delete { old_index, old_len, .. } => {
                steps.extend((old_index..old_index + old_len).map(only_a));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                steps.extend((new_index..new_index + new_len).map(only_b));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                steps.extend((old_index..old_index + old_len).map(only_a));
                steps.extend((new_index..new_index + new_len).map(only_b));
            }
        }
    }
    reversed(steps)
}

#[cfg(test)]
mod tests {
    use bennu_model::{SpanId, StatusCode, Usage};
    use bennu_store::SpanRow;

    use super::*;

    fn span(id: u8, parent: u8, name: &str) -> SpanRow {
        SpanRow {
            id: id.into(),
            span_id: SpanId([id; 8]),
            parent_id: (parent > 0).then_some(SpanId([parent; 8])),
            name: name.into(),
            kind: Kind::Unknown,
            status: StatusCode::Unset,
            start_ns: id.into(),
            end_ns: 100,
            running: false,
            model: None,
            note: None,
            usage: Usage::default(),
            usage_owned: Usage::default(),
        }
    }

    #[test]
    fn steps_that_are_missing_or_new_stand_between_those_that_are_the_same() {
        let before = [
            span(1, 0, "run"),
            span(2, 1, "plan"),
            span(3, 1, "search"),
            span(4, 3, "embed"),
            span(5, 1, "answer"),
        ];
        let after = [
            span(1, 0, "run"),
            span(2, 1, "plan"),
            span(6, 1, "fetch"),
            span(7, 6, "http"),
            span(8, 1, "answer"),
        ];
        let (a, b) = (Tree::new(&before), Tree::new(&after));
        let told: Vec<String> = align(&a, &b)
            .into_iter()
            .map(|step| {
                let name = |tree: &Tree<'_>, place: Option<usize>| {
                    place.map_or("-".into(), |place| tree.span(place).name.clone())
                };
                format!("{}{}/{}", " ".repeat(step.depth), name(&a, step.a), name(&b, step.b))
            })
            .collect();
        assert_eq!(
            told,
            ["run/run", " plan/plan", " search/-", "  embed/-", " -/fetch", "  -/http", " answer/answer"]
        );
    }
}
