//! What a tail sampler is told, and what it did.

use std::time::Duration;

use super::{Head, probability::Threshold};

/// Keeps traces by what they turned out to be: every one with an error, every slow one, those that
/// [`keep_trace`](crate::keep_trace) names, and a part of the rest.
///
/// A trace's spans are held in this process until its root here ends, or until it is known that it is kept: at its first error, at
/// [`keep_trace`](crate::keep_trace), when it has been running for as long as is slow. What is kept says so: every span has
/// `sampling.reason`, and `ot=th` in its `tracestate`, by which a backend knows how many traces it stands for.
///
/// **Several services.** The rest is decided by the trace's own randomness, so services with the same ratio agree. What only one of
/// them knows, an error or that its caller was slow, the others ask Bennu for: a trace that came from, or went to, another service is
/// held for [`agree_within`](TailSampling::agree_within) after its end, and then kept if any service said that it keeps it. Behind
/// another backend, over gRPC without [`agree_at`](TailSampling::agree_at), or after [`alone`](TailSampling::alone), each service
/// keeps what it sees itself.
///
/// A process is one of these services; several that run in one process share its sampler.
///
/// **Bounds.** What is held has a bound in bytes and in spans, a trace one in spans. At a bound traces are decided on before
/// their end by probability alone, those that it does not keep first, the oldest of them first; of one that turns out to be an
/// error, slow or flagged after that, the spans from there on are kept, the root with them, marked `sampling.incomplete`. All of it is
/// counted in [`SamplingStats`].
#[derive(Debug, Clone)]
#[must_use = "it samples when given to `Builder::tail_sampling`"]
pub struct TailSampling {
    pub(super) rest: Threshold,
    pub(super) slow: Option<Duration>,
    pub(super) max_bytes: usize,
    pub(super) max_spans: usize,
    pub(super) max_trace_spans: usize,
    pub(super) agree: Agree,
    pub(super) agree_within: Option<Duration>,
}

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

/// Nothing is waited for longer; clocks can be asked about it.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Whom to ask about traces of several services.
#[derive(Debug, Clone)]
pub(super) enum Agree {
    /// The server that spans go to.
    AtCollector,
    At {
        server: String,
        token: Option<String>,
    },
    Alone,
}

impl TailSampling {
    /// Every error, everything over ten seconds, and this part of the rest, 0 to 1.
    pub fn keep(ratio: f64) -> Self {
        TailSampling {
            rest: Threshold::of_ratio(ratio),
            slow: Some(Duration::from_secs(10)),
            max_bytes: 64 << 20,
            max_spans: 100_000,
            max_trace_spans: 10_000,
            agree: Agree::AtCollector,
            agree_within: None,
        }
    }

    /// What is slow: the time from the beginning of the trace's root in this process to its end. Ten seconds unless told otherwise.
    /// It is also how long spans of a running trace are held at most.
    pub fn slow(mut self, after: Duration) -> Self {
        self.slow = Some(after.min(LONGEST));
        self
    }

    /// Nothing is kept for being slow.
    pub fn slow_is_no_reason(mut self) -> Self {
        self.slow = None;
        self
    }

    /// Memory for spans that are held, about, and as much again for what is kept and waits for room in the queue. 64 MiB unless told
    /// otherwise.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Spans that are held. 100,000 unless told otherwise.
    pub fn max_spans(mut self, spans: usize) -> Self {
        self.max_spans = spans;
        self
    }

    /// Spans that are held of one trace. 10,000 unless told otherwise.
    pub fn max_trace_spans(mut self, spans: usize) -> Self {
        self.max_trace_spans = spans;
        self
    }

    /// The Bennu server to ask, when it is not where spans are sent over HTTP: `http://localhost:6006`, and its token if it has one. What
    /// the collector is sent in headers is not for it.
    pub fn agree_at(mut self, server: impl Into<String>, token: Option<&str>) -> Self {
        self.agree = Agree::At { server: server.into(), token: token.map(str::to_owned) };
        self
    }

    /// Asks nobody: each service keeps what it sees itself.
    pub fn alone(mut self) -> Self {
        self.agree = Agree::Alone;
        self
    }

    /// How long after its end a trace of several services is held for the others. It has to be as long as the others may take to
    /// know; five seconds more than what is slow unless told otherwise.
    pub fn agree_within(mut self, window: Duration) -> Self {
        self.agree_within = Some(window.min(LONGEST));
        self
    }

    pub(super) fn window(&self) -> Duration {
        const MORE: Duration = Duration::from_secs(5);
        const WITHOUT_SLOW: Duration = Duration::from_secs(10);
        self.agree_within.unwrap_or_else(|| self.slow.unwrap_or(WITHOUT_SLOW) + MORE)
    }
}

/// Why a trace is kept: what was known first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Error,
    Slow,
    Flagged,
    Elsewhere,
    Probability,
}

impl Reason {
    /// Value of `sampling.reason`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Reason::Error => "error",
            Reason::Slow => "slow",
            Reason::Flagged => "flagged",
            Reason::Elsewhere => "elsewhere",
            Reason::Probability => "probability",
        }
    }
}

/// What tail sampling decided so far. Traces are this process's part of them.
///
/// While a healthy program runs the `cut_…`, `kept_incomplete`, `unasked` and `untold` are zero; that they grow means that a bound is too
/// tight or that the server to agree at is away. `late_…` are ordinary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamplingStats {
    /// Traces kept because a span failed.
    pub kept_error: u64,
    /// Traces kept because they were slow.
    pub kept_slow: u64,
    /// Traces kept because `keep_trace` was called.
    pub kept_flagged: u64,
    /// Traces kept because another service keeps them.
    pub kept_elsewhere: u64,
    /// Traces kept by probability.
    pub kept_probability: u64,
    /// Traces not kept, by probability.
    pub dropped: u64,
    /// Traces decided on before their end, by probability alone: more bytes were held than may be.
    pub cut_bytes: u64,
    /// The same: more spans were held than may be.
    pub cut_spans: u64,
    /// The same: more spans of one trace.
    pub cut_trace_spans: u64,
    /// The same: ten minutes had passed, where nothing is slow.
    pub cut_age: u64,
    /// The same: the program ended.
    pub cut_shutdown: u64,
    /// Of traces that were cut and not kept: spans that were let go.
    pub cut_spans_lost: u64,
    /// Traces that were cut and turned out to be an error or slow: what came from there on is kept.
    pub kept_incomplete: u64,
    /// Spans that ended after it was decided to keep their trace, and went the same way.
    pub late_kept: u64,
    /// Spans that ended after it was decided not to keep their trace.
    pub late_dropped: u64,
    /// Traces of several services decided on without the others: nobody answered, or there was no room or time to wait.
    pub unasked: u64,
    /// Traces that other services were not told of: more were kept than could be.
    pub untold: u64,
    /// Bytes held now, about.
    pub held_bytes: usize,
    /// Spans held now.
    pub held_spans: usize,
    /// The most bytes that were ever held.
    pub held_bytes_most: usize,
    /// Bytes of what is kept and waits for room in the queue, about.
    pub sending_bytes: usize,
}

impl SamplingStats {
    pub(super) fn count(&mut self, reason: Reason) {
        *match reason {
            Reason::Error => &mut self.kept_error,
            Reason::Slow => &mut self.kept_slow,
            Reason::Flagged => &mut self.kept_flagged,
            Reason::Elsewhere => &mut self.kept_elsewhere,
            Reason::Probability => &mut self.kept_probability,
        } += 1;
    }
}
