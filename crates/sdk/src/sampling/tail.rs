//! Local traces, held until it is known what they are. No threads and no clocks in here: who calls says what time it is.
//!
//! A local trace is what one process sees of a trace: from the first of its spans without a parent here until the last of these
//! ends. It is in one place at a time: `open`, `waiting` (for what other services say), or gone and remembered in `kept` or `dropped`.
//! A span that belongs to none of them (its trace was cut at a bound, or is forgotten) is judged alone.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use opentelemetry::trace::{SpanContext, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::{
    memory::Memory,
    probability::{Said, Threshold},
    rules::{Reason, SamplingStats, TailSampling},
    span::{Kept, is_error, is_root, marked, size_bytes},
};

/// What a trace costs that holds no span.
const TRACE_BYTES: usize = 256;
/// How long a trace is held where nothing is slow.
const MAX_AGE: Duration = Duration::from_secs(600);
/// Decisions that are remembered, of each kind.
const REMEMBERED: usize = 65_536;
/// How often somebody is asked about a trace who does not answer.
const MAX_ASKED: u8 = 3;

/// The order in which traces are let go when there is no room: those that probability does not keep come first, the oldest of them
/// first. Those that it keeps come last, so that one that fails later is not counted a hundred times.
type Place = (bool, u64);

#[derive(Debug)]
struct Local {
    place: Place,
    began: Instant,
    /// Spans without a parent here that have not ended.
    roots: usize,
    held: Vec<SpanData>,
    bytes: usize,
    /// Under which threshold it is recorded.
    records: Threshold,
    /// Whether another service may know of it.
    crosses: bool,
    /// When others are asked.
    waits_until: Option<Instant>,
    asked: u8,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Tail {
    rules: TailSampling,
    /// Whether there is somebody who knows what other services keep.
    pub(super) agrees: bool,
    traces: HashMap<TraceId, Local>,
    open: BTreeMap<Place, TraceId>,
    waiting: BTreeMap<Place, TraceId>,
    kept: Memory<Kept>,
    dropped: Memory<()>,
    /// When to ask about traces that wait, about in order. Those that do not wait any more are passed over.
    due: VecDeque<(Instant, TraceId)>,
    /// Traces that others are to be told of.
    news: Vec<TraceId>,
    next: u64,
    pub(super) stats: SamplingStats,
}

impl Tail {
    pub(super) fn new(rules: TailSampling, agrees: bool) -> Self {
        Tail {
            rules,
            agrees,
            traces: HashMap::new(),
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            kept: Memory::new(REMEMBERED),
            dropped: Memory::new(REMEMBERED),
            due: VecDeque::new(),
            news: Vec::new(),
            next: 0,
            stats: SamplingStats::default(),
        }
    }

    /// A span without a parent in this process begins. `crosses`: its parent's service samples by the tail, too.
    pub(super) fn begin(&mut self, span: &SpanContext, crosses: bool, now: Instant, out: &mut Vec<SpanData>) {
        let trace = span.trace_id();
        if let Some(local) = self.traces.get_mut(&trace) {
            local.roots += 1;
            local.crosses |= crosses;
            if local.waits_until.take().is_some() {
                let place = local.place;
                self.waiting.remove(&place);
                self.open.insert(place, trace);
            }
            return;
        }
        if self.kept.get(trace).is_some() {
            return;
        }
        let place = (span.is_sampled(), self.next);
        self.next += 1;
        let records = Said::by(span.trace_state()).pending.unwrap_or(Threshold::ALL);
        let local = Local {
            place,
            began: now,
            roots: 1,
            held: Vec::new(),
            bytes: TRACE_BYTES,
            records,
            crosses,
            waits_until: None,
            asked: 0,
        };
        self.stats.held_bytes += local.bytes;
        self.traces.insert(trace, local);
        self.open.insert(place, trace);
        self.make_room(out);
    }

    /// A span ends. What is to be sent now is added to `out`.
    pub(super) fn end(&mut self, span: SpanData, now: Instant, out: &mut Vec<SpanData>) {
        let trace = span.span_context.trace_id();
        let root = is_root(&span);
        let reason = self.reason(&span, root);
        if !self.traces.contains_key(&trace) {
            return self.end_alone(span, reason, out);
        }
        self.hold(trace, span);
        match reason {
            Some(reason) => self.keep(trace, reason, out),
            None => self.keep_bounds(trace, out),
        }
        let Some(local) = self.traces.get_mut(&trace) else { return };
        if root {
            local.roots = local.roots.saturating_sub(1);
        }
        if local.roots > 0 || local.waits_until.is_some() {
            return;
        }
        if local.crosses && self.agrees {
            let until = now + self.rules.window();
            local.waits_until = Some(until);
            let place = local.place;
            self.open.remove(&place);
            self.waiting.insert(place, trace);
            self.due.push_back((until, trace));
            self.forget_due();
        } else {
            self.toss(trace, out);
        }
    }

    /// The current trace is to be kept, whatever becomes of it. False if it is too late for that.
    pub(super) fn flag(&mut self, span: &SpanContext, out: &mut Vec<SpanData>) -> bool {
        let trace = span.trace_id();
        if self.traces.contains_key(&trace) {
            self.keep(trace, Reason::Flagged, out);
        } else if self.kept.get(trace).is_none() {
            let pending = Said::by(span.trace_state()).pending;
            let Some(threshold) = pending.filter(|_| self.dropped.get(trace).is_none()) else { return false };
            self.stats.kept_incomplete += 1;
            self.remember(trace, Kept { reason: Reason::Flagged, threshold }, true);
        }
        true
    }

    /// The trace goes to another service.
    #[cfg(any(feature = "http", test))]
    pub(super) fn cross(&mut self, trace: TraceId) {
        if let Some(local) = self.traces.get_mut(&trace) {
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
            while let Some((_, trace)) = self.open.range((lucky, 0)..=(lucky, u64::MAX)).next() {
                let trace = *trace;
                if self.traces.get(&trace).is_none_or(|local| now.duration_since(local.began) < max_age) {
                    break;
                }
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
    pub(super) fn exchange(&mut self, now: Instant, max: usize) -> (Vec<TraceId>, Vec<TraceId>) {
        let news = self.news.drain(..self.news.len().min(max)).collect();
        let mut asks = Vec::new();
        while asks.len() < max {
            let Some((until, trace)) = self.due.front().copied().filter(|(until, _)| *until <= now) else {
                break;
            };
            self.due.pop_front();
            if self.traces.get(&trace).is_some_and(|local| local.waits_until == Some(until)) {
                asks.push(trace);
            }
        }
        (news, asks)
    }

    /// What was heard about the traces asked about: those that others keep, or nothing, if nobody answered.
    pub(super) fn heard(
        &mut self,
        told: Vec<TraceId>,
        asked: &[TraceId],
        keep: Option<&HashSet<TraceId>>,
        now: Instant,
        out: &mut Vec<SpanData>,
    ) {
        const PAUSE: Duration = Duration::from_secs(1);
        if keep.is_none() {
            let room = REMEMBERED.saturating_sub(self.news.len());
            self.news.extend(told.into_iter().take(room));
        }
        for trace in asked {
            // It may have been decided on meanwhile, or have begun anew.
            let Some(local) = self.traces.get_mut(trace).filter(|local| local.waits_until.is_some()) else {
                continue;
            };
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

    /// Nobody is there to agree with: traces that wait are decided on as they are.
    pub(super) fn give_up_agreeing(&mut self, out: &mut Vec<SpanData>) {
        self.agrees = false;
        self.news.clear();
        let waiting: Vec<TraceId> = self.waiting.values().copied().collect();
        for trace in waiting {
            self.stats.unasked += 1;
            self.toss(trace, out);
        }
    }

    /// The program ends: what is still open is decided on by what is known of it.
    pub(super) fn finish(&mut self, out: &mut Vec<SpanData>) {
        self.give_up_agreeing(out);
        let open: Vec<TraceId> = self.open.values().copied().collect();
        for trace in open {
            self.stats.cut_shutdown += 1;
            self.cut(trace, out);
        }
    }

    /// The program ends: whom there is time to ask about is asked about now, once.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.due.clear();
        for trace in self.waiting.values() {
            if let Some(local) = self.traces.get_mut(trace) {
                local.waits_until = Some(now);
                self.due.push_back((now, *trace));
            }
        }
    }

    /// Traces that were let go for want of room do not have to be asked about.
    fn forget_due(&mut self) {
        const SOME: usize = 1_024;
        if self.due.len() > 2 * self.waiting.len() + SOME {
            let waits = |local: &Local, until| local.waits_until == Some(until);
            let traces = &self.traces;
            self.due.retain(|(until, trace)| traces.get(trace).is_some_and(|local| waits(local, *until)));
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

    fn hold(&mut self, trace: TraceId, span: SpanData) {
        let Some(local) = self.traces.get_mut(&trace) else { return };
        let bytes = size_bytes(&span);
        local.bytes += bytes;
        local.held.push(span);
        self.stats.held_bytes += bytes;
        self.stats.held_spans += 1;
    }

    fn keep_bounds(&mut self, trace: TraceId, out: &mut Vec<SpanData>) {
        if self.traces.get(&trace).is_some_and(|local| local.held.len() > self.rules.max_trace_spans) {
            self.stats.cut_trace_spans += 1;
            self.cut(trace, out);
        }
        self.make_room(out);
    }

    fn make_room(&mut self, out: &mut Vec<SpanData>) {
        loop {
            let full_bytes = self.stats.held_bytes > self.rules.max_bytes;
            if !full_bytes && self.stats.held_spans <= self.rules.max_spans {
                break;
            }
            let unlucky = |places: &BTreeMap<Place, TraceId>| {
                places.first_key_value().filter(|(place, _)| !place.0).map(|(_, trace)| *trace)
            };
            let first = |places: &BTreeMap<Place, TraceId>| places.values().next().copied();
            let trace = unlucky(&self.waiting)
                .or_else(|| unlucky(&self.open))
                .or_else(|| first(&self.waiting))
                .or_else(|| first(&self.open));
            let Some(trace) = trace else { break };
            if full_bytes {
                self.stats.cut_bytes += 1;
            } else {
                self.stats.cut_spans += 1;
            }
            self.cut(trace, out);
        }
        self.stats.held_bytes_most = self.stats.held_bytes_most.max(self.stats.held_bytes);
    }

    /// There is no room or no time for this trace: probability decides, about what is held and what comes, unless an error comes.
    fn cut(&mut self, trace: TraceId, out: &mut Vec<SpanData>) {
        let Some(local) = self.traces.get(&trace) else { return };
        if local.waits_until.is_some() {
            self.stats.unasked += 1;
            self.toss(trace, out);
        } else if local.place.0 {
            self.keep(trace, Reason::Probability, out);
        } else if let Some(local) = self.remove(trace) {
            self.stats.cut_spans_lost += local.held.len() as u64;
        }
    }

    /// The trace is over and nothing keeps it but chance.
    fn toss(&mut self, trace: TraceId, out: &mut Vec<SpanData>) {
        if self.traces.get(&trace).is_some_and(|local| local.place.0) {
            self.keep(trace, Reason::Probability, out);
        } else if self.remove(trace).is_some() {
            self.stats.dropped += 1;
            self.dropped.put(trace, ());
        }
    }

    fn keep(&mut self, trace: TraceId, reason: Reason, out: &mut Vec<SpanData>) {
        let Some(local) = self.remove(trace) else { return };
        let threshold = match reason {
            Reason::Probability => self.rules.rest.max(local.records),
            _ => local.records,
        };
        let kept = Kept { reason, threshold };
        out.extend(local.held.into_iter().map(|span| marked(span, kept, false)));
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
        if self.agrees && self.news.len() < REMEMBERED {
            self.news.push(trace);
        }
    }

    fn remove(&mut self, trace: TraceId) -> Option<Local> {
        let local = self.traces.remove(&trace)?;
        self.open.remove(&local.place);
        self.waiting.remove(&local.place);
        self.stats.held_bytes -= local.bytes;
        self.stats.held_spans -= local.held.len();
        Some(local)
    }

    /// A span whose trace is not held: decided on already, cut, or forgotten.
    fn end_alone(&mut self, span: SpanData, reason: Option<Reason>, out: &mut Vec<SpanData>) {
        let trace = span.span_context.trace_id();
        if let Some(kept) = self.kept.get(trace) {
            self.stats.late_kept += 1;
            out.push(marked(span, kept, false));
            return;
        }
        if self.dropped.get(trace).is_some() {
            self.stats.late_dropped += 1;
            return;
        }
        let records = Said::by(span.span_context.trace_state()).pending.unwrap_or(Threshold::ALL);
        let kept = match reason {
            Some(reason) => Kept { reason, threshold: records },
            None if span.span_context.is_sampled() => {
                Kept { reason: Reason::Probability, threshold: self.rules.rest.max(records) }
            }
            None => {
                self.stats.cut_spans_lost += 1;
                return;
            }
        };
        self.stats.kept_incomplete += 1;
        self.remember(trace, kept, true);
        out.push(marked(span, kept, true));
    }
}

#[cfg(test)]
#[path = "tail_tests.rs"]
mod tests;
