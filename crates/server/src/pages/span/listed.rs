//! Many of something: the first of them, and how many more there are. A page has an end whatever a client sends.

use crate::pages::format;

/// The first of many.
pub(in crate::pages) struct Listed<T> {
    pub(in crate::pages) items: Vec<T>,
    /// All of them.
    pub(in crate::pages) count: String,
    /// How many are not here; empty if all are.
    pub(in crate::pages) more: String,
}

impl<T> Listed<T> {
    /// At most `most` of `all`, each made into what is shown of it; `show` is told its place too.
    pub(super) fn new<S>(all: &[S], most: usize, mut show: impl FnMut(usize, &S) -> T) -> Listed<T> {
        Listed {
            items: all.iter().take(most).enumerate().map(|(at, one)| show(at, one)).collect(),
            count: format::count(all.len() as u64),
            more: match all.len().saturating_sub(most) {
                0 => String::new(),
                more => format::count(more as u64),
            },
        }
    }

    /// There are so many in all, of which only some were given.
    pub(in crate::pages) fn of(self, all: u64) -> Listed<T> {
        let more = all.saturating_sub(self.items.len() as u64);
        Listed {
            count: format::count(all),
            more: if more > 0 { format::count(more) } else { String::new() },
            ..self
        }
    }

    pub(in crate::pages) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Listed { items: Vec::new(), count: String::new(), more: String::new() }
    }
}
