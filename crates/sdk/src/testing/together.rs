//! Which steps ran at the same time, and the order that they are brought to for it.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
};

/// The kinds of steps below one kind of step, and which of them ran at the same time.
///
/// A run may do thousands of things at once, so of every pair no more is looked at than a number in a row.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// A kind's place in `rows`, by its key.
    kinds: HashMap<usize, usize>,
    /// Of each kind, which it ran with. A row ends with the last one.
    rows: Vec<Vec<bool>>,
}

impl Together {
    /// A kind, by its key.
    pub(super) fn kind(&mut self, key: usize) -> usize {
        let next = self.rows.len();
        let kind = *self.kinds.entry(key).or_insert(next);
        if kind == next {
            self.rows.push(Vec::new());
        }
        kind
    }

    pub(super) fn ran(&mut self, one: usize, other: usize) {
        for (one, other) in [(one, other), (other, one)] {
            let row = &mut self.rows[one];
            if row.len() <= other {
                row.resize(other + 1, false);
            }
            row[other] = true;
        }
    }

    /// Whether two kinds may change places.
    pub(super) fn may_swap(&self, one: usize, other: usize) -> bool {
        self.rows[one].get(other).copied().unwrap_or_default()
    }

    /// Whether any may.
    pub(super) fn is_any(&self) -> bool {
        self.rows.iter().any(|row| !row.is_empty())
    }

    /// Whether all of these may, each also with its like.
    pub(super) fn are_all(&self, kinds: &[usize]) -> bool {
        let kinds: BTreeSet<usize> = kinds.iter().copied().collect();
        kinds.iter().all(|one| kinds.iter().all(|other| self.may_swap(*one, *other)))
    }
}

/// The first of all orders of so many that come from swapping neighbours that may be swapped: at every place the least of those that
/// can get there.
pub(super) fn first_order<R: Ord>(
    count: usize,
    may_swap: impl Fn(usize, usize) -> bool,
    rank: impl Fn(usize) -> R,
) -> Vec<usize> {
    // Of each, how many have to come before it.
    let mut held: Vec<usize> = Vec::with_capacity(count);
    held.extend((0..count).map(|at| (0..at).filter(|before| !may_swap(*before, at)).count()));
    let ranked = |at: usize| Reverse((rank(at), at));
    let mut free: BinaryHeap<_> = (0..count).filter(|at| held[*at] == 0).map(ranked).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse((_, at))) = free.pop() {
        order.push(at);
        for (after, held) in held.iter_mut().enumerate().skip(at + 1) {
            if !may_swap(at, after) {
                *held -= 1;
                free.extend((*held == 0).then(|| ranked(after)));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_swap_has_one_order() {
        // Ranks are the numbers themselves; 1 and 3 do not pass each other.
        let order = |given: &[usize]| {
            let order = first_order(given.len(), |one, other| given[one] + given[other] != 4, |at| given[at]);
            order.into_iter().map(|at| given[at]).collect::<Vec<_>>()
        };
        assert_eq!(order(&[3, 2, 1]), order(&[2, 3, 1]));
        assert_eq!(order(&[3, 1, 2]), [2, 3, 1]);
        assert_eq!(order(&[1, 2, 3]), [1, 2, 3]);
        assert_eq!(first_order(3, |_, _| false, |at| 3 - at), [0, 1, 2]);
    }

    #[test]
    fn kinds_ran_together_whichever_is_named_first() {
        let mut together = Together::default();
        let [a, b, c] = [7, 5, 9].map(|key| together.kind(key));
        assert!(!together.is_any());
        together.ran(c, a);
        assert!(together.is_any() && together.may_swap(a, c) && together.may_swap(c, a));
        assert!(!together.may_swap(a, a) && !together.may_swap(b, c) && !together.may_swap(c, b));
        assert_eq!(together.kind(5), b);
        assert!(!together.are_all(&[a, c]), "two of one kind may not");
        [a, c].iter().for_each(|kind| together.ran(*kind, *kind));
        assert!(together.are_all(&[a, c, a]) && !together.are_all(&[a, b]));
    }
}
