//! Spans with everything they were sent with.

use std::collections::HashMap;

use bennu_model::{Attribute, LogRecord, Origin, OtelKind, Span, SpanId, Status, StatusCode, TraceId};
use rusqlite::{Connection, Row, types::Value};

use super::{
    cursor::Cursor,
    fetch::Fetch,
    logs,
    span_filter::SpanFilter,
    trace::{self, MAX_SPANS, SpanRow, USAGE_JOIN},
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

/// The spans of a trace's row, by start; only some of them if asked for.
pub(crate) fn trace_spans(
    connection: &Connection,
    trace: i64,
    only: Option<&[SpanId]>,
) -> Result<Vec<StoredSpan>> {
    match collect_trace(connection, trace, only, MAX_ANSWER_BYTES)? {
        (spans, None) => Ok(spans),
        (_, Some(_)) => Err(Error::TooLarge(MAX_ANSWER_BYTES)),
    }
}

/// The first of some spans, as many as fit.
pub(crate) fn part_of_spans(
    connection: &Connection,
    trace: i64,
    of: &[SpanId],
    max_bytes: usize,
) -> Result<SpanPage> {
    let (spans, next) = collect_trace(connection, trace, Some(of), max_bytes)?;
    Ok(SpanPage { spans, next })
}

fn collect_trace(
    connection: &Connection,
    trace: i64,
    only: Option<&[SpanId]>,
    max_bytes: usize,
) -> Result<(Vec<StoredSpan>, Option<Cursor>)> {
    let mut sql = select("span.trace = ?");
    let mut params: Vec<Value> = vec![trace.into()];
    if let Some(only) = only {
        if only.len() > MAX_NAMED_SPANS {
            return Err(Error::TooMany(MAX_NAMED_SPANS));
        }
        // None of them is none, not all: `IN ()` is SQLite's way to say so.
        let places = vec!["?"; only.len()].join(", ");
        sql.push_str(&format!(" AND span.span_id IN ({places})"));
        params.extend(only.iter().map(|span_id| Value::from(span_id.0.to_vec())));
    }
    sql.push_str(" ORDER BY span.start_ns, span.end_ns DESC, span.id LIMIT ?");
    params.push((MAX_SPANS as i64).into());
    collect(connection, &sql, params, (MAX_SPANS, max_bytes), |_| true)
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
    let mut sql = select("span.project = (SELECT id FROM project WHERE name = ?)");
    let mut params: Vec<Value> = vec![project.to_owned().into()];
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

pub(super) fn select(condition: &str) -> String {
    format!(
        "SELECT {}, trace.trace_id AS trace_id, refs, data FROM span JOIN trace ON trace.id = span.trace {USAGE_JOIN} \
         WHERE {condition}",
        trace::COLUMNS
    )
}

/// Reads rows of [`select`] up to a number and a size; says where to go on.
pub(super) fn collect(
    connection: &Connection,
    sql: &str,
    params: Vec<Value>,
    (limit, max_bytes): (usize, usize),
    keep: impl Fn(&Span) -> bool,
) -> Result<(Vec<StoredSpan>, Option<Cursor>)> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut fetch = Fetch::new(connection);
    let mut spans = Vec::new();
    let mut bytes = 0;
    // Most traces have no log records that mean anything: that is asked once a trace.
    let mut meaning: HashMap<TraceId, bool> = HashMap::new();
    while let Some(row) = rows.next()? {
        let mut stored = read(row, &mut fetch)?;
        if keep(&stored.span) {
            let trace_id = stored.span.trace_id;
            let has_meaning = match meaning.get(&trace_id) {
                Some(known) => *known,
                None => logs::has_meaning(connection, trace_id)?,
            };
            meaning.insert(trace_id, has_meaning);
            if has_meaning {
                (stored.records, stored.records_left_out) =
                    logs::meaning(connection, &mut fetch, trace_id, stored.span.span_id)?;
            }
            bytes += stored_bytes(&stored);
            if spans.len() == limit || (bytes > max_bytes && !spans.is_empty()) {
                let next = Cursor { key: stored.row.start_ns, id: stored.row.id };
                return Ok((spans, Some(next)));
            }
            spans.push(stored);
        }
    }
    Ok((spans, None))
}

/// Bytes that a span and its records hold in memory, about; of the origin as many as an answer has that repeats it for every span.
pub(super) fn stored_bytes(stored: &StoredSpan) -> usize {
    let span = &stored.span;
    let events = span.events.iter().map(|event| 128 + size_of(&event.attributes));
    let links = span.links.iter().map(|link| 128 + size_of(&link.attributes));
    let records = stored.records.iter().map(logs::size_bytes);
    512 + origin_bytes(&span.origin)
        + size_of(&span.attributes)
        + events.chain(links).chain(records).sum::<usize>()
}

/// Bytes that an origin holds in memory, about.
pub(super) fn origin_bytes(origin: &Origin) -> usize {
    size_of(&origin.resource.attributes) + size_of(&origin.scope_attributes)
}

/// Bytes that attributes hold in memory, about.
pub(super) fn size_of(attributes: &[Attribute]) -> usize {
    attributes.iter().map(|(key, value)| 64 + key.len() + value.size_bytes()).sum()
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
