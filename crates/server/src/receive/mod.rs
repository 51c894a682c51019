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

use bennu_model::Span;
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
/// `held` is the part of the budget that the body takes up; it is given back when the spans are stored.
pub(crate) async fn ingest(
    app: &App,
    encoding: Encoding,
    body: Bytes,
    project: Option<String>,
    held: Held,
) -> Result<Rejected, Error> {
    let prepared = if body.len() <= INLINE_BYTES {
        prepare(app, encoding, body, project)
    } else {
        let _turn = app.decoders.acquire().await.map_err(|_| stopped())?;
        let app = app.clone();
        tokio::task::spawn_blocking(move || prepare(&app, encoding, body, project)).await.map_err(
            |error| {
                tracing::error!(%error, "a request could not be decoded");
                Error::new(Code::Internal, "the request could not be decoded; this is a bug")
            },
        )?
    }?;
    let (groups, rejected) = prepared;
    // All at once: the groups of one request share a commit.
    let appends =
        groups.into_iter().map(|(project, spans)| async move { app.store.append(&project, spans).await });
    for outcome in join_all(appends).await {
        outcome?;
    }
    drop(held);
    if rejected.count() > 0 {
        tracing::warn!(rejected = rejected.count(), reason = rejected.message(), "spans were refused");
    }
    Ok(rejected)
}

type Group = (String, Vec<bennu_store::Prepared>);

fn prepare(
    app: &App,
    encoding: Encoding,
    body: Bytes,
    header: Option<String>,
) -> Result<(Vec<Group>, Rejected), Error> {
    let Batch { resources, rejected } =
        decode::decode(encoding, body).map_err(|refusal| Error::new(Code::Invalid, refusal.to_string()))?;
    let mut groups: Vec<Group> = Vec::new();
    for resource in resources {
        let project = header.clone().or(resource.project).unwrap_or_else(|| DEFAULT_PROJECT.to_owned());
        let project: String = project.chars().take(MAX_PROJECT_CHARS).collect();
        let spans = resource.spans.into_iter().map(|span| prepare_span(app, span));
        match groups.iter_mut().find(|(name, _)| *name == project) {
            Some((_, group)) => group.extend(spans),
            None => groups.push((project, spans.collect())),
        }
    }
    Ok((groups, rejected))
}

fn prepare_span(app: &App, span: Span) -> bennu_store::Prepared {
    let detail = decode::normalise(&span);
    let summary = decode::summarise(&span, &detail);
    app.store.prepare(span, summary)
}

/// Polls all futures until each is done. Requests have few groups, nearly always one.
async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, outcome) in &mut futures {
            if outcome.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *outcome = Some(done),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

fn stopped() -> Error {
    Error::new(Code::Busy, "the server is stopping")
}
