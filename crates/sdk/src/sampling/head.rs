//! The decision at a span's beginning: consistent with every sampler that reads `tracestate`.
//!
//! A trace that begins here is decided on by its own randomness. One that began elsewhere follows the decision made there. With
//! tail sampling everything that may still be kept is recorded, whatever this decision is; then it is what others are told, and what
//! counts if nothing happens that keeps the trace.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanContext, SpanKind, TraceContextExt, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use super::probability::{Said, Threshold, say};

/// Decides when a span begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    /// For traces that begin here; those it rejects are not recorded. Without it all are, and nothing is said about it.
    pub(crate) records: Option<Threshold>,
    /// With tail sampling: what becomes of traces that nothing else keeps.
    pub(crate) keeps: Option<Threshold>,
    /// Spans that nobody is to be sent are made nevertheless, to be measured.
    pub(crate) measures: bool,
}

impl Head {
    fn decide(&self, parent: Option<&SpanContext>, trace: TraceId) -> (SamplingDecision, TraceState) {
        let state = parent.map(SpanContext::trace_state).cloned().unwrap_or_default();
        match parent {
            None => {
                let records = self.records.unwrap_or(Threshold::ALL);
                if !records.keeps(Said::default().randomness(trace)) {
                    return (SamplingDecision::Drop, state);
                }
                self.recorded(records, trace, &state)
            }
            // Within a process the decision is made once.
            Some(parent) if !parent.is_remote() => {
                let pending = || Said::is_pending(&state);
                let decision = match parent.is_sampled() {
                    true => SamplingDecision::RecordAndSample,
                    false if self.keeps.is_some() && pending() => SamplingDecision::RecordOnly,
                    false => SamplingDecision::Drop,
                };
                (decision, state)
            }
            Some(parent) => {
                let said = Said::by(&state);
                match (self.keeps, said.pending) {
                    (Some(_), Some(pending)) => self.recorded(pending, trace, &state),
                    (Some(_), None) if parent.is_sampled() => {
                        self.recorded(said.kept.unwrap_or(Threshold::ALL), trace, &state)
                    }
                    (None, _) if parent.is_sampled() => (SamplingDecision::RecordAndSample, state),
                    // Who began the trace records nothing of it, and has nobody who could keep it later.
                    _ => (SamplingDecision::Drop, state),
                }
            }
        }
    }

    /// What a test records is recorded, however few traces the application keeps.
    fn within(self, _parent: &Context) -> Self {
        #[cfg(feature = "testing")]
        if crate::testing::is_recorded(_parent) {
            return Head { records: None, ..self };
        }
        self
    }

    /// A trace that is recorded under this threshold: whether it is kept if nothing more is known.
    fn recorded(
        &self,
        records: Threshold,
        trace: TraceId,
        state: &TraceState,
    ) -> (SamplingDecision, TraceState) {
        let Some(keeps) = self.keeps else {
            let kept = self.records.map(|_| records);
            return (SamplingDecision::RecordAndSample, say(state, kept, None));
        };
        let keeps = keeps.max(records);
        if keeps.keeps(Said::by(state).randomness(trace)) {
            (SamplingDecision::RecordAndSample, say(state, Some(keeps), Some(records)))
        } else {
            (SamplingDecision::RecordOnly, say(state, None, Some(records)))
        }
    }
}

impl ShouldSample for Head {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let head = parent.map_or(*self, |parent| self.within(parent));
        let parent =
            parent.map(|context| context.span().span_context().clone()).filter(SpanContext::is_valid);
        let (decision, trace_state) = head.decide(parent.as_ref(), trace);
        let decision = match decision {
            SamplingDecision::Drop if self.measures => SamplingDecision::RecordOnly,
            decision => decision,
        };
        SamplingResult { decision, attributes: Vec::new(), trace_state }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use opentelemetry::trace::{SpanId, TraceFlags};

    use super::*;

    const LOW: TraceId = TraceId::from_bytes([7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    const HIGH: TraceId = TraceId::from_bytes([7, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0]);

    fn parent(trace: TraceId, sampled: bool, remote: bool, state: &str) -> SpanContext {
        let state = TraceState::from_str(state).unwrap();
        SpanContext::new(trace, SpanId::from(1), TraceFlags::default().with_sampled(sampled), remote, state)
    }

    fn check(head: Head, parent: Option<SpanContext>, trace: TraceId) -> String {
        let (decision, state) = head.decide(parent.as_ref(), trace);
        format!("{decision:?} {}", state.header())
    }

    #[test]
    fn a_head_sampler_decides_on_its_own_traces_and_follows_others() {
        let head = Head { records: Some(Threshold::of_ratio(0.5)), keeps: None, measures: false };
        assert_eq!(check(head, None, LOW), "Drop ");
        assert_eq!(check(head, None, HIGH), "RecordAndSample ot=th:8");
        let remote = |sampled, state| Some(parent(LOW, sampled, true, state));
        assert_eq!(check(head, remote(true, "ot=th:c,a=b"), LOW), "RecordAndSample ot=th:c,a=b");
        assert_eq!(check(head, remote(false, "a=b"), HIGH), "Drop a=b");
        assert_eq!(check(head, remote(false, "bennu=th:0"), HIGH), "Drop bennu=th:0");
    }

    #[test]
    fn with_tail_sampling_everything_that_may_be_kept_is_recorded() {
        let head = Head { records: None, keeps: Some(Threshold::of_ratio(0.25)), measures: false };
        assert_eq!(check(head, None, LOW), "RecordOnly bennu=th:0");
        assert_eq!(check(head, None, HIGH), "RecordAndSample bennu=th:0,ot=th:c");
        // A caller that samples by the tail, too: what is pending counts, not what its coin says.
        let remote = |trace, sampled, state| Some(parent(trace, sampled, true, state));
        assert_eq!(check(head, remote(LOW, false, "bennu=th:0"), LOW), "RecordOnly bennu=th:0");
        assert_eq!(
            check(head, remote(HIGH, true, "bennu=th:0,ot=th:fd7"), HIGH),
            "RecordAndSample bennu=th:0,ot=th:c"
        );
        // One that kept a half of its traces: the threshold that rejects more holds for the rest, its own for what is kept anyway.
        assert_eq!(check(head, remote(HIGH, true, "ot=th:8"), HIGH), "RecordAndSample bennu=th:8,ot=th:c");
        assert_eq!(check(head, remote(LOW, true, ""), LOW), "RecordOnly bennu=th:0");
        // One that kept nothing of it is followed.
        assert_eq!(
            check(head, remote(HIGH, false, "ot=rv:0123456789abcd"), HIGH),
            "Drop ot=rv:0123456789abcd"
        );
        let local = |sampled, state| Some(parent(LOW, sampled, false, state));
        assert_eq!(check(head, local(false, "bennu=th:0"), LOW), "RecordOnly bennu=th:0");
        assert_eq!(check(head, local(false, ""), LOW), "Drop ");
        let both = Head { records: Some(Threshold::of_ratio(0.5)), ..head };
        assert_eq!(check(both, None, LOW), "Drop ");
        assert_eq!(check(both, None, HIGH), "RecordAndSample bennu=th:8,ot=th:c");
    }

    #[test]
    fn explicit_randomness_counts_before_the_id() {
        let head = Head { records: None, keeps: Some(Threshold::of_ratio(0.5)), measures: false };
        let low = parent(HIGH, true, true, "ot=rv:00000000000001");
        assert!(check(head, Some(low), HIGH).starts_with("RecordOnly"));
    }
}
