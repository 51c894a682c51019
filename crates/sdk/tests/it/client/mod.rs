//! The layer for HTTP clients, between a client and a server that says what the test has it say.

mod answers;
mod bodies;
mod errors;
mod pieces;
mod requests;
#[cfg(feature = "reqwest")]
mod reqwest;
mod secrets;
mod streams;

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use axum::body::{Body, Bytes, to_bytes};
use bennu_sdk::{LlmLayer, LlmService, SentBody};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

use crate::collector::{Sent, traced_async};

/// What becomes of an answer's body after its last piece.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    End,
    Fail,
    Hang,
}

/// A server's answer.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    pieces: Vec<Bytes>,
    then: Then,
}

impl Answer {
    fn json(body: &Value) -> Self {
        Answer::bytes("application/json", body.to_string())
    }

    fn events(body: impl Into<Bytes>) -> Self {
        Answer::bytes("text/event-stream; charset=utf-8", body)
    }

    fn bytes(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Answer {
            status: 200,
            headers: vec![("content-type", content_type)],
            pieces: vec![body.into()],
            then: Then::End,
        }
    }

    fn status(self, status: u16) -> Self {
        Answer { status, ..self }
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn then(self, then: Then) -> Self {
        Answer { then, ..self }
    }

    /// In pieces of so many bytes.
    fn cut(mut self, bytes: usize) -> Self {
        let whole = self.pieces.concat();
        self.pieces = whole.chunks(bytes).map(Bytes::copy_from_slice).collect();
        self
    }

    /// In two pieces.
    fn cut_at(mut self, at: usize) -> Self {
        let whole = self.pieces.concat();
        let (first, second) = whole.split_at(at);
        self.pieces = vec![Bytes::copy_from_slice(first), Bytes::copy_from_slice(second)];
        self
    }

    fn response(&self) -> Response<Body> {
        let pieces = stream::iter(self.pieces.clone()).map(Ok::<_, io::Error>);
        let body = match self.then {
            Then::End => Body::from_stream(pieces),
            Then::Fail => Body::from_stream(pieces.chain(stream::iter([Err(io::Error::other("cut off"))]))),
            Then::Hang => Body::from_stream(pieces.chain(stream::pending())),
        };
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, *value);
        }
        response.body(body).unwrap()
    }
}

/// What a server was sent.
#[derive(Debug, Default, Clone)]
struct Seen {
    headers: HeaderMap,
    body: Bytes,
    body_size: Option<u64>,
}

/// A client behind the layer, and its server.
#[derive(Debug, Clone)]
struct Wire {
    answer: Answer,
    seen: Arc<Mutex<Seen>>,
    layer: LlmLayer,
}

impl Wire {
    fn to(answer: Answer) -> Self {
        Wire { answer, seen: Arc::default(), layer: LlmLayer::new() }
    }

    /// Sends a request and returns the head of what the client got.
    async fn send(&self, request: Request<Body>) -> Response<Body> {
        let wire = self.clone();
        let server = service_fn(move |request: Request<SentBody<Body>>| {
            let wire = wire.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body_size = http_body::Body::size_hint(&body).exact();
                let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
                *wire.seen.lock().unwrap() = Seen { headers: parts.headers, body, body_size };
                Ok::<_, Infallible>(wire.answer.response())
            }
        });
        let client: LlmService<_> = self.layer.layer(server);
        client.oneshot(request).await.unwrap().map(Body::new)
    }

    /// Sends a request and reads the answer to its end; returns the bytes that came.
    async fn exchange(&self, url: &str, request: &Value) -> Result<Bytes, axum::Error> {
        let response = self.send(post(url, request)).await;
        to_bytes(response.into_body(), usize::MAX).await
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

fn post(url: &str, request: &Value) -> Request<Body> {
    Request::post(url)
        .header("content-type", "application/json")
        .body(Body::from(request.to_string()))
        .unwrap()
}

/// The span of one exchange, and that the client got what the server said.
fn span_of(url: &str, request: &Value, answer: &Answer) -> Sent {
    let collector = traced_async(
        |builder| builder,
        || async {
            let wire = Wire::to(answer.clone());
            let got = wire.exchange(url, request).await.unwrap();
            assert_eq!(got, answer.pieces.concat());
            assert_eq!(wire.seen().body, request.to_string());
        },
    );
    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:#?}");
    spans[0].clone()
}

fn check(span: &Sent, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(span.get(name), *value, "{name} of {span:#?}");
    }
}

fn has_none(span: &Sent, start: &str) {
    let found: Vec<_> = span.attributes.keys().filter(|name| name.starts_with(start)).collect();
    assert!(found.is_empty(), "{found:?}");
}

const OPENAI: &str = "https://api.openai.com/v1/chat/completions";
const RESPONSES: &str = "https://api.openai.com/v1/responses";
const ANTHROPIC: &str = "https://api.anthropic.com/v1/messages";
const EMBEDDINGS: &str = "https://api.openai.com/v1/embeddings";

const OK: u16 = StatusCode::OK.as_u16();
