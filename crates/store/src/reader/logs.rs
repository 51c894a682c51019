//! Log records of traces and spans. They are kept by trace id, so they are the same in every project that has the trace.

use std::sync::Arc;

use bennu_model::{LogRecord, Origin, SpanId, TraceId};
use rusqlite::{Connection, Row, types::Value};

use super::{
    cursor::Cursor,
    fetch::Fetch,
    projects::count,
    size::{origin_bytes, record_bytes},
    spans::MAX_PAGE_BYTES,
};
use crate::{
    Result,
    stored::{decode, pack, refs},
};

/// Log records of a page at most, and records that a span is completed by.
pub(crate) const MAX_RECORDS: usize = 1_000;
/// Content of the records that a span is completed by: the writer reads them again for each that is added.
const MAX_MEANING_BYTES: usize = 16 << 20;
/// Records counted at most.
const MAX_COUNTED: i64 = 100_000;

/// A log record with what the store adds.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRow {
    /// Row id, the order of insertion.
    pub id: i64,
    /// Whether it is one of those that change what its span means.
    pub meaningful: bool,
    /// The beginning of its body, one line.
    pub preview: Option<String>,
    /// Everything that was sent.
    pub record: LogRecord,
}

/// Log records of a trace or a span.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogPage {
    /// The records, in the order of their time.
    pub rows: Vec<LogRow>,
    /// How many there are on all pages; counted up to 100,000.
    pub total: u64,
    /// The last of these, if there are more.
    pub next: Option<Cursor>,
}

/// How many log records a trace has, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogCounts {
    /// Spans of the trace that have some, with how many.
    pub spans: Vec<(SpanId, u64)>,
    /// Records that name no span, or one that the trace does not have.
    pub elsewhere: u64,
    /// `false`: the trace has more than 100,000, and what is said here is about some of them.
    pub complete: bool,
}

const COLUMNS: &str = "id, trace_id, span_id, meaningful, preview, refs, data";

/// A page of the records of a trace, or of one of its spans, by time.
pub(crate) fn log_records(
    connection: &Connection,
    trace_id: TraceId,
    span: Option<SpanId>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<LogPage> {
    let snapshot = connection.unchecked_transaction()?;
    let mut of = String::from("FROM log INDEXED BY log_by_span WHERE trace_id = ?");
    let mut params: Vec<Value> = vec![trace_id.0.to_vec().into()];
    if let Some(span) = span {
        of.push_str(" AND span_id = ?");
        params.push(span.0.to_vec().into());
    }
    let total = snapshot
        .prepare_cached(&format!("SELECT count(*) FROM (SELECT 1 {of} LIMIT {MAX_COUNTED})"))?
        .query_row(rusqlite::params_from_iter(&params), |row| row.get(0))?;
    if let Some(after) = after {
        of.push_str(" AND (at_ns, id) > (?, ?)");
        params.extend([after.key.into(), after.id.into()]);
    }
    // Content is read after the first are known: the sort should not carry it.
    let mut select = snapshot.prepare_cached(&format!("SELECT id, at_ns {of} ORDER BY at_ns, id LIMIT ?"))?;
    let limit = limit.min(MAX_RECORDS);
    params.push((limit as i64 + 1).into());
    let places = select.query_map(rusqlite::params_from_iter(&params), |row| {
        Ok(Cursor { id: row.get(0)?, key: row.get(1)? })
    })?;
    let places = places.collect::<rusqlite::Result<Vec<Cursor>>>()?;
    let mut fetch = Fetch::new(&snapshot);
    let mut page = LogPage { rows: Vec::new(), total: count(total), next: None };
    let mut bytes = 0;
    let sql = format!("SELECT {COLUMNS} FROM log WHERE id = ?");
    for (at, place) in places.iter().enumerate() {
        if at == limit {
            page.next = at.checked_sub(1).map(|last| places[last]);
            break;
        }
        let row = snapshot.prepare_cached(&sql)?.query_row([place.id], |row| Ok(read(row, &mut fetch)))??;
        bytes += record_bytes(&row.record) + origin_bytes(&row.record.origin);
        if bytes > MAX_PAGE_BYTES && at > 0 {
            page.next = Some(places[at - 1]);
            break;
        }
        page.rows.push(row);
    }
    Ok(page)
}

/// How many records the spans of a trace's row have.
pub(crate) fn log_counts(connection: &Connection, trace: i64) -> Result<LogCounts> {
    let mut select = connection.prepare_cached(
        "SELECT span_id, records, EXISTS (SELECT 1 FROM span WHERE span.trace = ?1 AND span.span_id = counted.span_id) \
         FROM (SELECT span_id, count(*) AS records FROM (SELECT span_id FROM log INDEXED BY log_by_span \
         WHERE trace_id = (SELECT trace_id FROM trace WHERE id = ?1) LIMIT ?2) GROUP BY span_id) AS counted",
    )?;
    let mut rows = select.query((trace, MAX_COUNTED))?;
    let mut counts = LogCounts { complete: true, ..LogCounts::default() };
    let mut all = 0;
    while let Some(row) = rows.next()? {
        let records = count(row.get(1)?);
        all += records;
        match row.get::<_, Option<[u8; 8]>>(0)? {
            Some(span_id) if row.get(2)? => counts.spans.push((SpanId(span_id), records)),
            _ => counts.elsewhere += records,
        }
    }
    counts.complete = all < count(MAX_COUNTED);
    Ok(counts)
}

/// Whether a trace has records that change what its spans mean.
pub(crate) fn has_meaning(connection: &Connection, trace_id: TraceId) -> Result<bool> {
    let mut select = connection.prepare_cached(
        "SELECT 1 FROM log INDEXED BY log_with_meaning WHERE meaningful AND trace_id = ? AND span_id IS NOT NULL LIMIT 1",
    )?;
    Ok(select.exists([trace_id.0])?)
}

/// The records that change what a span means, by time; those of one time in the order in which they came, which is that of the
/// conversation where a clock is coarse. Of very many the last: there is what the model answered. Tells how many are left out,
/// counted up to 100,000.
pub(crate) fn meaning(
    connection: &Connection,
    fetch: &mut Fetch<'_>,
    trace_id: TraceId,
    span_id: SpanId,
) -> Result<(Vec<LogRecord>, u64)> {
    let of = "FROM log INDEXED BY log_with_meaning WHERE meaningful AND trace_id = ? AND span_id = ?";
    let mut select =
        connection.prepare_cached(&format!("SELECT {COLUMNS} {of} ORDER BY at_ns DESC, id DESC"))?;
    let mut rows = select.query((trace_id.0, span_id.0))?;
    let mut bytes = 0;
    let mut records: Vec<LogRecord> = Vec::new();
    let mut origins: Vec<Arc<Origin>> = Vec::new();
    let mut cut = false;
    while let Some(row) = rows.next()? {
        cut = records.len() == MAX_RECORDS;
        if cut {
            break;
        }
        let record = read(row, fetch)?.record;
        let origin = &record.origin;
        bytes += record_bytes(&record);
        // Senders take turns; what each of them is counts once, whether or not it was read once.
        if !origins.iter().any(|known| Arc::ptr_eq(known, origin) || known == origin) {
            bytes += origin_bytes(origin);
            origins.push(origin.clone());
        }
        cut = bytes > MAX_MEANING_BYTES && !records.is_empty();
        if cut {
            break;
        }
        records.push(record);
    }
    records.reverse();
    let mut left_out = 0;
    if cut {
        let mut all = connection.prepare_cached(&format!("SELECT count(*) FROM (SELECT 1 {of} LIMIT ?)"))?;
        let all = count(all.query_row((trace_id.0, span_id.0, MAX_COUNTED), |row| row.get(0))?);
        left_out = all.saturating_sub(records.len() as u64).max(1);
    }
    Ok((records, left_out))
}

fn read(row: &Row<'_>, fetch: &mut Fetch<'_>) -> Result<LogRow> {
    let blob = |at| row.get_ref(at).map(|value| value.as_blob().unwrap_or_default());
    let span_id = row.get::<_, Option<[u8; 8]>>(2)?.map(SpanId);
    let (refs, data) = (refs::decode(blob(5)?)?, pack::unpack(blob(6)?)?);
    Ok(LogRow {
        id: row.get(0)?,
        meaningful: row.get(3)?,
        preview: row.get(4)?,
        record: decode::decode_log(&data, TraceId(row.get(1)?), span_id, &refs, fetch)?,
    })
}
