//! A question answered from documents: embedded, retrieved, reranked, answered. The documents are of one knowledge base, so
//! they recur from trace to trace.

use super::{Made, draft::Draft, writer::Writer};
use crate::otlp::{KeyValue, double, text};

const RETRIEVED: usize = 8;
const KEPT: usize = 4;

/// One trace of 5 spans.
pub(super) fn rag(writer: &mut Writer, start_ns: u64) -> Made {
    let session = writer.session();
    let mut draft = Draft::new(&mut writer.random, session, start_ns);
    let (question, answer) = (writer.text(20), writer.text(100));
    let root = draft.begin(&mut writer.random, &[], draft.app.root, "CHAIN");

    let embedding = draft.begin(&mut writer.random, &root.span_id, "embed", "EMBEDDING");
    draft.wait(&mut writer.random, 30);
    let attributes = vec![
        text("embedding.model_name", "text-embedding-3-small"),
        text("embedding.embeddings.0.embedding.text", &question),
        text("input.value", &question),
    ];
    draft.end(&mut writer.random, embedding, attributes);

    let retrieval = draft.begin(&mut writer.random, &root.span_id, "retrieve", "RETRIEVER");
    draft.wait(&mut writer.random, 25);
    let found = writer.found(RETRIEVED);
    // Each with the score of its similarity.
    let found: Vec<(usize, f64)> =
        found.into_iter().map(|document| (document, writer.random.unit())).collect();
    let mut attributes = vec![text("input.value", &question)];
    documents(writer, &mut attributes, "retrieval.documents", &found);
    draft.end(&mut writer.random, retrieval, attributes);

    let reranker = draft.begin(&mut writer.random, &root.span_id, "rerank", "RERANKER");
    draft.wait(&mut writer.random, 60);
    let mut attributes = vec![text("reranker.query", &question), text("reranker.model_name", "rerank-v3.5")];
    documents(writer, &mut attributes, "reranker.input_documents", &found);
    // What comes out has scores of the reranker's own.
    let kept: Vec<(usize, f64)> =
        found.iter().rev().take(KEPT).map(|(document, _)| (*document, writer.random.unit())).collect();
    documents(writer, &mut attributes, "reranker.output_documents", &kept);
    draft.end(&mut writer.random, reranker, attributes);

    let call = draft.begin(&mut writer.random, &root.span_id, "llm.answer", "LLM");
    draft.wait(&mut writer.random, 1_100);
    let mut context = String::new();
    for (document, _) in &kept {
        context.push_str(writer.document(*document));
        context.push(' ');
    }
    let mut attributes = writer.call(draft.app, &format!("{context}{question}"), &answer);
    attributes.extend(writer.usage());
    draft.end(&mut writer.random, call, attributes);
    draft.finish(&mut writer.random, root, &question, &answer)
}

fn documents(writer: &mut Writer, attributes: &mut Vec<KeyValue>, list: &str, found: &[(usize, f64)]) {
    for (n, (document, score)) in found.iter().enumerate() {
        let place = format!("{list}.{n}.document");
        attributes.push(text(format!("{place}.id"), format!("kb-{document}")));
        attributes.push(text(format!("{place}.content"), writer.document(*document)));
        attributes.push(double(format!("{place}.score"), *score));
        attributes.push(text(
            format!("{place}.metadata"),
            format!(r#"{{"source": "handbook/{}.md", "chunk": {}}}"#, document / 20, document % 20),
        ));
    }
}
