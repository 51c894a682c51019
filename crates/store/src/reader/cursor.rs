//! A place in a list that is ordered by start.

/// A row: a trace's list goes on after it, a span's list begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Its start, nanoseconds since the Unix epoch.
    pub start_ns: i64,
    /// Its row id, which decides between equal starts.
    pub id: i64,
}
