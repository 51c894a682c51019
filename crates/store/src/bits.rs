//! A set of row ids, a bit each.

/// Ids are given out in order and seldom deleted, so a bit for each that there may be takes far less than a hash set: 14 million
/// bodies take 10 MB.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
    /// No word before this one has a bit.
    first: usize,
}

impl Bits {
    /// Adds an id; negative ones are none.
    pub(crate) fn insert(&mut self, id: i64) {
        let Some((word, bit)) = place(id) else { return };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.first = self.first.min(word);
        self.len += usize::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    /// Removes an id; tells whether it was there.
    pub(crate) fn remove(&mut self, id: i64) -> bool {
        let Some((word, bit)) = place(id).filter(|_| self.contains(id)) else { return false };
        self.words[word] &= !bit;
        self.len -= 1;
        true
    }

    pub(crate) fn contains(&self, id: i64) -> bool {
        place(id).is_some_and(|(word, bit)| self.words.get(word).is_some_and(|bits| bits & bit != 0))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The least id, taken out.
    pub(crate) fn pop(&mut self) -> Option<i64> {
        let id = self.first()?;
        self.remove(id);
        Some(id)
    }

    /// The least id.
    pub(crate) fn first(&mut self) -> Option<i64> {
        while *self.words.get(self.first)? == 0 {
            self.first += 1;
        }
        Some(self.first as i64 * 64 + i64::from(self.words[self.first].trailing_zeros()))
    }
}

fn place(id: i64) -> Option<(usize, u64)> {
    let id = usize::try_from(id).ok()?;
    Some((id / 64, 1 << (id % 64)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_set(steps in prop::collection::vec((any::<bool>(), -3_i64..300), 0..200)) {
            let (mut bits, mut set) = (Bits::default(), BTreeSet::new());
            for (insert, id) in steps {
                if insert {
                    bits.insert(id);
                    set.extend((id >= 0).then_some(id));
                } else {
                    prop_assert_eq!(bits.remove(id), set.remove(&id));
                }
                prop_assert_eq!((bits.len(), bits.contains(id)), (set.len(), set.contains(&id)));
                if id % 7 == 0 {
                    prop_assert_eq!(bits.pop(), set.pop_first());
                }
            }
            prop_assert_eq!(std::iter::from_fn(|| bits.pop()).collect::<Vec<_>>(), set.into_iter().collect::<Vec<_>>());
        }
    }
}
