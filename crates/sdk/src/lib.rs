//! Traces of LLM applications: model calls, tools, retrievals and agents as OpenTelemetry spans, in words that
//! Bennu, Phoenix and other OTLP backends know.
//!
//! ```no_run
//! use bennu_sdk::{Message, agent_span, init_tracing, llm_span, tool_span};
//! use serde_json::json;
//!
//! # async fn ask_model() -> Result<serde_json::Value, std::io::Error> { Ok(json!({})) }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Sends to http://localhost:6006 unless told otherwise; what waits is sent when the guard is dropped.
//! let _guard = init_tracing("my-service").start()?;
//!
//! let agent = agent_span("What is the time?");
//! agent
//!     .trace(async |agent| {
//!         let messages = [Message::user("What is the time?")];
//!         llm_span("gpt-4o", &messages)
//!             .trace(async |span| {
//!                 let response = ask_model().await?;
//!                 span.record_output(&response);
//!                 Ok::<_, std::io::Error>(())
//!             })
//!             .await?;
//!         tool_span("now", &json!({"zone": "UTC"})).trace_sync(|span| {
//!             span.record_output("12:00");
//!             Ok::<_, std::io::Error>(())
//!         })?;
//!         agent.record_output("12:00");
//!         Ok::<_, std::io::Error>(())
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! - **Start**: [`init_tracing`] and its [`Builder`]; the [`Guard`] that ends it; [`stats`] tells what was lost.
//! - **Spans**: [`llm_span`], [`tool_span`], [`retrieval_span`], [`agent_span`], [`embedding_span`], [`reranker_span`],
//!   [`chain_span`], [`guardrail_span`], [`evaluator_span`]: each a [`Span`] with methods of its kind. Answers that come piece by
//!   piece: [`LlmStream`].
//! - **Context**: [`using_session`], [`using_user`], [`using_tags`], [`using_metadata`], [`using_prompt_template`] hold for every
//!   span inside; [`carry`] takes them into a task.
//! - **HTTP** (feature `http`): [`TraceLayer`] for servers, [`inject`] for clients.
//! - **Clients** (feature `client`): [`LlmLayer`] traces the model calls of an HTTP client by itself; see [below](#clients).
//! - **`tracing`** (feature `tracing`): [`tracing_layer`] makes its spans and these each other's parents.
//! - **Sampling**: [`Builder::tail_sampling`] sends every trace that failed, was slow or was [flagged](keep_trace), and a part of the rest;
//!   [`Builder::sample_ratio`] decides when a trace begins.
//! - **Privacy**: [`Builder::hide`] and the variables `OPENINFERENCE_HIDE_…` leave content out by its kind, [`Builder::redact`] shows a
//!   closure all the rest before it leaves.
//! - **Metrics** (feature `metrics`): `Builder::metrics` counts tokens and seconds of every model call, sampled or not.
//! - **Tests** (feature `testing`): `testing::record` says what an application did; a trace becomes a test, which needs no model where
//!   that is asked by chat completions.
//!
//! # Clients
//!
//! Calls that a library makes are traced where they leave, and no code around them changes. What each lets in:
//!
//! - Clients made with **tower** whose requests are `http::Request`s (hyper-util): [`LlmLayer`].
//! - **reqwest** (feature `reqwest`): `LlmService::new(reqwest::Client::new())` is a service of its requests, each sent with
//!   `service.clone().oneshot(request).await` (`tower::ServiceExt`); the client itself has no place for layers. **reqwest-middleware**: `LlmMiddleware`.
//! - **async-openai** (its feature `middleware`): `with_http_service` takes a service that builds the request and hands it to an
//!   `LlmService`. It takes the place of its own retries, whose layer goes around it.
//! - **rig**: its transport is the trait `HttpClientExt`, which a type around an `LlmService` implements; its HTTP hooks do not see
//!   answers. Its own `tracing` spans are of the same trace and name the same answer.
//! - **genai** lets nothing in: `with_reqwest` takes a bare `reqwest::Client`. With its feature `otel` it has `tracing` spans of its own,
//!   which [`tracing_layer`] takes; messages are on them if `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is `true`.
//!
//! Each is an example in `clients/examples` of Bennu's repository. Keys in a request's body, with which the provider calls tools or
//! reads data, are replaced before the span has them.
//!
//! # When the collector is away
//!
//! A collector that is slow or down costs spans, never the application's time: spans wait in a bounded queue and leave on a thread
//! of their own. The log (`tracing`) says once that spans are lost and why, and once that they arrive again; where nobody listens to the log
//! the first of these is on the standard error.

#[cfg(feature = "client")]
mod client;
mod conventions;
mod console;
mod context;
mod endpoint;
mod export;
#[cfg(feature = "grpc")]
mod grpc;
mod message;
#[cfg(feature = "metrics")]
mod metrics;
mod pipeline;
mod privacy;
#[cfg(feature = "http")]
mod propagate;
#[cfg(feature = "http")]
mod server;
mod sampling;
mod setup;
mod span;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;

#[cfg(feature = "reqwest")]
pub use client::LlmMiddleware;
#[cfg(feature = "client")]
pub use client::{HeardBody, LlmLayer, LlmService, SentBody};
pub use context::{
    Using, carry, current_trace_id, using_metadata, using_prompt_template, using_session, using_tags,
    using_user,
};
pub use conventions::Conventions;
pub use endpoint::Protocol;
pub use export::Stats;
pub use message::{Message, Messages, Part, ToolCall};
pub use privacy::{Hide, Shown};
#[cfg(feature = "http")]
pub use propagate::{extract, inject};
pub use sampling::{SamplingStats, TailSampling};
#[cfg(feature = "http")]
pub use server::{TraceLayer, TraceService, TracedBody, X_TRACE_ID};
pub use setup::{Builder, Error, Guard, flush, init_tracing, keep_trace, sampling_stats, stats, tracer};
pub use span::*;

/// A layer for `tracing_subscriber::registry()`: spans opened with `tracing` are sent, too, below the spans of this crate that they
/// are opened in, and the other way round. Starts tracing with defaults if it is not started.
#[cfg(feature = "tracing")]
pub fn tracing_layer<S>() -> tracing_opentelemetry::OpenTelemetryLayer<S, opentelemetry_sdk::trace::SdkTracer>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
{
    tracing_opentelemetry::layer().with_tracer(tracer())
}
