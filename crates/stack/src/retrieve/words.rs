//! Text into words.

/// Words that say nothing of what a text is about. `s` is what an apostrophe leaves.
const STOP_WORDS: [&str; 44] = [
    "a", "about", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "for", "from",
    "have", "how", "i", "if", "in", "is", "it", "its", "me", "my", "of", "on", "or", "s", "should", "that",
    "the", "this", "to", "was", "we", "what", "when", "which", "why", "will", "with", "you", "your",
];

/// The words of a text in their order: lower case, cut at everything that is neither letter nor digit, without stop words and
/// without the `s` of a plural. No stemmer: `query` and `queries` stay two words.
pub(super) fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
        .map(|word| singular(word).to_owned())
        .collect()
}

/// `apps` is `app`; `process`, `status` and `redis` stay. Names such as `postgres` lose theirs in texts and queries alike.
fn singular(word: &str) -> &str {
    let keeps = word.chars().count() <= 3 || ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if keeps { word } else { word.strip_suffix('s').unwrap_or(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_words() {
        assert_eq!(
            words("The app's Databases, (PRAGMA journal_mode=WAL)!"),
            ["app", "database", "pragma", "journal", "mode", "wal"]
        );
        assert_eq!(words("process status Redis apps DNS"), ["process", "status", "redis", "app", "dns"]);
        assert!(words("what is it? –").is_empty());
    }
}
