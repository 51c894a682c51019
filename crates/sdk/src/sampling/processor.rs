//! The tail sampler on its threads: between spans that end and the queue that sends them.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use opentelemetry::{
    Context,
    trace::{Span as _, SpanContext, TraceContextExt},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use super::{
    Board, Head, Threshold,
    agree::NoAnswer,
    probability::Said,
    rules::{Agree, SamplingStats, TailSampling},
    tail::Tail,
};
use crate::export::Queue;

/// How often it is looked what has become slow.
const TICK: Duration = Duration::from_millis(100);
/// How often others are asked, at most.
const EXCHANGE: Duration = Duration::from_millis(500);
/// Traces told of and asked about at once.
const MAX_EXCHANGED: usize = 10_000;

/// What [`crate::Builder`] was told about sampling.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sampling {
    /// Of the traces that begin here, the part that is recorded.
    pub(crate) ratio: Option<f64>,
    pub(crate) tail: Option<TailSampling>,
}

impl Sampling {
    /// The sampler of spans that begin; none if all of them are to be sent.
    pub(crate) fn head(&self) -> Option<Head> {
        if self.ratio.is_none() && self.tail.is_none() {
            return None;
        }
        let records = self.ratio.map_or(Threshold::ALL, Threshold::of_ratio);
        Some(Head { records, keeps: self.tail.as_ref().map(|tail| tail.rest) })
    }
}

impl TailSampling {
    /// The server to agree with others at: the one asked for, else the collector's.
    pub(crate) fn board(&self, collector: Option<&str>, headers: http::HeaderMap) -> Option<Board> {
        match &self.agree {
            Agree::Alone => None,
            Agree::At(server) => Some(Board::at(server, headers)),
            Agree::AtCollector => Board::beside(collector?, headers),
        }
    }
}

#[derive(Debug)]
struct Shared {
    tail: Mutex<Tail>,
    queue: Queue,
    /// What is kept and does not fit into the queue yet: a long trace is longer than that.
    outgoing: Mutex<VecDeque<SpanData>>,
    max_outgoing: usize,
    board: Option<Board>,
    stop: Mutex<bool>,
    bell: Condvar,
}

/// Holds spans until it is known whether their trace is kept.
#[derive(Debug, Clone)]
pub(crate) struct TailSampler {
    shared: Arc<Shared>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TailSampler {
    pub(crate) fn start(rules: TailSampling, board: Option<Board>, queue: Queue) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            max_outgoing: rules.max_spans,
            tail: Mutex::new(Tail::new(rules, board.is_some())),
            queue,
            outgoing: Mutex::default(),
            board,
            stop: Mutex::new(false),
            bell: Condvar::new(),
        });
        let watching = shared.clone();
        let thread = std::thread::Builder::new().name("bennu-sampling".to_owned());
        let thread = thread.spawn(move || watching.watch())?;
        Ok(TailSampler { shared, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// See [`crate::keep_trace`].
    pub(crate) fn flag(&self, span: &SpanContext) -> bool {
        self.shared.decide(|tail, out| tail.flag(span, out))
    }

    /// The trace goes to another service.
    #[cfg(feature = "http")]
    pub(crate) fn cross(&self, trace: opentelemetry::trace::TraceId) {
        lock(&self.shared.tail).cross(trace);
    }

    pub(crate) fn stats(&self) -> SamplingStats {
        lock(&self.shared.tail).stats
    }
}

impl Shared {
    /// Asks the sampler, and sends what it lets go after its lock is free again.
    fn decide<T>(&self, ask: impl FnOnce(&mut Tail, &mut Vec<SpanData>) -> T) -> T {
        let mut out = Vec::new();
        let answer = ask(&mut lock(&self.tail), &mut out);
        if !out.is_empty() {
            self.send(out);
        }
        answer
    }

    /// No lock is held while the queue has a span: it may log, and who listens to the log may end spans of its own.
    fn send(&self, spans: Vec<SpanData>) {
        for span in spans {
            let now = {
                let mut outgoing = lock(&self.outgoing);
                // The order stays: what waits goes first.
                if outgoing.is_empty() && self.queue.room() > 0 || outgoing.len() >= self.max_outgoing {
                    Some(span)
                } else {
                    outgoing.push_back(span);
                    None
                }
            };
            if let Some(span) = now {
                self.queue.on_end(span);
            }
        }
    }

    /// Gives the queue what it has room for; whether all of it went.
    fn drain(&self) -> bool {
        while self.queue.room() > 0 {
            let next = lock(&self.outgoing).pop_front();
            let Some(span) = next else { return true };
            self.queue.on_end(span);
        }
        lock(&self.outgoing).is_empty()
    }

    fn watch(&self) {
        let mut next_exchange = Instant::now();
        loop {
            let stop = lock(&self.stop);
            let (stop, _) = self.bell.wait_timeout(stop, TICK).unwrap_or_else(PoisonError::into_inner);
            if *stop {
                return;
            }
            drop(stop);
            let now = Instant::now();
            self.decide(|tail, out| tail.tick(now, out));
            self.drain();
            if now >= next_exchange {
                self.exchange();
                next_exchange = Instant::now() + EXCHANGE;
            }
        }
    }

    fn exchange(&self) {
        let Some(board) = &self.board else { return };
        loop {
            let now = Instant::now();
            let (news, asks) = {
                let mut tail = lock(&self.tail);
                if !tail.agrees {
                    return;
                }
                tail.exchange(now, MAX_EXCHANGED)
            };
            if news.is_empty() && asks.is_empty() {
                return;
            }
            let answer = board.exchange(&news, &asks);
            let more = answer.is_ok() && asks.len() == MAX_EXCHANGED;
            match answer {
                Ok(keep) => self.decide(|tail, out| tail.heard(news, &asks, Some(&keep), now, out)),
                Err(NoAnswer::Away(error)) => {
                    tracing::debug!(target: "bennu_sdk", error, "other services cannot be asked which traces they keep");
                    self.decide(|tail, out| tail.heard(news, &asks, None, now, out));
                }
                Err(NoAnswer::Stranger(status)) => {
                    tracing::info!(
                        target: "bennu_sdk",
                        status,
                        "the collector does not know which traces other services keep: errors and slow traces are kept by the services that see them"
                    );
                    // Those asked about are among those that wait, unless they began anew.
                    self.decide(Tail::give_up_agreeing);
                }
            }
            if !more {
                return;
            }
        }
    }
}

impl SpanProcessor for TailSampler {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        let above = cx.span();
        let above = above.span_context();
        if above.is_valid() && !above.is_remote() {
            return;
        }
        let crosses = above.is_valid() && Said::by(above.trace_state()).pending.is_some();
        let now = Instant::now();
        self.shared.decide(|tail, out| tail.begin(span.span_context(), crosses, now, out));
    }

    fn on_end(&self, span: SpanData) {
        let now = Instant::now();
        self.shared.decide(|tail, out| tail.end(span, now, out));
    }

    fn force_flush(&self) -> OTelSdkResult {
        /// As long as the queue itself takes.
        const PATIENCE: Duration = Duration::from_secs(5);
        let until = Instant::now() + PATIENCE;
        while !self.shared.drain() && Instant::now() < until {
            self.shared.queue.force_flush()?;
        }
        self.shared.queue.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let until = Instant::now() + timeout;
        *lock(&self.shared.stop) = true;
        self.shared.bell.notify_all();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
        lock(&self.shared.tail).hurry(Instant::now());
        self.shared.exchange();
        self.shared.decide(Tail::finish);
        while !self.shared.drain() && Instant::now() < until {
            self.shared.queue.force_flush()?;
        }
        // What does not fit now is lost, and counted as that.
        let left = std::mem::take(&mut *lock(&self.shared.outgoing));
        left.into_iter().for_each(|span| self.shared.queue.on_end(span));
        self.shared.queue.shutdown_with_timeout(until.saturating_duration_since(Instant::now()))
    }

    /// The queue has been told already: it is shared with the thread.
    fn set_resource(&mut self, _resource: &Resource) {}
}
