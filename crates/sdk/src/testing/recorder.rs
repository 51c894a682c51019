//! Keeps the spans of recordings.
//!
//! A recording is a [`Handle`] in OpenTelemetry's context. A trace that begins below one belongs to it, with every span that joins the
//! trace later, by whatever way it learnt of it: a server that is sent a `traceparent` has no handle. Spans are told apart by their
//! traces and not by their threads, so recordings do not see each other.
//!
//! Invariant: while nobody records, a span costs one read of an atomic number.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Waker,
    time::Duration,
};

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId},
};
use opentelemetry_sdk::trace::{Span, SpanData};

use crate::pipeline::Watch;

/// Recordings that go on. A thread that begins a span of one has heard of its beginning by whatever gave it the work, so nothing has
/// to be ordered by this number.
static GOING_ON: AtomicUsize = AtomicUsize::new(0);

/// Whose a trace is; traces are removed when the last of their recordings ends.
static TRACES: LazyLock<Mutex<HashMap<TraceId, Handle>>> = LazyLock::new(Mutex::default);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked elsewhere leaves nothing half done here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The recordings that a context is within, the outermost first.
#[derive(Debug, Clone)]
struct Handle(Arc<[Arc<Recording>]>);

/// Spans that are kept, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Recording {
    kept: Mutex<Kept>,
    /// Told when no span is open, for who waits without a runtime.
    settled: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    spans: Vec<Seen>,
    /// Places in `spans` of those that have not ended.
    open: HashMap<SpanId, usize>,
    finished: bool,
    waker: Option<Waker>,
}

/// A span: as it began until it has ended, then as it ended.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) data: SpanData,
    pub(super) ended: bool,
}

impl Recording {
    fn begin(&self, data: SpanData) {
        let mut kept = lock(&self.kept);
        if !kept.finished {
            let place = kept.spans.len();
            kept.open.insert(data.span_context.span_id(), place);
            kept.spans.push(Seen { data, ended: false });
        }
    }

    fn end(&self, data: &SpanData) {
        let mut kept = lock(&self.kept);
        let Some(place) = kept.open.remove(&data.span_context.span_id()).filter(|_| !kept.finished) else {
            return;
        };
        kept.spans[place] = Seen { data: data.clone(), ended: true };
        if kept.open.is_empty() {
            self.settled.notify_all();
            let waker = kept.waker.take();
            drop(kept);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Whether every span has ended; if not, the waker is told when that is so.
    pub(super) fn is_settled(&self, waker: &Waker) -> bool {
        let mut kept = lock(&self.kept);
        if !kept.open.is_empty() {
            kept.waker = Some(waker.clone());
        }
        kept.open.is_empty()
    }

    /// Wakes who waits, settled or not.
    pub(super) fn wake(&self) {
        let waker = lock(&self.kept).waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits on this thread until every span has ended.
    pub(super) fn wait(&self, patience: Duration) {
        let kept = lock(&self.kept);
        let _ = self.settled.wait_timeout_while(kept, patience, |kept| !kept.open.is_empty());
    }
}

/// A recording that goes on until this is dropped.
#[derive(Debug)]
pub(super) struct Begun(pub(super) Arc<Recording>);

impl Begun {
    pub(super) fn new() -> Self {
        GOING_ON.fetch_add(1, Relaxed);
        Begun(Arc::default())
    }

    /// The current context within the recording. What stands for its span has no trace, so that every trace in it is of this recording
    /// alone.
    pub(super) fn context(&self) -> Context {
        let current = Context::current();
        let outer = current.get::<Handle>().map(|handle| handle.0.to_vec()).unwrap_or_default();
        let all = outer.into_iter().chain([self.0.clone()]).collect();
        let nothing = SpanContext::new(
            TraceId::INVALID,
            SpanId::INVALID,
            TraceFlags::SAMPLED,
            false,
            Default::default(),
        );
        current.with_remote_span_context(nothing).with_value(Handle(all))
    }

    /// What was kept.
    pub(super) fn spans(&self) -> Vec<Seen> {
        lock(&self.0.kept).spans.clone()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        lock(&self.0.kept).finished = true;
        GOING_ON.fetch_sub(1, Relaxed);
        lock(&TRACES).retain(|_, handle| handle.goes_on());
    }
}

impl Handle {
    fn goes_on(&self) -> bool {
        self.0.iter().any(|recording| !lock(&recording.kept).finished)
    }

    /// Of a span that begins: its trace's, if the trace has one, else that of where it begins.
    fn of(trace: TraceId, parent: &Context) -> Option<Handle> {
        let mut traces = lock(&TRACES);
        if let Some(known) = traces.get(&trace) {
            return Some(known.clone());
        }
        let handle = parent.get::<Handle>().filter(|handle| handle.goes_on())?;
        traces.insert(trace, handle.clone());
        Some(handle.clone())
    }
}

/// Sees every span that begins and ends.
#[derive(Debug)]
pub(crate) struct Recorder;

/// Whether what begins in this context is recorded.
pub(crate) fn is_recorded(context: &Context) -> bool {
    GOING_ON.load(Relaxed) > 0 && context.get::<Handle>().is_some_and(Handle::goes_on)
}

impl Watch for Recorder {
    fn began(&self, span: &Span, parent: &Context) {
        if GOING_ON.load(Relaxed) == 0 {
            return;
        }
        let Some(data) = span.exported_data() else { return };
        if let Some(handle) = Handle::of(data.span_context.trace_id(), parent) {
            handle.0.iter().for_each(|recording| recording.begin(data.clone()));
        }
    }

    fn ended(&self, span: &SpanData) {
        if GOING_ON.load(Relaxed) == 0 {
            return;
        }
        let handle = lock(&TRACES).get(&span.span_context.trace_id()).cloned();
        if let Some(handle) = handle {
            handle.0.iter().for_each(|recording| recording.end(span));
        }
    }
}
