//! Answers full of content: a trace is sent in parts, since it may hold more than memory should.

use std::collections::VecDeque;

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bennu_model::SpanId;
use bennu_store::StoredSpan;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use crate::{app::App, error::Error, query};

/// Spans of a part.
const PART_SPANS: usize = 256;
/// Content of a part; as JSON it takes several times as much memory. Whoever asks and does not read holds one part.
const PART_BYTES: usize = 512 << 10;

/// Writes a list of spans.
pub(super) trait Writer: Send + 'static {
    /// Whether what it writes of a span has its resource and scope in it, however many spans share them.
    const REPEATS_ORIGIN: bool;
    /// Adds a span.
    fn span(&mut self, stored: StoredSpan, text: &mut Vec<u8>);
    /// What comes after the last.
    fn end(&mut self, text: &mut Vec<u8>);
}

/// A trace's spans, read and written a part at a time.
pub(super) struct Parts<W> {
    app: App,
    /// The trace's row.
    trace: i64,
    left: VecDeque<SpanId>,
    writer: Option<W>,
}

impl<W: Writer> Parts<W> {
    /// All spans of a trace's row. Refused for more than a million.
    pub(super) async fn new(app: App, trace: i64, writer: W) -> Result<Self, Error> {
        let left = app.store.span_ids(trace).await?.into();
        Ok(Parts { app, trace, left, writer: Some(writer) })
    }

    /// The answer: `head`, the spans, the end. The first part is made before anything is sent, so that what is wrong can be
    /// said; a mistake after it breaks the answer off. Spans that are deleted meanwhile are left out.
    pub(super) async fn answer(mut self, head: Vec<u8>) -> Result<Response, Error> {
        let first = self.next(head).await?;
        let parts = stream::try_unfold((Some(first), self), |(first, mut parts)| async move {
            let part = match first {
                Some(first) => first,
                None => parts.next(Vec::new()).await.map_err(|error| std::io::Error::other(error.message))?,
            };
            Ok::<_, std::io::Error>((!part.is_empty()).then_some((part, (None, parts))))
        });
        Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(parts)).into_response())
    }

    /// The next part, after what is written already; empty after the last.
    async fn next(&mut self, text: Vec<u8>) -> Result<Bytes, Error> {
        let Some(mut writer) = self.writer.take() else { return Ok(text.into()) };
        let _turn = query::turn(&self.app.answers).await?;
        let mut spans = Vec::new();
        while spans.is_empty() && !self.left.is_empty() {
            let asked: Vec<SpanId> = self.left.iter().take(PART_SPANS).copied().collect();
            let part = self.app.store.part_of_spans(self.trace, asked, PART_BYTES, W::REPEATS_ORIGIN);
            let looked_at;
            (spans, looked_at) = part.await?;
            self.left.drain(..looked_at);
        }
        let last = self.left.is_empty();
        let (writer, text) = query::blocking(move || {
            let mut text = text;
            spans.into_iter().for_each(|stored| writer.span(stored, &mut text));
            if last {
                writer.end(&mut text);
            }
            ((!last).then_some(writer), text)
        })
        .await?;
        self.writer = writer;
        Ok(text.into())
    }
}

/// An answer full of content, made and written away from the threads that answer others, and while it is this answer's turn: as
/// values and text it takes several times the memory of what was read.
pub(super) async fn written(make: impl FnOnce() -> Value + Send + 'static) -> Result<Response, Error> {
    let text = query::blocking(move || make().to_string()).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
