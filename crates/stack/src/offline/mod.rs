//! A stand-in for a model's server, for when the user names no model. **It is no language model**: it follows rules,
//! the same ones every time, and says so in its models' names, at the end of every answer and, where the API has it,
//! in `system_fingerprint`. It speaks OpenAI's chat completions, Responses and embeddings, and Anthropic's Messages:
//! one reply, worded by each API.
//!
//! It searches with the tool `search_docs`, reads the best result with `fetch_chunk`, and quotes the sentences
//! that share most with the question; its vectors are hashed words. Sampling parameters, `max_tokens`,
//! `dimensions` and the like are ignored. Tokens are words times four thirds.
//!
//! For tests and demonstrations: a question with `fail please` in it gets HTTP 500, and one with `slow please`
//! is answered a second and a half later – at every request with that question, those after tool calls too.
//!
//! - `chat`, `responses`, `messages`, `embeddings`: the APIs.
//! - `completion`: what those that chat share; `answer` decides what is said, `pace` how long it takes.
//! - `embed`: vectors. `tokens`, `refusal`: what is counted, what is refused.

mod chat;
mod responses;
mod messages;
mod embeddings;
mod completion;
mod answer;
mod embed;
mod tokens;
mod pace;
mod refusal;
#[cfg(test)]
mod kit;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use refusal::Refusal;

/// The model that chats.
pub const MODEL: &str = "offline-stand-in";
/// The model that embeds.
pub const EMBEDDING_MODEL: &str = "offline-stand-in-embedding";

/// Bytes of a request, at most: all texts of a corpus may be embedded at once.
const BODY_LIMIT: usize = 32 << 20;

/// Starts it on a free loopback port, in the background of the running tokio runtime; returns its address.
///
/// # Errors
/// There is no port to listen on.
pub async fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router()).await {
            tracing::warn!(%error, "the offline stand-in has stopped");
        }
    });
    Ok(address)
}

/// The routes, for tests.
pub fn router() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::chat))
        .route("/v1/responses", post(responses::responses))
        .route("/v1/messages", post(messages::messages))
        .route("/v1/embeddings", post(embeddings::embeddings))
        .route("/v1/models", get(models))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

async fn models() -> Json<Value> {
    let model = |id: &str| json!({"id": id, "object": "model", "created": 0, "owned_by": "offline-stand-in"});
    Json(json!({"object": "list", "data": [model(MODEL), model(EMBEDDING_MODEL)]}))
}

async fn nowhere() -> Refusal {
    let message = "the offline stand-in serves /v1/chat/completions, /v1/responses, /v1/messages, /v1/embeddings and /v1/models";
    Refusal::new(StatusCode::NOT_FOUND, message)
}

/// Any model is accepted.
fn model(request: &Value, default: &str) -> String {
    request["model"].as_str().unwrap_or(default).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// POST of an empty object to a running stand-in.
    async fn post(address: SocketAddr, path: String) -> (u16, String) {
        let asked = tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let mut response = agent.post(format!("http://{address}{path}")).send("{}").expect("it answers");
            (response.status().as_u16(), response.body_mut().read_to_string().unwrap_or_default())
        });
        asked.await.expect("asking does not panic")
    }

    #[tokio::test]
    async fn it_serves_what_it_says_it_serves() {
        let address = start().await.expect("there is a free port");
        let (status, message) = post(address, "/v1/completions".to_owned()).await;
        assert_eq!(status, 404, "{message}");
        let words = message.split([' ', ',', '"']);
        let paths: Vec<String> = words.filter(|word| word.starts_with("/v1/")).map(str::to_owned).collect();
        assert_eq!(paths.len(), 5, "{message}");
        for path in paths {
            // The list of models is not posted to.
            let expected = if path == "/v1/models" { 405 } else { 400 };
            assert_eq!(post(address, path.clone()).await.0, expected, "{path}");
        }
    }

    #[tokio::test]
    async fn it_listens_on_loopback() {
        let address = start().await.expect("there is a free port");
        assert!(address.ip().is_loopback() && address.port() > 0);
        assert!(models().await.0["data"][0]["id"] == MODEL);
    }
}
