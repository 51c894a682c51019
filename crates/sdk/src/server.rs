//! The server's side of HTTP: a tower layer for axum and tonic.
//!
//! Every request is a span, below the caller's if it sent a `traceparent`, and every response says the trace's id in
//! `X-Trace-Id`: errors and panics, too. The span ends when the response's body does, so that what a stream does last is within it.

use std::{
    any::Any,
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context as Task, Poll},
};

use bennu_semconv::{openinference, otel};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, SpanKind, Status, TraceContextExt, Tracer},
};
use tower_layer::Layer;
use tower_service::Service;

use crate::{propagate, setup, span::exception};

/// The header that every response has.
pub const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// Which route a request takes, if that is known.
type Route = fn(&Extensions) -> Option<String>;

/// Traces the requests that a server answers. To be added last, so that it is outermost.
///
/// A caller that did not sample its trace (`traceparent` ending in `-00`) is followed, unless it samples by the tail and may still keep
/// it: nothing is recorded of the request, as W3C's
/// recommendation says, while `X-Trace-Id` is the caller's trace id nevertheless. Where traces are sampled it is the id of those, too, that
/// are not kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceLayer {
    route: Option<Route>,
}

impl TraceLayer {
    /// A layer. Spans are called by their method and path.
    pub fn new() -> Self {
        TraceLayer::default()
    }

    /// Spans are called by their method and route, `GET /items/{id}`, where the request knows it, so that requests of one kind have one
    /// name. With axum:
    ///
    /// ```
    /// # use bennu_sdk::TraceLayer;
    /// use axum::extract::MatchedPath;
    ///
    /// let layer = TraceLayer::new()
    ///     .route(|extensions| extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned()));
    /// ```
    pub fn route(self, route: fn(&Extensions) -> Option<String>) -> Self {
        TraceLayer { route: Some(route) }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> TraceService<S> {
        TraceService { inner, layer: *self }
    }
}

/// See [`TraceLayer`].
#[derive(Debug, Clone)]
pub struct TraceService<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S, I, O> Service<Request<I>> for TraceService<S>
where
    S: Service<Request<I>, Response = Response<O>, Error = Infallible>,
    S::Future: Send + 'static,
    O: Body + Default,
{
    type Response = Response<TracedBody<O>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<I>) -> Self::Future {
        let span = ServerSpan::begin(&request, self.layer);
        let grpc = is_grpc(request.headers());
        let called = catch_unwind(AssertUnwindSafe(|| {
            let _guard = span.context.clone().attach();
            self.inner.call(request)
        }));
        Box::pin(async move {
            let outcome = match called {
                Ok(future) => Caught { future: Box::pin(future), context: span.context.clone() }.await,
                Err(panic) => Err(panic),
            };
            Ok(match outcome {
                Ok(Ok(response)) => {
                    span.note(response.status());
                    // An answer without a body has gRPC's status here.
                    span.note_grpc(response.headers());
                    span.answer(response)
                }
                Ok(Err(never)) => match never {},
                Err(panic) => {
                    let response = span.panicked(&*panic, grpc);
                    span.answer(response)
                }
            })
        })
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// A request's span; ends when dropped.
#[derive(Debug)]
struct ServerSpan {
    context: Context,
}

impl ServerSpan {
    fn begin<I>(request: &Request<I>, layer: TraceLayer) -> Self {
        let started = setup::started();
        let mut attributes = vec![
            KeyValue::new("http.request.method", request.method().to_string()),
            KeyValue::new("url.path", request.uri().path().to_owned()),
        ];
        if started.settings.conventions.open_inference() {
            attributes.push(KeyValue::new(openinference::SPAN_KIND, "CHAIN"));
        }
        // What it does is the application's; a request is answered whatever that is.
        let route =
            |route: Route| catch_unwind(AssertUnwindSafe(|| route(request.extensions()))).ok().flatten();
        let route = layer.route.and_then(route);
        let name = format!("{} {}", request.method(), route.as_deref().unwrap_or(request.uri().path()));
        attributes.extend(route.map(|route| KeyValue::new("http.route", route)));
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server).with_attributes(attributes);
        let parent = propagate::extract(request.headers());
        let span = started.tracer.build_with_context(builder, &parent);
        ServerSpan { context: parent.with_span(span) }
    }

    fn panicked<O: Default>(&self, panic: &(dyn Any + Send), grpc: bool) -> Response<O> {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        self.fail("panic", text.unwrap_or("the handler panicked"));
        let mut response = Response::new(O::default());
        if grpc {
            // gRPC's status is beside HTTP's: 13 is INTERNAL.
            response.headers_mut().insert("grpc-status", HeaderValue::from_static("13"));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        } else {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        response
    }

    fn fail(&self, class: &str, message: &str) {
        exception(&self.context, class, message.to_owned());
    }

    /// A server's errors are the span's; a client's are not (OpenTelemetry's conventions for HTTP).
    fn note(&self, status: StatusCode) {
        if status.is_server_error() {
            let span = self.context.span();
            span.set_attribute(KeyValue::new(otel::ERROR_TYPE, status.as_str().to_owned()));
            span.set_status(Status::error(status.to_string()));
        }
    }

    /// The codes that are the server's errors by OpenTelemetry's conventions for gRPC.
    fn note_grpc(&self, headers: &HeaderMap) {
        let code = headers.get("grpc-status").and_then(|code| code.to_str().ok());
        if let Some(code) = code.filter(|code| ["2", "4", "12", "13", "14", "15"].contains(code)) {
            let message = headers.get("grpc-message").and_then(|message| message.to_str().ok());
            self.fail(&format!("grpc-status {code}"), message.unwrap_or("the call failed"));
        }
    }

    fn answer<O>(self, response: Response<O>) -> Response<TracedBody<O>> {
        let (mut parts, body) = response.into_parts();
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(parts.status.as_u16())));
        let id = span.span_context().trace_id().to_string();
        if let Ok(id) = HeaderValue::from_str(&id) {
            parts.headers.insert(X_TRACE_ID, id);
        }
        Response::from_parts(parts, TracedBody { body, span: Some(self) })
    }
}

impl Drop for ServerSpan {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.fail("panic", "the body panicked");
        }
        self.context.span().end();
    }
}

/// A future in a context; a panic is its end, and not the connection's.
struct Caught<F> {
    future: Pin<Box<F>>,
    context: Context,
}

impl<F: Future> Future for Caught<F> {
    type Output = std::thread::Result<F::Output>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        let _guard = self.context.clone().attach();
        match catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(task))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

pin_project_lite::pin_project! {
    /// A response's body within its request's span.
    #[derive(Debug)]
    pub struct TracedBody<B> {
        #[pin]
        body: B,
        span: Option<ServerSpan>,
    }
}

impl<B: Body> Body for TracedBody<B>
where
    B::Error: std::fmt::Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let _guard = this.span.as_ref().map(|span| span.context.clone().attach());
        let frame = std::task::ready!(this.body.poll_frame(task));
        match (&frame, this.span.as_ref()) {
            (Some(Err(error)), Some(span)) => span.fail("body", &error.to_string()),
            (Some(Ok(frame)), Some(span)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    span.note_grpc(trailers);
                }
            }
            _ => {}
        }
        if !matches!(frame, Some(Ok(_))) {
            *this.span = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
