//! Documents: ranked, each with its score against the best, the query's words marked; a reranker's before and after.

use bennu_model::Document;

use crate::{
    pages::content::{Terms, Text},
    query::Use,
};

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
pub(super) fn documents(documents: &[Document], terms: &Terms, uses: &[Use]) -> Vec<DocumentView> {
    let best = best(documents);
    documents
        .iter()
        .enumerate()
        .map(|(at, document)| {
            let used = uses.get(at).copied().unwrap_or_default();
            DocumentView {
                in_prompt: used.in_prompt,
                quoted: used.quoted,
                ..view(document, at + 1, best, terms)
            }
        })
        .collect()
}

/// The documents that came out with where they were, then those that were dropped; nothing without documents on both sides.
pub(super) fn reranked(given: &[Document], ranked: &[Document], terms: &Terms) -> Vec<Moved> {
    if given.is_empty() || ranked.is_empty() {
        return Vec::new();
    }
    let same = |a: &Document, b: &Document| match (&a.id, &b.id) {
        (Some(a), Some(b)) => a == b,
        _ => a.text.is_some() && a.text == b.text,
    };
    let best = best(ranked);
    let out = ranked.iter().enumerate().map(|(at, document)| {
        let before = given.iter().position(|other| same(document, other));
        Moved {
            document: view(document, at + 1, best, terms),
            before: before.map(|before| (before + 1).to_string()).unwrap_or_default(),
            score_before: before.and_then(|before| given[before].score).map(shown).unwrap_or_default(),
            moved: match before {
                None => "new".into(),
                Some(before) if before > at => format!("▲ {}", before - at),
                Some(before) if before < at => format!("▼ {}", at - before),
                Some(_) => "=".into(),
            },
            dropped: false,
        }
    });
    let left =
        given.iter().enumerate().filter(|(_, document)| !ranked.iter().any(|other| same(document, other)));
    let left = left.map(|(at, document)| Moved {
        document: view(document, at + 1, 0.0, terms),
        before: (at + 1).to_string(),
        score_before: document.score.map(shown).unwrap_or_default(),
        moved: "dropped".into(),
        dropped: true,
    });
    out.chain(left).collect()
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
            moved.iter().map(|moved| (moved.before.as_str(), moved.moved.as_str())).collect();
        assert_eq!(told, [("3", "▲ 2"), ("2", "="), ("1", "▼ 2"), ("", "new"), ("4", "dropped")]);
        assert!(reranked(&given, &[], &Terms::default()).is_empty());
    }
}
