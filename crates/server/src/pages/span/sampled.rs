//! Why a sampled span is here, and how many it stands for.
//!
//! Source: OpenTelemetry's specification, "TraceState: Probability Sampling" (`ot=th:`, a rejection threshold of up to 14 hexadecimal
//! digits), and `sampling.reason`, which `bennu-sdk` writes.

use bennu_model::Span;
use bennu_semconv::sampling;

/// In words; nothing of a span that no sampler has touched.
pub(super) fn sampled(span: &Span) -> Option<String> {
    let stands_for = stands_for(&span.trace_state)?;
    let reason = span.attribute(sampling::REASON).and_then(|reason| reason.as_text());
    let why = match reason {
        Some("error") => "kept because something failed",
        Some("slow") => "kept because it was slow",
        Some("flagged") => "kept because the application asked for it",
        Some("elsewhere") => "kept because another service keeps its trace",
        Some("probability") => "kept by chance",
        _ if stands_for > 1.0 => "kept by a sampler",
        _ => return None,
    };
    Some(match stands_for {
        one if one <= 1.0 => format!("{why}; stands for itself"),
        some if some < 10.0 => format!("{why}; stands for {some:.1} like it"),
        many => format!("{why}; stands for {many:.0} like it"),
    })
}

/// One over the probability with which it was kept.
fn stands_for(trace_state: &str) -> Option<f64> {
    /// Hexadecimal digits of a threshold; those at the end may be left out.
    const DIGITS: usize = 14;
    let entries = trace_state.split(',').filter_map(|entry| entry.trim().split_once('='));
    let members = entries.filter(|(name, _)| *name == "ot").flat_map(|(_, value)| value.split(';'));
    let threshold = members.filter_map(|member| member.split_once(':')).find(|(name, _)| *name == "th")?.1;
    let is_hex = threshold.bytes().all(|byte| byte.is_ascii_hexdigit());
    if threshold.is_empty() || threshold.len() > DIGITS || !is_hex {
        return None;
    }
    let rejected = u64::from_str_radix(threshold, 16).ok()? << (4 * (DIGITS - threshold.len()));
    let all = 1_u64 << (4 * DIGITS);
    Some(all as f64 / (all - rejected) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_as_the_specification_has_them() {
        for (state, expected) in [
            ("ot=th:0", Some(1.0)),
            ("ot=th:8", Some(2.0)),
            ("a=b, ot=rv:0123456789abcd;th:c", Some(4.0)),
            ("ot=th:ffffffffffffff", Some((1_u64 << 56) as f64)),
            ("ot=th:fffffffffffffff", None),
            ("ot=th:+8", None),
            ("ot=th:", None),
            ("ot=rv:8", None),
            ("", None),
        ] {
            assert_eq!(stands_for(state), expected, "{state}");
        }
        let percent = stands_for("ot=th:fd70a3d70a3d7").unwrap();
        assert!((percent - 100.0).abs() < 1e-6, "{percent}");
    }
}
