//! Retrieval: the question, the documents with their scores, before and after a reranker, and the answer that was made of them.

use bennu_sdk::{
    Document, Message, chain_span, embedding_span, init_tracing, llm_span, reranker_span, retrieval_span,
};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _guard = init_tracing("example-rag").start()?;
    let question = "Who invented the lighthouse?";
    let chain = chain_span("answer from documents", question);
    chain.in_scope(|| {
        let found = [
            Document::new("The Pharos of Alexandria was built by Sostratus.").id("d7").score(0.71),
            Document::new("Lighthouses use Fresnel lenses.")
                .id("d2")
                .score(0.74)
                .metadata(json!({"page": 12})),
        ];
        let retrieval = retrieval_span(question, 2);
        retrieval.in_scope(|| {
            let embedding = embedding_span("text-embedding-3-small", &[question]);
            embedding.record_tokens(6);
        });
        retrieval.record_documents(&found);
        drop(retrieval);

        let reranker = reranker_span(question, "cross-encoder", &found, 1);
        reranker.record_documents(&[found[0].clone().score(0.93)]);
        drop(reranker);

        let prompt = [Message::system(format!("Answer from: {}", found[0].text)), Message::user(question)];
        let llm = llm_span("gpt-4o", &prompt);
        llm.record_messages(&[Message::assistant("Sostratus built the first great one.")], &["stop"]);
    });
    chain.record_output("Sostratus built the first great one.");
    Ok(())
}
