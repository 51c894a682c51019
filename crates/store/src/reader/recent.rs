//! The newest spans of a project, for a report about what came last.

use rusqlite::Connection;

use super::{
    size,
    span_filter::SpanFilter,
    spans::{self, MAX_PAGE_BYTES, StoredSpan},
};
use crate::Result;

/// Spans an answer holds at most.
const MAX_SPANS: usize = 500;

/// The newest spans, newest first; of a service those of its newest traces. Fewer where they would be too large together.
pub(crate) fn recent_spans(
    connection: &Connection,
    project: &str,
    service: Option<&str>,
    limit: usize,
) -> Result<Vec<StoredSpan>> {
    let limit = limit.min(MAX_SPANS);
    let snapshot = connection.unchecked_transaction()?;
    let Some(service) = service else {
        let newest = SpanFilter::default();
        return Ok(spans::project_spans(&snapshot, project, &newest, None, limit)?.spans);
    };
    // A trace has a span at least, so no more traces than spans are needed.
    let mut select = snapshot.prepare_cached(
        "SELECT trace.id FROM trace JOIN project ON project.id = trace.project WHERE project.name = ? AND service = ? \
         ORDER BY start_ns DESC, trace.id DESC LIMIT ?",
    )?;
    let traces = select.query_map((project, service, limit as i64), |row| row.get::<_, i64>(0))?;
    let sql = "SELECT id FROM span WHERE trace = ? ORDER BY start_ns DESC, id DESC LIMIT ?";
    let mut newest = Vec::new();
    let mut bytes = 0;
    for trace in traces {
        let missing = limit - newest.len();
        if missing == 0 || bytes > MAX_PAGE_BYTES {
            break;
        }
        let params = vec![trace?.into(), (missing as i64).into()];
        let (found, cut) = spans::collect(&snapshot, sql, params, (missing, MAX_PAGE_BYTES), |_| true)?;
        bytes += found.iter().map(size::span_bytes).sum::<usize>();
        newest.extend(found);
        if cut.is_some() {
            break;
        }
    }
    Ok(newest)
}
