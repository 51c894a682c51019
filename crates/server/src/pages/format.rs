//! Numbers as people say them. Unknown is "-", never 0.

use ::time::{OffsetDateTime, macros::format_description};
use bennu_model::Usage;

pub(super) use crate::query::now_ns;

/// `840 ms`, `4.2 s`, `3 min 20 s`.
pub(super) fn duration(nanoseconds: u64) -> String {
    let ms = nanoseconds as f64 / 1e6;
    match nanoseconds {
        0 => "0 ms".into(),
        1..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.0} µs", ms * 1e3),
        1_000_000..10_000_000 => format!("{ms:.1} ms"),
        10_000_000..999_500_000 => format!("{ms:.0} ms"),
        999_500_000..9_950_000_000 => format!("{:.2} s", ms / 1e3),
        9_950_000_000..59_950_000_000 => format!("{:.1} s", ms / 1e3),
        _ => {
            let seconds = nanoseconds / 1_000_000_000;
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            match hours {
                0 => format!("{minutes} min {seconds} s"),
                1..48 => format!("{hours} h {minutes} min"),
                _ => format!("{} d {} h", count(hours / 24), hours % 24),
            }
        }
    }
}

/// `1,350`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,350`, or `-`.
pub(super) fn known(number: Option<u64>) -> String {
    number.map_or_else(|| "-".into(), count)
}

/// `1,200 in (800 cached) + 150 out (64 reasoning)`.
pub(super) fn usage(usage: &Usage) -> String {
    let part = |number: Option<u64>, what: &str, details: &[(Option<u64>, &str)]| {
        let details: Vec<String> = details
            .iter()
            .filter_map(|(number, what)| {
                number.filter(|number| *number > 0).map(|number| format!("{} {what}", count(number)))
            })
            .collect();
        let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
        format!("{} {what}{details}", known(number))
    };
    let split = usage.input.is_some() || usage.output.is_some();
    let unsplit = usage.unsplit.map(|total| format!("{} tokens, not split", count(total)));
    let input =
        || part(usage.input, "in", &[(usage.cache_read, "cached"), (usage.cache_write, "written to cache")]);
    let output = || part(usage.output, "out", &[(usage.reasoning, "reasoning")]);
    match (split, unsplit) {
        (false, None) => "-".into(),
        (false, Some(unsplit)) => unsplit,
        (true, None) => format!("{} + {}", input(), output()),
        (true, Some(unsplit)) => format!("{} + {} + {unsplit}", input(), output()),
    }
}

/// `214 B`, `9.8 kB`, `1.2 MB`.
pub(super) fn bytes(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A moment: how long ago, and exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// `3 min ago`.
    pub(super) ago: String,
    /// `12:04:11`, UTC.
    pub(super) clock: String,
    /// `2026-11-21 12:04:11.123 UTC`.
    pub(super) exact: String,
    /// For `<time datetime>`.
    pub(super) machine: String,
}

/// A moment seen from now.
pub(super) fn moment(time_ns: i64) -> Moment {
    moment_from(time_ns, now_ns())
}

fn moment_from(time_ns: i64, now_ns: i64) -> Moment {
    let seconds = now_ns.saturating_sub(time_ns) / 1_000_000_000;
    let time =
        OffsetDateTime::from_unix_timestamp_nanos(time_ns.into()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let day = format_description!("[year]-[month]-[day]");
    let clock = format_description!("[hour]:[minute]:[second]");
    let exact = format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3] UTC");
    let ago = match seconds {
        i64::MIN..-60 => "in the future".into(),
        -60..5 => "just now".into(),
        5..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..2_592_000 => format!("{} d ago", seconds / 86_400),
        _ => time.format(&day).unwrap_or_default(),
    };
    let clock = time.format(&clock).unwrap_or_default();
    Moment {
        ago,
        clock,
        exact: time.format(&exact).unwrap_or_default(),
        machine: crate::api::rfc3339(time_ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_counts_and_sizes() {
        for (ns, text) in [
            (0, "0 ms"),
            (850, "850 ns"),
            (12_000, "12 µs"),
            (8_400_000, "8.4 ms"),
            (840_000_000, "840 ms"),
            (4_200_000_000, "4.20 s"),
            (18_400_000_000, "18.4 s"),
            (200_000_000_000, "3 min 20 s"),
            (7_260_000_000_000, "2 h 1 min"),
        ] {
            assert_eq!(duration(ns), text);
        }
        assert_eq!(
            (count(999), count(1_350), count(1_234_567)),
            ("999".into(), "1,350".into(), "1,234,567".into())
        );
        assert_eq!((known(None), bytes(9_800)), ("-".into(), "9.8 kB".into()));
    }

    #[test]
    fn usage_tells_the_parts_that_are_known() {
        let told = |input, output, cache_read, unsplit| {
            usage(&Usage { input, output, cache_read, unsplit, ..Usage::default() })
        };
        assert_eq!(told(Some(1_200), Some(150), Some(800), None), "1,200 in (800 cached) + 150 out");
        assert_eq!(told(Some(7), None, Some(0), None), "7 in + - out");
        assert_eq!(told(None, None, None, Some(9)), "9 tokens, not split");
        assert_eq!(told(Some(7), Some(1), None, Some(9)), "7 in + 1 out + 9 tokens, not split");
        assert_eq!(told(None, None, None, None), "-");
    }

    #[test]
    fn moments_are_told_from_now() {
        const SECOND: i64 = 1_000_000_000;
        let now = 1_795_221_728 * SECOND;
        for (seconds, ago) in
            [(2, "just now"), (30, "30 s ago"), (200, "3 min ago"), (9_000, "2 h ago"), (200_000, "2 d ago")]
        {
            assert_eq!(moment_from(now - seconds * SECOND, now).ago, ago);
        }
        assert_eq!(moment_from(now, now + 90 * 86_400 * SECOND).ago, "2026-11-21");
        assert_eq!(moment_from(now, now).exact, "2026-11-21 00:42:08.000 UTC");
    }
}
