//! A collector that keeps what it is sent, and can be told to misbehave.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bennu_sdk::{Builder, Guard};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1,
};
use prost::Message;

/// A span as it was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    pub(crate) parent_id: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) resource: BTreeMap<String, String>,
    /// Name and attributes.
    pub(crate) events: Vec<(String, BTreeMap<String, String>)>,
    /// Message of an error; `None` if it is none.
    pub(crate) error: Option<String>,
    pub(crate) duration: Duration,
    pub(crate) trace_state: String,
}

impl Sent {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct Shared {
    spans: Mutex<Vec<Sent>>,
    headers: Mutex<String>,
    /// Answered to every request; 0 is 200.
    status: AtomicU16,
    delay_ms: AtomicU64,
    stop: AtomicBool,
}

pub(crate) struct Collector {
    address: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Collector::at("127.0.0.1:0")
    }

    pub(crate) fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stop.load(Relaxed) {
                    return;
                }
                let shared = serving.clone();
                std::thread::spawn(move || while answer(&shared, stream.as_ref().unwrap()).is_some() {});
            }
        });
        Collector { address, shared, thread: Some(thread) }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn answer_with(&self, status: u16) {
        self.shared.status.store(status, Relaxed);
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.shared.delay_ms.store(delay.as_millis() as u64, Relaxed);
    }

    pub(crate) fn spans(&self) -> Vec<Sent> {
        self.shared.spans.lock().unwrap().clone()
    }

    /// The headers of the last request, as they came.
    pub(crate) fn headers(&self) -> String {
        self.shared.headers.lock().unwrap().to_ascii_lowercase()
    }

    /// The only span of this name.
    pub(crate) fn span(&self, name: &str) -> Sent {
        let spans = self.spans();
        let mut found = spans.iter().filter(|span| span.name == name);
        let span = found.next().unwrap_or_else(|| panic!("no {name} in {spans:#?}"));
        assert!(found.next().is_none(), "two spans {name}");
        span.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        let _ = TcpStream::connect(&self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Reads a request and answers it; `None` when the connection ends.
fn answer(shared: &Shared, mut stream: &TcpStream) -> Option<()> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut part = [0; 8192];
        let read = stream.read(&mut part).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let headers = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let length = headers
        .to_ascii_lowercase()
        .split("content-length:")
        .nth(1)
        .map_or(0, |rest| rest.lines().next().unwrap().trim().parse().unwrap());
    while bytes.len() < head + length {
        let mut part = [0; 8192];
        let read = stream.read(&mut part).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
    }
    // It takes traces and knows nothing else.
    let is_traces = headers.to_ascii_lowercase().starts_with("post /v1/traces ");
    if !is_traces {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").ok();
    }
    *shared.headers.lock().unwrap() = headers;
    std::thread::sleep(Duration::from_millis(shared.delay_ms.load(Relaxed)));
    let status = shared.status.load(Relaxed);
    if shared.stop.load(Relaxed) {
        return None;
    }
    if status == 0 {
        let request = ExportTraceServiceRequest::decode(&bytes[head..head + length]).unwrap();
        shared.spans.lock().unwrap().extend(read(request));
    }
    let status = if status == 0 { 200 } else { status };
    stream.write_all(format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n").as_bytes()).ok()
}

fn read(request: ExportTraceServiceRequest) -> Vec<Sent> {
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let about = pairs(resource.resource.map(|resource| resource.attributes).unwrap_or_default());
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(sent(span, about.clone()));
        }
    }
    spans
}

fn sent(span: v1::Span, resource: BTreeMap<String, String>) -> Sent {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let status = span.status.unwrap_or_default();
    Sent {
        name: span.name,
        trace_id: hex(span.trace_id),
        span_id: hex(span.span_id),
        parent_id: hex(span.parent_span_id),
        attributes: pairs(span.attributes),
        resource,
        events: span.events.into_iter().map(|event| (event.name, pairs(event.attributes))).collect(),
        error: (status.code == v1::status::StatusCode::Error as i32).then_some(status.message),
        duration: Duration::from_nanos(span.end_time_unix_nano - span.start_time_unix_nano),
        trace_state: span.trace_state,
    }
}

fn pairs(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    for pair in attributes {
        let before = pairs.insert(pair.key.clone(), text(pair.value));
        // OTLP: keys are unique. The crate appends whatever it is given.
        assert_eq!(before, None, "{} twice", pair.key);
    }
    pairs
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(int)) => int.to_string(),
        Some(Value::DoubleValue(double)) => double.to_string(),
        Some(Value::BoolValue(bool)) => bool.to_string(),
        Some(Value::ArrayValue(array)) => {
            let items: Vec<String> = array.values.into_iter().map(|value| text(Some(value))).collect();
            items.join(",")
        }
        other => format!("{other:?}"),
    }
}

/// Tracing is one to a process: tests take turns.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Traces what `run` does, and returns what the collector got of it.
pub(crate) fn traced(set_up: impl FnOnce(Builder) -> Builder, run: impl FnOnce()) -> Collector {
    let _turn = turn();
    let collector = Collector::start();
    let guard = begin(&collector, set_up);
    run();
    drop(guard);
    collector
}

/// The same of something asynchronous.
pub(crate) fn traced_async<F: Future>(
    set_up: impl FnOnce(Builder) -> Builder,
    run: impl FnOnce() -> F,
) -> Collector {
    traced(set_up, || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run());
    })
}

pub(crate) fn begin(collector: &Collector, set_up: impl FnOnce(Builder) -> Builder) -> Guard {
    let builder =
        bennu_sdk::init_tracing("test").endpoint(collector.url()).batch_delay(Duration::from_millis(20));
    let guard = set_up(builder).start().unwrap();
    assert!(guard.is_first());
    guard
}

/// Waits for something that other threads do.
pub(crate) fn until(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
