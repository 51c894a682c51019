//! Hybrid search over the documents in `corpus`, in three stages:
//!
//! 1. `bm25` finds chunks by their words (cut by `words`), `dense` by their embeddings.
//! 2. `fuse` makes one ranking of the two.
//! 3. `rerank` puts the first of them into their last order.
//!
//! `corpus` is what is searched.

mod bm25;
mod corpus;
mod dense;
mod fuse;
mod rerank;
mod words;

use std::sync::Arc;

use bennu_sdk::{Document, chain_span, reranker_span, retrieval_span};
use serde_json::json;

use crate::llm::{self, Llm};

pub use corpus::Chunk;

/// Chunks that each of the two searches may find.
const FOUND_PER_SEARCH: usize = 20;
/// Chunks that are reranked.
const CANDIDATES: usize = 10;
/// What the reranker is called in traces. It is no model.
const RERANKER: &str = "lexical-overlap";

/// A chunk that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The chunk.
    pub chunk: Chunk,
    /// How well it fits after the last stage: 0 to 1, the overlap of the query's words with the chunk.
    pub score: f64,
}

/// An index of the shipped documents, held in memory.
#[derive(Debug)]
pub struct HybridRetriever {
    llm: Arc<Llm>,
    chunks: Vec<Chunk>,
    /// One for each chunk, as long as the embedding model makes them.
    vectors: Vec<Vec<f32>>,
    words: bm25::Index,
}

impl HybridRetriever {
    /// Indexes the shipped documents. Every chunk is embedded, with its title, in one request.
    ///
    /// # Errors
    /// [`llm::Error`]: the model's server does not embed them.
    pub async fn new(llm: Arc<Llm>) -> Result<Self, llm::Error> {
        let chunks = corpus::chunks();
        let texts: Vec<String> = chunks.iter().map(Chunk::indexed).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let about = format!("{} chunks of {} documents", chunks.len(), corpus::DOCUMENTS.len());
        let vectors = chain_span("index documents", &about)
            .trace(async |span| {
                let vectors = llm.embed(&texts).await;
                if let Ok(vectors) = &vectors {
                    let length = vectors.first().map_or(0, Vec::len);
                    span.record_output(&format!("{} vectors of {length} numbers", vectors.len()));
                }
                vectors
            })
            .await?;
        Ok(HybridRetriever::of(llm, chunks, vectors))
    }

    /// An index of chunks with their vectors.
    fn of(llm: Arc<Llm>, chunks: Vec<Chunk>, vectors: Vec<Vec<f32>>) -> Self {
        let words = bm25::Index::new(chunks.iter().map(|chunk| words::words(&chunk.indexed())));
        HybridRetriever { llm, chunks, vectors, words }
    }

    /// The `top_k` best chunks, the best first; never more than 10.
    ///
    /// Three stages: BM25 and the cosine of embeddings find 20 chunks each; reciprocal rank fusion leaves 10 candidates; these are
    /// reranked by the overlap of their words with the query's.
    ///
    /// # Errors
    /// [`llm::Error`]: the model's server does not embed the query.
    pub async fn retrieve(&self, query: &str, top_k: usize) -> Result<Vec<Found>, llm::Error> {
        retrieval_span(query, top_k)
            .trace(async |span| {
                let vectors = self.llm.embed(&[query]).await?;
                let vector = vectors.first().map(Vec::as_slice).unwrap_or_default();
                let candidates = self.candidates(query, vector);
                let found = reranked(query, &candidates, top_k);
                span.record_documents(&documents(&found));
                Ok(found)
            })
            .await
    }

    /// The chunk of this id, such as `sqlite-small-apps#2`.
    pub fn chunk(&self, id: &str) -> Option<&Chunk> {
        self.chunks.iter().find(|chunk| chunk.id == id)
    }

    /// What both searches find, fused; the scores are the fusion's.
    fn candidates(&self, query: &str, vector: &[f32]) -> Vec<Found> {
        let by_words = self.words.search(&words::words(query), FOUND_PER_SEARCH);
        let by_vector = dense::search(&self.vectors, vector, FOUND_PER_SEARCH);
        fuse::fuse(&[by_words, by_vector], CANDIDATES)
            .into_iter()
            .filter_map(|(at, score)| Some(Found { chunk: self.chunks.get(at)?.clone(), score }))
            .collect()
    }
}

/// The last stage, with its span.
fn reranked(query: &str, candidates: &[Found], top_k: usize) -> Vec<Found> {
    let span = reranker_span(query, RERANKER, &documents(candidates), top_k);
    let found = span.in_scope(|| rerank::rerank(query, candidates, top_k));
    span.record_documents(&documents(&found));
    found
}

/// As spans record them.
fn documents(found: &[Found]) -> Vec<Document<'_>> {
    let mut documents = Vec::with_capacity(found.len());
    for Found { chunk, score } in found {
        let metadata = json!({"title": chunk.title});
        documents.push(Document::new(&chunk.text).id(&chunk.id).score(*score).metadata(metadata));
    }
    documents
}

/// Things by their place in a list, with a score each: the `limit` best, the best first. Of equals, the one that comes first in the
/// list, so that the same query has the same answer.
fn best(mut scored: Vec<(usize, f64)>, limit: usize) -> Vec<(usize, f64)> {
    scored.sort_by(|(a, score_a), (b, score_b)| score_b.total_cmp(score_a).then(a.cmp(b)));
    scored.truncate(limit);
    scored
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::Settings;

    const QUESTION: &str = "Compare Postgres and SQLite for a small Django app's database.";
    const WANTED: [&str; 4] =
        ["postgres-small-apps", "sqlite-small-apps", "django-database-settings", "choosing-a-database"];

    /// An index without a server. `vector` is told each chunk.
    fn retriever(vector: impl Fn(&Chunk) -> Vec<f32>) -> HybridRetriever {
        let settings = Settings {
            base_url: None,
            api_key: None,
            model: "none".into(),
            embedding_model: "none".into(),
            timeout: Duration::from_secs(1),
        };
        let chunks = corpus::chunks();
        let vectors = chunks.iter().map(vector).collect();
        HybridRetriever::of(Arc::new(Llm::new(settings)), chunks, vectors)
    }

    fn names(found: &[Found]) -> Vec<&str> {
        found.iter().filter_map(|one| one.chunk.id.split('#').next()).collect()
    }

    #[test]
    fn words_alone_find_the_documents_that_compare_databases() {
        let retriever = retriever(|_| vec![0.0, 0.0]);
        let candidates = retriever.candidates(QUESTION, &[1.0, 0.0]);
        assert_eq!(candidates.len(), CANDIDATES);
        let found = rerank::rerank(QUESTION, &candidates, WANTED.len());
        let names = names(&found);
        assert!(WANTED.iter().all(|name| names.contains(name)), "{names:?}");
    }

    #[test]
    fn a_vector_finds_what_words_do_not() {
        let retriever =
            retriever(|chunk| if chunk.id == "caching#2" { vec![0.0, 1.0] } else { vec![1.0, 0.0] });
        let candidates = retriever.candidates("zzz", &[0.0, 1.0]);
        let ids: Vec<&str> = candidates.iter().map(|one| &one.chunk.id[..]).collect();
        assert_eq!(ids, ["caching#2"]);
        assert!((candidates[0].score - 1.0 / 61.0).abs() < 1e-12);
    }

    #[test]
    fn a_chunk_is_known_by_its_id() {
        let retriever = retriever(|_| Vec::new());
        let title = |id: &str| retriever.chunk(id).map(|chunk| chunk.title.clone());
        assert_eq!(title("sqlite-small-apps#2").as_deref(), Some("SQLite for small web apps"));
        assert_eq!(title("sqlite-small-apps#99"), None);
    }

    #[test]
    fn equals_keep_their_order() {
        assert_eq!(best(vec![(2, 1.0), (0, 0.5), (1, 1.0)], 2), [(1, 1.0), (2, 1.0)]);
    }
}
