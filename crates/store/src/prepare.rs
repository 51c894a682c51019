//! Everything about spans and log records that can be done before the writer has its turn.

use std::{borrow::Cow, sync::Arc};

use bennu_model::{LogRecord, Span, SpanId, Summary, TraceId, Value};

use crate::{
    dedup::{Dedup, Ticket},
    stored::encode::{Encoded, EncodedLog, Encoder, Pending, Shared},
    writer::MAX_LINKS,
};

/// Names and ids in columns and indexes are cut here; the record keeps them whole.
const MAX_COLUMN_BYTES: usize = 1_000;
/// Characters of a log record's preview.
const PREVIEW_CHARS: usize = 240;
/// Structured bodies beyond this are not written as JSON for the sake of a line.
const MAX_PREVIEWED_BYTES: usize = 64 << 10;

/// Prepares the spans and log records of one request: hashes, cuts and compresses. Costs CPU, does no IO.
#[derive(Debug)]
pub struct Preparer<'a> {
    dedup: &'a Dedup,
    shared: Shared,
    /// Taken before the first look-up, given up when the spans are committed.
    ticket: Arc<Ticket>,
    bytes: usize,
}

impl<'a> Preparer<'a> {
    pub(crate) fn new(dedup: &'a Dedup) -> Self {
        Preparer { ticket: dedup.ticket(), dedup, shared: Shared::default(), bytes: 0 }
    }

    /// Prepares one span.
    pub fn prepare(&mut self, span: Span, summary: Summary) -> Prepared {
        let summary = fit(summary);
        let (trace_id, span_id) = (span.trace_id, span.span_id);
        let (start_ns, end_ns) = (column(span.start_ns), column(span.end_ns));
        // A span that names itself as its parent is a root.
        let parent_id = span.parent_id.filter(|parent| *parent != span_id);
        let name = span.name[..span.name.floor_char_boundary(MAX_COLUMN_BYTES)].to_owned();
        let scope = scope_hash(&span.origin.scope_name);
        let links: Vec<_> = span
            .links
            .iter()
            .map(|link| (link.trace_id, link.span_id))
            .filter(|(target, _)| *target != trace_id)
            .take(MAX_LINKS)
            .collect();
        let Encoded { data, pending, version } =
            Encoder::encode(self.dedup, &mut self.shared, span, &name, summary.status);
        self.bytes +=
            1_024 + links.len() * 24 + data.len() + pending.iter().map(Pending::size_bytes).sum::<usize>();
        let said = Said { trace_id, span_id, parent_id, name, start_ns, end_ns, scope, summary, version };
        Prepared { said, links, data, pending, _ticket: self.ticket.clone() }
    }

    /// Prepares one log record. `meaningful`: it changes what its span means, so that [`Options::derive`](crate::Options) is asked.
    pub fn prepare_log(&mut self, log: LogRecord, meaningful: bool) -> PreparedLog {
        let (trace_id, span_id) = (log.trace_id, log.span_id);
        let (at_ns, severity) = (column(log.at_ns()), log.severity);
        let event_name = log.event_name[..log.event_name.floor_char_boundary(MAX_COLUMN_BYTES)].to_owned();
        let preview = preview(&log.body);
        let EncodedLog { data, pending, version } = Encoder::encode_log(self.dedup, &mut self.shared, log);
        self.bytes += 1_024 + data.len() + pending.iter().map(Pending::size_bytes).sum::<usize>();
        let _ticket = self.ticket.clone();
        PreparedLog {
            trace_id,
            span_id,
            at_ns,
            severity,
            event_name,
            meaningful,
            preview,
            version,
            data,
            pending,
            _ticket,
        }
    }

    /// Bytes that the prepared spans and log records hold in memory until they are stored, about.
    pub fn size_bytes(&self) -> usize {
        self.bytes + self.shared.size_bytes()
    }

    /// Compresses what is left to compress, so that the writer does not have to. To be called before what was prepared is stored.
    pub fn seal(&mut self) {
        self.shared.seal();
    }
}

/// A span ready to be written.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) said: Said,
    /// What it points at in other traces, as far as that can be found from there.
    pub(crate) links: Vec<(TraceId, SpanId)>,
    pub(crate) data: Vec<u8>,
    pub(crate) pending: Vec<Pending>,
    /// Keeps the ids in `pending` valid until they are committed.
    pub(crate) _ticket: Arc<Ticket>,
}

/// A log record ready to be written.
#[derive(Debug)]
pub struct PreparedLog {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) at_ns: i64,
    pub(crate) severity: i32,
    pub(crate) event_name: String,
    pub(crate) meaningful: bool,
    pub(crate) preview: Option<String>,
    /// Hash of what it says: the same record sent again repeats it, whoever sent it on.
    pub(crate) version: [u8; 16],
    pub(crate) data: Vec<u8>,
    pub(crate) pending: Vec<Pending>,
    pub(crate) _ticket: Arc<Ticket>,
}

/// What is stored in one commit: spans of a project, and log records, which belong to their trace in whatever project it is.
#[derive(Debug, Default)]
pub struct Batch {
    /// Spans.
    pub spans: Vec<Prepared>,
    /// Log records.
    pub logs: Vec<PreparedLog>,
}

impl Batch {
    /// Spans and log records together.
    pub fn len(&self) -> usize {
        self.spans.len() + self.logs.len()
    }

    /// Whether there are neither.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<Prepared>> for Batch {
    fn from(spans: Vec<Prepared>) -> Self {
        Batch { spans, logs: Vec::new() }
    }
}

/// The beginning of what a log record says, in one line; of a structured body its JSON's, unless that is long.
fn preview(body: &Value) -> Option<String> {
    let text = match body {
        Value::Empty => return None,
        Value::Text(text) => Cow::from(text.as_str()),
        other if other.size_bytes() > MAX_PREVIEWED_BYTES => return None,
        other => Cow::from(other.to_json().to_string()),
    };
    let mut line = String::new();
    let words = text.split_whitespace();
    for char in words.flat_map(|word| std::iter::once(' ').chain(word.chars())).skip(1).take(PREVIEW_CHARS) {
        line.push(char);
    }
    Some(line).filter(|line| !line.is_empty())
}

/// What a version of a span says in its columns.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) name: String,
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    /// Hash of the instrumentation scope's name.
    pub(crate) scope: i64,
    pub(crate) summary: Summary,
    /// Tells two versions of one span apart: a resent span repeats it, an updated one does not.
    pub(crate) version: [u8; 8],
}

impl Said {
    /// The end, as far as it is known: a pending span has come as far as its start.
    pub(crate) fn known_end_ns(&self) -> i64 {
        if self.summary.running { self.start_ns } else { self.end_ns }
    }
}

/// Cuts what columns and indexes hold.
pub(crate) fn fit(mut summary: Summary) -> Summary {
    summary.response_id = summary.response_id.filter(|id| !id.is_empty());
    let columns = [
        &mut summary.model,
        &mut summary.provider,
        &mut summary.session_id,
        &mut summary.user_id,
        &mut summary.service,
        &mut summary.note,
    ];
    for text in columns.into_iter().flatten() {
        text.truncate(text.floor_char_boundary(MAX_COLUMN_BYTES));
    }
    summary
}

fn scope_hash(name: &str) -> i64 {
    let mut word = [0; 8];
    word.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..8]);
    i64::from_be_bytes(word)
}

/// SQLite's integers are signed; the record keeps what does not fit.
pub(crate) fn column(time_ns: u64) -> i64 {
    i64::try_from(time_ns).unwrap_or(i64::MAX)
}
