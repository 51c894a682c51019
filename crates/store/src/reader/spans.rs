//! Spans with everything they were sent with.

use std::{collections::HashMap, sync::Arc};

use bennu_model::{LogRecord, OtelKind, Span, SpanId, Status, StatusCode, TraceId};
use rusqlite::{Connection, Row, types::Value};

use super::{
    cursor::Cursor,
    fetch::Fetch,
    logs,
    size::{origin_bytes, span_bytes},
    span_filter::SpanFilter,
    trace::{self, SpanRow, USAGE_JOIN},
};
use crate::{
    Error, Result,
    stored::{decode, pack, refs},
};

/// A span as it was sent, with what the store adds.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSpan {
    /// Everything that was sent, its status as it was sent.
    pub span: Span,
    /// The light row: its status is how the span is understood to have ended.
    pub row: SpanRow,
    /// Its log records that change what it means, in the order of their time: the last 1,000 or 16 MiB.
    pub records: Vec<LogRecord>,
    /// How many earlier ones are left out, counted up to 100,000.
    pub records_left_out: u64,
}

/// A page of spans.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpanPage {
    /// The spans.
    pub spans: Vec<StoredSpan>,
    /// Where to go on, if there are more.
    pub next: Option<Cursor>,
}

/// Content that the spans of one answer hold at most; what holds more is refused.
const MAX_ANSWER_BYTES: usize = 128 << 20;

/// Content of a page, which ends early. As JSON it takes several times as much memory.
pub(crate) const MAX_PAGE_BYTES: usize = 32 << 20;

/// Spans that can be asked for by their ids at once.
const MAX_NAMED_SPANS: usize = 256;

/// Ids of one trace that an answer holds.
const MAX_IDS: usize = 1_000_000;

/// The ids of all spans of a trace's row, by start.
pub(crate) fn span_ids(connection: &Connection, trace: i64) -> Result<Vec<SpanId>> {
    let mut select = connection.prepare_cached(
        "SELECT span_id FROM span WHERE trace = ? ORDER BY start_ns, end_ns DESC, id LIMIT ?",
    )?;
    let ids = select.query_map((trace, MAX_IDS as i64 + 1), |row| row.get(0).map(SpanId))?;
    let ids = ids.collect::<rusqlite::Result<Vec<_>>>()?;
    if ids.len() > MAX_IDS { Err(Error::TooMany(MAX_IDS)) } else { Ok(ids) }
}

/// Some spans of a trace's row, by start.
pub(crate) fn trace_spans(connection: &Connection, trace: i64, of: &[SpanId]) -> Result<Vec<StoredSpan>> {
    if of.len() > MAX_NAMED_SPANS {
        return Err(Error::TooMany(MAX_NAMED_SPANS));
    }
    let (mut spans, looked_at) = part_of_spans(connection, trace, of, MAX_ANSWER_BYTES, false)?;
    if looked_at < of.len() {
        return Err(Error::TooLarge(MAX_ANSWER_BYTES));
    }
    spans.sort_by_key(|stored| stored.row.place());
    spans.dedup_by_key(|stored| stored.row.id);
    Ok(spans)
}

/// Spans in the order in which they are named, until they are large enough together; and how many names that took.
pub(crate) fn part_of_spans(
    connection: &Connection,
    trace: i64,
    of: &[SpanId],
    max_bytes: usize,
    repeats_origin: bool,
) -> Result<(Vec<StoredSpan>, usize)> {
    let snapshot = connection.unchecked_transaction()?;
    let mut reading = Reading::new(&snapshot, max_bytes);
    reading.repeats_origin = repeats_origin;
    for (looked_at, span_id) in of.iter().enumerate() {
        if let Some(stored) = span_of_trace(&snapshot, &mut reading.fetch, trace, *span_id)?
            && !reading.take(stored)?
        {
            return Ok((reading.spans, looked_at));
        }
    }
    Ok((reading.spans, of.len()))
}

/// One span of a trace's row, without its log records.
pub(crate) fn span_of_trace(
    connection: &Connection,
    fetch: &mut Fetch<'_>,
    trace: i64,
    span_id: SpanId,
) -> Result<Option<StoredSpan>> {
    let mut statement = connection.prepare_cached(&select("span.trace = ? AND span.span_id = ?"))?;
    let mut rows = statement.query((trace, span_id.0))?;
    rows.next()?.map(|row| read(row, fetch)).transpose()
}

/// A page of a project's spans, newest first unless the filter says otherwise.
pub(crate) fn project_spans(
    connection: &Connection,
    project: &str,
    filter: &SpanFilter,
    from: Option<Cursor>,
    limit: usize,
) -> Result<SpanPage> {
    let mut params: Vec<Value> = Vec::new();
    let tables = filter.tables(&mut params);
    let mut sql =
        format!("SELECT span.id FROM {tables} WHERE span.project = (SELECT id FROM project WHERE name = ?)");
    params.push(project.to_owned().into());
    filter.restrict(&mut sql, &mut params);
    let (direction, after) = if filter.ascending { ("ASC", ">=") } else { ("DESC", "<=") };
    if let Some(from) = from {
        sql.push_str(&format!(" AND (span.start_ns, span.id) {after} (?, ?)"));
        params.extend([from.key.into(), from.id.into()]);
    }
    sql.push_str(&format!(" ORDER BY span.start_ns {direction}, span.id {direction}"));
    let (spans, next) = collect(connection, &sql, params, (limit, MAX_PAGE_BYTES), |span| {
        filter.attributes_match(&span.attributes)
    })?;
    Ok(SpanPage { spans, next })
}

fn select(condition: &str) -> String {
    format!(
        "SELECT {}, trace.trace_id AS trace_id, refs, data FROM span JOIN trace ON trace.id = span.trace {USAGE_JOIN} \
         WHERE {condition}",
        trace::COLUMNS
    )
}

/// Reads spans up to a number and a size, and says where to go on. `sql` selects their row ids in order: a sort should not carry
/// their content.
pub(super) fn collect(
    connection: &Connection,
    sql: &str,
    params: Vec<Value>,
    (limit, max_bytes): (usize, usize),
    keep: impl Fn(&Span) -> bool,
) -> Result<(Vec<StoredSpan>, Option<Cursor>)> {
    let mut ids = connection.prepare_cached(sql)?;
    let mut ids = ids.query(rusqlite::params_from_iter(params))?;
    let mut statement = connection.prepare_cached(&select("span.id = ?"))?;
    let mut reading = Reading::new(connection, max_bytes);
    while let Some(id) = ids.next()? {
        let mut rows = statement.query([id.get::<_, i64>(0)?])?;
        let Some(row) = rows.next()? else { continue };
        let stored = read(row, &mut reading.fetch)?;
        if keep(&stored.span) {
            let next = Cursor { key: stored.row.start_ns, id: stored.row.id };
            if reading.spans.len() == limit || !reading.take(stored)? {
                return Ok((reading.spans, Some(next)));
            }
        }
    }
    Ok((reading.spans, None))
}

/// Spans of an answer, as far as they are read.
struct Reading<'c> {
    connection: &'c Connection,
    fetch: Fetch<'c>,
    spans: Vec<StoredSpan>,
    bytes: usize,
    max_bytes: usize,
    /// Whether an origin counts for every span that has it.
    repeats_origin: bool,
    /// Most traces have no log records that mean anything: that is asked once a trace.
    meaning: HashMap<TraceId, bool>,
}

impl<'c> Reading<'c> {
    fn new(connection: &'c Connection, max_bytes: usize) -> Self {
        let fetch = Fetch::new(connection);
        Reading {
            connection,
            fetch,
            spans: Vec::new(),
            bytes: 0,
            max_bytes,
            repeats_origin: false,
            meaning: HashMap::new(),
        }
    }

    /// Adds a span and its log records, unless that is too much; the first is never.
    fn take(&mut self, mut stored: StoredSpan) -> Result<bool> {
        let (trace_id, span_id) = (stored.span.trace_id, stored.span.span_id);
        let has_meaning = match self.meaning.get(&trace_id) {
            Some(known) => *known,
            None => logs::has_meaning(self.connection, trace_id)?,
        };
        self.meaning.insert(trace_id, has_meaning);
        if has_meaning {
            (stored.records, stored.records_left_out) =
                logs::meaning(self.connection, &mut self.fetch, trace_id, span_id)?;
        }
        self.bytes += span_bytes(&stored);
        let shared = |last: &StoredSpan| Arc::ptr_eq(&last.span.origin, &stored.span.origin);
        if self.repeats_origin || !self.spans.last().is_some_and(shared) {
            self.bytes += origin_bytes(&stored.span.origin);
        }
        let fits = self.bytes <= self.max_bytes || self.spans.is_empty();
        if fits {
            self.spans.push(stored);
        }
        Ok(fits)
    }
}

fn read(row: &Row<'_>, fetch: &mut Fetch<'_>) -> Result<StoredSpan> {
    let light = trace::read(row)?;
    let data = pack::unpack(row.get_ref("data")?.as_blob().unwrap_or_default())?;
    let refs = refs::decode(row.get_ref("refs")?.as_blob().unwrap_or_default())?;
    let decoded = decode::decode(&data, &refs, fetch)?;
    let record = decoded.record;
    let time = |exact: u64, column: i64| if exact != 0 { exact } else { column.max(0).unsigned_abs() };
    let span = Span {
        trace_id: TraceId(row.get("trace_id")?),
        span_id: light.span_id,
        parent_id: light.parent_id,
        trace_state: record.trace_state,
        flags: record.flags,
        name: if record.name.is_empty() { light.name.clone() } else { record.name },
        otel_kind: OtelKind::from_number(record.otel_kind.into()),
        start_ns: time(record.start_ns, light.start_ns),
        end_ns: time(record.end_ns, light.end_ns),
        status: Status {
            code: record.status.map_or(light.status, |code| StatusCode::from_number(code.into())),
            message: record.status_message,
        },
        attributes: decoded.attributes,
        dropped_attributes: record.dropped_attributes,
        events: decoded.events,
        dropped_events: record.dropped_events,
        links: decoded.links,
        dropped_links: record.dropped_links,
        repaired: record.repaired,
        origin: decoded.origin,
    };
    Ok(StoredSpan { span, row: light, records: Vec::new(), records_left_out: 0 })
}
