//! A closure of the application's that sees everything before it leaves.

use std::{
    borrow::Cow,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use opentelemetry::{KeyValue, Value, trace::Status};
use opentelemetry_sdk::trace::SpanData;

use super::REDACTED;

/// What a redaction is shown: an attribute of a span, of one of its events or links; the span's name (`span.name`), its error's message
/// (`span.error`) or an event's name (`event.name`: of spans from `tracing` that is the text of a log line). The resource's attributes are
/// the program's own, and not shown.
#[derive(Debug)]
pub struct Shown<'a> {
    name: &'a str,
    event: Option<&'a str>,
    value: &'a mut Value,
    remove: bool,
}

impl Shown<'_> {
    /// The attribute's name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The event that it belongs to, by its name; nothing for the span's own.
    pub fn event(&self) -> Option<&str> {
        self.event
    }

    /// Its value.
    pub fn value(&self) -> &Value {
        self.value
    }

    /// Its value as text: numbers and lists as they are written.
    pub fn text(&self) -> Cow<'_, str> {
        self.value.as_str()
    }

    /// Sends this instead.
    pub fn replace(&mut self, value: impl Into<Value>) {
        *self.value = value.into();
    }

    /// Sends the attribute without what it said: `__REDACTED__`.
    pub fn hide(&mut self) {
        self.replace(REDACTED);
    }

    /// Does not send it. A name becomes `__REDACTED__`.
    pub fn remove(&mut self) {
        self.remove = true;
        self.hide();
    }
}

thread_local! {
    static REDACTING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a redaction now.
pub(crate) fn is_redacting() -> bool {
    REDACTING.get()
}

/// See [`crate::Builder::redact`].
#[derive(Clone)]
pub(crate) struct Redaction(Arc<dyn Fn(&mut Shown<'_>) + Send + Sync>);

impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redaction")
    }
}

impl Redaction {
    pub(crate) fn new(redact: impl Fn(&mut Shown<'_>) + Send + Sync + 'static) -> Self {
        Redaction(Arc::new(redact))
    }

    pub(super) fn apply(&self, span: &mut SpanData) {
        if let Some(name) = self.text("span.name", &span.name) {
            span.name = name.into();
        }
        if let Status::Error { description } = &mut span.status
            && let Some(message) = self.text("span.error", description)
        {
            *description = message.into();
        }
        self.list(None, &mut span.attributes);
        for event in &mut span.events.events {
            self.list(Some(&event.name), &mut event.attributes);
            let mut name = Value::from(event.name.clone().into_owned());
            self.show("event.name", Some(&event.name), &mut name);
            if name.as_str() != event.name {
                event.name = name.as_str().into_owned().into();
            }
        }
        for link in &mut span.links.links {
            self.list(None, &mut link.attributes);
        }
    }

    /// The text instead, if it is another one.
    fn text(&self, name: &str, text: &str) -> Option<String> {
        let mut value = Value::from(text.to_owned());
        self.show(name, None, &mut value);
        Some(value.as_str().into_owned()).filter(|shown| shown != text)
    }

    fn list(&self, event: Option<&str>, attributes: &mut Vec<KeyValue>) {
        attributes.retain_mut(|attribute| self.show(attribute.key.as_str(), event, &mut attribute.value));
    }

    /// Whether it is to be sent.
    fn show(&self, name: &str, event: Option<&str>, value: &mut Value) -> bool {
        let mut shown = Shown { name, event, value, remove: false };
        REDACTING.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.0)(&mut shown)));
        REDACTING.set(false);
        if outcome.is_err() {
            // Who fails to look at it has not allowed it.
            shown.hide();
        }
        !shown.remove
    }
}
