//! Spans and stores for tests.

use std::sync::Arc;

use bennu_model::{
    Attribute, Kind, Origin, Resource, Span, SpanId, Status, StatusCode, Summary, TraceId, Usage, Value,
};
use bennu_store::{Options, Store, Trace};
use tempfile::TempDir;

/// A store in a directory that goes away with it.
pub(crate) struct TestStore {
    pub(crate) store: Option<Store>,
    pub(crate) directory: TempDir,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        TestStore { store: Some(Store::open(directory.path(), Options::default()).unwrap()), directory }
    }

    /// Closes and opens again.
    pub(crate) fn reopen(&mut self) {
        self.store.take().unwrap().close();
        self.store = Some(Store::open(self.directory.path(), Options::default()).unwrap());
    }

    /// Stores spans in one request.
    pub(crate) async fn append(&self, project: &str, spans: Vec<(Span, Summary)>) {
        let store = self.store.as_ref().unwrap();
        let mut preparer = store.preparer();
        let prepared = spans.into_iter().map(|(span, summary)| preparer.prepare(span, summary)).collect();
        store.append(project, prepared, ()).await.unwrap();
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

/// What a span owns: input and output.
pub(crate) fn owned(trace: &Trace, span: u8) -> (u64, u64) {
    let row = trace.spans.iter().find(|row| row.span_id == SpanId([span; 8])).unwrap();
    let tokens = row.usage_owned.tokens();
    (tokens[0], tokens[1])
}
