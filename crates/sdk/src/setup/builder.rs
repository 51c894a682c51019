//! What tracing is told before it starts.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use opentelemetry::KeyValue;

use super::{Guard, STATE, State, flush_when_panicking};
use crate::{
    Conventions, Protocol,
    privacy::{Hide, Redaction, Shown},
    sampling::{Sampling, TailSampling},
};

/// Why tracing could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The endpoint or a header is not one; the text says what is wrong with it.
    #[error("spans cannot be sent to {endpoint}: {reason}")]
    Endpoint {
        /// Where spans were to go.
        endpoint: String,
        /// What is wrong.
        reason: String,
    },
    /// gRPC was asked for, or the endpoint has gRPC's port, and the feature is off.
    #[error("{0} speaks gRPC: enable the feature `grpc` of bennu-sdk, or give its HTTP address")]
    NoGrpc(String),
    /// Tail sampling has a thread of its own, and the system gives none.
    #[error("there is no thread for tail sampling: {0}")]
    NoThread(std::io::Error),
}

/// Begins to set up tracing for a service. Nothing happens before [`Builder::start`].
pub fn init_tracing(service_name: impl Into<String>) -> Builder {
    Builder {
        service_name: service_name.into(),
        endpoint: None,
        protocol: None,
        project: None,
        api_key: None,
        headers: Vec::new(),
        attributes: Vec::new(),
        console: false,
        conventions: Conventions::default(),
        max_document_chars: None,
        sampling: Sampling::default(),
        hide: Hide::default(),
        redaction: None,
        #[cfg(feature = "metrics")]
        meter: None,
        max_queued_spans: 2_048,
        batch_delay: Duration::from_secs(1),
        timeout: Duration::from_secs(10),
        flush_on_panic: false,
        #[cfg(feature = "signals")]
        flush_on_ctrl_c: false,
    }
}

/// How tracing is set up.
#[derive(Debug, Clone)]
#[must_use = "tracing begins with `start`"]
pub struct Builder {
    pub(super) service_name: String,
    pub(super) endpoint: Option<String>,
    pub(super) protocol: Option<Protocol>,
    pub(super) project: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) console: bool,
    pub(super) conventions: Conventions,
    pub(super) max_document_chars: Option<usize>,
    pub(super) sampling: Sampling,
    pub(super) hide: Hide,
    pub(super) redaction: Option<Redaction>,
    #[cfg(feature = "metrics")]
    pub(super) meter: Option<opentelemetry::metrics::Meter>,
    pub(super) max_queued_spans: usize,
    pub(super) batch_delay: Duration,
    pub(super) timeout: Duration,
    pub(super) flush_on_panic: bool,
    #[cfg(feature = "signals")]
    pub(super) flush_on_ctrl_c: bool,
}

impl Builder {
    /// Where spans go: a server (`http://localhost:6006`) or its whole address (`…/v1/traces`). Without it
    /// `PHOENIX_COLLECTOR_ENDPOINT`, then `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, then `OTEL_EXPORTER_OTLP_ENDPOINT`, then
    /// `http://localhost:6006/v1/traces`.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// HTTP or gRPC. Without it `OTEL_EXPORTER_OTLP_PROTOCOL`, else gRPC for an endpoint with port 4317 and HTTP for others.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// The project that traces belong to. Without it `PHOENIX_PROJECT_NAME`, else the collector's default.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Sent as a bearer token. Without it `PHOENIX_API_KEY`.
    pub fn api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// A header of every export, for collectors that want others. Those of `OTEL_EXPORTER_OTLP_HEADERS` are sent, too, where none of
    /// the same name is given here.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// An attribute of the resource: a version, an environment.
    pub fn resource_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push(KeyValue::new(name.into(), value.into()));
        self
    }

    /// Prints a line for every span that ends to the standard error.
    pub fn console(mut self, console: bool) -> Self {
        self.console = console;
        self
    }

    /// In whose words spans are written.
    pub fn conventions(mut self, conventions: Conventions) -> Self {
        self.conventions = conventions;
        self
    }

    /// Cuts the texts of retrieved documents at so many characters. Without it they are sent whole.
    pub fn max_document_chars(mut self, chars: usize) -> Self {
        self.max_document_chars = Some(chars);
        self
    }

    /// Records this part of the traces that begin here, 0 to 1. Which, is decided when a trace begins, so failed and slow ones are
    /// lost like others: see [`tail_sampling`](Builder::tail_sampling). The decision is the trace id's own (W3C Trace Context, level 2), and
    /// `ot=th` in `tracestate` says how many traces one stands for. Traces that began elsewhere follow the decision made there.
    pub fn sample_ratio(mut self, ratio: f64) -> Self {
        self.sampling.ratio = Some(ratio);
        self
    }

    /// Decides about traces when it is known what they are: `TailSampling::keep(0.01)` sends every one with an error, every one over
    /// ten seconds, and one in a hundred of the others. With [`sample_ratio`](Builder::sample_ratio), of what that records.
    pub fn tail_sampling(mut self, tail: TailSampling) -> Self {
        self.sampling.tail = Some(tail);
        self
    }

    /// Leaves content out by its kind, besides what the variables `OPENINFERENCE_HIDE_…` say.
    pub fn hide(mut self, hide: Hide) -> Self {
        self.hide = hide;
        self
    }

    /// Shows the closure everything that is about to be sent, after [`hide`](Builder::hide): what it replaces or removes does not leave
    /// the process. It runs on the exporter's thread. What it panics at is hidden.
    ///
    /// ```
    /// # use bennu_sdk::init_tracing;
    /// let builder = init_tracing("service").redact(|shown| {
    ///     if shown.text().contains("@example.com") {
    ///         shown.hide();
    ///     }
    /// });
    /// ```
    pub fn redact(mut self, redact: impl Fn(&mut Shown<'_>) + Send + Sync + 'static) -> Self {
        self.redaction = Some(Redaction::new(redact));
        self
    }

    /// Records OpenTelemetry's metrics of model calls with this meter: `gen_ai.client.token.usage`, `gen_ai.client.operation.duration` and
    /// `gen_ai.client.operation.time_to_first_chunk`. Of every call, however few traces are kept. Where they go is the meter provider's
    /// business: `opentelemetry::global::meter("my-service")` is the application's.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self, meter: opentelemetry::metrics::Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Spans that may wait to be sent, a million at most; those beyond are lost and counted. 2,048 unless told otherwise.
    pub fn max_queued_spans(mut self, spans: usize) -> Self {
        self.max_queued_spans = spans.clamp(1, 1_000_000);
        self
    }

    /// How long a span waits for others before it is sent. A second unless told otherwise.
    pub fn batch_delay(mut self, delay: Duration) -> Self {
        self.batch_delay = delay;
        self
    }

    /// How long an export may take, with what is tried again in it. 10 seconds unless told otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends what waits when a thread panics, before the panic goes on: for programs that abort then.
    pub fn flush_on_panic(mut self) -> Self {
        self.flush_on_panic = true;
        self
    }

    /// Takes Ctrl-C over: sends what waits, then ends the program with status 130 as it would have ended. For programs that do nothing
    /// of their own about it.
    #[cfg(feature = "signals")]
    pub fn flush_on_ctrl_c(mut self) -> Self {
        self.flush_on_ctrl_c = true;
        self
    }

    /// Starts. To be called once, from any thread; while tracing is started already, a further call changes nothing, says so in
    /// the log, and its guard does nothing ([`Guard::is_first`]).
    ///
    /// # Errors
    /// [`Error`]: the endpoint cannot be one. A collector that is down is none: spans are lost and counted until it is there.
    pub fn start(self) -> Result<Guard, Error> {
        let mut state = STATE.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Started(_)) {
            drop(state);
            tracing::warn!(
                target: "bennu_sdk",
                service = self.service_name,
                "tracing is started already; this call changes nothing"
            );
            return Ok(Guard { started: None });
        }
        let flush_on_panic = self.flush_on_panic;
        #[cfg(feature = "signals")]
        let flush_on_ctrl_c = self.flush_on_ctrl_c;
        let started = Arc::new(self.build(|name| std::env::var(name).ok())?);
        opentelemetry::global::set_tracer_provider(started.provider.clone());
        #[cfg(feature = "http")]
        opentelemetry::global::set_text_map_propagator(crate::propagate::propagator());
        *state = State::Started(started.clone());
        drop(state);
        if flush_on_panic {
            flush_when_panicking();
        }
        #[cfg(feature = "signals")]
        if flush_on_ctrl_c {
            let flush_and_end = || {
                super::flush();
                std::process::exit(130);
            };
            if let Err(error) = ctrlc::set_handler(flush_and_end) {
                tracing::warn!(target: "bennu_sdk", %error, "Ctrl-C is not ours to take");
            }
        }
        Ok(Guard { started: Some(started) })
    }
}
