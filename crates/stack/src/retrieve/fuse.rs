//! One ranking of several.

use std::collections::BTreeMap;

use super::best;

/// How little the first places differ from the next.
const K: f64 = 60.0;

/// The `limit` best of all the rankings, each of which is places in one list, the best first. Their scores do not matter, only
/// their order: BM25's have no upper bound, cosines have.
///
/// Reciprocal rank fusion: the sum of 1 / (60 + rank), where ranks begin at 1 (Cormack, Clarke & Büttcher 2009, "Reciprocal Rank
/// Fusion outperforms Condorcet and individual Rank Learning Methods"). With two rankings, at most 2 / 61.
pub(super) fn fuse(rankings: &[Vec<(usize, f64)>], limit: usize) -> Vec<(usize, f64)> {
    let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
    for ranking in rankings {
        for (above, (at, _)) in ranking.iter().enumerate() {
            *scores.entry(*at).or_default() += 1.0 / (K + above as f64 + 1.0);
        }
    }
    best(scores.into_iter().collect(), limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_good_ranks_beat_one_best() {
        let fused = fuse(&[vec![(7, 30.0), (1, 2.0)], vec![(4, 0.9), (1, 0.8)]], 9);
        assert_eq!(fused.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 4, 7]);
        assert!((fused[0].1 - 2.0 / 62.0).abs() < 1e-12);
        assert!((fused[1].1 - 1.0 / 61.0).abs() < 1e-12);
    }

    #[test]
    fn there_is_a_limit_and_nothing_of_nothing() {
        assert_eq!(fuse(&[vec![(0, 1.0), (1, 1.0)], vec![]], 1).len(), 1);
        assert!(fuse(&[vec![], vec![]], 9).is_empty());
    }
}
