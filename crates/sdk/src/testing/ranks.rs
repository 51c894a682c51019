//! Which step of a new run stands for which of the recorded one, of those that have no order.
//!
//! Steps that may change places are brought into an order by what they are. One that is different in the new run has to come where the
//! recorded one came, or one difference would be said as two: something is missing here, something is new there.

use std::collections::{HashMap, VecDeque};

/// A step with all that is below it, in numbers that both runs share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole {
    pub(super) place: usize,
    /// What it is.
    pub(super) key: usize,
    /// What it did.
    pub(super) detail: usize,
    /// All of it.
    pub(super) number: usize,
}

/// Of each place of the new run, the number of the recorded step that it stands for: of the same one, else of one that did the same,
/// else of one that is the same kind. What stands for none has its own.
pub(super) fn ranks(recorded: &[Whole], new: &[Whole]) -> HashMap<usize, usize> {
    type Likeness = fn(&Whole) -> [usize; 3];
    let likenesses: [Likeness; 3] = [
        |whole| [whole.key, whole.detail, whole.number],
        |whole| [whole.key, whole.detail, 0],
        |whole| [whole.key, 0, 0],
    ];
    let mut ranks = HashMap::new();
    let (mut free, mut left): (Vec<&Whole>, Vec<&Whole>) = (recorded.iter().collect(), new.iter().collect());
    for likeness in likenesses {
        let mut alike: HashMap<[usize; 3], VecDeque<&Whole>> = HashMap::new();
        free.iter().for_each(|whole| alike.entry(likeness(whole)).or_default().push_back(whole));
        left.retain(|whole| {
            let found = alike.get_mut(&likeness(whole)).and_then(VecDeque::pop_front);
            found.is_none_or(|found| ranks.insert(whole.place, found.number).is_some())
        });
        free = alike.into_values().flatten().collect();
        free.sort_unstable_by_key(|whole| whole.place);
    }
    ranks.extend(left.into_iter().map(|whole| (whole.place, whole.number)));
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likest_stand_for_each_other() {
        let whole =
            |(place, [key, detail, number]): (usize, [usize; 3])| Whole { place, key, detail, number };
        let wholes = |all: &[[usize; 3]]| all.iter().copied().enumerate().map(whole).collect::<Vec<_>>();
        let recorded = wholes(&[[0, 0, 10], [0, 1, 11], [0, 1, 12], [1, 2, 13]]);
        let new = wholes(&[[0, 3, 20], [0, 1, 21], [0, 1, 11], [0, 4, 22], [2, 5, 23]]);
        let ranks = ranks(&recorded, &new);
        // The third is the same; the second did the same as the recorded third; the first is what is left of its kind.
        assert_eq!([0, 1, 2, 3, 4].map(|place| ranks[&place]), [10, 12, 11, 22, 23]);
    }
}
