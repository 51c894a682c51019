//! Answers that come piece by piece.

use std::{
    pin::Pin,
    task::{Context as Task, Poll},
    time::Instant,
};

use futures_core::Stream;
use serde_json::Value as Json;

use super::{LlmSpan, Usage};
use crate::message::{Message, Part, ToolCall};

/// The event at the first token. OpenInference has no attribute for it; its instrumentors write this event.
pub(crate) const FIRST_TOKEN: &str = "First Token Stream Event";
/// What the span of an answer says that was not heard to its end.
const CANCELLED: &str = "cancelled";

/// Gathers an answer. What came is recorded when it is [finished](LlmStream::finish) or dropped; dropped before its end it says
/// `cancelled`.
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct LlmStream {
    span: LlmSpan,
    begun: Instant,
    first_token: bool,
    text: String,
    calls: Vec<Call>,
    finish_reason: Option<String>,
    id: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl LlmStream {
    pub(super) fn new(span: LlmSpan) -> Self {
        LlmStream {
            span,
            begun: Instant::now(),
            first_token: false,
            text: String::new(),
            calls: Vec::new(),
            finish_reason: None,
            id: None,
            model: None,
            usage: None,
            ended: false,
        }
    }

    /// The span.
    pub fn span(&self) -> &LlmSpan {
        &self.span
    }

    /// Takes in a chunk of an OpenAI-shaped stream: what it adds to the first choice's message, and tokens, which the last one has.
    pub fn push(&mut self, chunk: &Json) {
        let delta = |name: &str| chunk.pointer(&format!("/choices/0/delta/{name}"));
        if let Some(text) = delta("content").and_then(Json::as_str) {
            self.push_text(text);
        }
        for call in delta("tool_calls").and_then(Json::as_array).into_iter().flatten() {
            self.push_call(call);
        }
        if let Some(reason) = chunk.pointer("/choices/0/finish_reason").and_then(Json::as_str) {
            self.finish_reason = Some(reason.to_owned());
        }
        // Every chunk may say these again; the last one counts, and they are written once.
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage = Some(Usage::from_json(usage));
        }
        for (name, known) in [("id", &mut self.id), ("model", &mut self.model)] {
            let said = chunk.get(name).and_then(Json::as_str);
            if let Some(said) = said.filter(|said| known.as_deref() != Some(said)) {
                *known = Some(said.to_owned());
            }
        }
    }

    /// Takes in a piece of text.
    pub fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.token();
            self.text.push_str(text);
        }
    }

    fn push_call(&mut self, call: &Json) {
        /// Calls in one answer; an index beyond is no index.
        const MAX_CALLS: usize = 1_000;
        self.token();
        let at = call.get("index").and_then(Json::as_u64).map_or(self.calls.len(), |at| at as usize);
        if at >= MAX_CALLS {
            return;
        }
        if self.calls.len() <= at {
            self.calls.resize_with(at + 1, Call::default);
        }
        let text = |pointer: &str| call.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        let known = &mut self.calls[at];
        // Some servers say these with every piece.
        for (known, said) in [(&mut known.id, text("/id")), (&mut known.name, text("/function/name"))] {
            if known.is_empty() {
                known.push_str(said);
            }
        }
        known.arguments.push_str(text("/function/arguments"));
    }

    fn token(&mut self) {
        if std::mem::replace(&mut self.first_token, true) {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        let settings = self.span.settings;
        if settings.conventions.open_inference() {
            self.span.event(FIRST_TOKEN);
        }
        if settings.conventions.gen_ai() {
            self.span.set_attribute("gen_ai.response.time_to_first_chunk", seconds);
        }
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The answer is complete.
    pub fn finish(mut self) {
        self.ended = true;
    }

    /// The answer broke off.
    pub fn fail(mut self, error: &impl std::fmt::Display) {
        self.ended = true;
        self.span.record_failure("error", error);
    }

    /// Hears a stream of chunks to its end: `hear` is given each and takes it in. The stream is polled as this span's.
    pub fn over<S, H>(self, stream: S, hear: H) -> Traced<S, H>
    where
        S: Stream,
        H: FnMut(&mut LlmStream, &S::Item),
    {
        Traced { stream, hear, answer: Some(self) }
    }

    fn record(&mut self) {
        let reason = self.finish_reason.take().or_else(|| (!self.ended).then(|| CANCELLED.to_owned()));
        let calls = self.calls.iter().map(|call| ToolCall {
            id: call.id.as_str().into(),
            name: call.name.as_str().into(),
            arguments: call.arguments.as_str().into(),
        });
        let message = Message {
            role: "assistant".into(),
            parts: if self.text.is_empty() {
                Vec::new()
            } else {
                vec![Part::Text(self.text.as_str().into())]
            },
            tool_calls: calls.collect(),
            ..Message::default()
        };
        let reasons: Vec<&str> = reason.as_deref().into_iter().collect();
        self.span.record_messages(&[message], &reasons);
        self.span.record_response(self.id.as_deref(), self.model.as_deref());
        if let Some(usage) = &self.usage {
            self.span.record_usage(usage);
        }
        if !self.ended && reason.as_deref() == Some(CANCELLED) {
            self.span.event(CANCELLED);
        }
    }
}

impl Drop for LlmStream {
    fn drop(&mut self) {
        self.record();
    }
}

pin_project_lite::pin_project! {
    /// A stream whose items an [`LlmStream`] hears; see [`LlmStream::over`].
    #[derive(Debug)]
    pub struct Traced<S, H> {
        #[pin]
        stream: S,
        hear: H,
        answer: Option<LlmStream>,
    }
}

impl<S, H> Stream for Traced<S, H>
where
    S: Stream,
    H: FnMut(&mut LlmStream, &S::Item),
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let _guard = this.answer.as_ref().map(|answer| answer.span.enter());
        let item = std::task::ready!(this.stream.poll_next(task));
        match (&item, this.answer.as_mut()) {
            (Some(item), Some(answer)) => (this.hear)(answer, item),
            (None, _) => {
                if let Some(answer) = this.answer.take() {
                    answer.finish();
                }
            }
            (Some(_), None) => {}
        }
        Poll::Ready(item)
    }
}
