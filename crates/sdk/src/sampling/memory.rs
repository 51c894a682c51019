//! What was decided about traces, for spans that come after that.

use std::collections::HashMap;

use opentelemetry::trace::TraceId;

/// Remembers the newest. Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
#[derive(Debug)]
pub(super) struct Memory<T> {
    young: HashMap<TraceId, T>,
    old: HashMap<TraceId, T>,
    /// Entries of a generation.
    max: usize,
}

impl<T: Copy> Memory<T> {
    /// Remembers so many at least, twice as many at most.
    pub(super) fn new(max: usize) -> Self {
        Memory { young: HashMap::new(), old: HashMap::new(), max }
    }

    pub(super) fn put(&mut self, trace: TraceId, what: T) {
        if self.young.len() >= self.max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(trace, what);
    }

    pub(super) fn forget(&mut self, trace: TraceId) {
        self.young.remove(&trace);
        self.old.remove(&trace);
    }

    /// What is asked for is remembered for longer.
    pub(super) fn get(&mut self, trace: TraceId) -> Option<T> {
        if let Some(known) = self.young.get(&trace) {
            return Some(*known);
        }
        let known = self.old.remove(&trace)?;
        self.put(trace, known);
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_and_what_is_asked_for_are_remembered() {
        let mut memory = Memory::new(2);
        let id = |n: u128| TraceId::from(n);
        for n in 1..=4 {
            memory.put(id(n), n);
            assert_eq!(memory.get(id(1)), Some(1));
        }
        memory.put(id(5), 5);
        memory.put(id(6), 6);
        assert_eq!((memory.get(id(2)), memory.get(id(6))), (None, Some(6)));
        assert!(memory.young.len() + memory.old.len() <= 4);
    }
}
