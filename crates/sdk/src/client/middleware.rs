//! The middleware for reqwest-middleware.

use async_trait::async_trait;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};

use super::{
    LlmLayer,
    reqwest::{begin, hear},
};

/// What [`LlmLayer`] is for clients of `reqwest-middleware`. To be added after what retries, so that each attempt is a span.
///
/// ```
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(bennu_sdk::LlmMiddleware::new()).build();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct LlmMiddleware {
    layer: LlmLayer,
}

impl LlmMiddleware {
    /// A middleware.
    pub fn new() -> Self {
        LlmMiddleware::default()
    }

    /// See [`LlmLayer::propagate`].
    pub fn propagate(self, propagate: bool) -> Self {
        LlmMiddleware { layer: self.layer.propagate(propagate) }
    }
}

#[async_trait]
impl Middleware for LlmMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        match begin(self.layer, &mut request) {
            None => next.run(request, extensions).await,
            Some(call) => hear(call, next.run(request, extensions)).await,
        }
    }
}
