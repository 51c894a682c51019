//! Documents: ranked, each with its score against the best.

use bennu_model::Document;

use super::text::Text;

/// A document.
pub(super) struct DocumentView {
    pub(super) rank: usize,
    pub(super) id: String,
    pub(super) score: String,
    /// Out of 100, against the best of the list.
    pub(super) share: String,
    pub(super) text: Option<Text>,
    pub(super) metadata: Option<Text>,
}

/// In the order given, which is the rank.
pub(super) fn documents(documents: &[Document]) -> Vec<DocumentView> {
    let best = documents.iter().filter_map(|document| document.score).fold(0.0, f64::max);
    documents
        .iter()
        .enumerate()
        .map(|(at, document)| DocumentView {
            rank: at + 1,
            id: document.id.clone().unwrap_or_default(),
            score: document.score.map(|score| format!("{score:.4}")).unwrap_or_default(),
            share: match document.score {
                Some(score) if best > 0.0 => format!("{:.1}", (score / best * 100.0).clamp(0.0, 100.0)),
                _ => String::new(),
            },
            text: document.text.as_deref().map(Text::prose),
            metadata: document.metadata.as_ref().map(Text::json),
        })
        .collect()
}
