//! From a question to what is searched for.

use super::super::embed::is_stop_word;

/// Words of a question, besides stop words, that are of no use to a search.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "advise", "also", "am", "best", "better", "between", "choose", "difference", "differences", "either",
    "explain", "find", "get", "give", "good", "help", "just", "know", "let", "like", "more", "must",
    "need", "pick", "please", "prefer", "recommend", "show", "some", "suggest", "take", "tell", "use",
    "using", "versus", "vs", "want", "whether",
];
/// Words that announce a comparison.
const COMPARING: &[&str] = &["compare", "compared", "comparing", "comparison", "between"];
/// What a question about the time says.
#[rustfmt::skip]
const TIME: &[&str] = &[
    "what time", "what date", "what day", "what is the time", "what is the date", "what s the time",
    "what s the date", "time is it", "date is it", "day is it", "current time", "current date",
    "time now", "date now", "time is now", "date today", "today s date", "date of today",
];
/// Words of a side of a comparison, at most.
const SIDE: usize = 3;

/// Whether a question is for the time.
pub(super) fn asks_time(question: &str) -> bool {
    let lower = question.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let spaced = format!(" {} ", words.join(" "));
    TIME.iter().any(|phrase| spaced.contains(&format!(" {phrase} ")))
}

/// What to search for: both sides of a comparison, else the question itself.
pub(super) fn queries(question: &str) -> Vec<String> {
    sides(question).map_or_else(|| vec![query(question)], Vec::from)
}

/// The question without its filler words.
pub(super) fn query(question: &str) -> String {
    let words: Vec<_> =
        words(question).into_iter().filter(Word::says_something).map(|word| word.text).collect();
    if words.is_empty() { question.trim().to_owned() } else { words.join(" ") }
}

/// A query for each side of a comparison, in the context of the rest of the question.
fn sides(question: &str) -> Option<[String; 2]> {
    let words = words(question);
    let compares = words.iter().any(Word::compares);
    let joins = |word: &Word<'_>| match &*word.lower {
        "or" | "vs" | "versus" => true,
        "and" | "with" | "to" => compares,
        _ => false,
    };
    for at in (0..words.len()).filter(|at| joins(&words[*at])) {
        // "Postgres compared to SQLite": the side is before the word that compares.
        let end = words[..at].iter().rposition(|word| !word.compares()).map_or(0, |at| at + 1);
        let mut left = end..end;
        while left.start > 0 && left.len() < SIDE && words[left.start - 1].says_something() {
            // "a small app, Postgres or SQLite": the comma ends the side.
            if !left.is_empty() && words[left.start - 1].ends {
                break;
            }
            left.start -= 1;
        }
        let start = words[at + 1..].iter().position(|word| !matches!(&*word.lower, "a" | "an" | "the"));
        let start = start.map_or(words.len(), |skipped| at + 1 + skipped);
        let mut right = start..start;
        while right.end < words.len() && right.len() < SIDE && words[right.end].says_something() {
            right.end += 1;
            if words[right.end - 1].ends {
                break;
            }
        }
        if !compares {
            // Nothing says where the sides end: as long as the shorter one.
            let length = left.len().min(right.len());
            (left, right) = (end - length..end, start..start + length);
        }
        if left.is_empty() || right.is_empty() {
            continue;
        }
        let rest = words
            .iter()
            .enumerate()
            .filter(|(at, word)| word.says_something() && !left.contains(at) && !right.contains(at));
        let rest: Vec<&str> = rest.map(|(_, word)| word.text).collect();
        let side = |side: &[Word<'_>]| {
            side.iter().map(|word| word.text).chain(rest.iter().copied()).collect::<Vec<_>>().join(" ")
        };
        return Some([side(&words[left.clone()]), side(&words[right.clone()])]);
    }
    None
}

/// A word of a question.
struct Word<'a> {
    text: &'a str,
    lower: String,
    /// Whether punctuation follows that ends a phrase.
    ends: bool,
}

impl Word<'_> {
    fn compares(&self) -> bool {
        COMPARING.contains(&&*self.lower)
    }

    fn says_something(&self) -> bool {
        !self.compares() && !is_stop_word(&self.lower) && !FILLERS.contains(&&*self.lower)
    }
}

fn words(question: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    for raw in question.split_whitespace() {
        let tail = raw.trim_start_matches(|c: char| !c.is_alphanumeric());
        // C++ and C# keep their signs.
        let text = tail.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '#'));
        if (text.is_empty() || raw.starts_with('('))
            && let Some(word) = words.last_mut()
        {
            word.ends = true;
        }
        if text.is_empty() {
            continue;
        }
        let ends = tail[text.len()..].contains([',', ';', ':', '.', '?', '!', ')']);
        let text = text.strip_suffix("'s").or_else(|| text.strip_suffix("’s")).unwrap_or(text);
        words.push(Word { text, lower: text.to_lowercase(), ends });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_found_however_they_are_compared() {
        let expected = ["Postgres small Django app database", "SQLite small Django app database"];
        assert_eq!(queries("Compare Postgres and SQLite for a small Django app's database."), expected);
        assert_eq!(
            queries("Should I use Postgres or SQLite for a small Django app as its database?"),
            expected
        );
        assert_eq!(queries("Postgres vs SQLite, for a small Django app: which database?"), expected);
        let expected = ["Postgres", "SQLite"];
        assert_eq!(queries("How does Postgres compare to SQLite?"), expected);
        assert_eq!(queries("What is the difference between Postgres and the SQLite?"), expected);
        assert_eq!(queries("Use Postgres or not?"), ["Postgres"]);
        assert_eq!(queries("Backups and restores in C++"), ["Backups restores C++"]);
    }

    #[test]
    fn the_time_is_told_from_words_about_time() {
        assert!(asks_time("What's the time?") && asks_time("And what day is it, please?"));
        assert!(!asks_time("How long is the timeout of a runtime?"));
    }
}
