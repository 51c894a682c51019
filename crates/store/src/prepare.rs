//! Everything about a span that can be done before the writer has its turn.

use std::sync::Arc;

use bennu_model::{Span, SpanId, StatusCode, Summary, TraceId};

use crate::{
    dedup::{Dedup, Ticket},
    stored::encode::{Encoded, Encoder, Pending},
};

/// A span ready to be written: hashed, cut, compressed.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) name: String,
    pub(crate) status: StatusCode,
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) summary: Summary,
    /// Tells two versions of one span apart: a resent span repeats it, an updated one does not.
    pub(crate) version: [u8; 8],
    pub(crate) data: Vec<u8>,
    pub(crate) pending: Vec<Pending>,
    /// Keeps the ids in `pending` valid until they are committed.
    pub(crate) _ticket: Arc<Ticket>,
}

impl Prepared {
    pub(crate) fn new(dedup: &Dedup, span: Span, mut summary: Summary) -> Self {
        let ticket = dedup.ticket();
        summary.response_id = summary.response_id.filter(|id| !id.is_empty());
        let (trace_id, span_id) = (span.trace_id, span.span_id);
        let status = span.status.code;
        let (start_ns, end_ns) = (column(span.start_ns), column(span.end_ns));
        // A span that names itself as its parent is a root.
        let parent_id = span.parent_id.filter(|parent| *parent != span_id);
        let name = span.name.clone();
        let Encoded { data, pending, version } = Encoder::encode(dedup, span);
        Prepared {
            trace_id,
            span_id,
            parent_id,
            name,
            status,
            start_ns,
            end_ns,
            summary,
            version,
            data,
            pending,
            _ticket: ticket,
        }
    }

    /// Bytes this span holds in memory, about.
    pub(crate) fn size_bytes(&self) -> usize {
        512 + self.data.len() + self.pending.iter().map(Pending::size_bytes).sum::<usize>()
    }
}

/// SQLite's integers are signed; the record keeps what does not fit.
fn column(time_ns: u64) -> i64 {
    i64::try_from(time_ns).unwrap_or(i64::MAX)
}
