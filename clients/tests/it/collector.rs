//! Runs an example, and collects what it sends.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, any_value::Value},
    trace::v1::{Span, status::StatusCode},
};
use prost::Message;

/// A span as it was sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) trace_id: Vec<u8>,
    pub(crate) span_id: Vec<u8>,
    pub(crate) parent_id: Vec<u8>,
    pub(crate) begun_ns: u64,
    attributes: BTreeMap<String, String>,
    /// Their names.
    pub(crate) events: Vec<String>,
    /// The message, if the span failed.
    pub(crate) error: Option<String>,
}

impl Sent {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or_else(|_| panic!("{name} of {self:#?}"))
    }
}

/// Runs an example to its end; returns its spans and what it printed.
pub(crate) async fn run(example: &str) -> (Vec<Sent>, String) {
    let spans = Arc::new(Mutex::new(Vec::new()));
    let collected = spans.clone();
    let collect = post(move |body: Bytes| async move {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        collected.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans).map(sent));
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving =
        tokio::spawn(async { axum::serve(listener, Router::new().route("/v1/traces", collect)).await });

    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().join("../examples").join(example);
    assert!(program.exists(), "cargo builds the examples with all tests: cargo test");
    let mut command = Command::new(program);
    command.env("PHOENIX_COLLECTOR_ENDPOINT", address);
    // Without it genai leaves messages out.
    command.env("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
    for elsewhere in
        ["OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_EMBEDDING_MODEL", "OTEL_EXPORTER_OTLP_PROTOCOL"]
    {
        command.env_remove(elsewhere);
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
    serving.abort();
    let spans = std::mem::take(&mut *spans.lock().unwrap());
    (spans, String::from_utf8(output.stdout).unwrap())
}

fn sent(span: Span) -> Sent {
    let status = span.status.unwrap_or_default();
    Sent {
        name: span.name,
        trace_id: span.trace_id,
        span_id: span.span_id,
        parent_id: span.parent_span_id,
        begun_ns: span.start_time_unix_nano,
        attributes: span.attributes.into_iter().map(|pair| (pair.key, text(pair.value))).collect(),
        events: span.events.into_iter().map(|event| event.name).collect(),
        error: (status.code() == StatusCode::Error).then_some(status.message),
    }
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(int)) => int.to_string(),
        other => format!("{other:?}"),
    }
}
