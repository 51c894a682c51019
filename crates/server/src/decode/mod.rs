//! Decode: from the bytes of a request to spans and what they mean. Pure: no IO, no panic on any input.
//!
//! - `wire`: OTLP as protobuf and as JSON, read leniently, a span at a time.
//! - `fold`: spans that stand for something else.
//! - `normalise`: from any dialect's attributes to one vocabulary ([`bennu_model::Detail`]).
//! - `summary`: the columns that lists need.
//!
//! Invariant: one bad span is a [`Rejected`] and never refuses the others.

pub mod wire;
pub mod normalise;
mod fold;
pub mod summary;

use bennu_model::Span;

pub(crate) use normalise::{Dialect, Fact, Field, Meaning, Place, explain, is_understood};
pub use normalise::{dialects, normalise};
pub use summary::{answer, question, summarise};

/// How a request's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`, and every gRPC message.
    Protobuf,
    /// `application/json`.
    Json,
}

/// Spans of one resource.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceSpans {
    /// The project the resource names.
    pub project: Option<String>,
    /// The spans.
    pub spans: Vec<Span>,
}

/// What a request held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// The good part.
    pub resources: Vec<ResourceSpans>,
    /// The rest.
    pub rejected: Rejected,
}

/// Spans that could not be read, counted by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejected {
    reasons: Vec<(String, u64)>,
}

/// Reasons told apart in one reply; what exceeds them is counted with the last.
const MAX_REASONS: usize = 5;

impl Rejected {
    /// Counts a span that was refused.
    pub fn add(&mut self, reason: &str) {
        match self.reasons.iter().position(|(known, _)| known == reason) {
            Some(at) => self.reasons[at].1 += 1,
            None if self.reasons.len() < MAX_REASONS => self.reasons.push((reason.to_owned(), 1)),
            None => self.reasons[MAX_REASONS - 1].1 += 1,
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.reasons.iter().map(|(_, count)| count).sum()
    }

    /// A sentence for the sender: `2 spans: trace_id is missing; 1 span: …`.
    pub fn message(&self) -> String {
        let parts: Vec<String> = self
            .reasons
            .iter()
            .map(|(reason, count)| format!("{count} span{}: {reason}", if *count == 1 { "" } else { "s" }))
            .collect();
        parts.join("; ")
    }
}

/// Why a whole body was refused; the text is for the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not what the content type says.
    #[error("the body is not an OTLP ExportTraceServiceRequest in {0}: {1}")]
    Unreadable(&'static str, String),
    /// Another signal.
    #[error(
        "this is an OTLP {0} payload on the traces path; bennu stores traces only for now: point the {0} exporter elsewhere \
         or set OTEL_{1}_EXPORTER=none"
    )]
    OtherSignal(&'static str, &'static str),
}

/// Decodes a body.
///
/// # Errors
/// [`Refusal`] when nothing of the body can be read as traces.
pub fn decode(encoding: Encoding, body: bytes::Bytes) -> Result<Batch, Refusal> {
    let mut batch = match encoding {
        Encoding::Protobuf => wire::protobuf::read(body),
        Encoding::Json => wire::json::read(&body),
    }?;
    for resource in &mut batch.resources {
        resource.spans = std::mem::take(&mut resource.spans)
            .into_iter()
            .filter_map(|span| match fold::fold(span) {
                fold::Folded::Span(span) => Some(span),
                fold::Folded::Event(_) => None,
            })
            .collect();
    }
    Ok(batch)
}
