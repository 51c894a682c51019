//! The time axis above the rows: round marks, and a strip of how many spans were at work.

use super::timing::{STRIP_PARTS, Stretch, Timing};
use crate::pages::{format, trace::row::kind_word};

/// Marks of the axis at most.
const MAX_MARKS: u64 = 5;

/// The axis.
pub(super) struct Axis {
    pub(super) marks: Vec<Mark>,
    /// The strip's outline in a box of [`STRIP_PARTS`] by 10.
    pub(super) strip: String,
    /// What the strip says, in words.
    pub(super) busy: String,
    /// Where the time of the critical path went.
    pub(super) path: Vec<Share>,
}

/// A mark.
pub(super) struct Mark {
    /// Out of 100.
    pub(super) x: String,
    pub(super) text: String,
}

/// A kind's share of the critical path.
pub(super) struct Share {
    pub(super) kind: &'static str,
    pub(super) class: String,
    pub(super) duration: String,
}

impl Axis {
    /// `shown` is the time that the axis shows of the `trace`'s.
    pub(super) fn new(timing: &Timing, trace: Stretch, shown: Stretch) -> Axis {
        let length = |(start, end): Stretch| end.saturating_sub(start).max(0).unsigned_abs();
        let whole = length(trace);
        let path = timing.by_kind.iter().map(|(kind, ns)| Share {
            kind: kind_word(*kind),
            class: super::row::kind_class(*kind),
            duration: format::duration(*ns),
        });
        let mut busy = Vec::new();
        if timing.most_at_once > 1 {
            busy.push(format!("up to {} at once", format::count(timing.most_at_once as u64)));
        }
        // Less than a hundredth is not a gap that can be seen.
        if timing.idle_ns > whole / 100 {
            busy.push(format!("{} with nobody at work", format::duration(timing.idle_ns)));
        }
        Axis {
            marks: marks(length(shown)),
            strip: outline(&timing.strip),
            busy: busy.join(" · "),
            path: path.collect(),
        }
    }
}

/// Marks at 1, 2 or 5 times a power of ten; from a minute on at whole minutes, hours or days.
fn marks(whole_ns: u64) -> Vec<Mark> {
    const SECOND: u64 = 1_000_000_000;
    let steps = (0..=10)
        .flat_map(|power| [1, 2, 5].map(|factor| factor * 10_u64.pow(power)))
        .filter(|step| *step <= 20 * SECOND)
        .chain([30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 18_000, 36_000].map(|seconds| seconds * SECOND))
        // Wrong clocks make traces of decades.
        .chain(
            (0..=4).flat_map(|power| [1, 2, 5].map(|factor| factor * 10_u64.pow(power) * 86_400 * SECOND)),
        );
    let step = steps.into_iter().find(|step| whole_ns / step <= MAX_MARKS);
    let step = step.unwrap_or_else(|| (whole_ns / MAX_MARKS).max(1));
    (0..=whole_ns / step)
        // A mark at the very end would have no room.
        .filter(|mark| *mark == 0 || (mark * step) as f64 <= whole_ns as f64 * 0.94)
        .map(|mark| Mark {
            x: format!("{:.2}", (mark * step) as f64 * 100.0 / whole_ns.max(1) as f64),
            text: if mark == 0 { "0".into() } else { round(mark * step) },
        })
        .collect()
}

/// A round duration without digits that say nothing: `5 s`, not `5.00 s`; from a minute on `1:20`, from an hour on `2:00 h`, whole
/// days `1 d`.
fn round(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    match seconds {
        0..60 => {}
        60..3_600 => return format!("{}:{:02}", seconds / 60, seconds % 60),
        86_400.. if seconds.is_multiple_of(86_400) => {
            return format!("{} d", format::count(seconds / 86_400));
        }
        _ => return format!("{}:{:02} h", seconds / 3_600, seconds / 60 % 60),
    }
    let text = format::duration(ns);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') && !unit.contains(' ') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// The strip as a path: nothing where nobody worked, full height where most did.
fn outline(strip: &[f64]) -> String {
    let most = strip.iter().copied().fold(0.0, f64::max);
    let mut path = String::new();
    let mut at = 0;
    while at < strip.len().min(STRIP_PARTS) {
        let height =
            |at: usize| if most > 0.0 { (strip[at] / most * 10.0 * 10.0).round() / 10.0 } else { 0.0 };
        let here = height(at);
        let mut end = at + 1;
        while end < strip.len() && height(end) == here {
            end += 1;
        }
        if here > 0.0 {
            path.push_str(&format!("M{at} 10V{:.1}H{end}V10z", 10.0 - here.max(1.5)));
        }
        at = end;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        let texts = |ns: u64| marks(ns).into_iter().map(|mark| mark.text).collect::<Vec<_>>();
        assert_eq!(texts(18_400_000_000), ["0", "5 s", "10 s", "15 s"]);
        assert_eq!(texts(1_500_000_000), ["0", "500 ms", "1 s"]);
        assert_eq!(texts(0), ["0"]);
        assert_eq!(texts(4), ["0", "1 ns", "2 ns", "3 ns"]);
        assert_eq!(texts(400_000_000_000), ["0", "2:00", "4:00", "6:00"]);
        assert_eq!(texts(200_000_000_000_000), ["0", "10:00 h", "20:00 h", "30:00 h", "40:00 h", "50:00 h"]);
        assert_eq!(texts(300_000_000_000_000), ["0", "1 d", "2 d", "3 d"]);
        assert_eq!(texts(1_795_000_000_000_000_000), ["0", "5,000 d", "10,000 d", "15,000 d"]);
        assert!(texts(u64::MAX).len() <= 8);
        assert_eq!(marks(20)[1].x, "25.00");
    }

    #[test]
    fn the_strip_is_empty_where_nobody_works() {
        let mut strip = vec![0.0; STRIP_PARTS];
        strip[10] = 2.0;
        strip[11] = 2.0;
        strip[50] = 1.0;
        assert_eq!(outline(&strip), "M10 10V0.0H12V10zM50 10V5.0H51V10z");
    }
}
