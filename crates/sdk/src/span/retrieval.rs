//! Retrievals and rerankers.

use std::borrow::Cow;

use bennu_semconv::{gen_ai, openinference};
use opentelemetry::{KeyValue, trace::SpanKind};
use serde_json::{Value as Json, json as object};

use super::{Span, input};
use crate::{
    conventions::{int, json},
    setup::Settings,
};

/// The kind of [`RetrievalSpan`].
#[derive(Debug)]
pub enum Retriever {}

/// A search for documents.
pub type RetrievalSpan = Span<Retriever>;

/// The kind of [`RerankerSpan`].
#[derive(Debug)]
pub enum Reranker {}

/// A new order of documents.
pub type RerankerSpan = Span<Reranker>;

/// A document that was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document<'a> {
    /// Its id in the index.
    pub id: Option<Cow<'a, str>>,
    /// How well it fits; what that means is the retriever's.
    pub score: Option<f64>,
    /// Its text.
    pub text: Cow<'a, str>,
    /// What else is known of it, a JSON object.
    pub metadata: Option<Cow<'a, Json>>,
}

impl<'a> Document<'a> {
    /// A document of this text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Document { text: text.into(), ..Document::default() }
    }

    /// With its id in the index.
    pub fn id(self, id: impl Into<Cow<'a, str>>) -> Self {
        Document { id: Some(id.into()), ..self }
    }

    /// With its score.
    pub fn score(self, score: f64) -> Self {
        Document { score: Some(score), ..self }
    }

    /// With what else is known of it, a JSON object.
    pub fn metadata(self, metadata: Json) -> Self {
        Document { metadata: Some(Cow::Owned(metadata)), ..self }
    }

    /// From `{"id", "score", "text" or "content", "metadata"}`, of which any may be missing.
    pub fn from_json(document: &'a Json) -> Self {
        let text = |name: &str| document.get(name).and_then(Json::as_str);
        let id = match document.get("id") {
            Some(Json::String(id)) => Some(Cow::from(id)),
            Some(Json::Number(id)) => Some(id.to_string().into()),
            _ => None,
        };
        Document {
            id,
            score: document.get("score").and_then(Json::as_f64),
            text: text("text").or_else(|| text("content")).unwrap_or_default().into(),
            metadata: document.get("metadata").filter(|metadata| !metadata.is_null()).map(Cow::Borrowed),
        }
    }

    /// Its text as far as the settings let it be sent.
    fn cut(&self, settings: Settings) -> &str {
        let end = settings
            .max_document_chars
            .and_then(|chars| self.text.char_indices().nth(chars))
            .map_or(self.text.len(), |(at, _)| at);
        &self.text[..end]
    }

    fn flatten(&self, list: &str, index: usize, settings: Settings, out: &mut Vec<KeyValue>) {
        let name = |name: &str| format!("{list}.{index}.document.{name}");
        if let Some(id) = &self.id {
            out.push(KeyValue::new(name("id"), id.clone().into_owned()));
        }
        if let Some(score) = self.score {
            out.push(KeyValue::new(name("score"), score));
        }
        out.push(KeyValue::new(name("content"), self.cut(settings).to_owned()));
        if let Some(metadata) = &self.metadata {
            out.push(KeyValue::new(name("metadata"), metadata.to_string()));
        }
    }

    fn to_gen_ai(&self, settings: Settings) -> Json {
        object!({
            "id": self.id, "score": self.score, "content": self.cut(settings), "metadata": self.metadata,
        })
    }
}

fn record(list: &str, documents: &[Document<'_>], settings: Settings, out: &mut Vec<KeyValue>) {
    if settings.conventions.open_inference() {
        for (index, document) in documents.iter().enumerate() {
            document.flatten(list, index, settings, out);
        }
    }
    if settings.conventions.gen_ai() {
        let documents: Vec<Json> = documents.iter().map(|document| document.to_gen_ai(settings)).collect();
        out.push(KeyValue::new(gen_ai::RETRIEVAL_DOCUMENTS, json(&documents)));
    }
}

/// Begins a search for the `top_k` best documents.
pub fn retrieval_span(query: &str, top_k: usize) -> RetrievalSpan {
    Span::begin("retrieval", "RETRIEVER", SpanKind::Internal, |settings, out| {
        if settings.conventions.open_inference() {
            out.extend(input(query));
        }
        if settings.conventions.gen_ai() {
            out.push(KeyValue::new(gen_ai::OPERATION_NAME, "retrieval"));
            out.push(KeyValue::new(gen_ai::RETRIEVAL_QUERY, query.to_owned()));
        }
        out.push(KeyValue::new("retrieval.top_k", int(top_k as u64)));
    })
}

/// Records what was found; see [`RetrievalSpan::record_documents`].
pub fn record_retrieval_output(span: &RetrievalSpan, documents: &[Document<'_>]) {
    span.record_documents(documents);
}

impl RetrievalSpan {
    /// Records what was found, the best first.
    pub fn record_documents(&self, documents: &[Document<'_>]) {
        let mut out = Vec::new();
        record(openinference::RETRIEVAL_DOCUMENTS, documents, self.settings, &mut out);
        self.set(out);
    }
}

/// Begins to put documents into a new order with a model.
pub fn reranker_span(query: &str, model: &str, documents: &[Document<'_>], top_k: usize) -> RerankerSpan {
    Span::begin("rerank", "RERANKER", SpanKind::Internal, |settings, out| {
        if settings.conventions.open_inference() {
            out.push(KeyValue::new(openinference::RERANKER_QUERY, query.to_owned()));
            out.push(KeyValue::new(openinference::RERANKER_MODEL_NAME, model.to_owned()));
            for (index, document) in documents.iter().enumerate() {
                document.flatten(openinference::RERANKER_INPUT_DOCUMENTS, index, settings, out);
            }
        }
        if settings.conventions.gen_ai() {
            out.push(KeyValue::new(gen_ai::OPERATION_NAME, "rerank"));
            out.push(KeyValue::new(gen_ai::REQUEST_MODEL, model.to_owned()));
            out.push(KeyValue::new(gen_ai::RETRIEVAL_QUERY, query.to_owned()));
        }
        out.push(KeyValue::new("reranker.top_k", int(top_k as u64)));
    })
}

impl RerankerSpan {
    /// Records the documents that are left, in their new order, with their new scores.
    pub fn record_documents(&self, documents: &[Document<'_>]) {
        let mut out = Vec::new();
        record(openinference::RERANKER_OUTPUT_DOCUMENTS, documents, self.settings, &mut out);
        self.set(out);
    }
}
