//! Words to mark within a text: the terms of a query, the places of a template's variables.

use std::{collections::HashSet, ops::Range};

use super::Markup;

/// Shorter words are in every text.
const MIN_TERM_CHARS: usize = 3;
/// A query of more words marks by its first ones.
const MAX_TERMS: usize = 64;
/// Places that are marked in one text.
const MAX_MARKS: usize = 120;
/// Words that say nothing about what is searched for.
const STOP_WORDS: [&str; 36] = [
    "the", "and", "for", "are", "was", "were", "with", "that", "this", "what", "when", "where", "which",
    "who", "how", "why", "does", "did", "can", "could", "should", "would", "from", "into", "about", "you",
    "your", "our", "not", "but", "has", "have", "had", "its", "there", "their",
];

/// The words of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::pages) struct Terms(HashSet<String>);

impl Terms {
    /// Its words, case ignored, without those that are in every text.
    pub(in crate::pages) fn of(query: &str) -> Terms {
        let words = words(query).map(|range| query[range].to_lowercase());
        let telling = words
            .filter(|word| word.chars().count() >= MIN_TERM_CHARS && !STOP_WORDS.contains(&word.as_str()));
        Terms(telling.take(MAX_TERMS).collect())
    }

    /// Where the terms stand in a text: whole words, or words that begin with a term of four letters and more ("index",
    /// "indexes").
    pub(in crate::pages) fn find(&self, text: &str) -> Vec<Range<usize>> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let hit = |word: &str| {
            let word = word.to_lowercase();
            self.0.contains(&word)
                || self.0.iter().any(|term| {
                    term.len() >= 4 && word.len() <= term.len() + 3 && word.starts_with(term.as_str())
                })
        };
        words(text).filter(|range| hit(&text[range.clone()])).take(MAX_MARKS).collect()
    }
}

fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(char::is_alphanumeric)?;
        let end = text[start..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |at| start + at);
        rest = end;
        Some(start..end)
    })
}

/// Where a template names its variables: `{{name}}`, `{name}`, `$name` or `${name}`, for the names that it has.
pub(in crate::pages) fn placeholders(template: &str, names: &[String]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(open) = template[at..].find(['{', '$']).map(|open| at + open) {
        at = open + 1;
        let body = template[open..].trim_start_matches(['$', '{']);
        let start = template.len() - body.len();
        let braced = template[open..start].contains('{');
        let end = body
            .find(|c: char| if braced { c == '}' || c == '\n' } else { !(c.is_alphanumeric() || c == '_') })
            .unwrap_or(body.len());
        let name = body[..end].trim().trim_start_matches(['#', '/', '^']);
        let name = name.split(['|', '.', ':', '!']).next().unwrap_or_default().trim();
        if names.iter().any(|known| known == name) {
            let mut stop = start + end;
            while braced && template[stop..].starts_with('}') {
                stop += 1;
            }
            found.push(open..stop);
            at = stop;
        }
    }
    found
}

/// A part of a text with marks; `marks` are ranges of the whole text, in order, and `part` is the range shown.
pub(super) fn marked(text: &str, part: Range<usize>, marks: &[Range<usize>]) -> Markup {
    let mut markup = Markup::default();
    let mut at = part.start;
    for mark in marks {
        let (start, end) = (mark.start.clamp(at, part.end), mark.end.clamp(at, part.end));
        if start < end {
            markup.text(&text[at..start]);
            markup.tag("<mark>");
            markup.text(&text[start..end]);
            markup.tag("</mark>");
            at = end;
        }
    }
    markup.text(&text[at..part.end]);
    markup
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ranges: Vec<Range<usize>>, text: &str) -> Vec<&str> {
        ranges.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn terms_are_marked_whatever_their_case_and_ending() {
        let text = "Indexes speed up the WAL; an index of É. Übergröße!";
        let terms = Terms::of("How does the index speed wal, übergröße?");
        assert_eq!(found(terms.find(text), text), ["Indexes", "speed", "WAL", "index", "Übergröße"]);
        assert!(Terms::of("how is the a?").find(text).is_empty());
    }

    #[test]
    fn placeholders_of_every_style() {
        let names = ["goal".to_owned(), "docs".to_owned()];
        let text = "Do {goal} with {{ docs }} or ${goal}, $docs; not {other} {\"goal\": 1} $ {";
        assert_eq!(found(placeholders(text, &names), text), ["{goal}", "{{ docs }}", "${goal}", "$docs"]);
    }

    #[test]
    fn marks_are_cut_at_the_part() {
        let marked = marked("a<b>c", 1..4, &[0..2, 3..5]);
        assert_eq!(marked.to_string(), "<mark>&lt;</mark>b<mark>&gt;</mark>");
    }
}
