//! A small production stack around a language model, every call site traced with `bennu-sdk`. One idea a file:
//!
//! - `settings`: where the model is, from the environment.
//! - `llm`: chat, streamed or not, and embeddings of an OpenAI-compatible server.
//! - `offline`: a stand-in for such a server, for when there is none. No language model.
//! - `tools`: a registry of functions that the model may call.
//! - `retrieve`: hybrid search over the documents in `corpus`.
//! - `agent`: the loop of model and tools.
//! - `server`: the agent behind HTTP.

pub mod agent;
pub mod llm;
pub mod offline;
pub mod retrieve;
pub mod server;
pub mod settings;
pub mod tools;

use std::sync::Arc;

/// The agent with its model, tools and documents.
#[derive(Debug)]
pub struct Stack {
    /// The agent.
    pub agent: agent::Agent,
}

impl Stack {
    /// Starts it: the stand-in if no model is named, and the index.
    ///
    /// # Errors
    /// [`llm::Error`]: the model's server does not embed the documents.
    pub async fn start(settings: settings::Settings) -> Result<Self, llm::Error> {
        let settings = settings.or_offline().await?;
        let llm = Arc::new(llm::Llm::new(settings));
        let retriever = Arc::new(retrieve::HybridRetriever::new(llm.clone()).await?);
        Ok(Stack { agent: agent::Agent::new(llm, tools::registry(retriever)) })
    }
}
