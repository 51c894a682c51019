//! Starting, and what every span needs to know.

mod build;
mod builder;

use std::{
    sync::{Arc, Once, PoisonError, RwLock},
    time::Duration,
};

use opentelemetry::{
    Context,
    trace::{TraceContextExt, TracerProvider as _},
};
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

pub use self::builder::{Builder, Error, init_tracing};
use crate::{Conventions, Protocol, SamplingStats, Stats, export::Counters, sampling::TailSampler};

/// What spans are written by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) conventions: Conventions,
    pub(crate) max_document_chars: Option<usize>,
}

/// Tracing that is started.
#[derive(Debug)]
pub(crate) struct Started {
    provider: SdkTracerProvider,
    pub(crate) tracer: SdkTracer,
    pub(crate) settings: Settings,
    counters: Arc<Counters>,
    /// If traces are sampled when it is known what they are.
    tail: Option<TailSampler>,
}

/// Where tracing is in its life.
#[derive(Debug)]
enum State {
    Never,
    Started(Arc<Started>),
    /// Spans that begin now lead nowhere; only who starts it again changes that.
    Ended(Arc<Started>),
}

static STATE: RwLock<State> = RwLock::new(State::Never);

/// What is started now, if something is.
fn now() -> Option<Arc<Started>> {
    match &*STATE.read().unwrap_or_else(PoisonError::into_inner) {
        State::Started(started) => Some(started.clone()),
        State::Never | State::Ended(_) => None,
    }
}

/// What is started; starts with defaults if nothing ever was.
pub(crate) fn started() -> Arc<Started> {
    match &*STATE.read().unwrap_or_else(PoisonError::into_inner) {
        State::Started(started) | State::Ended(started) => return started.clone(),
        State::Never => {}
    }
    let named = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    let program = || {
        let path = std::env::current_exe().ok()?;
        Some(path.file_stem()?.to_string_lossy().into_owned())
    };
    let service = named.or_else(program).unwrap_or_else(|| "unknown_service".to_owned());
    // Nobody holds this guard: what waits at the program's end is not sent. Spans are worth more than that.
    let outcome = init_tracing(service.clone()).start().or_else(|error| {
        tracing::warn!(target: "bennu_sdk", %error, "tracing starts without what the environment says");
        init_tracing(service).endpoint("http://localhost:6006").protocol(Protocol::Http).start()
    });
    if let Ok(guard) = outcome {
        std::mem::forget(guard);
    }
    now().unwrap_or_else(|| Arc::new(Started::silent()))
}

impl Started {
    fn end(&self) {
        *STATE.write().unwrap_or_else(PoisonError::into_inner) = State::Ended(Arc::new(Started::silent()));
        let _ = self.provider.shutdown_with_timeout(Duration::from_secs(5));
    }

    /// For when tracing has ended.
    fn silent() -> Self {
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff);
        // Spans that tests may keep have to be made.
        #[cfg(feature = "testing")]
        let provider = provider
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_max_attributes_per_span(u32::MAX)
            .with_span_processor(crate::pipeline::Pipeline::to_nowhere(vec![Box::new(
                crate::testing::Recorder,
            )]));
        let provider = provider.build();
        let tracer = provider.tracer("bennu-sdk");
        let settings = Settings { conventions: Conventions::default(), max_document_chars: None };
        Started { provider, tracer, settings, counters: Arc::default(), tail: None }
    }
}

/// Sees to it that spans are made, which a recording may keep: where nothing is started they are, and are sent nowhere.
#[cfg(feature = "testing")]
pub(crate) fn make_recordable() {
    let mut state = STATE.write().unwrap_or_else(PoisonError::into_inner);
    if let State::Never = *state {
        *state = State::Ended(Arc::new(Started::silent()));
    }
    if let State::Ended(silent) = &*state {
        opentelemetry::global::set_tracer_provider(silent.provider.clone());
        #[cfg(feature = "http")]
        opentelemetry::global::set_text_map_propagator(crate::propagate::propagator());
    }
}

/// The tracer, for spans of one's own. Starts tracing with defaults if it is not started.
pub fn tracer() -> SdkTracer {
    started().tracer.clone()
}

/// What became of spans so far; zeros while tracing is not started.
pub fn stats() -> Stats {
    now().map(|started| started.counters.stats()).unwrap_or_default()
}

/// What tail sampling has decided so far; zeros without it.
pub fn sampling_stats() -> SamplingStats {
    now().and_then(|started| Some(started.tail.as_ref()?.stats())).unwrap_or_default()
}

/// The current trace is to be kept by tail sampling, whatever becomes of it: something odd was seen that no span tells of, or somebody
/// asked for it. Returns whether it will be: false where nothing is sampled by the tail, and when it was decided on before.
///
/// ```
/// # let answer = "";
/// if answer.is_empty() {
///     bennu_sdk::keep_trace();
/// }
/// ```
pub fn keep_trace() -> bool {
    let Some(started) = now() else { return false };
    let Some(tail) = &started.tail else { return false };
    // The context is free again before a span is sent: who listens to the log may enter another.
    let span = Context::map_current(|context| context.span().span_context().clone());
    tail.flag(&span)
}

/// The current trace is about to be another service's, too.
#[cfg(feature = "http")]
pub(crate) fn crosses(context: &Context) {
    if let Some(started) = now()
        && let Some(tail) = &started.tail
        && context.has_active_span()
    {
        tail.cross(context.span().span_context().trace_id());
    }
}

/// Sends what waits, and waits for that, five seconds at most, ten where tail sampling has kept more than the queue holds: [`stats`] tells whether all of it has arrived. For the end of a program
/// that has no guard, and for tests. What tail sampling holds, because nothing is known of it yet, is held on.
pub fn flush() {
    if let Some(started) = now() {
        // What did not arrive is in the counters.
        let _ = started.provider.force_flush();
    }
}

fn flush_when_panicking() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            // A panic while tracing starts or ends must not wait for itself, nor one of a redaction, on the thread that sends.
            if STATE.try_read().is_ok() && !crate::privacy::is_redacting() {
                flush();
            }
        }));
    });
}

/// Tracing goes on as long as this lives; dropped, it sends what waits, for five seconds at most. With tail sampling other services are
/// asked once more, and not waited for: what they learn later of a trace comes too late for its part here.
#[derive(Debug)]
#[must_use = "tracing ends when the guard is dropped"]
pub struct Guard {
    started: Option<Arc<Started>>,
}

impl Guard {
    /// Ends tracing as dropping does, and says what is known then of what became of spans: zeros if the guard does nothing.
    pub fn shutdown(mut self) -> (Stats, SamplingStats) {
        let started = self.started.take();
        let Some(started) = started else { return Default::default() };
        started.end();
        let sampling = started.tail.as_ref().map(TailSampler::stats).unwrap_or_default();
        (started.counters.stats(), sampling)
    }

    /// Whether this call started tracing; else it was started before and this guard does nothing.
    pub fn is_first(&self) -> bool {
        self.started.is_some()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(started) = self.started.take() {
            started.end();
        }
    }
}
