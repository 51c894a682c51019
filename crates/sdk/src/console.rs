//! A line for every span that ends.

use std::time::Duration;

use opentelemetry::{Context, trace::Status};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

#[derive(Debug)]
pub(crate) struct Console;

impl SpanProcessor for Console {
    fn on_start(&self, _span: &mut Span, _cx: &Context) {}

    fn on_end(&self, span: SpanData) {
        let ms = span.end_time.duration_since(span.start_time).unwrap_or_default().as_secs_f64() * 1e3;
        let status = match &span.status {
            Status::Error { description } => format!("  error: {description}"),
            _ => String::new(),
        };
        let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
        eprintln!("{trace} {id} {:<40} {ms:>10.1} ms{status}", span.name);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
