//! The tail sampler on its threads: between spans that end and the queue that sends them.

use std::{
    collections::VecDeque,
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
    Board, Head, Threshold,
    agree::NoAnswer,
    probability::Said,
    rules::{Agree, SamplingStats, TailSampling},
    span::size_bytes,
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

/// What [`crate::Builder`] was told about sampling.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sampling {
    /// Of the traces that begin here, the part that is recorded.
    pub(crate) ratio: Option<f64>,
    pub(crate) tail: Option<TailSampling>,
}

impl Sampling {
    /// The sampler of spans that begin. `measures`: those that are not to be sent are still to be seen.
    pub(crate) fn head(&self, measures: bool) -> Head {
        let records = self.ratio.map(Threshold::of_ratio);
        Head { records, keeps: self.tail.as_ref().map(|tail| tail.rest), measures }
    }
}

impl TailSampling {
    /// The server to agree with others at: the one asked for, else the collector's. The error names it and says what is wrong.
    pub(crate) fn board(
        &self,
        collector: Option<&str>,
        headers: http::HeaderMap,
    ) -> Result<Option<Board>, (String, String)> {
        match &self.agree {
            Agree::Alone => Ok(None),
            Agree::At { server, token } => {
                let board = Board::at(server, token.as_deref());
                board.map(Some).map_err(|reason| (server.clone(), reason))
            }
            Agree::AtCollector => Ok(collector.and_then(|collector| Board::beside(collector, headers))),
        }
    }
}

#[derive(Debug)]
struct Shared {
    tail: Mutex<Tail>,
    queue: Queue,
    outgoing: Mutex<Outgoing>,
    board: Option<Board>,
    /// Whether it was said that there is no agreement.
    said: AtomicBool,
    stop: Mutex<bool>,
    bell: Condvar,
}

/// What is kept and does not fit into the queue yet: a long trace is longer than that.
#[derive(Debug)]
struct Outgoing {
    spans: VecDeque<SpanData>,
    bytes: usize,
    max_spans: usize,
    max_bytes: usize,
}

impl Outgoing {
    fn is_full(&self) -> bool {
        self.spans.len() >= self.max_spans || self.bytes >= self.max_bytes
    }

    fn push(&mut self, span: SpanData) {
        self.bytes += size_bytes(&span);
        self.spans.push_back(span);
    }

    fn pop(&mut self) -> Option<SpanData> {
        let span = self.spans.pop_front()?;
        self.bytes -= size_bytes(&span);
        Some(span)
    }
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
            outgoing: Mutex::new(Outgoing {
                spans: VecDeque::new(),
                bytes: 0,
                max_spans: rules.max_spans,
                max_bytes: rules.max_bytes,
            }),
            tail: Mutex::new(Tail::new(rules, board.is_some())),
            queue,
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

    /// Sends what waits for room, as long as there is time. A batch that does not arrive is counted, and makes room, too.
    fn push_out(&self, until: Instant) {
        while !self.shared.drain() && Instant::now() < until {
            let _ = self.shared.queue.force_flush();
        }
    }

    pub(crate) fn stats(&self) -> SamplingStats {
        let sending_bytes = lock(&self.shared.outgoing).bytes;
        SamplingStats { sending_bytes, ..lock(&self.shared.tail).stats() }
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
                if outgoing.spans.is_empty() && self.queue.room() > 0 || outgoing.is_full() {
                    Some(span)
                } else {
                    outgoing.push(span);
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
            let next = lock(&self.outgoing).pop();
            let Some(span) = next else { return true };
            self.queue.on_end(span);
        }
        lock(&self.outgoing).spans.is_empty()
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
                let pause = self.exchange(now + EXCHANGE, || *lock(&self.stop));
                next_exchange = Instant::now() + pause;
            }
        }
    }

    /// Tells and asks until there is nothing to say or to ask, or no time; returns when to do it again.
    fn exchange(&self, until: Instant, stop: impl Fn() -> bool) -> Duration {
        let Some(board) = &self.board else { return STRANGER_PAUSE };
        // Who was a stranger may be a Bennu by now.
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
            self.say(&no_answer);
            if let NoAnswer::Stranger(_) = no_answer {
                // Those asked about are among those that wait, unless they began anew.
                self.decide(Tail::give_up_agreeing);
                return STRANGER_PAUSE;
            }
            self.decide(|tail, out| tail.heard(news, &asks, None, now, out));
            return EXCHANGE;
        }
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
        let crosses = above.is_valid() && Said::is_pending(above.trace_state());
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
        self.push_out(Instant::now() + PATIENCE);
        self.shared.queue.force_flush()
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
        self.shared.exchange(now + timeout / 4, || false);
        self.shared.decide(Tail::finish);
        self.push_out(until);
        // What does not fit now is lost, and counted as that.
        let left = std::mem::take(&mut lock(&self.shared.outgoing).spans);
        left.into_iter().for_each(|span| self.shared.queue.on_end(span));
        let left = until.saturating_duration_since(Instant::now()).max(LEAST);
        self.shared.queue.shutdown_with_timeout(left)
    }

    /// The queue has been told already: it is shared with the thread.
    fn set_resource(&mut self, _resource: &Resource) {}
}
