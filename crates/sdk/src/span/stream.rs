//! Answers that come piece by piece.

use std::{
    borrow::Cow,
    pin::Pin,
    task::{Context as Task, Poll},
    time::Instant,
};

use futures_core::Stream;
use serde_json::{Value as Json, json};

use super::{LlmSpan, Usage};
use crate::message::{Message, Part, ToolCall};

/// The event at the first token. OpenInference has no attribute for it; its instrumentors write this event.
pub(crate) const FIRST_TOKEN: &str = "First Token Stream Event";
/// What the span of an answer says that was not heard to its end.
pub(crate) const CANCELLED: &str = "cancelled";

/// Bytes of text, reasoning and arguments that are gathered of one answer; what comes after is not recorded.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Gathers an answer. What came is recorded when it is [finished](LlmStream::finish) or dropped; dropped before its end it says
/// `cancelled`.
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct LlmStream {
    span: LlmSpan,
    begun: Instant,
    first_token: bool,
    /// What still fits.
    room_bytes: usize,
    text: String,
    reasoning: String,
    calls: Vec<Call>,
    finish_reason: Option<String>,
    id: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    ended: bool,
    recorded: bool,
}

#[derive(Debug, Default)]
struct Call {
    /// Which one it is for the stream; `None` if that does not say.
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl LlmStream {
    pub(super) fn new(span: LlmSpan) -> Self {
        LlmStream::since(span, Instant::now())
    }

    /// The same for a call that began earlier.
    pub(crate) fn since(span: LlmSpan, begun: Instant) -> Self {
        LlmStream {
            span,
            begun,
            first_token: false,
            room_bytes: MAX_ANSWER_BYTES,
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            finish_reason: None,
            id: None,
            model: None,
            usage: None,
            ended: false,
            recorded: false,
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
        if let Some(text) = delta("reasoning_content").and_then(Json::as_str) {
            self.push_reasoning(text);
        }
        for call in delta("tool_calls").and_then(Json::as_array).into_iter().flatten() {
            let text = |pointer: &str| call.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
            let index = call.get("index").and_then(Json::as_u64);
            self.push_call(index, text("/id"), text("/function/name"), text("/function/arguments"));
        }
        let text = |pointer: &str| chunk.pointer(pointer).and_then(Json::as_str);
        self.note(text("/id"), text("/model"), text("/choices/0/finish_reason"));
        // Every chunk may say these again; the last one counts, and they are written once.
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.note_usage(Usage::from_json(usage));
        }
    }

    /// Takes in a piece of text.
    pub fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.token();
            if self.fits(text) {
                self.text.push_str(text);
            }
        }
    }

    /// Takes in a piece of what the model thinks before it answers.
    pub(crate) fn push_reasoning(&mut self, text: &str) {
        if !text.is_empty() {
            self.token();
            if self.fits(text) {
                self.reasoning.push_str(text);
            }
        }
    }

    /// Takes in a piece of a tool call: the one of this index, a new one if there is none of it.
    pub(crate) fn push_call(&mut self, index: Option<u64>, id: &str, name: &str, arguments: &str) {
        /// Calls in one answer; those beyond are not recorded.
        const MAX_CALLS: usize = 1_000;
        self.token();
        let known = self.calls.iter().position(|call| index.is_some() && call.index == index);
        let at = known.unwrap_or(self.calls.len());
        if at >= MAX_CALLS || !self.fits(arguments) {
            return;
        }
        if known.is_none() {
            self.calls.push(Call { index, ..Call::default() });
        }
        let call = &mut self.calls[at];
        // Some servers say these with every piece.
        for (known, said) in [(&mut call.id, id), (&mut call.name, name)] {
            if known.is_empty() {
                known.push_str(said);
            }
        }
        call.arguments.push_str(arguments);
    }

    /// Whether arguments of the call of this index have come.
    #[cfg(feature = "client")]
    pub(crate) fn has_arguments(&self, index: u64) -> bool {
        self.calls.iter().any(|call| call.index == Some(index) && !call.arguments.is_empty())
    }

    /// Takes in the answer's id, the model that gives it, why it ended; said again, the last one counts.
    pub(crate) fn note(&mut self, id: Option<&str>, model: Option<&str>, finish_reason: Option<&str>) {
        let all = [(id, &mut self.id), (model, &mut self.model), (finish_reason, &mut self.finish_reason)];
        for (said, known) in all {
            if let Some(said) = said.filter(|said| known.as_deref() != Some(said)) {
                *known = Some(said.to_owned());
            }
        }
    }

    /// Takes in the tokens of the call, in place of what was said before.
    pub(crate) fn note_usage(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    fn fits(&mut self, text: &str) -> bool {
        let room = self.room_bytes.checked_sub(text.len());
        self.room_bytes = room.unwrap_or_default();
        room.is_some()
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
    pub fn fail(self, error: &impl std::fmt::Display) {
        self.fail_as("error", error);
    }

    /// The same for errors that have a name.
    pub(crate) fn fail_as(mut self, class: &str, error: &(impl std::fmt::Display + ?Sized)) {
        self.ended = true;
        self.span.record_failure(class, error);
    }

    /// The answer is complete, and something else has all of it: this is recorded in place of the pieces.
    #[cfg(feature = "client")]
    pub(crate) fn finish_with(mut self, record: impl FnOnce(&LlmSpan)) {
        self.ended = true;
        self.recorded = true;
        record(&self.span);
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
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            let reasoning = json!({"type": "reasoning", "text": self.reasoning});
            parts.push(Part::Other(Cow::Owned(reasoning)));
        }
        if !self.text.is_empty() {
            parts.push(Part::Text(self.text.as_str().into()));
        }
        let message =
            Message { role: "assistant".into(), parts, tool_calls: calls.collect(), ..Message::default() };
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
        if !self.recorded {
            self.record();
        }
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
