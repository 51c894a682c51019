//! A place in a sorted list.

/// A row: a trace's list goes on after it, a span's list begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// What the list is sorted by: mostly the start, nanoseconds since the Unix epoch.
    pub key: i64,
    /// Its row id, which decides between equal keys.
    pub id: i64,
}
