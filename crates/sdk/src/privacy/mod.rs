//! What leaves the process, and what does not.
//!
//! - `hide`: content by its kind, by the names of attributes; `variables`: the same as `OPENINFERENCE_HIDE_…` has it.
//! - `messages`: hiding texts and images within messages that are JSON.
//! - `media`: base64 that is too long to be sent, and images, within any text.
//! - `redact`: a closure of the application's, which sees whatever is left.
//!
//! Both work on spans that are on their way out, on the exporter's thread: the application does not wait for them, and spans that other
//! libraries wrote are seen, too.

mod hide;
mod media;
mod messages;
mod redact;
mod variables;

use std::time::Duration;

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

pub use hide::Hide;
pub use redact::Shown;
pub(crate) use redact::{Redaction, is_redacting};

/// What stands for what was hidden; OpenInference's word.
pub(crate) const REDACTED: &str = "__REDACTED__";

/// Exports what may be seen.
#[derive(Debug)]
pub(crate) struct Private<E> {
    exporter: E,
    hide: Hide,
    redaction: Option<Redaction>,
}

impl<E> Private<E> {
    pub(crate) fn new(exporter: E, hide: Hide, redaction: Option<Redaction>) -> Self {
        Private { exporter, hide, redaction }
    }
}

impl<E: SpanExporter> SpanExporter for Private<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            self.hide.apply(span);
            if let Some(redaction) = &self.redaction {
                redaction.apply(span);
            }
        }
        self.exporter.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
