//! The tail sampler on its threads: between spans that end and the queue that sends them.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
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
    Board,
    agree::NoAnswer,
    outgoing::Outgoing,
    probability::Said,
    rules::{SamplingStats, TailSampling},
    tail::Tail,
};
use crate::export::Queue;

/// How often it is looked what has become slow.
const TICK: Duration = Duration::from_millis(100);
/// How soon somebody is asked again who is no Bennu.
const STRANGER_PAUSE: Duration = Duration::from_secs(60);
/// How often others are asked, at most.
const EXCHANGE: Duration = Duration::from_millis(500);
/// Traces told of and asked about at once.
const MAX_EXCHANGED: usize = 10_000;

#[derive(Debug)]
struct Shared {
    tail: Mutex<Tail>,
    outgoing: Outgoing,
    board: Option<Board>,
    /// Whether it was said that there is no agreement.
    said: AtomicBool,
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
            outgoing: Outgoing::new(queue, rules.max_spans, rules.max_bytes),
            tail: Mutex::new(Tail::new(rules, board.is_some())),
            board,
            said: AtomicBool::new(false),
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
        let sending_bytes = self.shared.outgoing.bytes();
        SamplingStats { sending_bytes, ..lock(&self.shared.tail).stats() }
    }
}

impl Shared {
    /// Asks the sampler, and sends what it lets go after its lock is free again.
    fn decide<T>(&self, ask: impl FnOnce(&mut Tail, &mut Vec<SpanData>) -> T) -> T {
        let mut out = Vec::new();
        let answer = ask(&mut lock(&self.tail), &mut out);
        if !out.is_empty() {
            self.outgoing.send(out);
        }
        answer
    }

    fn watch(&self) {
        let mut next_exchange = Instant::now();
        // Behind another backend nothing is held for an answer that does not come.
        if let Some(Err(no_answer)) = self.board.as_ref().map(Board::probe)
            && self.is_stranger(&no_answer)
        {
            next_exchange += STRANGER_PAUSE;
        }
        loop {
            let stop = lock(&self.stop);
            let (stop, _) = self.bell.wait_timeout(stop, TICK).unwrap_or_else(PoisonError::into_inner);
            if *stop {
                return;
            }
            drop(stop);
            let now = Instant::now();
            self.decide(|tail, out| tail.tick(now, out));
            self.outgoing.drain();
            if now >= next_exchange {
                let pause = self.exchange(now + EXCHANGE, || *lock(&self.stop));
                next_exchange = Instant::now() + pause;
            }
        }
    }

    /// Tells and asks until there is nothing to say or to ask, or no time; returns when to do it again.
    fn exchange(&self, until: Instant, stop: impl Fn() -> bool) -> Duration {
        let Some(board) = &self.board else { return STRANGER_PAUSE };
        let agrees = lock(&self.tail).agrees;
        // Who was a stranger may be a Bennu by now.
        if !agrees && board.probe().is_err() {
            return STRANGER_PAUSE;
        }
        lock(&self.tail).agrees = true;
        loop {
            let now = Instant::now();
            let (news, asks) = lock(&self.tail).exchange(now, MAX_EXCHANGED);
            if news.is_empty() && asks.is_empty() {
                return EXCHANGE;
            }
            let more = news.len() == MAX_EXCHANGED || asks.len() == MAX_EXCHANGED;
            let answer = board.exchange(&news, asks.iter().map(|(_, trace)| *trace));
            let no_answer = match answer {
                Ok(keep) => {
                    self.decide(|tail, out| tail.heard(news, &asks, Some(&keep), now, out));
                    if !more || stop() || Instant::now() >= until {
                        return EXCHANGE;
                    }
                    continue;
                }
                Err(no_answer) => no_answer,
            };
            if self.is_stranger(&no_answer) {
                return STRANGER_PAUSE;
            }
            self.decide(|tail, out| tail.heard(news, &asks, None, now, out));
            return EXCHANGE;
        }
    }

    /// Says why there is no answer; nobody waits for a stranger. Traces asked about are among those that wait, unless they began anew.
    fn is_stranger(&self, no_answer: &NoAnswer) -> bool {
        self.say(no_answer);
        let is_stranger = matches!(no_answer, NoAnswer::Stranger(_));
        if is_stranger {
            self.decide(Tail::give_up_agreeing);
        }
        is_stranger
    }

    /// Once: what is said is that there is no agreement, and why the first time.
    fn say(&self, why: &NoAnswer) {
        if self.said.swap(true, Relaxed) {
            return;
        }
        tracing::warn!(
            target: "bennu_sdk",
            %why,
            "other services cannot be asked which traces they keep: errors and slow traces are kept by the services that see them"
        );
    }
}

/// Others are there to be measured.
fn may_be_kept(span: &SpanContext) -> bool {
    span.is_sampled() || Said::is_pending(span.trace_state())
}

impl SpanProcessor for TailSampler {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        let above = cx.span();
        let above = above.span_context();
        if above.is_valid() && !above.is_remote() {
            return;
        }
        if !may_be_kept(span.span_context()) {
            return;
        }
        let crosses = above.is_valid();
        let now = Instant::now();
        self.shared.decide(|tail, out| tail.begin(span.span_context(), crosses, now, out));
    }

    fn on_end(&self, span: SpanData) {
        if may_be_kept(&span.span_context) {
            let now = Instant::now();
            self.shared.decide(|tail, out| tail.end(span, now, out));
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        /// As long as the queue itself takes.
        const PATIENCE: Duration = Duration::from_secs(5);
        self.shared.outgoing.push_out(Instant::now() + PATIENCE);
        self.shared.outgoing.queue().force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        /// What the queue is left with in any case.
        const LEAST: Duration = Duration::from_millis(100);
        let until = Instant::now() + timeout;
        *lock(&self.shared.stop) = true;
        self.shared.bell.notify_all();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
        // The others, and the collector after them, have a part of the time each.
        let now = Instant::now();
        lock(&self.shared.tail).hurry(now);
        // A stranger is not asked once more whether it is one.
        if lock(&self.shared.tail).agrees {
            self.shared.exchange(now + timeout / 4, || false);
        }
        self.shared.decide(Tail::finish);
        self.shared.outgoing.push_out(until);
        self.shared.outgoing.give_up();
        let left = until.saturating_duration_since(Instant::now()).max(LEAST);
        self.shared.outgoing.queue().shutdown_with_timeout(left)
    }

    /// The queue has been told already: it is shared with the thread.
    fn set_resource(&mut self, _resource: &Resource) {}
}
