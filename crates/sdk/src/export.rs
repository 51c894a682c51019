//! Spans on their way out: counted, never in the way.
//!
//! A span that ends is counted and queued; a thread sends the queue in batches. A queue that is full or a batch that does not
//! arrive costs spans, and only these: the application is told once, and once more when spans arrive again.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};

/// What became of spans so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Spans that ended and were to be sent.
    pub ended: u64,
    /// Spans that the collector took.
    pub exported: u64,
    /// Spans that will never arrive: the queue was full, or the collector did not take them.
    pub lost: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    ended: AtomicU64,
    exported: AtomicU64,
    lost: AtomicU64,
    /// Spans that are queued.
    waiting: AtomicUsize,
    /// Whether the last batch did not arrive.
    failing: AtomicBool,
    /// Where spans go.
    endpoint: String,
    /// Why the last request failed, which the exporter does not tell.
    cause: Mutex<Option<String>>,
}

impl Counters {
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            ended: self.ended.load(Relaxed),
            exported: self.exported.load(Relaxed),
            lost: self.lost.load(Relaxed),
        }
    }

    pub(crate) fn to(endpoint: &str) -> Self {
        Counters { endpoint: endpoint.to_owned(), ..Counters::default() }
    }

    /// A request failed.
    pub(crate) fn note(&self, cause: String) {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
    }

    fn lose(&self, spans: usize, why: &dyn std::fmt::Display) {
        self.lost.fetch_add(spans as u64, Relaxed);
        if self.failing.swap(true, Relaxed) {
            return;
        }
        let endpoint = &self.endpoint;
        let cause = self.cause.lock().unwrap_or_else(PoisonError::into_inner).take();
        let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
        let text = format!(
            "spans are being lost, {endpoint} does not take them: {why}{cause}; the application goes on without them, this is said once until they arrive again"
        );
        if tracing::dispatcher::has_been_set() {
            tracing::warn!(target: "bennu_sdk", "{text}");
        } else {
            // Nobody listens to the log: a wrong address would never be noticed.
            eprintln!("bennu_sdk: {text}");
        }
    }
}

/// Counts spans and queues them.
#[derive(Debug)]
pub(crate) struct Queue {
    batches: BatchSpanProcessor,
    counters: Arc<Counters>,
    max_spans: usize,
}

impl Queue {
    pub(crate) fn new<E: SpanExporter + 'static>(
        exporter: E,
        counters: Arc<Counters>,
        max_spans: usize,
        delay: Duration,
    ) -> Self {
        const BATCH_SPANS: usize = 512;
        let counted = Counted { exporter, counters: counters.clone() };
        // Room for what is counted here and for what it holds in hand: it never has to drop anything uncounted.
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(max_spans + BATCH_SPANS)
            .with_max_export_batch_size(BATCH_SPANS.min(max_spans))
            .with_scheduled_delay(delay)
            .build();
        let batches = BatchSpanProcessor::builder(counted).with_batch_config(config).build();
        Queue { batches, counters, max_spans }
    }

    /// Queues a span if it fits in; else it comes back.
    pub(crate) fn try_queue(&self, span: SpanData) -> Result<(), Box<SpanData>> {
        let one_more = |waiting| (waiting < self.max_spans).then_some(waiting + 1);
        if self.counters.waiting.fetch_update(Relaxed, Relaxed, one_more).is_err() {
            return Err(Box::new(span));
        }
        self.counters.ended.fetch_add(1, Relaxed);
        self.batches.on_end(span);
        Ok(())
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _cx: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self.try_queue(span).is_err() {
            self.counters.ended.fetch_add(1, Relaxed);
            self.counters.lose(1, &"more spans end than can be sent");
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

#[derive(Debug)]
struct Counted<E> {
    exporter: E,
    counters: Arc<Counters>,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let outcome = self.exporter.export(batch).await;
        let counters = &self.counters;
        counters.waiting.fetch_sub(spans, Relaxed);
        match &outcome {
            Ok(()) => {
                counters.exported.fetch_add(spans as u64, Relaxed);
                if counters.failing.swap(false, Relaxed) {
                    let lost = counters.lost.load(Relaxed);
                    tracing::info!(target: "bennu_sdk", lost, "spans arrive again");
                }
            }
            Err(error) => counters.lose(spans, error),
        }
        outcome
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
