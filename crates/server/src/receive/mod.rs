//! OTLP in. HTTP and gRPC hand the same bytes to one function, [`ingest`].
//!
//! - `body`: reading and decompressing under one limit.
//! - `budget`: bytes being worked on at any time; beyond it senders are told to come back.
//! - `http`, `grpc`: the transports.
//! - `prepare`: from bytes to what can be stored.
//! - `reply`: OTLP's answers.

mod body;
mod budget;
mod grpc;
mod http;
mod prepare;
mod reply;
mod sampling;

use std::sync::Arc;

use axum::http::HeaderMap;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::{
    app::App,
    decode::Report,
    error::{Code, Error},
};
use prepare::{Group, Received, Waiting, prepare};

pub(crate) use budget::{Budget, Held};
pub(crate) use grpc::router as grpc_router;
pub(crate) use http::router as http_router;
pub(crate) use sampling::Board;

/// Bodies up to this size are decoded where they arrive; handing them to another thread would cost more.
const INLINE_BYTES: usize = 32 << 10;

/// Larger bodies wait for each other.
const LARGE_BYTES: usize = 8 << 20;

/// Decodes and stores a request. Returns, once everything in it that could be read is on disk, what could not be.
///
/// The part of the budget that the request holds is given back when its items are stored, and not when a sender loses patience:
/// they still wait then.
async fn ingest(app: &App, received: Received) -> Result<Report, Error> {
    let Waiting { groups, report, held } = if received.body.len() <= INLINE_BYTES {
        prepare(app, received, None)?
    } else {
        let turn = turn(app, received.body.len()).await?;
        let (app, handle) = (app.clone(), Handle::current());
        let preparing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            prepare(&app, received, Some(handle))
        });
        preparing.await.map_err(|error| {
            tracing::error!(%error, "a request could not be decoded");
            Error::new(Code::Internal, "the request could not be decoded; this is a bug")
        })??
    };
    store(app, groups, held).await?;
    if !report.is_empty() {
        let (rejected, warnings) = (report.rejected.count(), report.warnings.count());
        tracing::warn!(rejected, warnings, reason = report.message(), "not everything could be read");
    }
    Ok(report)
}

/// A turn to decode or decompress a body: held while it is worked on.
async fn turn(
    app: &App,
    body_bytes: usize,
) -> Result<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit), Error> {
    let take =
        async |semaphore: &Arc<Semaphore>| semaphore.clone().acquire_owned().await.map_err(|_| stopped());
    let large = if body_bytes > LARGE_BYTES { Some(take(&app.large).await?) } else { None };
    Ok((large, take(&app.decoders).await?))
}

/// Stores groups, all at once: the writer commits together what waits for it together.
async fn store(app: &App, groups: Vec<Group>, held: impl Clone + Send + Sync + 'static) -> Result<(), Error> {
    let appends = groups.into_iter().map(|Group { project, batch }| {
        let held = held.clone();
        async move { app.store.append(&project, batch, held).await }
    });
    for outcome in futures_util::future::join_all(appends).await {
        outcome.map_err(|error| {
            tracing::error!(%error, "a request was refused");
            // Whatever ails the disk, the sender still has the spans and should keep them.
            Error { retry_after_s: Some(30), ..Error::new(Code::Busy, error.to_string()) }
        })?;
    }
    Ok(())
}

/// The project that a request names for all its items: percent-encoded, or plain UTF-8.
fn project_header(headers: &HeaderMap) -> Option<String> {
    let name = headers.get("x-project-name")?;
    let name = percent_encoding::percent_decode(name.as_bytes()).decode_utf8_lossy();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// What is said to exporters of the signal that is not stored.
fn metrics() -> Error {
    let said =
        "bennu stores traces and their logs only; set OTEL_METRICS_EXPORTER=none to stop sending metrics";
    Error::new(Code::Unimplemented, said)
}

fn stopped() -> Error {
    Error::new(Code::Busy, "the server is stopping")
}
