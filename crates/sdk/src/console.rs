//! A line for every span that ends.

use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;

use crate::pipeline::Watch;

#[derive(Debug)]
pub(crate) struct Console;

impl Watch for Console {
    fn ended(&self, span: &SpanData) {
        let ms = span.end_time.duration_since(span.start_time).unwrap_or_default().as_secs_f64() * 1e3;
        let status = match &span.status {
            Status::Error { description } => format!("  error: {description}"),
            _ => String::new(),
        };
        let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
        eprintln!("{trace} {id} {:<40} {ms:>10.1} ms{status}", span.name);
    }
}
