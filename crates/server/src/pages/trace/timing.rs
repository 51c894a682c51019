//! Where a trace's time went: the critical path, self time, gaps and parallelism.
//!
//! The critical path is found as CRISP does (Zhang et al., USENIX ATC 2022): from a span's end backwards, the child that ended
//! last was waited for; from that child's start backwards, the one that had ended last by then; what lies between is the
//! span's own. A child that outlives its parent counts as long as the parent does; of children that ran side by side only the one
//! that was waited for counts.

use bennu_model::Kind;

use super::tree::Tree;

/// Parts of the critical path in one span that are kept apart; more would be narrower than a pixel.
const MAX_PARTS: usize = 12;

/// How much of a child may overlap the next step that was waited for; or a hundredth of it, if that is more.
const OVERLAP_NS: i64 = 2_000_000;

/// Parts of the activity strip.
pub(super) const STRIP_PARTS: usize = 100;

/// A stretch of time, nanoseconds since the Unix epoch.
pub(super) type Stretch = (i64, i64);

/// What is known about a trace's time.
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// By place: the span's own parts of the critical path, by time.
    critical: Vec<Vec<Stretch>>,
    /// Time on the critical path by kind; what containers spend themselves counts as their own work.
    pub(super) by_kind: Vec<(Kind, u64)>,
    /// Time in which only spans that contain others were open: nobody is seen working.
    pub(super) idle_ns: u64,
    /// The most spans at work at once.
    pub(super) most_at_once: usize,
    /// How many worked on average in each part of the axis.
    pub(super) strip: Vec<f64>,
}

impl Timing {
    /// Over the trace from `start_ns` to `end_ns`; only the strip is about the axis.
    pub(super) fn new(tree: &Tree<'_>, (start_ns, end_ns): Stretch, axis: Stretch) -> Timing {
        let critical = critical_path(tree, start_ns, end_ns);
        let mut by_kind: Vec<(Kind, u64)> = Kind::ALL.iter().map(|kind| (*kind, 0)).collect();
        for (place, parts) in critical.iter().enumerate() {
            let own: u64 = parts.iter().map(|(start, end)| end.abs_diff(*start)).sum();
            by_kind[tree.span(place).kind as usize].1 += own;
        }
        by_kind.retain(|(_, ns)| *ns > 0);
        by_kind.sort_by_key(|(_, ns)| std::cmp::Reverse(*ns));
        // Work is what spans without children do.
        let mut work: Vec<Stretch> = (0..tree.len())
            .filter(|place| !tree.has_children(*place))
            .map(|place| bounds(tree, place))
            .filter(|(start, end)| end > start)
            .collect();
        work.sort_unstable();
        let busy = union_ns(work.iter().copied());
        let whole = end_ns.saturating_sub(start_ns).max(0).unsigned_abs();
        Timing {
            critical,
            by_kind,
            idle_ns: whole.saturating_sub(busy),
            most_at_once: most_at_once(&work),
            strip: strip(&work, axis.0, axis.1),
        }
    }

    /// The parts of the critical path that are a span's own.
    pub(super) fn critical(&self, place: usize) -> &[Stretch] {
        self.critical.get(place).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Nanoseconds in which a span worked itself: those in which no child of it did.
pub(super) fn self_ns(tree: &Tree<'_>, place: usize) -> u64 {
    let (start, end) = bounds(tree, place);
    let mut children: Vec<Stretch> = tree
        .children(Some(place))
        .map(|child| bounds(tree, child))
        .map(|(from, to)| (from.clamp(start, end), to.clamp(start, end)))
        .collect();
    children.sort_unstable();
    end.abs_diff(start).saturating_sub(union_ns(children.into_iter()))
}

/// How much earlier than its parent a span began. That cannot be: two machines' clocks disagree.
pub(super) fn skew_ns(tree: &Tree<'_>, place: usize) -> Option<u64> {
    /// Clocks of one machine, read by two threads.
    const TOLERATED_NS: u64 = 1_000_000;
    let parent = tree.place(tree.span(place).parent_id?)?;
    let (own, parent) = (tree.span(place).start_ns, tree.span(parent).start_ns);
    let skew = parent.saturating_sub(own).max(0).unsigned_abs();
    (skew > TOLERATED_NS && !tree.nodes[place].orphan).then_some(skew)
}

/// A span's time; one that ends before it starts has none.
pub(super) fn bounds(tree: &Tree<'_>, place: usize) -> Stretch {
    let span = tree.span(place);
    (span.start_ns, span.end_ns.max(span.start_ns))
}

fn critical_path(tree: &Tree<'_>, start_ns: i64, end_ns: i64) -> Vec<Vec<Stretch>> {
    let mut critical = vec![Vec::new(); tree.len()];
    // The trace itself is above the tops; its own parts belong to nobody.
    let mut stack = vec![(None, start_ns, end_ns.max(start_ns))];
    while let Some((place, from, to)) = stack.pop() {
        let mut children: Vec<(i64, i64, usize)> = tree
            .children(place)
            .map(|child| {
                let (start, end) = bounds(tree, child);
                (end.min(to), start.max(from), child)
            })
            .filter(|(end, start, _)| end > start)
            .collect();
        children.sort_unstable_by(|a, b| b.cmp(a));
        let mut own = Vec::new();
        let mut now = to;
        for (end, start, child) in children {
            // Streaming wrappers close a little late: a child that hardly overlaps what came after it was waited for.
            let overlap = end.saturating_sub(now);
            if start < now && overlap <= OVERLAP_NS.max((end - start) / 100) {
                let end = end.min(now);
                own.push((end, now));
                stack.push((Some(child), start, end));
                now = start;
            }
        }
        own.push((from, now));
        if let Some(place) = place {
            own.retain(|(start, end)| end > start);
            own.reverse();
            critical[place] = joined(own);
        }
    }
    critical
}

/// The same stretches, fewer of them: the shortest gaps between them are closed.
fn joined(mut parts: Vec<Stretch>) -> Vec<Stretch> {
    if parts.len() > MAX_PARTS {
        let mut gaps: Vec<i64> = parts.windows(2).map(|pair| pair[1].0 - pair[0].1).collect();
        gaps.sort_unstable_by(|a, b| b.cmp(a));
        let least = gaps[MAX_PARTS - 2];
        let mut fewer: Vec<Stretch> = Vec::with_capacity(MAX_PARTS);
        for part in parts {
            let full = fewer.len() == MAX_PARTS;
            match fewer.last_mut() {
                Some(last) if part.0 - last.1 < least || full => last.1 = part.1,
                _ => fewer.push(part),
            }
        }
        parts = fewer;
    }
    parts
}

/// The length of stretches together, overlaps once. Sorted by start.
fn union_ns(stretches: impl Iterator<Item = Stretch>) -> u64 {
    let mut sum = 0;
    let mut reached = i64::MIN;
    for (start, end) in stretches {
        if end > reached {
            sum += end.abs_diff(start.max(reached));
            reached = end;
        }
    }
    sum
}

fn most_at_once(work: &[Stretch]) -> usize {
    let mut ends: Vec<i64> = work.iter().map(|(_, end)| *end).collect();
    ends.sort_unstable();
    let (mut most, mut ended) = (0, 0);
    for (begun, (start, _)) in work.iter().enumerate() {
        while ends[ended] <= *start {
            ended += 1;
        }
        most = most.max(begun + 1 - ended);
    }
    most
}

/// The average number at work in each of [`STRIP_PARTS`] equal parts.
fn strip(work: &[Stretch], start_ns: i64, end_ns: i64) -> Vec<f64> {
    let whole = (end_ns.saturating_sub(start_ns)).max(1) as f64;
    let part = whole / STRIP_PARTS as f64;
    // Whole parts in between are counted by what begins and ends, so that a long span costs no more than a short one.
    let mut covered = vec![0.0; STRIP_PARTS];
    let mut begun = vec![0.0; STRIP_PARTS + 1];
    let within = |time: i64| (time.saturating_sub(start_ns).max(0) as f64 / part).min(STRIP_PARTS as f64);
    for (start, end) in work {
        let (from, to) = (within(*start), within(*end));
        let (first, last) = ((from as usize).min(STRIP_PARTS - 1), (to as usize).min(STRIP_PARTS - 1));
        if first == last {
            covered[first] += to - from;
        } else {
            covered[first] += (first + 1) as f64 - from;
            covered[last] += to - last as f64;
            begun[first + 1] += 1.0;
            begun[last] -= 1.0;
        }
    }
    let mut open = 0.0;
    covered
        .iter()
        .zip(begun)
        .map(|(covered, begun)| {
            open += begun;
            open + covered
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::tree::tests::span;

    #[test]
    fn the_critical_path_is_what_was_waited_for() {
        // 1: 0..100 has 2: 10..40 and 3: 20..60 in parallel, then 4: 70..130, which outlives it; 5: 25..35 is in 3.
        // Milliseconds, so that a step is longer than the overlap that is forgiven.
        const MS: i64 = 1_000_000;
        let span = |id, parent, start, end| span(id, parent, start * MS, end * MS);
        let spans = [
            span(1, None, 0, 100),
            span(2, Some(1), 10, 40),
            span(3, Some(1), 20, 60),
            span(5, Some(3), 25, 35),
            span(4, Some(1), 70, 130),
        ];
        let tree = Tree::new(&spans);
        let timing = Timing::new(&tree, (0, 130 * MS), (0, 130 * MS));
        let of = |id: u8| {
            timing
                .critical(tree.place(bennu_model::SpanId([id; 8])).unwrap())
                .iter()
                .map(|(start, end)| (start / MS, end / MS))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(1), [(0, 20), (60, 70)]);
        assert_eq!(of(2), []);
        assert_eq!(of(3), [(20, 25), (35, 60)]);
        assert_eq!(of(5), [(25, 35)]);
        assert_eq!(of(4), [(70, 100)]);
        assert_eq!(timing.by_kind, [(Kind::Unknown, 100 * MS as u64)]);
        assert_eq!((timing.most_at_once, timing.idle_ns), (2, (130 - 30 - 60) * MS as u64));
        assert_eq!(self_ns(&tree, 0), (100 - 50 - 30) * MS as u64);
        assert_eq!(self_ns(&tree, 2), 30 * MS as u64);
    }

    #[test]
    fn a_call_that_closes_a_little_late_was_waited_for() {
        const MS: i64 = 1_000_000;
        let spans = [
            span(1, None, 0, 20_000 * MS),
            span(2, Some(1), 0, 10_001 * MS),
            span(3, Some(1), 10_000 * MS, 20_000 * MS),
        ];
        let tree = Tree::new(&spans);
        let timing = Timing::new(&tree, (0, 20_000 * MS), (0, 20_000 * MS));
        assert_eq!((timing.critical(0), timing.critical(1)), (&[][..], &[(0, 10_000 * MS)][..]));
    }

    #[test]
    fn skew_is_a_child_before_its_parent() {
        let spans = [span(1, None, 5_000_000, 9_000_000), span(2, Some(1), 1_000_000, 8_000_000)];
        let spans = [spans[1].clone(), spans[0].clone()];
        let tree = Tree::new(&spans);
        assert_eq!(skew_ns(&tree, 1), Some(4_000_000));
        assert_eq!(skew_ns(&tree, 0), None);
    }

    #[test]
    fn the_strip_counts_who_works() {
        let work = [(0, 50), (0, 100), (75, 100)];
        let strip = strip(&work, 0, 100);
        assert_eq!(
            (strip[0], strip[49], strip[50], strip[74], strip[75], strip[99]),
            (2.0, 2.0, 1.0, 1.0, 2.0, 2.0)
        );
        let sum: f64 = strip.iter().sum();
        assert!((sum - 175.0).abs() < 1e-6);
        assert_eq!(super::strip(&[(0, 0)], 0, 0).len(), STRIP_PARTS);
    }

    #[test]
    fn many_parts_become_few_and_extreme_times_do_no_harm() {
        let parts: Vec<Stretch> = (0..1_000).map(|n| (n * 10, n * 10 + 1 + n % 5)).collect();
        let joined = joined(parts);
        assert!(joined.len() <= MAX_PARTS && joined[0].0 == 0 && joined.last().unwrap().1 == 9_995);
        let spans =
            [span(1, None, 0, i64::MAX), span(2, Some(1), i64::MAX, 0), span(3, Some(1), 0, i64::MAX)];
        let tree = Tree::new(&spans);
        let timing = Timing::new(&tree, (0, i64::MAX), (0, i64::MAX));
        assert_eq!((timing.idle_ns, self_ns(&tree, 0)), (0, 0));
    }
}
