//! A response's body that is heard as it passes.

use std::{
    fmt::Display,
    pin::Pin,
    task::{Context as Task, Poll},
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};

use super::{call::Call, error};

pin_project_lite::pin_project! {
    /// The body of a response behind an [`LlmLayer`](super::LlmLayer): every frame is handed on as it comes. It is polled within the
    /// call's span, which ends when the answer does.
    #[derive(Debug)]
    pub struct HeardBody<B> {
        #[pin]
        body: B,
        call: Option<Call>,
    }
}

impl<B: Body> HeardBody<B> {
    pub(super) fn untouched(response: Response<B>) -> Response<Self> {
        response.map(|body| HeardBody { body, call: None })
    }

    pub(super) fn of(response: Response<B>, mut call: Call) -> Response<Self> {
        call.head(response.status(), response.headers());
        let call = if response.body().is_end_stream() {
            call.end();
            None
        } else {
            Some(call)
        };
        response.map(|body| HeardBody { body, call })
    }
}

impl<B: Body<Data = Bytes>> Body for HeardBody<B>
where
    B::Error: Display + 'static,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let _guard = this.call.as_ref().map(|call| call.context().clone().attach());
        let frame = std::task::ready!(this.body.as_mut().poll_frame(task));
        if let Some(call) = this.call {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        call.data(data);
                    }
                }
                Some(Err(error)) => {
                    let (class, message) = error::told(error);
                    call.fail(class, &message);
                }
                None => call.end(),
            }
            // Who sees that was the last frame does not ask for another.
            if this.body.is_end_stream() {
                call.end();
            }
            if !matches!(frame, Some(Ok(_))) {
                *this.call = None;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
