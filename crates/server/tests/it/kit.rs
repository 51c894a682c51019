//! A server on free ports, and a client without a memory.

use std::{net::SocketAddr, sync::mpsc, thread::JoinHandle};

use bennu::{
    config::{self, Flags},
    serve::{Addresses, Server},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Stops and cleans up when it goes.
pub(crate) struct TestServer {
    pub(crate) addresses: Addresses,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _directory: TempDir,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With further flags.
    pub(crate) fn with(flags: &[&str]) -> Self {
        use clap::Parser;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        let fixed = ["bennu", "--data-dir", path, "--port", "0", "--grpc-port", "0", "--otlp-port", "0"];
        let flags = Flags::parse_from([&fixed, flags].concat());
        let config = config::load(flags, |_| None).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, addresses) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::start(config).await.unwrap();
                started.send(server.addresses()).unwrap();
                server.run_until(async { drop(stopped.await) }).await.unwrap();
            });
        });
        TestServer {
            addresses: addresses.recv().unwrap(),
            stop: Some(stop),
            thread: Some(thread),
            _directory: directory,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        url(self.addresses.http, path)
    }

    /// GET; any status is an answer.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = client().get(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.call())
    }

    /// POST of bytes.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        post(&self.url(path), headers, body)
    }

    /// Sends spans as OTLP/JSON to the project `p`; they must be taken.
    pub(crate) fn send(&self, spans: Value) {
        let body = export(spans).to_string();
        let headers = [("content-type", "application/json"), ("x-project-name", "p")];
        let answer = self.post("/v1/traces", &headers, body.as_bytes());
        assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    }

    /// `GET /v1/traces/{id}`.
    pub(crate) fn trace(&self, trace_id: &str) -> Value {
        let answer = self.get(&format!("/v1/traces/{trace_id}"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(crate) fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}

fn client() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut request = client().post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::read(request.send(body))
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
}

impl Answer {
    fn read(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Self {
        let mut response = response.unwrap();
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        let headers = response.headers().iter();
        Answer {
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
                .collect(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// An export request around spans.
pub(crate) fn export(spans: Value) -> Value {
    json!({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "test"}}]},
        "scopeSpans": [{"scope": {"name": "tests", "version": "1"}, "spans": spans}]}]})
}

/// A span as OTLP/JSON; ids are filled up with the digit.
pub(crate) fn span(
    trace: char,
    id: char,
    parent: Option<char>,
    name: &str,
    attributes: &[(&str, Value)],
) -> Value {
    json!({
        "traceId": trace.to_string().repeat(32),
        "spanId": id.to_string().repeat(16),
        "parentSpanId": parent.map(|id| id.to_string().repeat(16)).unwrap_or_default(),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": "1795221728000000001",
        "endTimeUnixNano": "1795221729500000002",
        "attributes": attributes.iter().map(|(key, value)| json!({"key": key, "value": any(value)})).collect::<Vec<_>>(),
        "status": {},
    })
}

fn any(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(bool) => json!({"boolValue": bool}),
        Value::Number(number) if number.is_i64() => json!({"intValue": number.to_string()}),
        Value::Number(number) => json!({"doubleValue": number}),
        Value::Array(items) => json!({"arrayValue": {"values": items.iter().map(any).collect::<Vec<_>>()}}),
        Value::Object(members) => {
            json!({"kvlistValue": {"values": members.iter().map(|(key, value)| json!({"key": key, "value": any(value)})).collect::<Vec<_>>()}})
        }
        Value::Null => json!({}),
    }
}
