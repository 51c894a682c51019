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
/// Content of a part; as JSON it takes several times as much memory.
const PART_BYTES: usize = 4 << 20;

type Write = fn(Vec<StoredSpan>, &mut Vec<u8>);

/// A trace's spans, read and written a part at a time. Whoever reads slowly holds one part in memory.
pub(super) struct Parts {
    app: App,
    /// The trace's row.
    trace: i64,
    left: VecDeque<SpanId>,
    /// Writes the elements of the list that the spans of a part make, each after a comma.
    write: Write,
    /// Whether an element was written; the first has no comma.
    begun: bool,
    tail: &'static str,
}

impl Parts {
    /// All spans of a trace's row. Refused for more than a million.
    pub(super) async fn new(app: App, trace: i64, write: Write, tail: &'static str) -> Result<Self, Error> {
        let left = app.store.span_ids(trace).await?.into();
        Ok(Parts { app, trace, left, write, begun: false, tail })
    }

    /// The answer: `head`, the elements, the tail. The first part is made before anything is sent, so that what is wrong can be
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
    async fn next(&mut self, mut text: Vec<u8>) -> Result<Bytes, Error> {
        while !self.left.is_empty() {
            let _turn = query::turn(&self.app).await?;
            let asked: Vec<SpanId> = self.left.iter().take(PART_SPANS).copied().collect();
            let (spans, looked_at) = self.app.store.part_of_spans(self.trace, asked, PART_BYTES).await?;
            self.left.drain(..looked_at);
            let (write, start) = (self.write, text.len());
            text = query::blocking(move || {
                write(spans, &mut text);
                text
            })
            .await?;
            if text.len() > start {
                if !std::mem::replace(&mut self.begun, true) {
                    text.remove(start);
                }
                break;
            }
        }
        if self.left.is_empty() {
            text.extend(std::mem::take(&mut self.tail).as_bytes());
        }
        Ok(text.into())
    }
}

/// Adds an element to a list: a comma and the value.
pub(super) fn element(text: &mut Vec<u8>, value: &Value) {
    text.push(b',');
    // Nothing in a JSON value cannot be written, and memory takes everything.
    serde_json::to_writer(text, value).unwrap_or_default();
}

/// An answer full of content, made and written away from the threads that answer others, and while it is this answer's turn: as
/// values and text it takes several times the memory of what was read.
pub(super) async fn written(make: impl FnOnce() -> Value + Send + 'static) -> Result<Response, Error> {
    let text = query::blocking(move || make().to_string()).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
