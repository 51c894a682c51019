//! Typed, bounded questions. Each runs on a read-only connection and is cut off after its time.

mod pool;
mod charts;
mod cursor;
mod fetch;
mod find;
mod groups;
mod links;
mod logs;
mod needle;
mod previous;
mod projects;
mod recent;
mod search;
mod size;
mod span_filter;
mod spans;
mod trace;
mod trace_filter;
mod traces;

pub use charts::{Bin, Charts};
pub use cursor::Cursor;
pub use find::Found;
pub use groups::{GroupBy, GroupFilter, GroupPage, GroupRow};
pub use links::LinkFrom;
pub use logs::{LogCounts, LogPage, LogRow};
pub use projects::ProjectRow;
pub use span_filter::{AttributeFilter, SpanFilter};
pub use spans::{SpanPage, StoredSpan};
pub use trace::{SpanRow, Trace};
pub use trace_filter::{TraceFilter, TraceSort};
pub use traces::{TracePage, TraceRow};

pub(crate) use charts::charts;
pub(crate) use fetch::Fetch;
pub(crate) use find::find;
pub(crate) use groups::{group, groups};
pub(crate) use links::links_to;
pub(crate) use logs::{has_meaning, log_counts, log_records, meaning};
pub(crate) use pool::Pool;
pub(crate) use previous::previous_call;
pub(crate) use projects::{project, projects};
pub(crate) use recent::recent_spans;
pub(crate) use search::search_trace;
pub(crate) use spans::{part_of_spans, project_spans, span_ids, span_of_trace, trace_spans};
pub(crate) use trace::{project_of, trace, trace_alone, trace_row};
pub(crate) use traces::{services, traces};
