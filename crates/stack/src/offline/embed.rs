//! Vectors without a model: hashed words and pieces of words.

/// Numbers in a vector.
pub(super) const DIMENSIONS: usize = 256;

/// Words that say nothing about what a text is about.
const STOP_WORDS: &[&str] = &[
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did",
    "do", "does", "don't", "doesn't", "i'm", "i've", "can't", "for", "from", "had", "has", "have", "how",
    "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or", "our", "s",
    "should", "so", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "to", "us", "was", "we", "were", "what", "when", "where", "which", "while", "who", "why",
    "will", "with", "would", "you", "your",
];

/// Whether a lower-case word is one of those.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// The lower-case words of a text without their plural `s`, stop words dropped.
pub(super) fn terms(text: &str) -> Vec<String> {
    words(text).into_iter().filter(|word| !is_stop_word(word)).map(singular).collect()
}

/// The vector of a text, of length one.
pub(super) fn embed(text: &str) -> Vec<f32> {
    let mut terms = terms(text);
    if terms.is_empty() {
        // Nothing but stop words: better those than no direction at all.
        terms = words(text);
    }
    let mut vector = vec![0.0_f32; DIMENSIONS];
    for term in &terms {
        add(&mut vector, "word", term, 1.0);
        let letters: Vec<char> = format!(" {term} ").chars().collect();
        for letters in letters.windows(3) {
            add(&mut vector, "letters", &letters.iter().collect::<String>(), 0.5);
        }
    }
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    } else {
        // A text without a word; a vector of zeros would make the caller's cosines undefined.
        vector[0] = 1.0;
    }
    vector
}

/// FNV-1a: the same on every machine and in every version, which the standard hasher does not promise.
pub(super) fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn singular(mut word: String) -> String {
    if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
    word
}

/// The sign is hashed too, so that features that fall on the same number cancel out on average.
fn add(vector: &mut [f32], kind: &str, feature: &str, weight: f32) {
    let hash = hash(kind.bytes().chain([b':']).chain(feature.bytes()));
    let at = ((hash ^ (hash >> 32)) % DIMENSIONS as u64) as usize;
    vector[at] += if hash >> 63 == 0 { weight } else { -weight };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(left: &str, right: &str) -> f32 {
        embed(left).iter().zip(embed(right)).map(|(left, right)| left * right).sum()
    }

    #[test]
    fn vectors_have_length_one() {
        for text in ["Connection pools of Postgres", "the of and", "?!", "", "日本語"] {
            let vector = embed(text);
            assert_eq!(vector.len(), DIMENSIONS);
            let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
            assert!((length - 1.0).abs() < 1e-4, "{text}: {length}");
            assert_eq!(vector, embed(text));
        }
    }

    #[test]
    fn similar_texts_are_closer() {
        let text = "How do I size the connection pool of Postgres?";
        let (near, far) = ("Sizing a Postgres connection pool", "Bread is baked from flour and water");
        assert!(cosine(text, near) > 0.5, "{}", cosine(text, near));
        assert!(cosine(text, near) > cosine(text, far) + 0.2);
        assert!((cosine("the backups", "Backup") - 1.0).abs() < 1e-4);
    }

    #[test]
    fn hashes_are_those_of_fnv_1a() {
        assert_eq!(hash(*b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(*b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
