//! OTLP/HTTP in protobuf.

use std::time::Duration;

use anyhow::{Context, bail};

use super::{Answer, Connection, check};

pub(super) struct Http {
    url: String,
    agent: ureq::Agent,
}

impl Http {
    /// An agent of its own keeps a connection of its own.
    pub(super) fn new(url: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Http { url: url.into(), agent }
    }
}

impl Connection for Http {
    fn export(&mut self, body: &bytes::Bytes) -> anyhow::Result<Answer> {
        // Phoenix takes this content type letter by letter.
        let mut answer = self
            .agent
            .post(&self.url)
            .header("content-type", "application/x-protobuf")
            .send(&body[..])
            .with_context(|| format!("{} did not take a request", self.url))?;
        let status = answer.status().as_u16();
        let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let reply = answer.body_mut().read_to_vec().context("the answer broke off")?;
        // The statuses that OTLP says are to be retried.
        match status {
            200..300 => check(&reply).map(|()| Answer::Taken),
            429 | 502 | 503 | 504 => Ok(Answer::Full(seconds.map(Duration::from_secs))),
            _ => {
                let said = String::from_utf8_lossy(&reply[..reply.len().min(300)]).into_owned();
                bail!("{} answered {status} to a request of {} bytes: {said}", self.url, body.len())
            }
        }
    }
}
