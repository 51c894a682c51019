//! A request's body that was looked into and is sent as it was.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context as Task, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::request::MAX_REQUEST_BYTES;

/// The body of a request behind an [`LlmLayer`](super::LlmLayer): what the layer has read of it, frame by frame as it came, and then
/// the rest. It is of its own type so that nothing has to be made anew: a body that fails, fails here as it would have.
pub struct SentBody<B: Body> {
    read: VecDeque<Result<Frame<Bytes>, B::Error>>,
    rest: Pin<Box<B>>,
    /// The rest is nothing.
    over: bool,
    /// The length is known to whoever sends; known or not, it is said as the body said it.
    sized: bool,
}

impl<B: Body<Data = Bytes>> SentBody<B> {
    pub(super) fn untouched(body: B) -> Self {
        SentBody {
            read: VecDeque::new(),
            sized: body.size_hint().exact().is_some(),
            rest: Box::pin(body),
            over: false,
        }
    }

    /// Reads a body; returns its bytes if they are all there, and no more than are looked into.
    pub(super) async fn read(body: B) -> (Self, Option<Vec<u8>>) {
        let mut sent = SentBody::untouched(body);
        let mut bytes = Vec::new();
        if sent.rest.size_hint().lower() > MAX_REQUEST_BYTES as u64 {
            return (sent, None);
        }
        while bytes.len() <= MAX_REQUEST_BYTES {
            let frame = match sent.rest.is_end_stream() {
                true => None,
                false => poll_fn(|task| sent.rest.as_mut().poll_frame(task)).await,
            };
            match frame {
                None => {
                    sent.over = true;
                    return (sent, Some(bytes));
                }
                Some(Ok(frame)) => {
                    bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
                    sent.read.push_back(Ok(frame));
                }
                Some(Err(error)) => {
                    sent.read.push_back(Err(error));
                    break;
                }
            }
        }
        (sent, None)
    }
}

impl<B: Body<Data = Bytes>> Body for SentBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.read.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None if self.over => Poll::Ready(None),
            None => self.rest.as_mut().poll_frame(task),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && (self.over || self.rest.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        if self.read.is_empty() && !self.over {
            return self.rest.size_hint();
        }
        if !self.sized {
            return SizeHint::default();
        }
        let frames = self.read.iter().filter_map(|frame| frame.as_ref().ok()?.data_ref());
        let read: u64 = frames.map(|data| data.len() as u64).sum();
        let rest = if self.over { SizeHint::with_exact(0) } else { self.rest.size_hint() };
        rest.exact().map_or_else(SizeHint::default, |rest| SizeHint::with_exact(read.saturating_add(rest)))
    }
}

// What is in it is the user's, and may not be shown.
impl<B: Body> fmt::Debug for SentBody<B> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SentBody").field("frames_read", &self.read.len()).finish_non_exhaustive()
    }
}

// Nothing in it is pinned but what has a box of its own.
impl<B: Body> Unpin for SentBody<B> {}
