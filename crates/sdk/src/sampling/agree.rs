//! Asking whether another service keeps a trace. Bennu's server is where they meet: each tells it which traces it keeps for a reason
//! that the others cannot see, and asks about those that it would not keep.

use std::{collections::HashSet, time::Duration};

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use opentelemetry::trace::TraceId;
use serde::{Deserialize, Serialize};

use super::rules::{Agree, TailSampling};

/// Where OTLP goes, and where this goes, on the same server.
const TRACES_PATH: &str = "/v1/traces";
const BOARD_PATH: &str = "/v1/sampling";

/// The server's side of it.
#[derive(Debug)]
pub(crate) struct Board {
    agent: ureq::Agent,
    url: String,
    headers: HeaderMap,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// Whoever listens there now is no Bennu.
    #[error("HTTP {0}: who listens there is no Bennu")]
    Stranger(u16),
    /// It wants another token.
    #[error("HTTP {0}: it does not take the token")]
    Refused(u16),
    /// Nobody answers now.
    #[error("{0}")]
    Away(String),
}

#[derive(Serialize)]
struct Asked {
    keep: Vec<String>,
    ask: Vec<String>,
}

#[derive(Deserialize)]
struct Answered {
    keep: Vec<String>,
}

impl Board {
    /// Beside the place where spans are sent, if that looks like one of a server's.
    pub(crate) fn beside(traces_url: &str, headers: HeaderMap) -> Option<Self> {
        traces_url.strip_suffix(TRACES_PATH).map(|server| Board::new(server, headers))
    }

    /// Of this server. The error says what is wrong with its address.
    pub(crate) fn at(server: &str, token: Option<&str>) -> Result<Self, String> {
        let address: http::Uri = server.parse().map_err(|error| format!("it is no address: {error}"))?;
        match address.scheme_str() {
            Some("http") => {}
            Some("https") if cfg!(feature = "tls") => {}
            Some("https") => return Err("https needs the feature `tls` of bennu-sdk".to_owned()),
            _ => return Err("an address such as http://localhost:6006 was expected".to_owned()),
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let bearer = HeaderValue::try_from(format!("Bearer {}", token.trim()));
            headers.insert(AUTHORIZATION, bearer.map_err(|_| "its token is none".to_owned())?);
        }
        Ok(Board::new(server, headers))
    }

    fn new(server: &str, headers: HeaderMap) -> Self {
        /// An answer takes a millisecond; who waits for longer holds traces for longer.
        const TIMEOUT: Duration = Duration::from_secs(1);
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
        let url = format!("{}{BOARD_PATH}", server.trim_end_matches('/'));
        Board { agent: config.build().into(), url, headers }
    }

    /// Whether it is one: says nothing and asks nothing.
    pub(super) fn probe(&self) -> Result<(), NoAnswer> {
        self.exchange(&[], std::iter::empty()).map(drop)
    }

    /// Tells and asks; returns those of the asked that somebody keeps.
    pub(super) fn exchange(
        &self,
        keep: &[TraceId],
        ask: impl Iterator<Item = TraceId>,
    ) -> Result<HashSet<TraceId>, NoAnswer> {
        let keep = keep.iter().map(TraceId::to_string).collect();
        let ask = ask.map(|trace| trace.to_string()).collect();
        let body =
            serde_json::to_vec(&Asked { keep, ask }).map_err(|error| NoAnswer::Away(error.to_string()))?;
        let mut request = self.agent.post(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.header(http::header::CONTENT_TYPE, "application/json");
        let mut response = request.send(&body[..]).map_err(|error| NoAnswer::Away(error.to_string()))?;
        match response.status().as_u16() {
            200 => {}
            status @ (404 | 405 | 415 | 501) => return Err(NoAnswer::Stranger(status)),
            status @ (401 | 403) => return Err(NoAnswer::Refused(status)),
            status => return Err(NoAnswer::Away(format!("HTTP {status}"))),
        }
        let text = response.body_mut().read_to_vec().map_err(|error| NoAnswer::Away(error.to_string()))?;
        let answer: Answered = serde_json::from_slice(&text).map_err(|_| NoAnswer::Stranger(200))?;
        Ok(answer.keep.iter().filter_map(|trace| TraceId::from_hex(trace).ok()).collect())
    }
}

impl TailSampling {
    /// The server to agree with others at: the one asked for, else the collector's. The error names it and says what is wrong.
    pub(crate) fn board(
        &self,
        collector: Option<&str>,
        headers: HeaderMap,
    ) -> Result<Option<Board>, (String, String)> {
        match &self.agree {
            Agree::Alone => Ok(None),
            Agree::At { server, token } => {
                let board = Board::at(server, token.as_deref());
                board.map(Some).map_err(|reason| (server.clone(), reason))
            }
            Agree::AtCollector => Ok(collector.and_then(|collector| Board::beside(collector, headers))),
        }
    }
}
