//! Search by words.

use std::collections::HashMap;

use super::best;

/// How soon more of the same word stops to matter.
const K1: f64 = 1.2;
/// How much long texts are held back, 0 to 1.
const B: f64 = 0.75;

/// Where each word is: an inverted index.
#[derive(Debug)]
pub(super) struct Index {
    /// Of each word the texts that have it, in their order, and how often.
    postings: HashMap<String, Vec<(usize, f64)>>,
    /// Of each text its words' number.
    lengths: Vec<f64>,
    mean_length: f64,
}

impl Index {
    /// An index of texts that are cut into words.
    pub(super) fn new(texts: impl IntoIterator<Item = Vec<String>>) -> Self {
        let mut postings: HashMap<String, Vec<(usize, f64)>> = HashMap::new();
        let mut lengths = Vec::new();
        for (text, words) in texts.into_iter().enumerate() {
            lengths.push(words.len() as f64);
            for word in words {
                let posting = postings.entry(word).or_default();
                match posting.last_mut() {
                    Some((last, times)) if *last == text => *times += 1.0,
                    _ => posting.push((text, 1.0)),
                }
            }
        }
        // At least 1: it divides, and there may be no words at all.
        let mean_length = (lengths.iter().sum::<f64>() / lengths.len().max(1) as f64).max(1.0);
        Index { postings, lengths, mean_length }
    }

    /// The `limit` best texts that have any of the words, by their places, with their scores (above 0, without a unit).
    ///
    /// BM25 with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond"). The
    /// weight of a word is ln(1 + (N - n + 0.5) / (n + 0.5)), which, unlike theirs, is never below 0 for frequent words.
    pub(super) fn search(&self, query: &[String], limit: usize) -> Vec<(usize, f64)> {
        let mut scores = vec![0.0_f64; self.lengths.len()];
        for word in query {
            let Some(posting) = self.postings.get(word) else { continue };
            let (all, having) = (self.lengths.len() as f64, posting.len() as f64);
            let weight = (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
            for &(text, times) in posting {
                let length = 1.0 - B + B * self.lengths[text] / self.mean_length;
                scores[text] += weight * times * (K1 + 1.0) / (times + K1 * length);
            }
        }
        best(scores.into_iter().enumerate().filter(|(_, score)| *score > 0.0).collect(), limit)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words::words, *};

    fn index(texts: &[&str]) -> Index {
        Index::new(texts.iter().map(|text| words(text)))
    }

    #[test]
    fn the_score_is_the_formulas() {
        // Both texts have two words, so the length's factor is 1: ln(1 + 1.5 / 1.5) * 1 * 2.2 / (1 + 1.2).
        let found = index(&["red fox", "blue whale"]).search(&words("fox"), 9);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, 0);
        assert!((found[0].1 - 2f64.ln()).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn rare_words_count_more_and_long_texts_less() {
        let index = index(&["cat dog", "cat bird", "cat fish whale shark", "horse"]);
        let places =
            |query: &str| index.search(&words(query), 9).iter().map(|(at, _)| *at).collect::<Vec<_>>();
        assert_eq!(places("cat bird"), [1, 0, 2]);
        assert_eq!(places("cat"), [0, 1, 2]);
        assert_eq!(index.search(&words("cat"), 1).len(), 1);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert!(index(&[]).search(&words("cat"), 9).is_empty());
        assert!(index(&["", ""]).search(&words("cat"), 9).is_empty());
        assert!(index(&["cat"]).search(&[], 9).is_empty());
    }
}
