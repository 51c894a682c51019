//! A span of each kind: what is common to them.
//!
//! - `llm`, `stream`: model calls, answered at once or piece by piece; `choices`: the pieces so far.
//! - `tool`, `retrieval`, `embedding`, `agent`: the others that record more than an input and an output.
//! - `steps`: those that do not.

mod agent;
mod choices;
mod embedding;
mod llm;
mod retrieval;
mod steps;
mod stream;
mod tool;

use std::{borrow::Cow, fmt::Display, future::Future, marker::PhantomData};

use bennu_semconv::{openinference, otel};
use opentelemetry::{
    Context, ContextGuard, KeyValue, Value,
    trace::{FutureExt, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer},
};
use serde::Serialize;

use crate::{
    conventions::json,
    setup::{self, Settings},
};

pub use agent::{Agent, AgentSpan, agent_span};
pub use embedding::{Embedding, EmbeddingSpan, embedding_span};
pub use llm::{Llm, LlmSpan, Usage, llm_span, record_llm_output};
pub use retrieval::{
    Document, Reranker, RerankerSpan, RetrievalSpan, Retriever, record_retrieval_output, reranker_span,
    retrieval_span,
};
pub use steps::{
    Chain, ChainSpan, Evaluator, EvaluatorSpan, Guardrail, GuardrailSpan, chain_span, evaluator_span,
    guardrail_span,
};
#[cfg(feature = "client")]
pub(crate) use stream::CANCELLED;
#[cfg(feature = "metrics")]
pub(crate) use stream::FIRST_TOKEN;
pub use stream::{LlmStream, Traced};
pub use tool::{Tool, ToolSpan, tool_span};

/// A span that has begun. It ends when it is dropped, whatever became of the work: returned, failed, panicked, or a future that was
/// dropped before its end.
///
/// It is the parent of what runs in [`run`](Span::run), [`in_scope`](Span::in_scope), [`trace`](Span::trace), or on this thread while
/// the guard of [`enter`](Span::enter) lives.
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct Span<K> {
    context: Context,
    settings: Settings,
    kind: PhantomData<fn() -> K>,
}

impl<K> Span<K> {
    /// Begins a span below the one that is current. `kind` is OpenInference's.
    fn begin(
        name: impl Into<Cow<'static, str>>,
        kind: &'static str,
        otel_kind: SpanKind,
        attributes: impl FnOnce(Settings, &mut Vec<KeyValue>),
    ) -> Self {
        Span::begin_named(|_| name.into(), kind, otel_kind, attributes)
    }

    /// The same where the name depends on the conventions.
    fn begin_named(
        name: impl FnOnce(Settings) -> Cow<'static, str>,
        kind: &'static str,
        otel_kind: SpanKind,
        attributes: impl FnOnce(Settings, &mut Vec<KeyValue>),
    ) -> Self {
        let started = setup::started();
        let settings = started.settings;
        let mut all = Vec::with_capacity(8);
        if settings.conventions.open_inference() {
            all.push(KeyValue::new(openinference::SPAN_KIND, kind));
        }
        attributes(settings, &mut all);
        let builder = SpanBuilder::from_name(name(settings)).with_kind(otel_kind).with_attributes(all);
        let parent = Context::current();
        let span = started.tracer.build_with_context(builder, &parent);
        Span { context: parent.with_span(span), settings, kind: PhantomData }
    }

    /// Runs a future as this span's: what begins in it, across every `.await`, is below this span. What it returns is not looked at:
    /// [`trace`](Span::trace) records an error, too.
    pub fn run<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F, K> {
        future.with_context(self.context.clone())
    }

    /// Runs a function as this span's.
    pub fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        let _guard = self.enter();
        run()
    }

    /// Makes it the current span of this thread until the guard is dropped. Not to be held across `.await`.
    pub fn enter(&self) -> ContextGuard {
        self.context.clone().attach()
    }

    /// Does the work of this span, which the closure may record on. An error that it returns is the span's, too.
    ///
    /// ```
    /// # async fn ask() -> Result<serde_json::Value, std::io::Error> { Ok(serde_json::json!({})) }
    /// # async fn example() -> Result<(), std::io::Error> {
    /// use bennu_sdk::{Message, llm_span};
    ///
    /// let answer = llm_span("gpt-4o", &[Message::user("Why is the sky blue?")])
    ///     .trace(async |span| {
    ///         let response = ask().await?;
    ///         span.record_output(&response);
    ///         Ok::<_, std::io::Error>(response)
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the work, unchanged.
    pub async fn trace<T, E: Display>(self, work: impl AsyncFnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        let outcome = self.run(work(&self)).await;
        self.note(&outcome);
        outcome
    }

    /// The same for work without `.await`.
    ///
    /// # Errors
    /// Those of the work, unchanged.
    pub fn trace_sync<T, E: Display>(self, work: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        let outcome = self.in_scope(|| work(&self));
        self.note(&outcome);
        outcome
    }

    fn note<T, E: Display>(&self, outcome: &Result<T, E>) {
        if let Err(error) = outcome {
            self.record_failure(std::any::type_name::<E>(), error);
        }
    }

    /// Marks the span as failed, with an exception event.
    pub fn record_error<E: Display>(&self, error: &E) {
        self.record_failure(std::any::type_name::<E>(), error);
    }

    /// The same for errors that are no types: `class` is what they would be called.
    pub fn record_failure(&self, class: &str, message: &(impl Display + ?Sized)) {
        self.set_attribute(otel::ERROR_TYPE, class.to_owned());
        exception(&self.context, class, message.to_string());
    }

    /// Any other attribute.
    pub fn set_attribute(&self, name: impl Into<opentelemetry::Key>, value: impl Into<Value>) {
        self.context.span().set_attribute(KeyValue::new(name, value));
    }

    /// The id of its trace, 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        self.context.span().span_context().trace_id().to_string()
    }

    /// Its own id, 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        self.context.span().span_context().span_id().to_string()
    }

    /// Its context, for what takes OpenTelemetry's.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Sets what OpenInference and `gen_ai` have a name for each.
    pub(crate) fn named(self, open_inference: &'static str, gen_ai: &'static str, value: &str) -> Self {
        if self.settings.conventions.open_inference() {
            self.set_attribute(open_inference, value.to_owned());
        }
        if self.settings.conventions.gen_ai() {
            self.set_attribute(gen_ai, value.to_owned());
        }
        self
    }

    pub(crate) fn event(&self, name: &'static str) {
        self.context.span().add_event(name, Vec::new());
    }

    fn set(&self, attributes: impl IntoIterator<Item = KeyValue>) {
        self.context.span().set_attributes(attributes);
    }
}

/// Marks the span of a context as failed, with an exception event.
pub(crate) fn exception(context: &Context, class: &str, message: String) {
    let span = context.span();
    span.add_event(
        otel::EXCEPTION_EVENT,
        vec![
            KeyValue::new(otel::EXCEPTION_TYPE, class.to_owned()),
            KeyValue::new(otel::EXCEPTION_MESSAGE, message.clone()),
        ],
    );
    span.set_status(Status::error(message));
}

impl<K> Drop for Span<K> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.record_failure("panic", "the thread panicked");
        }
        // A task that was spawned inside may hold the context for longer.
        self.context.span().end();
    }
}

/// An input or an output that is text.
fn text_value(value: &'static str, mime_type: &'static str, text: String) -> [KeyValue; 2] {
    [KeyValue::new(value, text), KeyValue::new(mime_type, "text/plain")]
}

/// One that is JSON; text stays text.
fn any_value(value: &'static str, mime_type: &'static str, any: &(impl Serialize + ?Sized)) -> [KeyValue; 2] {
    let mut text = json(any);
    if !text.starts_with('"') {
        return [KeyValue::new(value, text), KeyValue::new(mime_type, "application/json")];
    }
    // Most texts have nothing that JSON escapes.
    let text = if text.contains('\\') {
        serde_json::from_str(&text).unwrap_or(text)
    } else {
        text.pop();
        text.remove(0);
        text
    };
    text_value(value, mime_type, text)
}

fn input(any: &(impl Serialize + ?Sized)) -> [KeyValue; 2] {
    any_value(openinference::INPUT_VALUE, openinference::INPUT_MIME_TYPE, any)
}

fn output(any: &(impl Serialize + ?Sized)) -> [KeyValue; 2] {
    any_value(openinference::OUTPUT_VALUE, openinference::OUTPUT_MIME_TYPE, any)
}
