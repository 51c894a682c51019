//! Documents: ranked, each with its score against the best, the query's words marked; a reranker's before and after.

use std::collections::{HashMap, HashSet};

use bennu_model::Document;

use super::listed::Listed;
use crate::{
    pages::content::{Terms, Text},
    query::Use,
};

/// Documents of a list.
const MAX_DOCUMENTS: usize = 40;

/// A document.
pub(in crate::pages) struct DocumentView {
    pub(in crate::pages) rank: usize,
    pub(in crate::pages) id: String,
    pub(in crate::pages) score: String,
    /// Out of 100, against the best of the list.
    pub(in crate::pages) share: String,
    pub(in crate::pages) text: Option<Text>,
    pub(in crate::pages) metadata: Option<Text>,
    pub(in crate::pages) in_prompt: bool,
    pub(in crate::pages) quoted: bool,
}

/// A document that a reranker moved.
pub(in crate::pages) struct Moved {
    pub(in crate::pages) document: DocumentView,
    /// Its rank before; empty if it was not given.
    pub(in crate::pages) before: String,
    /// Its score before.
    pub(in crate::pages) score_before: String,
    /// `▲ 2`, `▼ 1`, `=`, or `dropped`.
    pub(in crate::pages) moved: String,
    pub(in crate::pages) dropped: bool,
}

/// In the order given, which is the rank. `uses` are those of the documents, or none.
pub(super) fn documents(documents: &[Document], terms: &Terms, uses: &[Use]) -> Listed<DocumentView> {
    let best = best(documents);
    Listed::new(documents, MAX_DOCUMENTS, |at, document| {
        let used = uses.get(at).copied().unwrap_or_default();
        DocumentView { in_prompt: used.in_prompt, quoted: used.quoted, ..view(document, at + 1, best, terms) }
    })
}

/// The documents that came out with where they were, then those that were dropped; nothing without documents on both sides.
pub(super) fn reranked(given: &[Document], ranked: &[Document], terms: &Terms) -> Listed<Moved> {
    if given.is_empty() || ranked.is_empty() {
        return Listed::default();
    }
    // By id, else by text; of several that are the same, the first.
    let mut before: HashMap<&str, usize> = HashMap::new();
    for (at, document) in given.iter().enumerate() {
        identity(document).map(|identity| *before.entry(identity).or_insert(at));
    }
    let after: HashSet<&str> = ranked.iter().filter_map(identity).collect();
    let out = ranked.iter().enumerate().map(|(at, document)| {
        (document, Some(at), identity(document).and_then(|identity| before.get(identity)).copied())
    });
    let left = given.iter().enumerate();
    let left =
        left.filter(|(_, document)| identity(document).is_none_or(|identity| !after.contains(identity)));
    let all: Vec<(&Document, Option<usize>, Option<usize>)> =
        out.chain(left.map(|(at, document)| (document, None, Some(at)))).collect();
    let best = best(ranked);
    Listed::new(&all, MAX_DOCUMENTS, |_, (document, now, before)| Moved {
        document: view(document, now.map_or(0, |now| now + 1), best, terms),
        before: before.map(|before| (before + 1).to_string()).unwrap_or_default(),
        score_before: before.and_then(|before| given[before].score).map(shown).unwrap_or_default(),
        moved: match (now, before) {
            (None, _) => "dropped".into(),
            (_, None) => "new".into(),
            (Some(now), Some(before)) if before > now => format!("▲ {}", before - now),
            (Some(now), Some(before)) if before < now => format!("▼ {}", now - before),
            _ => "=".into(),
        },
        dropped: now.is_none(),
    })
}

/// What makes a document the same in two lists.
fn identity(document: &Document) -> Option<&str> {
    document.id.as_deref().or(document.text.as_deref())
}

fn best(documents: &[Document]) -> f64 {
    documents.iter().filter_map(|document| document.score).fold(0.0, f64::max)
}

fn view(document: &Document, rank: usize, best: f64, terms: &Terms) -> DocumentView {
    DocumentView {
        rank,
        id: document.id.clone().unwrap_or_default(),
        score: document.score.map(shown).unwrap_or_default(),
        share: match document.score {
            Some(score) if best > 0.0 => format!("{:.1}", (score / best * 100.0).clamp(0.0, 100.0)),
            _ => String::new(),
        },
        text: document.text.as_deref().map(|text| Text::marked(text, &terms.find(text))),
        metadata: document.metadata.as_ref().map(Text::json),
        in_prompt: false,
        quoted: false,
    }
}

/// Four digits after the point, or an exponent where those would say nothing.
fn shown(score: f64) -> String {
    match score.abs() {
        0.0 | 0.0001..1e6 => format!("{score:.4}"),
        _ => format!("{score:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_every_size_are_short() {
        for (score, text) in [
            (0.83, "0.8300"),
            (0.0, "0.0000"),
            (-12.5, "-12.5000"),
            (1e308, "1.000e308"),
            (1e-300, "1.000e-300"),
        ] {
            assert_eq!(shown(score), text);
        }
    }

    #[test]
    fn a_reranking_says_what_moved() {
        let doc = |id: &str, text: &str| Document {
            id: (!id.is_empty()).then(|| id.to_owned()),
            text: Some(text.into()),
            ..Document::default()
        };
        let given = [doc("a", "1"), doc("b", "2"), doc("", "3"), doc("d", "4")];
        let ranked = [doc("", "3"), doc("b", "2"), doc("a", "1"), doc("x", "9")];
        let moved = reranked(&given, &ranked, &Terms::default());
        let told: Vec<(&str, &str)> =
            moved.items.iter().map(|moved| (moved.before.as_str(), moved.moved.as_str())).collect();
        assert_eq!(told, [("3", "▲ 2"), ("2", "="), ("1", "▼ 2"), ("", "new"), ("4", "dropped")]);
        assert!(reranked(&given, &[], &Terms::default()).is_empty());
    }
}
