//! The client's side of HTTP: model calls traced where they leave.
//!
//! - `request`: which requests are model calls, and the span that begins with one.
//! - `secrets`: keys within a request's body, which no span is told.
//! - `chat`, `responses`, `anthropic`, `embeddings`: an API each, what its requests and answers say.
//! - `call`: a call from its request to the end of its answer, piece by piece.
//! - `sse`: server-sent events; `error`: how APIs say that something is wrong.
//! - `layer`: the tower layer; `sent`, `heard`: the bodies that it hands on.
//! - `reqwest`, `middleware`: the same for reqwest and for reqwest-middleware.
//!
//! Invariants: what client and server exchange is the same with and without the layer; a request is never the worse for it; whatever
//! comes, nothing here panics, and what is gathered has a bound.

mod anthropic;
mod call;
mod chat;
mod embeddings;
mod error;
mod heard;
mod layer;
#[cfg(feature = "reqwest")]
mod middleware;
mod request;
#[cfg(feature = "reqwest")]
mod reqwest;
mod responses;
mod secrets;
mod sent;
mod sse;

pub use heard::HeardBody;
pub use layer::{LlmLayer, LlmService};
#[cfg(feature = "reqwest")]
pub use middleware::LlmMiddleware;
pub use sent::SentBody;
