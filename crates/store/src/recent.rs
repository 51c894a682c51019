//! A bounded map that forgets what has not been used for longest.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
};

/// Two generations: when the younger is full it becomes the older and the older is forgotten. A use moves an entry to the
/// younger. Cheaper than a linked list, and the memory bound is as plain: at most `capacity` entries.
#[derive(Debug)]
pub(crate) struct Recent<K, V, S = RandomState> {
    young: HashMap<K, V, S>,
    old: HashMap<K, V, S>,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V, S: BuildHasher + Default> Recent<K, V, S> {
    /// Holds at most `capacity` entries (at least two).
    pub(crate) fn new(capacity: usize) -> Self {
        Recent { young: HashMap::default(), old: HashMap::default(), capacity: capacity.max(2) }
    }

    /// The entry, which counts as a use.
    pub(crate) fn get(&mut self, key: &K) -> Option<&mut V> {
        if !self.young.contains_key(key) {
            let (key, value) = self.old.remove_entry(key)?;
            self.insert(key, value);
        }
        self.young.get_mut(key)
    }

    /// Adds or replaces.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.capacity / 2 {
            // The table of those that are forgotten is used again: to make another would touch as much new memory.
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Removes every entry the test holds for.
    pub(crate) fn remove_if(&mut self, mut test: impl FnMut(&K, &V) -> bool) {
        self.young.retain(|key, value| !test(key, value));
        self.old.retain(|key, value| !test(key, value));
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.young = HashMap::default();
        self.old = HashMap::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_more_than_its_capacity_and_keeps_what_is_used() {
        let mut recent: Recent<i32, &str> = Recent::new(100);
        recent.insert(0, "kept");
        for key in 1..1000 {
            recent.insert(key, "passing");
            assert_eq!(recent.get(&0), Some(&mut "kept"));
            assert!(recent.young.len() + recent.old.len() <= 100);
        }
        assert_eq!(recent.get(&1), None);
    }
}
