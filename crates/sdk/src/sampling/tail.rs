//! Decides about local traces when it is known what they are. No threads and no clocks in here: who calls says what time it is.
//!
//! A local trace is what one process sees of a trace: from the first of its spans without a parent here until the last of these
//! ends. It is held (`held.rs`) until it is decided on, then remembered in `kept` or `dropped`. A span whose trace is none of these (it was
//! cut at a bound, or is forgotten) is judged alone.

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use opentelemetry::trace::{SpanContext, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::{
    held::Held,
    memory::Memory,
    probability::{Said, Threshold},
    rules::{Reason, SamplingStats, TailSampling},
    span::{Kept, is_error, is_root, marked},
};

/// How long a trace is held where nothing is slow.
const MAX_AGE: Duration = Duration::from_secs(600);
/// Decisions that are remembered, of each kind.
const REMEMBERED: usize = 65_536;
/// How often somebody is asked about a trace who does not answer.
const MAX_ASKED: u8 = 3;
/// Until they are asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// A trace to ask about, and since when that is due.
pub(super) type Ask = (Instant, TraceId);

/// See the module.
#[derive(Debug)]
pub(super) struct Tail {
    rules: TailSampling,
    /// Whether there is somebody who knows what other services keep.
    pub(super) agrees: bool,
    held: Held,
    kept: Memory<Kept>,
    dropped: Memory<()>,
    /// When to ask about traces that wait, about in order. Those that do not wait any more are passed over.
    due: VecDeque<Ask>,
    /// Traces that others are to be told of.
    news: Vec<TraceId>,
    stats: SamplingStats,
}

impl Tail {
    pub(super) fn new(rules: TailSampling, agrees: bool) -> Self {
        Tail {
            rules,
            agrees,
            held: Held::default(),
            kept: Memory::new(REMEMBERED),
            dropped: Memory::new(REMEMBERED),
            due: VecDeque::new(),
            news: Vec::new(),
            stats: SamplingStats::default(),
        }
    }

    pub(super) fn stats(&self) -> SamplingStats {
        SamplingStats { held_bytes: self.held.bytes, held_spans: self.held.spans, ..self.stats }
    }

    /// A span without a parent in this process begins. `crosses`: it has one in another.
    pub(super) fn begin(&mut self, span: &SpanContext, crosses: bool, now: Instant, out: &mut Vec<SpanData>) {
        let trace = span.trace_id();
        // One that chance has kept may have a better reason this time, and one that was dropped a first one.
        let decided = |kept: Kept| kept.reason != Reason::Probability;
        if !self.held.contains(trace) && self.kept.get(trace).is_some_and(decided) {
            return;
        }
        self.dropped.forget(trace);
        self.held.begin(span, crosses, now);
        self.make_room(out);
    }

    /// A span ends. What is to be sent now is added to `out`.
    pub(super) fn end(&mut self, span: SpanData, now: Instant, out: &mut Vec<SpanData>) {
        let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
        let root = is_root(&span);
        let reason = self.reason(&span, root);
        if !self.held.contains(trace) {
            return self.end_alone(span, reason, out);
        }
        self.held.hold(span);
        match reason {
            Some(reason) => self.keep(trace, reason, out),
            None => self.keep_bounds(trace, out),
        }
        if !root || !self.held.end_root(trace, id) {
            return;
        }
        if self.agrees && self.held.get(trace).is_some_and(|local| local.crosses) {
            let until = now + self.rules.window();
            self.held.wait(trace, until);
            self.due.push_back((until, trace));
            self.forget_due();
        } else {
            self.toss(trace, out);
        }
    }

    /// The current trace is to be kept, whatever becomes of it. False if it is too late for that.
    pub(super) fn flag(&mut self, span: &SpanContext, out: &mut Vec<SpanData>) -> bool {
        let trace = span.trace_id();
        if self.held.contains(trace) {
            self.keep(trace, Reason::Flagged, out);
        } else if self.kept.get(trace).is_none_or(Kept::may_change) {
            let pending = Said::by(span.trace_state()).pending;
            let Some(threshold) = pending.filter(|_| self.dropped.get(trace).is_none()) else { return false };
            self.stats.kept_incomplete += 1;
            self.remember(trace, Kept { reason: Reason::Flagged, threshold, cut: true }, true);
        }
        true
    }

    /// The trace goes to another service.
    #[cfg(any(feature = "http", test))]
    pub(super) fn cross(&mut self, trace: TraceId) {
        if let Some(local) = self.held.get_mut(trace) {
            local.crosses = true;
        } else if self.kept.get(trace).is_some_and(|kept| kept.reason != Reason::Probability) {
            // Once more, for who is called late in a long trace: the others do not remember for ever.
            self.tell(trace);
        }
    }

    /// Time passes: what has become slow is kept, what is too old is cut.
    pub(super) fn tick(&mut self, now: Instant, out: &mut Vec<SpanData>) {
        let max_age = self.rules.slow.unwrap_or(MAX_AGE);
        for lucky in [false, true] {
            while let Some((began, trace)) = self.held.oldest(lucky)
                && now.saturating_duration_since(began) >= max_age
            {
                if self.rules.slow.is_some() {
                    self.keep(trace, Reason::Slow, out);
                } else {
                    self.stats.cut_age += 1;
                    self.cut(trace, out);
                }
            }
        }
    }

    /// Traces to tell others of, and traces to ask about, at most so many of each.
    pub(super) fn exchange(&mut self, now: Instant, max: usize) -> (Vec<TraceId>, Vec<Ask>) {
        let news = self.news.drain(..self.news.len().min(max)).collect();
        let mut asks = Vec::new();
        while asks.len() < max {
            let Some(ask) = self.due.front().copied().filter(|(until, _)| *until <= now) else { break };
            self.due.pop_front();
            if self.waits(ask) {
                asks.push(ask);
            }
        }
        (news, asks)
    }

    /// What was heard about the traces asked about: those that others keep, or nothing, if nobody answered.
    pub(super) fn heard(
        &mut self,
        told: Vec<TraceId>,
        asked: &[Ask],
        keep: Option<&HashSet<TraceId>>,
        now: Instant,
        out: &mut Vec<SpanData>,
    ) {
        if keep.is_none() {
            told.into_iter().for_each(|trace| self.tell(trace));
        }
        for (until, trace) in asked {
            // It may have been decided on meanwhile, or have begun anew.
            let local = self.held.get_mut(*trace).filter(|local| local.waits_until == Some(*until));
            let Some(local) = local else { continue };
            local.asked += 1;
            match keep {
                Some(keep) if keep.contains(trace) => self.keep(*trace, Reason::Elsewhere, out),
                Some(_) => self.toss(*trace, out),
                None if local.asked < MAX_ASKED => {
                    local.waits_until = Some(now + PAUSE);
                    self.due.push_front((now + PAUSE, *trace));
                }
                None => {
                    self.stats.unasked += 1;
                    self.toss(*trace, out);
                }
            }
        }
    }

    /// Nobody is there to agree with now: traces that wait are decided on as they are.
    pub(super) fn give_up_agreeing(&mut self, out: &mut Vec<SpanData>) {
        self.agrees = false;
        self.news.clear();
        for trace in self.held.waiting() {
            self.stats.unasked += 1;
            self.toss(trace, out);
        }
    }

    /// The program ends: what is still open is decided on by what is known of it.
    pub(super) fn finish(&mut self, out: &mut Vec<SpanData>) {
        self.give_up_agreeing(out);
        for trace in self.held.open() {
            self.stats.cut_shutdown += 1;
            self.cut(trace, out);
        }
    }

    /// The program ends: whom there is time to ask about is asked about now, once.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.due.clear();
        for trace in self.held.waiting() {
            if let Some(local) = self.held.get_mut(trace) {
                local.waits_until = Some(now);
                self.due.push_back((now, trace));
            }
        }
    }

    fn waits(&self, (until, trace): Ask) -> bool {
        self.held.get(trace).is_some_and(|local| local.waits_until == Some(until))
    }

    /// Traces that were let go for want of room do not have to be asked about.
    fn forget_due(&mut self) {
        const SOME: usize = 1_024;
        if self.due.len() > 2 * self.held.waiting_count() + SOME {
            let due = std::mem::take(&mut self.due);
            self.due = due.into_iter().filter(|ask| self.waits(*ask)).collect();
        }
    }

    /// What in this span keeps its trace.
    fn reason(&self, span: &SpanData, root: bool) -> Option<Reason> {
        let took = || span.end_time.duration_since(span.start_time).unwrap_or_default();
        if is_error(span) {
            Some(Reason::Error)
        } else if root && self.rules.slow.is_some_and(|slow| took() >= slow) {
            Some(Reason::Slow)
        } else {
            None
        }
    }

    fn keep_bounds(&mut self, trace: TraceId, out: &mut Vec<SpanData>) {
        if self.held.get(trace).is_some_and(|local| local.spans.len() > self.rules.max_trace_spans) {
            self.stats.cut_trace_spans += 1;
            self.cut(trace, out);
        }
        self.make_room(out);
    }

    fn make_room(&mut self, out: &mut Vec<SpanData>) {
        loop {
            let full_bytes = self.held.bytes > self.rules.max_bytes;
            if !full_bytes && self.held.spans <= self.rules.max_spans {
                break;
            }
            let Some(trace) = self.held.first_to_go() else { break };
            if full_bytes {
                self.stats.cut_bytes += 1;
            } else {
                self.stats.cut_spans += 1;
            }
            self.cut(trace, out);
        }
        self.stats.held_bytes_most = self.stats.held_bytes_most.max(self.held.bytes);
    }

    /// There is no room or no time for this trace: probability decides, about what is held and what comes, unless an error comes.
    fn cut(&mut self, trace: TraceId, out: &mut Vec<SpanData>) {
        let Some(local) = self.held.get(trace) else { return };
        if local.crosses && self.agrees {
            self.stats.unasked += 1;
        }
        if local.waits_until.is_some() {
            self.toss(trace, out);
        } else if local.lucky {
            self.keep_as(trace, Reason::Probability, true, out);
        } else if let Some(local) = self.held.remove(trace) {
            self.stats.cut_spans_lost += local.spans.len() as u64;
        }
    }

    /// The trace is over and nothing keeps it but chance.
    fn toss(&mut self, trace: TraceId, out: &mut Vec<SpanData>) {
        if self.held.get(trace).is_some_and(|local| local.lucky) {
            self.keep(trace, Reason::Probability, out);
        } else if self.held.remove(trace).is_some() {
            self.stats.dropped += 1;
            self.dropped.put(trace, ());
        }
    }

    fn keep(&mut self, trace: TraceId, reason: Reason, out: &mut Vec<SpanData>) {
        self.keep_as(trace, reason, false, out);
    }

    fn keep_as(&mut self, trace: TraceId, reason: Reason, cut: bool, out: &mut Vec<SpanData>) {
        let Some(local) = self.held.remove(trace) else { return };
        let threshold = match reason {
            Reason::Probability => self.rules.rest.max(local.records),
            _ => local.records,
        };
        let kept = Kept { reason, threshold, cut };
        out.extend(local.spans.into_iter().map(|span| marked(span, kept)));
        self.remember(trace, kept, local.crosses);
    }

    fn remember(&mut self, trace: TraceId, kept: Kept, crosses: bool) {
        self.stats.count(kept.reason);
        self.kept.put(trace, kept);
        if crosses && !matches!(kept.reason, Reason::Probability | Reason::Elsewhere) {
            self.tell(trace);
        }
    }

    fn tell(&mut self, trace: TraceId) {
        if !self.agrees {
        } else if self.news.len() < REMEMBERED {
            self.news.push(trace);
        } else {
            self.stats.untold += 1;
        }
    }

    /// A span whose trace is not held: decided on already, cut, or forgotten.
    fn end_alone(&mut self, span: SpanData, reason: Option<Reason>, out: &mut Vec<SpanData>) {
        let trace = span.span_context.trace_id();
        let kept = self.kept.get(trace);
        // One that was cut and that chance kept is like one that was cut and that it did not: what fails from there on is certain.
        let kept = kept.filter(|kept| !kept.may_change() || reason.is_none());
        if let Some(kept) = kept {
            self.stats.late_kept += 1;
            out.push(marked(span, kept));
            return;
        }
        if self.dropped.get(trace).is_some() {
            self.stats.late_dropped += 1;
            return;
        }
        let said = Said::by(span.span_context.trace_state());
        // Below a parent that is not ours nothing is pending: somebody else decided.
        let (records, rest) = match said.pending {
            Some(records) => (records, self.rules.rest.max(records)),
            None => (said.kept.unwrap_or(Threshold::ALL), said.kept.unwrap_or(Threshold::ALL)),
        };
        let kept = match reason {
            Some(reason) => Kept { reason, threshold: records, cut: true },
            None if span.span_context.is_sampled() => {
                Kept { reason: Reason::Probability, threshold: rest, cut: true }
            }
            None => {
                self.stats.cut_spans_lost += 1;
                return;
            }
        };
        self.stats.kept_incomplete += 1;
        self.remember(trace, kept, true);
        out.push(marked(span, kept));
    }
}

#[cfg(test)]
#[path = "tail_tests.rs"]
mod tests;
