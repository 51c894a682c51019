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
            score: document.score.map(shown).unwrap_or_default(),
            share: match document.score {
                Some(score) if best > 0.0 => format!("{:.1}", (score / best * 100.0).clamp(0.0, 100.0)),
                _ => String::new(),
            },
            text: document.text.as_deref().map(Text::prose),
            metadata: document.metadata.as_ref().map(Text::json),
        })
        .collect()
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
    use super::shown;

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
}
