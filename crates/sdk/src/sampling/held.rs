//! Local traces that are held: their spans, whether they run or wait for other services, and the order in which they are let go.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use opentelemetry::trace::{SpanContext, SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::{
    probability::{Said, Threshold},
    span::size_bytes,
};

/// What a trace costs that holds no span.
pub(super) const TRACE_BYTES: usize = 256;

/// A local trace: what this process has seen of a trace, and nobody has decided about.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) spans: Vec<SpanData>,
    /// Under which threshold it is recorded.
    pub(super) records: Threshold,
    /// Whether probability keeps it if nothing else does.
    pub(super) lucky: bool,
    /// Whether another service may know of it.
    pub(super) crosses: bool,
    /// When others are asked; it waits for that.
    pub(super) waits_until: Option<Instant>,
    /// How often they were.
    pub(super) asked: u8,
    bytes: usize,
    /// Spans without a parent here that have not ended, and when they began.
    roots: Vec<(SpanId, Instant)>,
    place: Place,
}

/// Since when, and a number that tells those of the same moment apart.
type Place = (Instant, u64);

/// In order of time, first those that probability does not keep, then those that it keeps.
#[derive(Debug, Default)]
struct Places([BTreeMap<Place, TraceId>; 2]);

impl Places {
    fn insert(&mut self, lucky: bool, place: Place, trace: TraceId) {
        self.0[usize::from(lucky)].insert(place, trace);
    }

    fn remove(&mut self, lucky: bool, place: Place) {
        self.0[usize::from(lucky)].remove(&place);
    }

    fn first(&self, lucky: bool) -> Option<(Instant, TraceId)> {
        self.0[usize::from(lucky)].first_key_value().map(|(place, trace)| (place.0, *trace))
    }

    fn all(&self) -> impl Iterator<Item = TraceId> {
        self.0.iter().flat_map(BTreeMap::values).copied()
    }

    fn len(&self) -> usize {
        self.0.iter().map(BTreeMap::len).sum()
    }
}

/// All of them. Each is in `open` or in `waiting`.
#[derive(Debug, Default)]
pub(super) struct Held {
    traces: HashMap<TraceId, Local>,
    open: Places,
    waiting: Places,
    next: u64,
    pub(super) bytes: usize,
    pub(super) spans: usize,
}

impl Held {
    pub(super) fn contains(&self, trace: TraceId) -> bool {
        self.traces.contains_key(&trace)
    }

    pub(super) fn get(&self, trace: TraceId) -> Option<&Local> {
        self.traces.get(&trace)
    }

    /// What decides its place is private to this room.
    pub(super) fn get_mut(&mut self, trace: TraceId) -> Option<&mut Local> {
        self.traces.get_mut(&trace)
    }

    /// A span without a parent here begins. One that comes while its trace waits makes it an open one again.
    pub(super) fn begin(&mut self, span: &SpanContext, crosses: bool, now: Instant) {
        let trace = span.trace_id();
        self.next += 1;
        let place = (now, self.next);
        let local = self.traces.entry(trace).or_insert_with(|| {
            self.bytes += TRACE_BYTES;
            Local {
                spans: Vec::new(),
                records: Said::by(span.trace_state()).pending.unwrap_or(Threshold::ALL),
                lucky: span.is_sampled(),
                crosses: false,
                waits_until: None,
                asked: 0,
                bytes: TRACE_BYTES,
                roots: Vec::new(),
                place,
            }
        });
        local.crosses |= crosses;
        if local.waits_until.take().is_some() {
            self.waiting.remove(local.lucky, local.place);
        }
        if local.roots.is_empty() {
            local.place = place;
            self.open.insert(local.lucky, place, trace);
        }
        local.roots.push((span.span_id(), now));
    }

    pub(super) fn hold(&mut self, span: SpanData) {
        let Some(local) = self.traces.get_mut(&span.span_context.trace_id()) else { return };
        let bytes = size_bytes(&span);
        local.bytes += bytes;
        local.spans.push(span);
        self.bytes += bytes;
        self.spans += 1;
    }

    /// A span without a parent here has ended: whether the trace is over. What began before the trace was cut at a bound and began
    /// anew is no root of this one.
    pub(super) fn end_root(&mut self, trace: TraceId, span: SpanId) -> bool {
        let Some(local) = self.traces.get_mut(&trace).filter(|local| local.waits_until.is_none()) else {
            return false;
        };
        local.roots.retain(|(root, _)| *root != span);
        let Some((_, began)) = local.roots.first() else { return true };
        // The oldest that is open says how long it has been running.
        if *began != local.place.0 {
            self.open.remove(local.lucky, local.place);
            local.place.0 = *began;
            self.open.insert(local.lucky, local.place, trace);
        }
        false
    }

    /// The trace waits for what other services say.
    pub(super) fn wait(&mut self, trace: TraceId, until: Instant) {
        let Some(local) = self.traces.get_mut(&trace) else { return };
        local.waits_until = Some(until);
        self.open.remove(local.lucky, local.place);
        self.waiting.insert(local.lucky, local.place, trace);
    }

    /// The trace that has been running for longest, of those that probability keeps or of the others.
    pub(super) fn oldest(&self, lucky: bool) -> Option<(Instant, TraceId)> {
        self.open.first(lucky)
    }

    /// Which is to go when there is no room: one that probability does not keep before one that it keeps, so that one that fails
    /// later is not counted a hundred times; one that is over before one that runs; the oldest.
    pub(super) fn first_to_go(&self) -> Option<TraceId> {
        let places = |lucky| self.waiting.first(lucky).or_else(|| self.open.first(lucky));
        places(false).or_else(|| places(true)).map(|(_, trace)| trace)
    }

    pub(super) fn remove(&mut self, trace: TraceId) -> Option<Local> {
        let local = self.traces.remove(&trace)?;
        self.open.remove(local.lucky, local.place);
        self.waiting.remove(local.lucky, local.place);
        self.bytes -= local.bytes;
        self.spans -= local.spans.len();
        Some(local)
    }

    pub(super) fn waiting(&self) -> Vec<TraceId> {
        self.waiting.all().collect()
    }

    pub(super) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn open(&self) -> Vec<TraceId> {
        self.open.all().collect()
    }

    /// Whether what is counted is what is there; for tests.
    #[cfg(test)]
    pub(super) fn check(&self) {
        assert_eq!(self.open.len() + self.waiting.len(), self.traces.len());
        assert_eq!(self.traces.values().map(|local| local.bytes).sum::<usize>(), self.bytes);
        assert_eq!(self.traces.values().map(|local| local.spans.len()).sum::<usize>(), self.spans);
    }
}
