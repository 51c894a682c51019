//! The documents that are searched.

/// Words below which a paragraph is joined with its neighbour.
const SHORT: usize = 60;
/// Words that a chunk of joined paragraphs should not exceed.
const LONG: usize = 130;

/// Names the documents and brings their texts into the program.
macro_rules! documents {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../corpus/", $name, ".md")))),*]
    };
}

/// Name and Markdown of each.
pub(super) const DOCUMENTS: [(&str, &str); 12] = documents![
    "ai-observability",
    "backups",
    "caching",
    "choosing-a-database",
    "connection-pooling",
    "django-database-settings",
    "full-text-search",
    "migrations",
    "one-machine-deployment",
    "postgres-small-apps",
    "sqlite-small-apps",
    "write-concurrency",
];

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The document's name and the chunk's number, from 1: `sqlite-small-apps#2`.
    pub id: String,
    /// The document's title.
    pub title: String,
    /// About 60 to 130 words, one paragraph or several.
    pub text: String,
}

impl Chunk {
    /// What is searched: a paragraph does not repeat what its title says.
    pub(super) fn indexed(&self) -> String {
        format!("{}\n\n{}", self.title, self.text)
    }
}

/// All chunks of all documents.
pub(super) fn chunks() -> Vec<Chunk> {
    DOCUMENTS.iter().flat_map(|(name, markdown)| cut(name, markdown)).collect()
}

/// A document's chunks. Its first line is its title.
fn cut(name: &str, markdown: &str) -> Vec<Chunk> {
    let (first, body) = markdown.split_once('\n').unwrap_or((markdown, ""));
    let title = first.trim_start_matches('#').trim();
    join(body.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()))
        .into_iter()
        .zip(1..)
        .map(|(text, number)| Chunk { id: format!("{name}#{number}"), title: title.to_owned(), text })
        .collect()
}

/// Paragraphs with the short ones joined to the one before, unless that becomes long.
fn join<'a>(paragraphs: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for paragraph in paragraphs {
        let more = length(paragraph);
        match texts.last_mut() {
            Some(last) if length(last).min(more) < SHORT && length(last) + more <= LONG => {
                last.push_str("\n\n");
                last.push_str(paragraph);
            }
            _ => texts.push(paragraph.to_owned()),
        }
    }
    texts
}

fn length(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_document_has_a_title_and_chunks() {
        for (name, markdown) in DOCUMENTS {
            assert!(markdown.starts_with("# "), "{name}");
            assert!((120..=250).contains(&length(markdown)), "{name}: {} words", length(markdown));
            let chunks = cut(name, markdown);
            assert!(!chunks.is_empty(), "{name}");
            for chunk in chunks {
                assert!(!chunk.title.is_empty(), "{}", chunk.id);
                assert!(
                    (SHORT..=LONG).contains(&length(&chunk.text)),
                    "{}: {}",
                    chunk.id,
                    length(&chunk.text)
                );
            }
        }
    }

    #[test]
    fn ids_are_unique() {
        let chunks = chunks();
        let ids: HashSet<&String> = chunks.iter().map(|chunk| &chunk.id).collect();
        assert_eq!(ids.len(), chunks.len());
    }

    #[test]
    fn short_paragraphs_are_joined() {
        let words = |count: usize| vec!["word"; count].join(" ");
        let check = |counts: &[usize], expected: &[usize]| {
            let paragraphs: Vec<String> = counts.iter().map(|count| words(*count)).collect();
            let chunks = cut("x", &format!("# X\n\n{}\n", paragraphs.join("\n\n")));
            let found: Vec<usize> = chunks.iter().map(|chunk| length(&chunk.text)).collect();
            assert_eq!(found, expected, "{counts:?}");
        };
        check(&[20, 30, 70], &[120]);
        check(&[70, 70], &[70, 70]);
        check(&[100, 50], &[100, 50]);
        check(&[], &[]);
        check(&[200], &[200]);
    }

    #[test]
    fn a_chunk_has_its_documents_name_and_title() {
        let chunks = cut("tea", "# All of tea\n\nBoil water.\n");
        let expected = Chunk { id: "tea#1".into(), title: "All of tea".into(), text: "Boil water.".into() };
        assert_eq!(chunks, [expected]);
    }
}
