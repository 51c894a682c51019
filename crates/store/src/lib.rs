//! The only door to disk: one SQLite file, one writer thread, a pool of readers.
//!
//! In reading order:
//! - [`Store`]: open, append, delete; `questions`: ask.
//! - `stored`: a span's and a log record's stored form. Large values become bodies, found again by their content.
//! - `dedup`: the map from content to body, in memory and bounded.
//! - `writer`: the thread that owns the write connection; group commit; trace rows, token ownership, spans completed by records.
//! - `reader`: typed, bounded questions.
//!
//! Invariants:
//! - [`Store::append`] returns `Ok` only after the commit that holds the batch was synced to disk.
//! - A failed commit leaves nothing behind, in the file or in memory.
//! - Nobody outside this crate sees SQL.

mod error;
mod bits;
mod recent;
mod schema;
mod stored;
mod dedup;
mod prepare;
mod writer;
mod reader;
mod store;
mod questions;

pub use error::{Error, Result};
pub use prepare::{Batch, Prepared, PreparedLog, Preparer};
pub use reader::{
    AttributeFilter, Bin, Charts, Cursor, Found, GroupBy, GroupFilter, GroupPage, GroupRow, LinkFrom,
    LogCounts, LogPage, LogRow, ProjectRow, SpanFilter, SpanPage, SpanRow, StoredSpan, Trace, TraceFilter,
    TracePage, TraceRow, TraceSort,
};
pub use store::{Derive, Options, Store};
