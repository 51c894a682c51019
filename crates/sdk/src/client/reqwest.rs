//! reqwest's requests and responses.
//!
//! A request's body is looked at where it lies: reqwest has it in memory unless it is a stream, and a stream passes unseen.

use std::{
    fmt::Display,
    future::Future,
    pin::Pin,
    task::{Context as Task, Poll},
};

use opentelemetry::trace::FutureExt;
use reqwest::{Body, Request, Response, ResponseBuilderExt};
use tower_service::Service;

use super::{HeardBody, LlmLayer, LlmService, call::Call, error, request::Head};

/// `reqwest::Client` and services around it. The response is the client's with another body; that it fails is told by an error of
/// the same kind, whose chain of sources is longer by one.
impl<S> Service<Request> for LlmService<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Display + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match begin(self.layer, &mut request) {
            None => Box::pin(self.inner.call(request)),
            Some(call) => {
                let guard = call.context().clone().attach();
                let response = self.inner.call(request);
                drop(guard);
                Box::pin(hear(call, response))
            }
        }
    }
}

/// Begins a call if the request is one.
pub(super) fn begin(layer: LlmLayer, request: &mut Request) -> Option<Call> {
    let url = request.url();
    let head = Head {
        method: request.method(),
        host: url.host_str(),
        port: url.port(),
        path: url.path(),
        query: url.query(),
        headers: request.headers(),
    };
    head.api()?;
    let call = Call::begin(&head, request.body()?.as_bytes()?)?;
    layer.inject(&call, request.headers_mut());
    Some(call)
}

/// Waits for the response within the call's span, and has its body heard.
pub(super) async fn hear<E: Display + 'static>(
    mut call: Call,
    response: impl Future<Output = Result<Response, E>>,
) -> Result<Response, E> {
    match response.with_context(call.context().clone()).await {
        Ok(response) => Ok(heard(response, call)),
        Err(error) => {
            let (class, message) = error::told(&error);
            call.fail(class, &message);
            Err(error)
        }
    }
}

fn heard(response: Response, call: Call) -> Response {
    // The address is no part of a response of `http`: it travels as an extension that only its builder can make.
    let url = http::Response::builder().url(response.url().clone()).body(());
    let mut response = HeardBody::of(http::Response::<Body>::from(response), call).map(Body::wrap);
    if let Ok(url) = url {
        response.extensions_mut().extend(url.into_parts().0.extensions);
    }
    response.into()
}
