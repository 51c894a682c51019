//! The tower layer.

use std::{
    fmt::Display,
    future::Future,
    pin::Pin,
    task::{Context as Task, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body::Body;
use opentelemetry::{Context, trace::FutureExt};
use tower_layer::Layer;
use tower_service::Service;

use super::{HeardBody, SentBody, call::Call, error, request::Head};
use crate::propagate;

/// Traces the model calls of an HTTP client: every request that is one is a span below the span that is current, with messages,
/// parameters, tools, answer, tokens and errors, whether the answer comes whole or as a stream.
///
/// For clients made with tower, whose requests are `http::Request`s (hyper-util's among them), and with the feature `reqwest` for
/// `reqwest::Client`. Requests are known by the ends of their paths and by what is in them: `…/chat/completions`, `…/responses` and
/// `…/embeddings` as OpenAI has them, `…/messages` as Anthropic has it. All others pass unseen.
///
/// What is sent and answered is not changed. A request is sent once its body is there; of `reqwest::Client` one whose body is a stream
/// passes unseen. Bodies are looked at up to 32 MiB of a request (a larger one passes unseen), 16 MiB of
/// an answer (of a larger one the span says `bennu.response.unread` and nothing else). An answer that is compressed is not read:
/// put the layer outside of what decompresses. Retries belong outside, too: each attempt is a span then.
///
/// Of an error that the server answers, the span says what its body says if somebody reads it, and its status alone if nobody does: a
/// client's `error_for_status` comes too early.
///
/// A call that is within an [`llm_span`](crate::llm_span) of yours gets a second span below it: use one or the other.
///
/// ```
/// # async fn example<C>(client: C) where
/// #     C: tower::Service<http::Request<bennu_sdk::SentBody<axum::body::Body>>, Response = http::Response<axum::body::Body>>
/// #         + Clone + Send + 'static,
/// #     C::Future: Send, C::Error: std::fmt::Display, {
/// use axum::body::Body;
/// use bennu_sdk::LlmLayer;
/// use tower::{Layer, ServiceExt};
///
/// let client = LlmLayer::new().layer(client);
/// let question = r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Why is the sky blue?"}]}"#;
/// let request = http::Request::post("http://localhost:8080/v1/chat/completions")
///     .header("content-type", "application/json")
///     .body(Body::from(question));
/// let response = client.oneshot(request.expect("it is a request")).await;
/// # drop(response);
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct LlmLayer {
    propagate: bool,
}

impl LlmLayer {
    /// A layer.
    pub fn new() -> Self {
        LlmLayer::default()
    }

    /// Sends the span's context with each call (`traceparent`, and the baggage of the current context), for gateways and models of
    /// one's own. Not done unless asked for: to a provider the ids of one's traces are of no use.
    pub fn propagate(mut self, propagate: bool) -> Self {
        self.propagate = propagate;
        self
    }

    /// Writes the call's context into the headers of its request if that is asked for.
    pub(super) fn inject(self, call: &Call, headers: &mut HeaderMap) {
        if self.propagate {
            let _guard = call.context().clone().attach();
            propagate::inject(headers);
        }
    }
}

impl<S> Layer<S> for LlmLayer {
    type Service = LlmService<S>;

    fn layer(&self, inner: S) -> LlmService<S> {
        LlmService { inner, layer: *self }
    }
}

/// See [`LlmLayer`].
#[derive(Debug, Clone)]
pub struct LlmService<S> {
    pub(super) inner: S,
    pub(super) layer: LlmLayer,
}

impl<S> LlmService<S> {
    /// Around a client, as [`LlmLayer::new`] has it.
    pub fn new(inner: S) -> Self {
        LlmLayer::new().layer(inner)
    }
}

impl<S, B, R> Service<Request<B>> for LlmService<S>
where
    S: Service<Request<SentBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Display + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
    R: Body<Data = Bytes>,
    R::Error: Display + 'static,
{
    type Response = Response<HeardBody<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        if head(&parts).api().is_none() {
            let response = self.inner.call(Request::from_parts(parts, SentBody::untouched(body)));
            return Box::pin(async move { Ok(HeardBody::untouched(response.await?)) });
        }
        // The one that is ready goes with the request.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let layer = self.layer;
        let parent = Context::current();
        Box::pin(async move {
            let (body, bytes) = SentBody::read(body).await;
            let call = bytes.and_then(|bytes| {
                let _guard = parent.attach();
                Call::begin(&head(&parts), &bytes)
            });
            let Some(mut call) = call else {
                let response = inner.call(Request::from_parts(parts, body)).await?;
                return Ok(HeardBody::untouched(response));
            };
            layer.inject(&call, &mut parts.headers);
            let future = {
                let _guard = call.context().clone().attach();
                inner.call(Request::from_parts(parts, body))
            };
            match future.with_context(call.context().clone()).await {
                Ok(response) => Ok(HeardBody::of(response, call)),
                Err(error) => {
                    let (class, message) = error::told(&error);
                    call.fail(class, &message);
                    Err(error)
                }
            }
        })
    }
}

/// `[::1]:8080` has colons of its own.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

/// The host is the address's or, of a client that is given paths only, the header's.
fn head(parts: &http::request::Parts) -> Head<'_> {
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let header = header.map(without_port);
    Head {
        method: &parts.method,
        host: parts.uri.host().or(header),
        port: parts.uri.port_u16(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_without_their_ports() {
        for (authority, host) in
            [("h:80", "h"), ("h", "h"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), (":", ""), ("", "")]
        {
            assert_eq!(without_port(authority), host, "{authority}");
        }
    }
}
