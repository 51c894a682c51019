//! What holds for every span inside: session, user, tags, metadata, prompt template.
//!
//! Kept in OpenTelemetry's context, so spans of `tracing` and of other instrumentation have it, too. The context follows calls and
//! `.await`; a task that is spawned is given it by [`carry`].

use std::{future::Future, sync::Arc};

use bennu_semconv::{gen_ai, openinference, otel};
use opentelemetry::{
    Array, Context, ContextGuard, KeyValue, StringValue, Value,
    trace::{FutureExt, Span as _, TraceContextExt},
};
use serde::Serialize;

use crate::{conventions::json, setup};

/// The attributes of a context, each name once.
#[derive(Debug, Clone, Default)]
struct Given(Arc<Vec<KeyValue>>);

/// Attributes that hold for every span inside [`run`](Using::run), [`in_scope`](Using::in_scope) or after
/// [`enter`](Using::enter). Those of an outer one hold on, unless an inner one says another value.
#[derive(Debug, Clone)]
#[must_use = "it holds inside `run`, `in_scope` or `enter`"]
pub struct Using(Vec<KeyValue>);

/// Spans inside belong to this session, a conversation of several traces.
pub fn using_session(id: impl Into<String>) -> Using {
    Using(Vec::new()).session(id)
}

/// Spans inside are this user's.
pub fn using_user(id: impl Into<String>) -> Using {
    Using(Vec::new()).user(id)
}

/// Spans inside have these tags.
pub fn using_tags<T: Into<String>>(tags: impl IntoIterator<Item = T>) -> Using {
    Using(Vec::new()).tags(tags)
}

/// Spans inside have this metadata, anything that serialises to a JSON object.
pub fn using_metadata(metadata: &impl Serialize) -> Using {
    Using(Vec::new()).metadata(metadata)
}

/// Model calls inside are made from this template with these variables.
pub fn using_prompt_template(
    template: impl Into<String>,
    variables: &impl Serialize,
    version: impl Into<String>,
) -> Using {
    Using(Vec::new()).prompt_template(template, variables, version)
}

impl Using {
    /// See [`using_session`].
    pub fn session(self, id: impl Into<String>) -> Self {
        let id: String = id.into();
        let conventions = setup::started().settings.conventions;
        let using = if conventions.gen_ai() { self.with(gen_ai::CONVERSATION_ID, id.clone()) } else { self };
        using.with(openinference::SESSION_ID, id)
    }

    /// See [`using_user`].
    pub fn user(self, id: impl Into<String>) -> Self {
        self.with(otel::USER_ID, id.into())
    }

    /// See [`using_tags`].
    pub fn tags<T: Into<String>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        let tags: Vec<StringValue> = tags.into_iter().map(|tag| tag.into().into()).collect();
        self.with(openinference::TAG_TAGS, Value::Array(Array::String(tags)))
    }

    /// See [`using_metadata`].
    pub fn metadata(self, metadata: &impl Serialize) -> Self {
        self.with(openinference::METADATA, json(metadata))
    }

    /// See [`using_prompt_template`].
    pub fn prompt_template(
        self,
        template: impl Into<String>,
        variables: &impl Serialize,
        version: impl Into<String>,
    ) -> Self {
        self.with(openinference::LLM_PROMPT_TEMPLATE, template.into())
            .with(openinference::LLM_PROMPT_TEMPLATE_VARIABLES, json(variables))
            .with(openinference::LLM_PROMPT_TEMPLATE_VERSION, version.into())
    }

    /// Any other attribute.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push(KeyValue::new(name, value));
        self
    }

    /// Writes it on the span that is current now, too: on a server's, which began before its user was known.
    pub fn on_current_span(self) -> Self {
        Context::map_current(|context| context.span().set_attributes(self.0.clone()));
        self
    }

    /// Holds while the future runs, on top of what holds where it is awaited first.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        let context = self.context();
        future.with_context(context).await
    }

    /// Holds while the function runs.
    pub fn in_scope<T>(self, run: impl FnOnce() -> T) -> T {
        let _guard = self.enter();
        run()
    }

    /// Holds on this thread until the guard is dropped. Not to be held across `.await`.
    pub fn enter(self) -> ContextGuard {
        self.context().attach()
    }

    fn context(self) -> Context {
        let current = Context::current();
        let mut given = current.get::<Given>().map(|given| given.0.to_vec()).unwrap_or_default();
        for attribute in self.0 {
            given.retain(|known| known.key != attribute.key);
            given.push(attribute);
        }
        current.with_value(Given(Arc::new(given)))
    }
}

/// A span that begins is given what its context says.
pub(crate) fn apply(span: &mut opentelemetry_sdk::trace::Span, context: &Context) {
    if let Some(given) = context.get::<Given>() {
        span.set_attributes(given.0.iter().cloned());
    }
}

/// The future in the context of here: for `tokio::spawn`, so that what the task does belongs to the span that spawned it.
pub fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    future.with_current_context()
}

/// The id of the trace that is current here, 32 hexadecimal digits.
pub fn current_trace_id() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let context = span.span_context();
        context.is_valid().then(|| context.trace_id().to_string())
    })
}
