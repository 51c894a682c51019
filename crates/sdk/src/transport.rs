//! The HTTP client that spans leave through.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use opentelemetry_http::{HttpClient, HttpError};

use crate::export::Counters;

/// Answers are an error's text or a few numbers; more is not read.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// Blocking, which is right where it runs: the exporter's own thread.
#[derive(Debug)]
pub(crate) struct Transport {
    http: ureq::Agent,
    /// Put over those that the exporter has from the environment.
    headers: HeaderMap,
    counters: Arc<Counters>,
}

impl Transport {
    pub(crate) fn new(timeout: Duration, headers: HeaderMap, counters: Arc<Counters>) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false);
        Transport { http: config.build().into(), headers, counters }
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut parts, body) = request.into_parts();
        for (name, value) in &self.headers {
            parts.headers.insert(name, value.clone());
        }
        let response = self.http.run(Request::from_parts(parts, &body[..]));
        let mut response = response.inspect_err(|error| self.counters.note(error.to_string()))?;
        let read = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        let (parts, _) = response.into_parts();
        // What was said counts by its status; a body that breaks off takes nothing back.
        Ok(Response::from_parts(parts, read.unwrap_or_default().into()))
    }
}
