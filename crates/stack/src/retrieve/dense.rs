//! Search by embeddings.

use super::best;

/// The `limit` vectors that are most like the query's, by their places, with their cosines (0 to 1). Those that have nothing in
/// common with it are left out.
pub(super) fn search(vectors: &[Vec<f32>], query: &[f32], limit: usize) -> Vec<(usize, f64)> {
    let scored = vectors.iter().map(|vector| cosine(vector, query)).enumerate();
    best(scored.filter(|(_, score)| *score > 0.0).collect(), limit)
}

/// The cosine of the angle between two vectors, -1 to 1. 0 if one of them has no direction, or if they are not of one length and so
/// of two models.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return 0.0;
    }
    // Models need not send vectors of length 1.
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_knows_directions_only() {
        assert!((cosine(&[3.0, 0.0], &[0.5, 0.0]) - 1.0).abs() < 1e-12);
        assert!((cosine(&[1.0, 1.0], &[1.0, 0.0]) - 0.5f64.sqrt()).abs() < 1e-12);
        assert!((cosine(&[1.0, 0.0], &[-2.0, 0.0]) + 1.0).abs() < 1e-12);
    }

    #[test]
    fn no_direction_is_like_nothing() {
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 0.0]), 0.0);
        assert_eq!(cosine(&[], &[]), 0.0);
        assert_eq!(cosine(&[1.0], &[1.0, 0.0]), 0.0);
    }

    #[test]
    fn the_nearest_come_first() {
        let vectors = [vec![0.0, 1.0], vec![1.0, 1.0], vec![1.0, 0.0], vec![-1.0, 0.0]];
        let places =
            |limit| search(&vectors, &[1.0, 0.0], limit).iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(places(9), [2, 1]);
        assert_eq!(places(1), [2]);
    }
}
