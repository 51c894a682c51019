//! Probability as W3C Trace Context, level 2, and OpenTelemetry have it: a trace has 56 random bits, a sampler has a threshold, and
//! what is not below the threshold is kept. Samplers that never heard of each other agree, and who keeps a span can say how many it
//! stands for.
//!
//! Source: OpenTelemetry's specification, "TraceState: Probability Sampling".

use opentelemetry::trace::{TraceId, TraceState};

/// 2 to the power of 56: as many values has a trace's randomness.
const ALL: u64 = 1 << 56;
/// Hexadecimal digits of 56 bits.
const DIGITS: usize = 14;
/// OpenTelemetry's entry of `tracestate`.
const OT: &str = "ot";
/// Ours: `th:` and the threshold under which everything of this trace is recorded, while whether it is kept is not decided yet.
const PENDING: &str = "bennu";

/// Traces whose randomness is below are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Threshold(u64);

impl Threshold {
    /// Keeps everything.
    pub(crate) const ALL: Threshold = Threshold(0);

    /// Keeps this part of all traces, 0 to 1.
    pub(crate) fn of_ratio(ratio: f64) -> Self {
        // What is no number keeps everything: a mistake must not cost traces.
        let rejected = 1.0 - if ratio.is_nan() { 1.0 } else { ratio.clamp(0.0, 1.0) };
        Threshold((rejected * ALL as f64).round() as u64)
    }

    /// The part of all traces that it keeps.
    pub(crate) fn probability(self) -> f64 {
        (ALL - self.0) as f64 / ALL as f64
    }

    pub(crate) fn keeps(self, randomness: u64) -> bool {
        randomness >= self.0
    }

    /// 1 to 14 hexadecimal digits; zeros at the end are left out.
    fn parse(text: &str) -> Option<Self> {
        let digits = hex(text).filter(|_| text.len() <= DIGITS)?;
        Some(Threshold(digits << (4 * (DIGITS - text.len()))))
    }

    fn text(self) -> String {
        let digits = format!("{:014x}", self.0.min(ALL - 1));
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
    }
}

fn hex(text: &str) -> Option<u64> {
    let is_hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| is_hex)
}

/// What `tracestate` says about sampling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// `ot=th:`: under which threshold the trace was kept.
    pub(crate) kept: Option<Threshold>,
    /// `ot=rv:`: randomness for trace ids that have none.
    pub(crate) randomness: Option<u64>,
    /// `bennu=th:`: it is recorded under this threshold and nobody has decided yet whether it is kept.
    pub(crate) pending: Option<Threshold>,
}

/// A member of an entry: `th` of `ot=th:8;rv:…`.
fn member<'a>(state: &'a TraceState, entry: &str, key: &str) -> Option<&'a str> {
    let mut members = state.get(entry)?.split(';').filter_map(|member| member.split_once(':'));
    members.find(|(name, _)| *name == key).map(|(_, value)| value)
}

impl Said {
    pub(crate) fn by(state: &TraceState) -> Self {
        let randomness = member(state, OT, "rv").filter(|value| value.len() == DIGITS);
        Said {
            kept: member(state, OT, "th").and_then(Threshold::parse),
            randomness: randomness.and_then(hex),
            pending: member(state, PENDING, "th").and_then(Threshold::parse),
        }
    }

    /// Whether it is recorded and nobody has decided yet: asked of every span.
    pub(crate) fn is_pending(state: &TraceState) -> bool {
        member(state, PENDING, "th").and_then(Threshold::parse).is_some()
    }

    /// The trace's own randomness: what is said, else the last 56 bits of its id.
    pub(crate) fn randomness(self, trace: TraceId) -> u64 {
        self.randomness.unwrap_or_else(|| {
            let id = trace.to_bytes();
            id[9..].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
        })
    }
}

/// The same `tracestate` that says something else about sampling; what others put there stays.
pub(crate) fn say(state: &TraceState, kept: Option<Threshold>, pending: Option<Threshold>) -> TraceState {
    let th = |threshold: Threshold| format!("th:{}", threshold.text());
    let before = state.get(OT).unwrap_or_default();
    let others = before.split(';').filter(|member| !member.is_empty() && !member.starts_with("th:"));
    let members: Vec<String> = kept.map(th).into_iter().chain(others.map(str::to_owned)).collect();
    let state = set(state, OT, (!members.is_empty()).then(|| members.join(";")));
    set(&state, PENDING, pending.map(th))
}

/// An entry that could not be written is left out: a caller's odd `tracestate` must not cost the span.
fn set(state: &TraceState, entry: &str, value: Option<String>) -> TraceState {
    let mut state = state.clone();
    // Some say it twice.
    while state.get(entry).is_some()
        && let Ok(without) = state.delete(entry.to_owned())
    {
        state = without;
    }
    match value {
        Some(value) => state.insert(entry.to_owned(), value).unwrap_or(state),
        None => state,
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn a_ratio_is_a_threshold_and_says_how_many_a_trace_stands_for() {
        for (ratio, text) in [(1.0, "0"), (0.5, "8"), (0.25, "c"), (0.0, "ffffffffffffff"), (f64::NAN, "0")] {
            assert_eq!(Threshold::of_ratio(ratio).text(), text);
        }
        let percent = Threshold::of_ratio(0.01);
        assert!(percent.text().starts_with("fd70a3d70a3d"), "{}", percent.text());
        assert!((1.0 / percent.probability() - 100.0).abs() < 1e-9);
        assert_eq!(Threshold::parse(&percent.text()), Some(percent));
        for wrong in ["", "g", "+1", "fffffffffffffff"] {
            assert_eq!(Threshold::parse(wrong), None, "{wrong}");
        }
        assert!(!Threshold::of_ratio(0.0).keeps(ALL - 1));
        assert!(Threshold::ALL.keeps(0));
    }

    #[test]
    fn what_others_say_stays_and_comes_back() {
        let state = TraceState::from_str("vendor=x,ot=th:8;rv:0123456789abcd;other:1").unwrap();
        let said = Said::by(&state);
        assert_eq!(said.kept, Some(Threshold::of_ratio(0.5)));
        assert_eq!(said.randomness(TraceId::from(1)), 0x0001_2345_6789_abcd);
        let state = say(&state, Some(Threshold::of_ratio(0.25)), Some(Threshold::ALL));
        assert_eq!(state.header(), "bennu=th:0,ot=th:c;rv:0123456789abcd;other:1,vendor=x");
        let state = say(&state, None, None);
        assert_eq!(state.header(), "ot=rv:0123456789abcd;other:1,vendor=x");
        assert_eq!(say(&TraceState::NONE, None, None).header(), "");
    }

    #[test]
    fn a_trace_id_has_its_randomness_at_its_end() {
        let id = TraceId::from(0xaaaa_aaaa_aaaa_aaaa_aa01_0203_0405_0607);
        assert_eq!(Said::default().randomness(id), 0x01_0203_0405_0607);
    }

    #[test]
    fn what_is_odd_says_nothing() {
        for odd in ["ot=th:xyz", "ot=th", "ot=rv:12", "ot=;;", "bennu=1"] {
            assert_eq!(Said::by(&TraceState::from_str(odd).unwrap()), Said::default(), "{odd}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_caller_sends_is_taken_and_what_is_said_comes_back(
            state in "((ot|bennu|a)=[a-z0-9:;]{0,20},?){0,3}", kept in 0.001..1.0, pending in 0.001..1.0,
        ) {
            let Ok(state) = TraceState::from_str(&state) else { return Ok(()) };
            let (kept, pending) = (Threshold::of_ratio(kept), Threshold::of_ratio(pending));
            let others = |state: &TraceState| Said::by(state).randomness;
            let said = say(&state, Some(kept), Some(pending));
            proptest::prop_assert_eq!(Said::by(&said).kept, Some(kept));
            proptest::prop_assert_eq!(Said::by(&said).pending, Some(pending));
            proptest::prop_assert_eq!(others(&said), others(&state));
            let silent = say(&said, None, None);
            proptest::prop_assert_eq!((Said::by(&silent).kept, Said::is_pending(&silent)), (None, false));
        }
    }
}
