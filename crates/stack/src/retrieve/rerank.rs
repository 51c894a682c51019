//! The last order of what was found, by the overlap of words. No model: it costs microseconds, and it knows no synonyms.

use std::collections::HashSet;

use super::{Chunk, Found, best, words::words};

/// For the query's words that the chunk has.
const WORDS: f64 = 0.7;
/// For those that stand side by side in the query and in the chunk.
const PAIRS: f64 = 0.15;
/// For those that the title has.
const TITLE: f64 = 0.15;

/// The `top_k` best candidates with their [`overlap`] as the new score. Equals keep the order that they came in.
pub(super) fn rerank(query: &str, candidates: &[Found], top_k: usize) -> Vec<Found> {
    let query = words(query);
    let scored = candidates.iter().map(|one| overlap(&query, &one.chunk)).enumerate().collect();
    best(scored, top_k)
        .into_iter()
        .map(|(at, score)| Found { chunk: candidates[at].chunk.clone(), score })
        .collect()
}

/// How much of the query a chunk has, 0 to 1, of this project's own making:
///
/// 0.7 · (share of the query's distinct words in the title or the text) + 0.15 · (share of its distinct pairs of neighbouring words
/// that are neighbours in the title or in the text) + 0.15 · (share of its distinct words in the title).
fn overlap(query: &[String], chunk: &Chunk) -> f64 {
    let (title, text) = (words(&chunk.title), words(&chunk.text));
    let in_title: HashSet<&String> = title.iter().collect();
    let anywhere: HashSet<&String> = title.iter().chain(&text).collect();
    let pairs: HashSet<&[String]> = title.windows(2).chain(text.windows(2)).collect();
    let wanted: HashSet<&String> = query.iter().collect();
    let wanted_pairs: HashSet<&[String]> = query.windows(2).collect();
    WORDS * share(wanted.intersection(&anywhere).count(), wanted.len())
        + PAIRS * share(wanted_pairs.intersection(&pairs).count(), wanted_pairs.len())
        + TITLE * share(wanted.intersection(&in_title).count(), wanted.len())
}

/// 0 to 1; 0 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(title: &str, text: &str) -> Chunk {
        Chunk { id: text.to_owned(), title: title.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_overlap_is_a_share() {
        let query = words("connection pool size");
        let score = |title: &str, text: &str| overlap(&query, &chunk(title, text));
        assert!((score("Connection pool size", "") - 1.0).abs() < 1e-12);
        // Two words of three, one pair of two.
        assert!((score("", "A connection pool.") - (0.7 * 2.0 / 3.0 + 0.15 / 2.0)).abs() < 1e-12);
        // The same words apart, one of them in the title.
        assert!((score("Pools", "A connection.") - (0.7 * 2.0 / 3.0 + 0.15 / 3.0)).abs() < 1e-12);
        assert_eq!(score("Caching", "Nothing here."), 0.0);
        assert_eq!(overlap(&[], &chunk("Caching", "Nothing here.")), 0.0);
    }

    #[test]
    fn the_best_come_first_and_equals_stay() {
        let found = |text: &str| Found { chunk: chunk("", text), score: 9.0 };
        let candidates = [found("horse"), found("a dog"), found("the dog"), found("dog and cat")];
        let texts = |top_k| {
            rerank("cat dog", &candidates, top_k).into_iter().map(|one| one.chunk.text).collect::<Vec<_>>()
        };
        assert_eq!(texts(9), ["dog and cat", "a dog", "the dog", "horse"]);
        assert_eq!(texts(1), ["dog and cat"]);
    }
}
