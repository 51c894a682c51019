//! OTLP in. HTTP and gRPC hand the same bytes to one function, [`ingest`].
//!
//! - `body`: reading and decompressing under one limit.
//! - `budget`: bytes being worked on at any time; beyond it senders are told to come back.
//! - `http`, `grpc`: the transports.
//! - `reply`: OTLP's answers.

mod body;
mod budget;
mod grpc;
mod http;
mod reply;

use std::{collections::HashMap, sync::Arc};

use axum::http::HeaderMap;
use bytes::Bytes;

use crate::{
    app::App,
    decode::{self, Batch, Encoding, Rejected},
    error::{Code, Error},
};

pub(crate) use budget::{Budget, Held};
pub(crate) use grpc::router as grpc_router;
pub(crate) use http::router as http_router;

/// Where spans go when neither the request nor the resource says.
const DEFAULT_PROJECT: &str = "default";
/// Longer names are cut: a project is a place, not a payload.
const MAX_PROJECT_CHARS: usize = 256;
/// Bodies up to this size are decoded where they arrive; handing them to another thread would cost more.
const INLINE_BYTES: usize = 32 << 10;

/// Decodes and stores a request. Returns, once everything in it that could be read is on disk, what could not be.
///
/// `held` is the part of the budget that the body takes up; it is given back when the spans are stored, and not when a sender
/// loses patience: its spans still wait then.
pub(crate) async fn ingest(
    app: &App,
    encoding: Encoding,
    body: Bytes,
    project: Option<String>,
    held: Held,
) -> Result<Rejected, Error> {
    let prepared = if body.len() <= INLINE_BYTES {
        prepare(app, encoding, body, project, held)
    } else {
        let turn = app.decoders.clone().acquire_owned().await.map_err(|_| stopped())?;
        let app = app.clone();
        let preparing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            prepare(&app, encoding, body, project, held)
        });
        preparing.await.map_err(|error| {
            tracing::error!(%error, "a request could not be decoded");
            Error::new(Code::Internal, "the request could not be decoded; this is a bug")
        })?
    }?;
    let Request { groups, rejected, held } = prepared;
    // All at once: the groups of one request share a commit.
    let appends = groups.into_iter().map(|(project, spans)| {
        let held = held.clone();
        async move { app.store.append(&project, spans, held).await }
    });
    for outcome in futures_util::future::join_all(appends).await {
        outcome.map_err(|error| {
            tracing::error!(%error, "spans were refused");
            // Whatever ails the disk, the sender still has the spans and should keep them.
            Error { retry_after_s: Some(30), ..Error::new(Code::Busy, error.to_string()) }
        })?;
    }
    if rejected.count() > 0 {
        tracing::warn!(rejected = rejected.count(), reason = rejected.message(), "spans were refused");
    }
    Ok(rejected)
}

/// A request, ready to be stored.
struct Request {
    /// Spans by project.
    groups: Vec<(String, Vec<bennu_store::Prepared>)>,
    rejected: Rejected,
    held: Arc<Held>,
}

fn prepare(
    app: &App,
    encoding: Encoding,
    body: Bytes,
    header: Option<String>,
    mut held: Held,
) -> Result<Request, Error> {
    let Batch { resources, rejected } =
        decode::decode(encoding, body).map_err(|refusal| Error::new(Code::Invalid, refusal.to_string()))?;
    let mut preparer = app.store.preparer();
    let mut groups: Vec<(String, Vec<_>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for resource in resources {
        let project = header.clone().or(resource.project).unwrap_or_else(|| DEFAULT_PROJECT.to_owned());
        // A path of dots means another page to every browser: such a project could not be opened.
        let project = if project.chars().all(|char| char == '.') { DEFAULT_PROJECT } else { &project };
        let project: String = project.chars().take(MAX_PROJECT_CHARS).collect();
        let place = *places.entry(project).or_insert_with_key(|project| {
            groups.push((project.clone(), Vec::new()));
            groups.len() - 1
        });
        for span in resource.spans {
            let detail = decode::normalise(&span, &[]);
            let summary = decode::summarise(&span, &detail);
            groups[place].1.push(preparer.prepare(span, summary));
        }
    }
    // The body is gone by now; what was made of it may be larger.
    held.grow_to(&app.budget, preparer.size_bytes())?;
    Ok(Request { groups, rejected, held: Arc::new(held) })
}

/// The project that a request names for all its spans: percent-encoded, or plain UTF-8.
fn project_header(headers: &HeaderMap) -> Option<String> {
    let name = headers.get("x-project-name")?;
    let name = percent_encoding::percent_decode(name.as_bytes()).decode_utf8_lossy();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn stopped() -> Error {
    Error::new(Code::Busy, "the server is stopping")
}
