//! Answers that come piece by piece.

use std::{
    pin::Pin,
    task::{Context as Task, Poll},
    time::Instant,
};

use futures_core::Stream;
use serde_json::Value as Json;

use super::{LlmSpan, Usage, choices::Choices};

/// The event at the first token. OpenInference has no attribute for it; its instrumentors write this event.
pub(crate) const FIRST_TOKEN: &str = "First Token Stream Event";
/// What the span of an answer says that was not heard to its end.
pub(crate) const CANCELLED: &str = "cancelled";

/// Gathers an answer. What came is recorded when it is [finished](LlmStream::finish) or dropped; dropped before its end it says
/// `cancelled`.
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct LlmStream {
    span: LlmSpan,
    begun: Instant,
    first_token: bool,
    choices: Choices,
    id: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    ended: bool,
    recorded: bool,
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
            choices: Choices::default(),
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

    /// Takes in a chunk of an OpenAI-shaped stream: what it adds to each choice's message, and tokens, which the last one has.
    pub fn push(&mut self, chunk: &Json) {
        let choices = chunk.get("choices").and_then(Json::as_array).into_iter().flatten();
        for (place, choice) in (0..).zip(choices) {
            // A chunk has those choices that go on, in any order; some servers of one choice do not say which it is.
            self.push_choice(choice.get("index").and_then(Json::as_u64).unwrap_or(place), choice);
        }
        let text = |pointer: &str| chunk.pointer(pointer).and_then(Json::as_str);
        self.note(text("/id"), text("/model"), None);
        // Every chunk may say these again; the last one counts, and they are written once.
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.note_usage(Usage::from_json(usage));
        }
    }

    fn push_choice(&mut self, index: u64, choice: &Json) {
        let delta = |name: &str| choice.get("delta")?.get(name);
        let said = |name: &str| delta(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        // What is said in place of an answer is one.
        for text in ["content", "refusal"].into_iter().filter_map(said) {
            self.token();
            self.choices.push_text(index, text);
        }
        if let Some(text) = said("reasoning_content") {
            self.token();
            self.choices.push_reasoning(index, text);
        }
        for call in delta("tool_calls").and_then(Json::as_array).into_iter().flatten() {
            let text = |pointer: &str| call.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
            self.token();
            let said = [text("/id"), text("/function/name"), text("/function/arguments")];
            self.choices.push_call(index, call.get("index").and_then(Json::as_u64), said);
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Json::as_str) {
            self.choices.end(index, reason);
        }
    }

    /// Takes in a piece of text.
    pub fn push_text(&mut self, text: &str) {
        if !text.is_empty() {
            self.token();
            self.choices.push_text(0, text);
        }
    }

    /// Takes in a piece of what the model thinks before it answers.
    #[cfg(feature = "client")]
    pub(crate) fn push_reasoning(&mut self, text: &str) {
        if !text.is_empty() {
            self.token();
            self.choices.push_reasoning(0, text);
        }
    }

    /// Takes in a part that is neither text nor reasoning nor a call, whole.
    #[cfg(feature = "client")]
    pub(crate) fn push_other(&mut self, part: &Json) {
        self.token();
        self.choices.push_other(0, part);
    }

    /// Takes in a piece of a tool call: the one of this index, a new one if there is none of it.
    #[cfg(feature = "client")]
    pub(crate) fn push_call(&mut self, index: Option<u64>, id: &str, name: &str, arguments: &str) {
        self.token();
        self.choices.push_call(0, index, [id, name, arguments]);
    }

    /// Whether arguments of the call of this index have come.
    #[cfg(feature = "client")]
    pub(crate) fn has_arguments(&self, index: u64) -> bool {
        self.choices.has_arguments(0, index)
    }

    /// Whether every choice has said why it ended.
    #[cfg(feature = "client")]
    pub(crate) fn says_its_end(&self) -> bool {
        self.choices.have_ended()
    }

    /// Takes in the answer's id, the model that gives it, why it ended; said again, the last one counts.
    pub(crate) fn note(&mut self, id: Option<&str>, model: Option<&str>, finish_reason: Option<&str>) {
        for (said, known) in [(id, &mut self.id), (model, &mut self.model)] {
            if let Some(said) = said.filter(|said| known.as_deref() != Some(said)) {
                *known = Some(said.to_owned());
            }
        }
        if let Some(reason) = finish_reason {
            self.choices.end(0, reason);
        }
    }

    /// Takes in the tokens of the call, in place of what was said before.
    pub(crate) fn note_usage(&mut self, usage: Usage) {
        self.usage = Some(usage);
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

    /// The text so far, of the first choice if there are several.
    pub fn text(&self) -> &str {
        self.choices.text()
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
        let cancelled = !self.ended && self.choices.end_all(CANCELLED);
        let (messages, reasons) = self.choices.messages();
        self.span.record_messages(&messages, &reasons);
        self.span.record_response(self.id.as_deref(), self.model.as_deref());
        if let Some(usage) = &self.usage {
            self.span.record_usage(usage);
        }
        if cancelled {
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
