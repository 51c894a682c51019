//! Published LLM clients for Rust, traced with `bennu-sdk`. Each is an example in `examples/`:
//!
//! - `async_openai`: `async-openai`, whose HTTP client is a tower service.
//! - `rig`: `rig-core`, whose transport is a trait.
//! - `reqwest_middleware`: `reqwest-middleware`, for API clients of one's own.
//! - `genai`: `genai`, which lets nothing into its HTTP client and has spans of its own.
//!
//! `cargo run --example rig` in this directory; spans go where `PHOENIX_COLLECTOR_ENDPOINT` says, else to `http://localhost:6006`.

use std::io;

use bennu_stack::offline;

/// The server of models that the examples ask.
#[derive(Debug, Clone)]
pub struct ModelServer {
    /// `http://…/v1`.
    pub base_url: String,
    /// The model that chats.
    pub model: String,
    /// The model that embeds.
    pub embedding_model: String,
    /// The key.
    pub api_key: String,
}

impl ModelServer {
    /// What `OPENAI_BASE_URL`, `OPENAI_MODEL`, `OPENAI_EMBEDDING_MODEL` and `OPENAI_API_KEY` say; without the first, the stand-in of
    /// `bennu-stack` on a free port: rules, no language model.
    ///
    /// # Errors
    /// There is no port to listen on.
    pub async fn find() -> io::Result<Self> {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let base_url = match said("OPENAI_BASE_URL") {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}/v1", offline::start().await?),
        };
        Ok(ModelServer {
            base_url,
            model: said("OPENAI_MODEL").unwrap_or_else(|| offline::MODEL.to_owned()),
            embedding_model: said("OPENAI_EMBEDDING_MODEL")
                .unwrap_or_else(|| offline::EMBEDDING_MODEL.to_owned()),
            api_key: said("OPENAI_API_KEY").unwrap_or_else(|| "none".to_owned()),
        })
    }
}
