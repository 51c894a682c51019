//! A trace's spans as a tree, in the order in which they are read: children follow their parent by start.

use std::collections::{HashMap, HashSet};

use bennu_model::{Kind, SpanId, StatusCode, Tokens};
use bennu_store::SpanRow;

use super::state::{Only, View};

/// A span in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    /// Index into the spans.
    at: usize,
    pub(super) depth: usize,
    /// Its parent has not arrived, or stands in a circle with it.
    pub(super) orphan: bool,
    /// The place after its last descendant.
    pub(super) end: usize,
}

/// The spans in order, and where each stands. A place is an index into that order.
#[derive(Debug)]
pub(in crate::pages) struct Tree<'a> {
    pub(super) nodes: Vec<Node>,
    spans: &'a [SpanRow],
    places: HashMap<SpanId, usize>,
}

impl<'a> Tree<'a> {
    /// `spans` by start. A span whose parent has not arrived stands at the top; a ring of parents is cut at its earliest span.
    pub(in crate::pages) fn new(spans: &'a [SpanRow]) -> Tree<'a> {
        let ids: HashMap<SpanId, usize> =
            spans.iter().enumerate().map(|(at, span)| (span.span_id, at)).collect();
        let mut children: HashMap<SpanId, Vec<usize>> = HashMap::new();
        let mut tops = Vec::new();
        for (at, span) in spans.iter().enumerate() {
            match span.parent_id {
                Some(parent) if ids.contains_key(&parent) => children.entry(parent).or_default().push(at),
                parent => tops.push((at, parent.is_some())),
            }
        }
        let mut nodes = Vec::with_capacity(spans.len());
        let mut seen = vec![false; spans.len()];
        for (at, orphan) in tops {
            walk(at, orphan, spans, &children, &mut nodes, &mut seen);
        }
        for at in 0..spans.len() {
            if !seen[at] {
                walk(cut(at, spans, &ids), true, spans, &children, &mut nodes, &mut seen);
            }
        }
        close(&mut nodes);
        let places = nodes.iter().enumerate().map(|(place, node)| (spans[node.at].span_id, place)).collect();
        Tree { nodes, spans, places }
    }

    /// Places of a tree's rows.
    pub(in crate::pages) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The span at a place.
    pub(in crate::pages) fn span(&self, place: usize) -> &'a SpanRow {
        &self.spans[self.nodes[place].at]
    }

    /// Where a span stands.
    pub(in crate::pages) fn place(&self, span_id: SpanId) -> Option<usize> {
        self.places.get(&span_id).copied()
    }

    /// The places of a span's children, in order; those of the tops for `None`.
    pub(in crate::pages) fn children(&self, place: Option<usize>) -> impl Iterator<Item = usize> {
        let (mut next, end) = place.map_or((0, self.nodes.len()), |place| (place + 1, self.nodes[place].end));
        std::iter::from_fn(move || {
            let child = next;
            (child < end).then(|| {
                next = self.nodes[child].end;
                child
            })
        })
    }

    pub(super) fn has_children(&self, place: usize) -> bool {
        self.nodes[place].end > place + 1
    }

    /// The span to open on: the first error with no error below it; else the call that produced the answer, which is the last
    /// to end of those that are not part of a judgement; else the first row.
    pub(super) fn interesting(&self) -> Option<SpanId> {
        let places = 0..self.nodes.len();
        // From the last place back: `next` is the nearest failed place after this one.
        let (mut error, mut next) = (None, usize::MAX);
        for place in places.clone().rev() {
            if self.span(place).status == StatusCode::Error {
                if next >= self.nodes[place].end {
                    error = Some(place);
                }
                next = place;
            }
        }
        let answer = || {
            let mut judged_until = 0;
            let mut calls = Vec::new();
            for place in places.clone() {
                let span = self.span(place);
                if matches!(span.kind, Kind::Evaluator | Kind::Guardrail) {
                    judged_until = judged_until.max(self.nodes[place].end);
                } else if span.kind == Kind::Llm {
                    calls.push((place < judged_until, place));
                }
            }
            let best = calls.into_iter().max_by_key(|(judged, place)| {
                let span = self.span(*place);
                (!judged, span.end_ns, std::cmp::Reverse(span.start_ns))
            });
            best.map(|(_, place)| place)
        };
        let place = error.or_else(answer).or_else(|| places.clone().next());
        place.map(|place| self.span(place).span_id)
    }

    /// Tokens owned below a span.
    pub(super) fn owned_below(&self, span_id: SpanId) -> Tokens {
        let Some(place) = self.place(span_id) else { return Tokens::default() };
        (place + 1..self.nodes[place].end).fold(Tokens::default(), |mut sum, below| {
            for (sum, more) in sum.iter_mut().zip(self.span(below).usage_owned.tokens()) {
                *sum = sum.saturating_add(more);
            }
            sum
        })
    }

    /// The places that a view shows, in order, and whether each is folded.
    pub(super) fn rows(&self, view: &View) -> Vec<(usize, bool)> {
        let wanted = |place: usize| {
            let span = self.span(place);
            let kind = match view.only {
                Only::All => true,
                Only::Errors => span.status == StatusCode::Error,
                Only::Calls => span.kind == Kind::Llm,
            };
            kind && view.found.as_ref().is_none_or(|found| found.contains(&span.span_id))
        };
        let all = view.only == Only::All && view.found.is_none();
        let mut kept = vec![all; self.nodes.len()];
        if !all {
            // From the last place back, so that what is wanted below has been seen: `next` is the nearest wanted place.
            let mut next = usize::MAX;
            for place in (0..self.nodes.len()).rev() {
                if wanted(place) {
                    next = place;
                }
                kept[place] = next < self.nodes[place].end;
            }
        }
        let mut rows = Vec::new();
        let mut place = 0;
        while place < self.nodes.len() {
            let node = self.nodes[place];
            if !kept[place] {
                place = node.end;
                continue;
            }
            let span_id = self.span(place).span_id;
            let folded = self.has_children(place)
                && (view.fold_all && node.depth > 0) != view.except.contains(&span_id);
            rows.push((place, folded));
            place = if folded { node.end } else { place + 1 };
        }
        rows
    }
}

/// Where to cut the ring of parents that the way up from a span leads into. The store cuts there, too, where it adds up tokens.
fn cut(mut at: usize, spans: &[SpanRow], ids: &HashMap<SpanId, usize>) -> usize {
    let (mut path, mut passed) = (Vec::new(), HashSet::new());
    while passed.insert(at) {
        path.push(at);
        match spans[at].parent_id.and_then(|parent| ids.get(&parent)) {
            Some(parent) => at = *parent,
            None => return at,
        }
    }
    let ring = path.into_iter().skip_while(|first| *first != at);
    let key = |at: &usize| (spans[*at].start_ns, std::cmp::Reverse(spans[*at].end_ns), spans[*at].span_id);
    ring.min_by_key(key).unwrap_or(at)
}

/// Depth first without recursion: traces may be deeper than the stack.
fn walk(
    top: usize,
    orphan: bool,
    spans: &[SpanRow],
    children: &HashMap<SpanId, Vec<usize>>,
    nodes: &mut Vec<Node>,
    seen: &mut [bool],
) {
    let mut stack = vec![(top, 0, orphan)];
    while let Some((at, depth, orphan)) = stack.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        nodes.push(Node { at, depth, orphan, end: 0 });
        let below = children.get(&spans[at].span_id).map(Vec::as_slice).unwrap_or_default();
        stack.extend(below.iter().rev().map(|child| (*child, depth + 1, false)));
    }
}

/// Finds where each subtree ends: at the next node that is not deeper.
fn close(nodes: &mut [Node]) {
    let mut open: Vec<usize> = Vec::new();
    for place in 0..nodes.len() {
        while let Some(last) = open.pop_if(|last| nodes[*last].depth >= nodes[place].depth) {
            nodes[last].end = place;
        }
        open.push(place);
    }
    let len = nodes.len();
    open.into_iter().for_each(|place| nodes[place].end = len);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use bennu_model::Usage;

    pub(in crate::pages::trace) fn span(id: u8, parent: Option<u8>, start_ns: i64, end_ns: i64) -> SpanRow {
        SpanRow {
            id: id.into(),
            span_id: SpanId([id; 8]),
            parent_id: parent.map(|id| SpanId([id; 8])),
            name: format!("s{id}"),
            kind: Kind::Unknown,
            status: StatusCode::Unset,
            start_ns,
            end_ns,
            running: false,
            model: None,
            note: None,
            usage: Usage::default(),
            usage_owned: Usage::default(),
        }
    }

    fn shape(spans: &[SpanRow]) -> Vec<(String, usize, bool)> {
        let tree = Tree::new(spans);
        let place =
            |place: usize| (tree.span(place).name.clone(), tree.nodes[place].depth, tree.nodes[place].orphan);
        (0..tree.len()).map(place).collect()
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
            [("s1", 0, false), ("s2", 1, false), ("s3", 2, false), ("s4", 1, false), ("s5", 0, true)];
        assert_eq!(shape(&spans), expected.map(|(name, depth, orphan)| (name.to_owned(), depth, orphan)));
        let tree = Tree::new(&spans);
        assert_eq!(tree.children(Some(0)).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(tree.children(None).collect::<Vec<_>>(), [0, 4]);
    }

    #[test]
    fn rings_and_very_deep_chains_end() {
        // The child of a ring that began before it hangs from it all the same.
        let ring = [
            span(4, Some(1), 0, 5),
            span(2, Some(1), 1, 10),
            span(1, Some(2), 1, 9),
            span(3, Some(3), 2, 3),
            span(5, Some(2), 2, 3),
        ];
        let expected =
            [("s2", 0, true), ("s1", 1, false), ("s4", 2, false), ("s5", 1, false), ("s3", 0, true)];
        assert_eq!(shape(&ring), expected.map(|(name, depth, orphan)| (name.to_owned(), depth, orphan)));
        let mut chain: Vec<SpanRow> = (0..50_000_u64)
            .map(|n| SpanRow {
                span_id: SpanId((n + 1).to_be_bytes()),
                parent_id: (n > 0).then(|| SpanId(n.to_be_bytes())),
                ..span(1, None, 0, 10)
            })
            .collect();
        chain.reverse();
        let tree = Tree::new(&chain);
        assert_eq!((tree.len(), tree.nodes[0].end), (50_000, 50_000));
    }

    #[test]
    fn it_opens_on_the_innermost_error_else_on_the_last_answer() {
        let mut spans = vec![
            span(1, None, 0, 100),
            span(2, Some(1), 10, 50),
            span(3, Some(1), 60, 90),
            span(4, Some(1), 91, 99),
            span(5, Some(4), 92, 98),
        ];
        for call in [1, 2, 4] {
            spans[call].kind = Kind::Llm;
        }
        spans[3].kind = Kind::Evaluator;
        let opens = |spans: &[SpanRow]| Tree::new(spans).interesting().unwrap();
        assert_eq!(opens(&spans), SpanId([3; 8]), "the judge's call is not the answer");
        spans[0].status = StatusCode::Error;
        spans[4].status = StatusCode::Error;
        assert_eq!(opens(&spans), SpanId([5; 8]), "however deep it lies");
    }

    #[test]
    fn views_fold_and_filter() {
        let mut spans = vec![
            span(1, None, 0, 100),
            span(2, Some(1), 10, 50),
            span(3, Some(2), 20, 30),
            span(4, Some(1), 60, 90),
            span(5, Some(4), 70, 80),
        ];
        spans[4].status = StatusCode::Error;
        let tree = Tree::new(&spans);
        let shown = |view: &View| {
            tree.rows(view).into_iter().map(|(place, folded)| (place + 1, folded)).collect::<Vec<_>>()
        };
        let open = |places: &[usize]| places.iter().map(|place| (*place, false)).collect::<Vec<_>>();
        assert_eq!(shown(&View::default()), open(&[1, 2, 3, 4, 5]));
        let except: HashSet<SpanId> = [SpanId([2; 8])].into();
        assert_eq!(
            shown(&View { except: except.clone(), ..View::default() }),
            [(1, false), (2, true), (4, false), (5, false)]
        );
        assert_eq!(
            shown(&View { fold_all: true, except, ..View::default() }),
            [(1, false), (2, false), (3, false), (4, true)]
        );
        assert_eq!(shown(&View { only: Only::Errors, ..View::default() }), open(&[1, 4, 5]));
        let found = Some([SpanId([3; 8])].into());
        assert_eq!(shown(&View { found, ..View::default() }), open(&[1, 2, 3]));
        assert_eq!(shown(&View { found: Some(HashSet::new()), ..View::default() }), []);
    }
}
