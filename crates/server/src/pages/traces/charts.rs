//! Small charts above the list: requests, errors, the 95th percentile of durations and tokens over the time that is shown.

use bennu_store::{Bin, Charts};

use crate::{api::rfc3339, pages::format};

/// Parts of a chart.
pub(super) const BINS: usize = 48;
/// A chart's height in its own units.
const HEIGHT: f64 = 24.0;

/// The charts and their common time.
pub(super) struct ChartsView {
    pub(super) charts: Vec<Chart>,
    pub(super) bins: usize,
    /// The bounds, milliseconds since the Unix epoch, for the brush.
    pub(super) since_ms: i64,
    pub(super) until_ms: i64,
    pub(super) span: String,
    /// Not all of the traces were looked at: since when they were.
    pub(super) cut: String,
    /// Traces that are years away from the others; empty for none.
    pub(super) outside: String,
}

/// One chart.
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    /// The whole range's figure.
    pub(super) total: String,
    /// Bars, as an SVG path in a box of [`BINS`] by [`HEIGHT`].
    pub(super) path: String,
    /// The bins' figures as people say them, separated by `|`.
    pub(super) values: String,
}

/// Nothing for less than two traces: there is nothing to compare.
pub(super) fn view(charts: &Charts) -> Option<ChartsView> {
    if charts.scanned < 2 || charts.bins.is_empty() {
        return None;
    }
    let sum = |value: fn(&Bin) -> u64| charts.bins.iter().map(value).fold(0, u64::saturating_add);
    let slowest = charts.bins.iter().filter_map(|bin| bin.p95_ns).max().unwrap_or(0);
    let chart = |name, class, total: String, value: fn(&Bin) -> Option<u64>, say: fn(u64) -> String| {
        let values: Vec<Option<u64>> = charts.bins.iter().map(value).collect();
        let said = values.iter().map(|value| value.map_or_else(|| "-".into(), say));
        Chart { name, class, total, path: bars(&values), values: said.collect::<Vec<_>>().join("|") }
    };
    let lasts = charts.until_ns.saturating_sub(charts.since_ns).max(0).unsigned_abs();
    Some(ChartsView {
        charts: vec![
            chart(
                "requests",
                "requests",
                format::count(sum(|bin| bin.traces)),
                |bin| Some(bin.traces),
                format::count,
            ),
            chart(
                "errors",
                "errors",
                format::count(sum(|bin| bin.errors)),
                |bin| Some(bin.errors),
                format::count,
            ),
            chart(
                "p95",
                "p95",
                format!("max {}", format::duration(slowest)),
                |bin| bin.p95_ns,
                format::duration,
            ),
            chart(
                "tokens",
                "tokens",
                format::count(sum(|bin| bin.tokens)),
                |bin| Some(bin.tokens),
                format::count,
            ),
        ],
        bins: charts.bins.len(),
        since_ms: charts.since_ns.div_euclid(1_000_000),
        // Up: the newest trace lies within the last millisecond.
        until_ms: charts.until_ns.saturating_add(999_999).div_euclid(1_000_000),
        span: format::duration(lasts),
        outside: match charts.outside {
            0 => String::new(),
            1 => "1 trace is years away from these".into(),
            outside => format!("{} traces are years away from these", format::count(outside)),
        },
        cut: if charts.complete { String::new() } else { short(charts.since_ns) },
    })
}

/// `2026-11-21 00:42`.
fn short(time_ns: i64) -> String {
    rfc3339(time_ns).chars().take(16).collect::<String>().replace('T', " ")
}

/// A bar for every value above zero; the least of them can still be seen.
fn bars(values: &[Option<u64>]) -> String {
    let most = values.iter().flatten().copied().max().unwrap_or(0).max(1) as f64;
    let mut path = String::new();
    for (at, value) in values.iter().enumerate() {
        let value = value.unwrap_or(0);
        if value > 0 {
            let height = (value as f64 / most * HEIGHT).max(1.5);
            path.push_str(&format!("M{at}.1 {HEIGHT}v-{height:.1}h.8v{height:.1}z"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_say_what_the_bins_hold() {
        let bin = |traces, errors, p95_ns| Bin { traces, errors, tokens: 10 * traces, p95_ns };
        let charts = Charts {
            since_ns: 1_795_221_728_000_000_000,
            until_ns: 1_795_221_788_000_000_000,
            bins: vec![bin(3, 0, Some(1_500_000_000)), bin(0, 0, None), bin(1, 1, Some(2_000_000))],
            scanned: 4,
            outside: 2,
            complete: false,
        };
        let view = view(&charts).unwrap();
        let told: Vec<(&str, &str, &str)> = view
            .charts
            .iter()
            .map(|chart| (chart.name, chart.total.as_str(), chart.values.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("requests", "4", "3|0|1"),
                ("errors", "1", "0|0|1"),
                ("p95", "max 1.50 s", "1.50 s|-|2.0 ms"),
                ("tokens", "40", "30|0|10"),
            ]
        );
        assert_eq!(view.charts[0].path, "M0.1 24v-24.0h.8v24.0zM2.1 24v-8.0h.8v8.0z");
        assert_eq!((view.cut.as_str(), view.span.as_str()), ("2026-11-21 00:42", "1 min 0 s"));
        assert_eq!(view.outside, "2 traces are years away from these");
        assert!(super::view(&Charts { scanned: 1, ..charts }).is_none());
    }
}
