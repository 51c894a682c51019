//! Who points at a trace.

use bennu_model::{SpanId, TraceId};
use rusqlite::Connection;

use crate::Result;

/// Links an answer holds at most.
const MAX_FOUND: i64 = 50;

/// A link from a span of another trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFrom {
    /// Project of the span that links.
    pub project: String,
    /// Its trace.
    pub trace_id: TraceId,
    /// The span that links.
    pub span_id: SpanId,
    /// Its name.
    pub span_name: String,
    /// Its trace's shown name.
    pub trace_name: String,
    /// Its start, nanoseconds since the Unix epoch.
    pub start_ns: i64,
    /// The span it points at, which may not have arrived.
    pub to_span: SpanId,
}

/// The newest links to a trace id, whatever the project.
pub(crate) fn links_to(connection: &Connection, trace_id: TraceId) -> Result<Vec<LinkFrom>> {
    let mut select = connection.prepare_cached(
        "SELECT project.name, trace.trace_id, link.span_id, span.name, trace.root_name, link.start_ns, link.target_span \
         FROM link CROSS JOIN span ON span.trace = link.trace AND span.span_id = link.span_id \
         CROSS JOIN trace ON trace.id = link.trace CROSS JOIN project ON project.id = trace.project \
         WHERE link.target = ? ORDER BY link.start_ns DESC, link.trace DESC, link.span_id DESC, link.target_span DESC LIMIT ?",
    )?;
    let links = select.query_map((trace_id.0, MAX_FOUND), |row| {
        Ok(LinkFrom {
            project: row.get(0)?,
            trace_id: TraceId(row.get(1)?),
            span_id: SpanId(row.get(2)?),
            span_name: row.get(3)?,
            trace_name: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            start_ns: row.get(5)?,
            to_span: SpanId(row.get(6)?),
        })
    })?;
    Ok(links.collect::<rusqlite::Result<_>>()?)
}
