//! The words of the field, shared by every room: what a span is, what a message is, how tokens are counted.
//!
//! Two layers. [`Span`] is what a client sent, nothing lost ([`Value`] keeps nested attributes). [`Detail`] is what it means in
//! one vocabulary, whatever the dialect; [`Summary`] is the part of the meaning that lists and filters need.
//!
//! Invariant: no IO, no dialect names, no storage.
//!
//! ```
//! use bennu_model::{TraceId, Usage};
//! let id: TraceId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
//! assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
//! let usage = Usage { input: Some(1200), output: Some(150), ..Usage::default() };
//! assert_eq!(usage.total(), Some(1350));
//! ```

mod value;
mod value_json;
mod id;
mod span;
mod log;
mod kind;
mod usage;
mod message;
mod detail;
mod summary;

pub use detail::{Content, Cost, Detail, Document, Embedding, PromptTemplate, Tool};
pub use id::{IdError, SpanId, TraceId};
pub use kind::Kind;
pub use log::LogRecord;
pub use message::{Message, Part};
pub use span::{Attribute, Event, Link, Origin, OtelKind, Resource, Span, Status, StatusCode};
pub use summary::Summary;
pub use usage::{TOKEN_TYPES, Tokens, Usage};
pub use value::Value;
pub use value_json::{JsonAttributes, JsonValue, OtlpAttributes, OtlpValue};
