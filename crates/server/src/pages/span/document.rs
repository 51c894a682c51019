//! Documents: ranked, each with its score against the best, the query's words marked; a reranker's before and after.

use std::collections::HashMap;

use bennu_model::Document;

use super::listed::Listed;
use crate::{
    pages::content::{self, Terms, Text},
    query::Use,
};

/// Documents of a list.
const MAX_DOCUMENTS: usize = 40;
/// What their texts take of a page; then they are brief.
const MAX_SHOWN_BYTES: usize = 40_000;

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
    let (best, mut bytes) = (best(documents), 0);
    Listed::new(documents, MAX_DOCUMENTS, |at, document| {
        let used = uses.get(at).copied().unwrap_or_default();
        let mut shown = view(document, at + 1, best, terms);
        bytes += shown.text.as_ref().map_or(0, Text::size_bytes);
        if bytes > MAX_SHOWN_BYTES {
            shown.text = document.text.as_deref().map(Text::brief);
        }
        DocumentView { in_prompt: used.in_prompt, quoted: used.quoted, ..shown }
    })
}

/// The documents that came out with where they were, then those that were dropped; nothing without documents on both sides.
pub(super) fn reranked(given: &[Document], ranked: &[Document], terms: &Terms) -> Listed<Moved> {
    if given.is_empty() || ranked.is_empty() {
        return Listed::default();
    }
    let before = Index::new(given);
    let after = Index::new(ranked);
    let out = ranked.iter().enumerate().map(|(at, document)| (document, Some(at), before.find(document)));
    let left = given.iter().enumerate().filter(|(_, document)| after.find(document).is_none());
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

/// Where documents stand, by id and by text; of several that are the same, the first.
#[derive(Default)]
struct Index<'d> {
    by_id: HashMap<&'d str, usize>,
    by_text: HashMap<&'d str, usize>,
}

impl<'d> Index<'d> {
    fn new(documents: &'d [Document]) -> Index<'d> {
        let mut index = Index::default();
        for (at, document) in documents.iter().enumerate() {
            if let Some(id) = &document.id {
                index.by_id.entry(id).or_insert(at);
            }
            if let Some(text) = &document.text {
                index.by_text.entry(text).or_insert(at);
            }
        }
        index
    }

    /// The same document: of the same id; where one of the lists has none, of the same text.
    fn find(&self, document: &Document) -> Option<usize> {
        let by_text = || document.text.as_deref().and_then(|text| self.by_text.get(text)).copied();
        match document.id.as_deref() {
            Some(id) if !self.by_id.is_empty() => self.by_id.get(id).copied(),
            _ => by_text(),
        }
    }
}

fn best(documents: &[Document]) -> f64 {
    documents.iter().filter_map(|document| document.score).fold(0.0, f64::max)
}

fn view(document: &Document, rank: usize, best: f64, terms: &Terms) -> DocumentView {
    DocumentView {
        rank,
        id: document.id.as_deref().map(content::name).unwrap_or_default(),
        score: document.score.map(shown).unwrap_or_default(),
        share: match document.score {
            Some(score) if best > 0.0 => format!("{:.1}", (score / best * 100.0).clamp(0.0, 100.0)),
            _ => String::new(),
        },
        text: document.text.as_deref().map(|text| Text::with_terms(text, terms)),
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
