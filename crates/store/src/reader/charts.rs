//! What the small charts over a list of traces show: the list's traces, counted by when they began.

use rusqlite::{Connection, Row};

use super::{
    projects::count,
    shapes::Question,
    trace_filter::{TraceFilter, TraceSort},
};
use crate::Result;

/// Traces read at most: some tens of milliseconds. More than that are told apart by nobody in a chart of a few hundred pixels;
/// the newest are what the list begins with.
const MAX_SCANNED: usize = 20_000;

/// Bins at most: more than a chart has pixels.
const MAX_BINS: usize = 1_000;

/// Traces by when they began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charts {
    /// Where the first bin begins, nanoseconds since the Unix epoch.
    pub since_ns: i64,
    /// Where the last bin ends, exclusive.
    pub until_ns: i64,
    /// Bins of equal width from `since_ns` to `until_ns`, the oldest first; none when no trace was found.
    pub bins: Vec<Bin>,
    /// Traces counted.
    pub scanned: u64,
    /// Traces that match and are not counted, because they began years before or after the others and the filter sets no bound there:
    /// one wrong clock would hide everything else.
    pub outside: u64,
    /// `false`: there were older traces, too, which are not counted; `since_ns` is then the oldest counted one's start.
    pub complete: bool,
}

/// The traces that began within a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bin {
    /// Traces.
    pub traces: u64,
    /// Traces with an error.
    pub errors: u64,
    /// Tokens their spans own: input, output, and totals that came without a split.
    pub tokens: u64,
    /// The duration that 95 of 100 of them do not exceed, nanoseconds: exact, by nearest rank. `None` without traces.
    pub p95_ns: Option<u64>,
}

impl Charts {
    /// Where a bin begins, nanoseconds since the Unix epoch; of one past the last, where that ends.
    pub fn bin_start_ns(&self, bin: usize) -> i64 {
        let (span, bins) = (i128::from(self.until_ns) - i128::from(self.since_ns), self.bins.len().max(1));
        let bin = bin.min(bins);
        // Rounded up: the first nanosecond that falls into the bin.
        let offset = (span * bin as i128 + bins as i128 - 1) / bins as i128;
        // Between two ends that fit, it fits.
        i64::try_from(i128::from(self.since_ns) + offset).unwrap_or(self.until_ns)
    }

    /// The bin of a start.
    fn bin_of(&self, start_ns: i64, bins: usize) -> usize {
        let offset = i128::from(start_ns) - i128::from(self.since_ns);
        let span = (i128::from(self.until_ns) - i128::from(self.since_ns)).max(1);
        // Below the number of bins, so it fits. A start at the end of time has no later end to its bin.
        (offset.max(0) * bins as i128 / span).min(bins as i128 - 1) as usize
    }
}

struct Scanned {
    start_ns: i64,
    duration_ns: u64,
    failed: bool,
    tokens: u64,
}

/// The newest traces in `bins` bins, or fewer where the time between is fewer nanoseconds.
pub(crate) fn charts(
    connection: &Connection,
    project: &str,
    filter: &TraceFilter,
    bins: usize,
) -> Result<Charts> {
    let (mut scanned, complete) = scan(connection, project, filter)?;
    let outside = leave_out_far(&mut scanned, filter);
    let (Some(newest), Some(oldest)) = (scanned.first(), scanned.last()) else {
        let since_ns = filter.since_ns.unwrap_or(0);
        let until_ns = filter.until_ns.unwrap_or(since_ns);
        return Ok(Charts { since_ns, until_ns, complete, ..Charts::default() });
    };
    let since_ns = filter.since_ns.filter(|_| complete).unwrap_or(oldest.start_ns);
    let until_ns = filter.until_ns.unwrap_or_else(|| newest.start_ns.saturating_add(1));
    let mut charts =
        Charts { since_ns, until_ns, bins: Vec::new(), scanned: scanned.len() as u64, outside, complete };
    // A bin is a nanosecond at least.
    let span_ns = (i128::from(until_ns) - i128::from(since_ns)).max(1);
    let bins = bins.clamp(1, MAX_BINS).min(usize::try_from(span_ns).unwrap_or(usize::MAX));
    let mut durations = vec![Vec::new(); bins];
    charts.bins = vec![Bin::default(); bins];
    for trace in &scanned {
        let at = charts.bin_of(trace.start_ns, bins);
        let bin = &mut charts.bins[at];
        bin.traces += 1;
        bin.errors += u64::from(trace.failed);
        bin.tokens = bin.tokens.saturating_add(trace.tokens);
        durations[at].push(trace.duration_ns);
    }
    for (bin, durations) in charts.bins.iter_mut().zip(&mut durations) {
        bin.p95_ns = percentile(durations, 95);
    }
    Ok(charts)
}

/// Takes out what is far from the median, on the sides where the filter has no bound; tells how many.
fn leave_out_far(scanned: &mut Vec<Scanned>, filter: &TraceFilter) -> u64 {
    const FAR_NS: i64 = 5 * 365 * 86_400 * 1_000_000_000;
    let Some(median_ns) = scanned.get(scanned.len() / 2).map(|trace| trace.start_ns) else { return 0 };
    let since_ns = filter.since_ns.unwrap_or(median_ns.saturating_sub(FAR_NS));
    let until_ns = filter.until_ns.unwrap_or(median_ns.saturating_add(FAR_NS));
    let all = scanned.len();
    scanned.retain(|trace| (since_ns..=until_ns).contains(&trace.start_ns));
    (all - scanned.len()) as u64
}

/// The newest matching traces, newest first, and whether that is all of them.
fn scan(connection: &Connection, project: &str, filter: &TraceFilter) -> Result<(Vec<Scanned>, bool)> {
    const COLUMNS: &str =
        "start_ns, trace.id, end_ns, trace.errors > 0, input_tokens, output_tokens, unsplit_tokens";
    let read = |row: &Row<'_>| {
        let (start_ns, end_ns): (i64, i64) = (row.get(0)?, row.get(2)?);
        let tokens = [row.get(4)?, row.get(5)?, row.get(6)?].map(count);
        Ok(Scanned {
            start_ns,
            duration_ns: count(end_ns.saturating_sub(start_ns)),
            failed: row.get(3)?,
            tokens: tokens.into_iter().fold(0, u64::saturating_add),
        })
    };
    // Whatever the list is sorted by: the newest are counted.
    let filter = &TraceFilter { sort: TraceSort::Start, ascending: false, ..filter.clone() };
    let question = Question { connection, columns: COLUMNS, project, filter };
    let found = question.list(None, MAX_SCANNED + 1, read)?;
    let mut scanned: Vec<Scanned> = found.into_iter().map(|(_, trace)| trace).collect();
    let complete = scanned.len() <= MAX_SCANNED;
    scanned.truncate(MAX_SCANNED);
    Ok((scanned, complete))
}

/// The nearest-rank percentile. Leaves the values in another order.
fn percentile(values: &mut [u64], percent: usize) -> Option<u64> {
    let rank = (values.len() * percent).div_ceil(100);
    let at = rank.checked_sub(1)?;
    Some(*values.select_nth_unstable(at).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        for (count, expected) in
            [(0, None), (1, Some(1)), (19, Some(19)), (20, Some(19)), (21, Some(20)), (100, Some(95))]
        {
            let mut values: Vec<u64> = (1..=count).rev().collect();
            assert_eq!(percentile(&mut values, 95), expected, "of {count}");
        }
    }

    #[test]
    fn every_start_lies_in_the_bin_that_says_so() {
        for (since_ns, until_ns, bins) in
            [(0, 10, 3), (5, 6, 1), (0, i64::MAX, 7), (i64::MIN, i64::MAX, 1000)]
        {
            let charts = Charts { since_ns, until_ns, bins: vec![Bin::default(); bins], ..Charts::default() };
            assert_eq!((charts.bin_start_ns(0), charts.bin_start_ns(bins)), (since_ns, until_ns));
            for bin in 0..bins {
                let start = charts.bin_start_ns(bin);
                assert_eq!(charts.bin_of(start, bins), bin);
                if bin > 0 {
                    assert_eq!(charts.bin_of(start - 1, bins), bin - 1);
                }
            }
        }
    }
}
