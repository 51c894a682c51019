//! Tokens without a tokenizer: words times four thirds.

use serde_json::Value;

/// Runs of letters and digits, so that JSON without spaces counts like prose.
pub(super) fn words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

/// The same of a value as JSON; none of `null`.
pub(super) fn json_words(value: &Value) -> usize {
    if value.is_null() { 0 } else { words(&value.to_string()) }
}

/// The tokens of so many words.
pub(super) fn tokens(words: usize) -> usize {
    (words * 4).div_ceil(3)
}
