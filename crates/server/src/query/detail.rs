//! A stored span with what it means. The meaning is derived when read, by the same function as when it was written.

use bennu_model::{Detail, SpanId};
use bennu_store::{StoredSpan, TraceRow};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    app::App,
    decode::{self, Fact, Meaning},
    error::{Code, Error},
};

/// A span, its row and its meaning.
#[derive(Debug, Clone)]
pub(crate) struct SpanDetail {
    pub(crate) stored: StoredSpan,
    pub(crate) detail: Detail,
    /// Where each fact of it came from.
    pub(crate) facts: Vec<Fact>,
}

impl SpanDetail {
    pub(crate) fn new(stored: StoredSpan) -> SpanDetail {
        let Meaning { detail, facts } = decode::explain(&stored.span, &stored.records);
        SpanDetail { stored, detail, facts }
    }
}

/// One span of a trace.
pub(crate) async fn span_detail(
    app: &App,
    trace: &TraceRow,
    span_id: SpanId,
) -> Result<Option<SpanDetail>, Error> {
    Ok(details(app, trace, vec![span_id]).await?.pop())
}

/// Some spans of a trace, by start; few.
pub(crate) async fn spans_with(
    app: &App,
    trace: &TraceRow,
    span_ids: Vec<SpanId>,
) -> Result<Vec<SpanDetail>, Error> {
    if span_ids.is_empty() {
        return Ok(Vec::new());
    }
    details(app, trace, span_ids).await
}

async fn details(app: &App, trace: &TraceRow, only: Vec<SpanId>) -> Result<Vec<SpanDetail>, Error> {
    let spans = app.store.spans(trace.id, only).await?;
    blocking(move || spans.into_iter().map(SpanDetail::new).collect()).await
}

/// Waits for one of these places: `answers` that hold whole spans, or `pages` of traces.
pub(crate) async fn turn(places: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    places.acquire().await.map_err(|_| Error::new(Code::Busy, "the server is stopping"))
}

/// Runs what computes for long away from the threads that answer others.
pub(crate) async fn blocking<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(compute).await.map_err(|error| {
        tracing::error!(%error, "an answer could not be computed");
        Error::new(Code::Internal, "the answer could not be computed; this is a bug")
    })
}
