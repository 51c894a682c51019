//! Spans and stores for tests.

use std::sync::Arc;

use bennu_model::{
    Attribute, Kind, LogRecord, Origin, Resource, Span, SpanId, Status, StatusCode, Summary, TraceId, Usage,
    Value,
};
use bennu_store::{Batch, Options, Store, StoredSpan, Trace};
use tempfile::TempDir;

/// A store in a directory that goes away with it.
pub(crate) struct TestStore {
    pub(crate) store: Option<Store>,
    pub(crate) directory: TempDir,
    options: Options,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        TestStore::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Some(Store::open(directory.path(), options.clone()).unwrap());
        TestStore { store, directory, options }
    }

    /// Closes and opens again.
    pub(crate) fn reopen(&mut self) {
        self.store.take().unwrap().close();
        self.store = Some(Store::open(self.directory.path(), self.options.clone()).unwrap());
    }

    /// Closes and opens again with the file as an older version had it: its own steps, with the rows of now as far as it knew
    /// them.
    pub(crate) fn reopen_from_version(&mut self, version: usize) {
        const STEPS: [&str; 2] =
            [include_str!("../../src/schema.v1.sql"), include_str!("../../src/schema.v2.sql")];
        self.store.take().unwrap().close();
        let path = self.directory.path().join("bennu.db");
        let old = self.directory.path().join("old.db");
        let connection = rusqlite::Connection::open(&old).unwrap();
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;").unwrap();
        STEPS[..version].iter().for_each(|step| connection.execute_batch(step).unwrap());
        connection.execute("ATTACH ? AS now", [path.to_str().unwrap()]).unwrap();
        let texts = |sql: &str| -> Vec<String> {
            let mut select = connection.prepare(sql).unwrap();
            select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        for table in
            texts("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        {
            let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
            let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}");
            connection.execute(&copy, []).unwrap();
        }
        for (id, content) in bodies(&connection, "now") {
            let alone = [&[0][..], &content].concat();
            connection
                .execute("INSERT INTO main.body (id, hash, data) VALUES (?, x'', ?)", (id, alone))
                .unwrap();
        }
        connection.pragma_update(Some("main"), "user_version", version as i64).unwrap();
        connection.pragma_update(Some("main"), "application_id", 1_112_428_117).unwrap();
        connection.execute_batch("DETACH now").unwrap();
        drop(connection);
        std::fs::rename(&old, &path).unwrap();
        self.store = Some(Store::open(self.directory.path(), self.options.clone()).unwrap());
    }

    /// Stores spans in one request.
    pub(crate) async fn append(&self, project: &str, spans: Vec<(Span, Summary)>) {
        self.append_all(project, spans, Vec::new()).await;
    }

    /// Stores log records in one request; those that have an event's name are meaningful.
    pub(crate) async fn append_logs(&self, logs: Vec<LogRecord>) {
        self.append_all("p", Vec::new(), logs).await;
    }

    /// Stores spans and log records in one request.
    pub(crate) async fn append_all(&self, project: &str, spans: Vec<(Span, Summary)>, logs: Vec<LogRecord>) {
        let store = self.store.as_ref().unwrap();
        self.append_batch(project, batch(store, spans, logs)).await;
    }

    /// Stores what is prepared.
    pub(crate) async fn append_batch(&self, project: &str, batch: Batch) {
        self.store.as_ref().unwrap().append(project, batch, ()).await.unwrap();
    }

    /// The spans of a trace, whole, by start.
    pub(crate) async fn spans_of(&self, project: &str, trace: u8) -> Vec<StoredSpan> {
        let row = self.trace_of(project, trace).await.row;
        self.all_spans(row.id).await.unwrap()
    }

    pub(crate) async fn all_spans(&self, trace: i64) -> bennu_store::Result<Vec<StoredSpan>> {
        let ids = self.span_ids(trace).await?;
        Ok(self.part_of_spans(trace, ids, usize::MAX, false).await?.0)
    }

    pub(crate) async fn trace_of(&self, project: &str, trace: u8) -> Trace {
        self.trace(Some(project), id(trace)).await.unwrap().unwrap()
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    }
}

impl std::ops::Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store.as_ref().unwrap()
    }
}

/// A request, prepared.
pub(crate) fn batch(store: &Store, spans: Vec<(Span, Summary)>, logs: Vec<LogRecord>) -> Batch {
    let mut preparer = store.preparer();
    let mut batch = Batch::default();
    batch.spans.extend(spans.into_iter().map(|(span, summary)| preparer.prepare(span, summary)));
    for log in logs {
        let meaningful = !log.event_name.is_empty();
        batch.logs.push(preparer.prepare_log(log, meaningful));
    }
    batch
}

/// Every body in a database's blocks, by id.
pub(crate) fn bodies(connection: &rusqlite::Connection, database: &str) -> Vec<(i64, Vec<u8>)> {
    const DICTIONARY: &[u8] = include_bytes!("../../src/stored/dictionary.v1.txt");
    let varint = |bytes: &mut &[u8]| prost::encoding::decode_varint(bytes).unwrap() as usize;
    let mut select = connection.prepare(&format!("SELECT id, lengths, data FROM {database}.block")).unwrap();
    let mut rows = select.query([]).unwrap();
    let mut bodies = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let (block, lengths, data): (i64, Vec<u8>, Vec<u8>) =
            (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
        let mut content = &data[1..];
        let unpacked = match data[0] {
            0 => content.to_vec(),
            _ => {
                let length = varint(&mut content);
                let dictionary = if data[0] == 1 { DICTIONARY } else { &[] };
                let mut decompressor = zstd::bulk::Decompressor::with_dictionary(dictionary).unwrap();
                decompressor.decompress(content, length).unwrap()
            }
        };
        let (mut lengths, mut at, mut place) = (lengths.as_slice(), 0, 0);
        while !lengths.is_empty() {
            if let Some(length) = varint(&mut lengths).checked_sub(1) {
                bodies.push((block * 256 + place, unpacked[at..at + length].to_vec()));
                at += length;
            }
            place += 1;
        }
    }
    bodies
}

/// A log record of trace 1 at some milliseconds; with an event's name a meaningful one.
pub(crate) fn log(span: u8, at: u64, event: &str, body: &str) -> LogRecord {
    LogRecord {
        trace_id: id(1),
        span_id: Some(SpanId([span; 8])),
        time_ns: at * 1_000_000,
        event_name: event.to_owned(),
        body: Value::Text(body.to_owned()),
        ..LogRecord::default()
    }
}

pub(crate) fn id(trace: u8) -> TraceId {
    TraceId([trace; 16])
}

/// A span of trace 1 from `start` to `end` milliseconds.
pub(crate) fn span(span: u8, parent: Option<u8>, start: u64, end: u64) -> (Span, Summary) {
    let span = Span {
        trace_id: id(1),
        span_id: SpanId([span; 8]),
        parent_id: parent.map(|parent| SpanId([parent; 8])),
        name: format!("span {span}"),
        start_ns: start * 1_000_000,
        end_ns: end * 1_000_000,
        origin: Arc::new(Origin {
            resource: Arc::new(Resource {
                attributes: vec![text("service.name", "test")],
                ..Resource::default()
            }),
            ..Origin::default()
        }),
        ..Span::default()
    };
    (span, Summary::default())
}

pub(crate) fn text(key: &str, value: &str) -> Attribute {
    (key.to_owned(), Value::Text(value.to_owned()))
}

pub(crate) fn usage(input: u64, output: u64) -> Usage {
    Usage { input: Some(input), output: Some(output), ..Usage::default() }
}

/// Makes a span a kind that reports usage.
pub(crate) fn reports((span, summary): (Span, Summary), kind: Kind, usage: Usage) -> (Span, Summary) {
    (span, Summary { kind, usage, ..summary })
}

pub(crate) fn failed((span, summary): (Span, Summary)) -> (Span, Summary) {
    let status = Status { code: StatusCode::Error, message: "no".into() };
    (Span { status, ..span }, Summary { status: StatusCode::Error, ..summary })
}

pub(crate) fn of_trace((span, summary): (Span, Summary), trace: u8) -> (Span, Summary) {
    (Span { trace_id: id(trace), ..span }, summary)
}

/// A version that only says that the span began.
pub(crate) fn pending((span, summary): (Span, Summary)) -> (Span, Summary) {
    (Span { end_ns: span.start_ns, ..span }, Summary { running: true, ..summary })
}

/// What a span owns: input and output.
pub(crate) fn owned(trace: &Trace, span: u8) -> (u64, u64) {
    let row = trace.spans.iter().find(|row| row.span_id == SpanId([span; 8])).unwrap();
    let tokens = row.usage_owned.tokens();
    (tokens[0], tokens[1])
}
