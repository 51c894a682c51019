//! Whether a trace goes on: something in it has not ended, and it had news lately.
//!
//! A process that dies never ends its spans, so what is open counts as running only while there is news.

use bennu_store::TraceRow;
use time::OffsetDateTime;

/// So long after the last news of a trace its open spans are taken for running.
const NEWS_NS: i64 = 10 * 60 * 1_000_000_000;

/// Whether a trace goes on: a span was announced that has not ended, or the root has not come, which is sent when it ends.
pub(crate) fn is_running(row: &TraceRow, now_ns: i64) -> bool {
    (row.running > 0 || !row.has_root) && is_live(row.end_ns, now_ns)
}

/// Whether open spans of a trace whose last news is from `last_ns` are taken for running.
pub(crate) fn is_live(last_ns: i64, now_ns: i64) -> bool {
    let (since_ns, until_ns) = news(now_ns);
    (since_ns..=until_ns).contains(&last_ns)
}

/// From when to when news are new. A sender's clock may run ahead.
pub(crate) fn news(now_ns: i64) -> (i64, i64) {
    (now_ns.saturating_sub(NEWS_NS - 1), now_ns.saturating_add(NEWS_NS - 1))
}

/// The present, nanoseconds since the Unix epoch.
pub(crate) fn now_ns() -> i64 {
    i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos()).unwrap_or(i64::MAX)
}
