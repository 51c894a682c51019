//! What was sent, remembered within a bound, so that reads ask for what is there.

use crate::words::Random;

/// Traces kept of all that were sent, each with the same chance.
const KEPT: usize = 2_000;
/// Traces of so many spans are wide, and rare: they are kept apart.
const WIDE_SPANS: usize = 10_000;
const KEPT_WIDE: usize = 50;

/// A trace all of whose spans were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTrace {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// The root span's name.
    pub name: String,
    /// `session.id`
    pub session: String,
    /// `user.id`
    pub user: String,
    /// `service.name`
    pub service: String,
    /// The model of its calls.
    pub model: String,
    /// A word of the root's `input.value`, one of the rarer.
    pub word: String,
    /// From the root's start to its end.
    pub duration_ms: u64,
    /// Spans.
    pub spans: usize,
    /// Whether one of them failed.
    pub failed: bool,
}

/// Some of the traces that were sent, chosen by the seed.
#[derive(Debug)]
pub struct Sample {
    /// Any.
    pub traces: Vec<SentTrace>,
    /// Those of 10,000 spans and more.
    pub wide: Vec<SentTrace>,
    /// Traces sent whole so far.
    pub seen: usize,
    seen_wide: usize,
    random: Random,
}

impl Sample {
    pub(crate) fn new(seed: u64) -> Self {
        // A stream of its own: what is sampled must not change what is generated.
        let random = Random::new(seed ^ 0x5a5a_5a5a);
        Sample { traces: Vec::new(), wide: Vec::new(), seen: 0, seen_wide: 0, random }
    }

    pub(crate) fn offer(&mut self, trace: SentTrace) {
        if trace.spans >= WIDE_SPANS {
            self.seen_wide += 1;
            keep(&mut self.wide, KEPT_WIDE, self.seen_wide, &mut self.random, trace);
        } else {
            self.seen += 1;
            keep(&mut self.traces, KEPT, self.seen, &mut self.random, trace);
        }
    }
}

/// Reservoir sampling: the `seen`-th of a stream takes a place with the chance `room / seen`.
fn keep(kept: &mut Vec<SentTrace>, room: usize, seen: usize, random: &mut Random, trace: SentTrace) {
    if kept.len() < room {
        kept.push(trace);
    } else if let Some(place) = kept.get_mut(random.below(seen)) {
        *place = trace;
    }
}
