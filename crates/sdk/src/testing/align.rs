//! Which steps of two shapes are the same.

use super::compare::Side;

/// Steps that are the same, so that as many as can be are, and of those that might be, the ones that are most alike.
pub(super) fn align(recorded: &Side<'_>, new: &Side<'_>) -> Vec<(usize, usize)> {
    /// Pairs looked at. Beyond, which is thousands of steps that all differ, what is between the same beginning and end is one difference.
    const MAX_PAIRS: usize = 4_000_000;
    /// What steps that are alike in everything amount to.
    const ALIKE: u32 = 15;
    let alike = |r: usize, n: usize| {
        let (one, other) = (&recorded.steps[r], &new.steps[n]);
        if one.marks.key != other.marks.key {
            return 0;
        }
        8 + 4 * u32::from(one.row.depth == other.row.depth)
            + 2 * u32::from(one.marks.detail == other.marks.detail)
            + u32::from(one.marks.arguments == other.marks.arguments)
    };
    let (mut begin, [mut end_r, mut end_n]) = (0, [recorded.steps.len(), new.steps.len()]);
    while begin < end_r.min(end_n) && alike(begin, begin) == ALIKE {
        begin += 1;
    }
    while begin < end_r.min(end_n) && alike(end_r - 1, end_n - 1) == ALIKE {
        (end_r, end_n) = (end_r - 1, end_n - 1);
    }
    let (rows, columns) = (end_r - begin, end_n - begin);
    let mut pairs: Vec<(usize, usize)> = (0..begin).map(|at| (at, at)).collect();
    if rows.saturating_mul(columns) <= MAX_PAIRS {
        // The most that can be alike from here on, for every pair of places.
        let mut best = vec![0_u32; (rows + 1) * (columns + 1)];
        let at = |r: usize, n: usize| r * (columns + 1) + n;
        for r in (0..rows).rev() {
            for n in (0..columns).rev() {
                let both = alike(begin + r, begin + n);
                let both = if both == 0 { 0 } else { both + best[at(r + 1, n + 1)] };
                best[at(r, n)] = both.max(best[at(r + 1, n)]).max(best[at(r, n + 1)]);
            }
        }
        let (mut r, mut n) = (0, 0);
        while r < rows && n < columns {
            let both = alike(begin + r, begin + n);
            if both > 0 && best[at(r, n)] == both + best[at(r + 1, n + 1)] {
                pairs.push((begin + r, begin + n));
                (r, n) = (r + 1, n + 1);
            } else if best[at(r, n)] == best[at(r + 1, n)] {
                r += 1;
            } else {
                n += 1;
            }
        }
    }
    pairs.extend((end_r..recorded.steps.len()).zip(end_n..));
    pairs
}
