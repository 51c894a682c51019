//! LLM observability in one binary: OTLP in, the waterfall out.
//!
//! In the order data flows:
//! - [`config`]: flags, environment and file to one validated [`config::Config`].
//! - [`serve`]: ports, start and stop. [`demo`]: an agent that asks a question, and its trace.
//! - [`export`]: a trace of a running server as JSON, for a file.
//! - `guard`: who may ask: tokens, `Host`, cross-site requests.
//! - `receive`: OTLP over HTTP and gRPC, to one function.
//! - [`decode`]: bytes to spans, any dialect to one vocabulary.
//! - `query`: what pages and JSON ask together.
//! - `api`: JSON answers, Phoenix's and ours.
//! - `pages`: HTML.

// `api::trace` answers with one large `json!`.
#![recursion_limit = "256"]

pub mod config;
pub mod demo;
pub mod export;
pub mod serve;
mod app;
mod error;
mod guard;
mod receive;
pub mod decode;
mod query;
mod api;
mod pages;
