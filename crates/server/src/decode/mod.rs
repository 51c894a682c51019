//! Decode: from the bytes of a request to spans and log records, and what they mean. Pure: no IO, no panic on any input.
//!
//! - `wire`: OTLP as protobuf and as JSON, read leniently, an item at a time and never the whole request at once.
//! - `report`: what the sender is told of a request that was taken.
//! - `fold`: spans that stand for something else.
//! - `normalise`: from any dialect's attributes to one vocabulary ([`bennu_model::Detail`]).
//! - `summary`: the columns that lists need.
//!
//! Invariant: one bad span costs itself and never the others; of a bad span all is kept that can be read.

pub mod wire;
mod report;
pub mod normalise;
mod fold;
pub mod summary;

use bennu_model::{LogRecord, Span};
use bytes::Bytes;

pub(crate) use normalise::{Dialect, Fact, Field, Meaning, Place, explain, is_understood, parse};
pub use normalise::{attribute_names, dialects, is_meaningful, normalise};
pub use report::{Counted, Report};
pub use summary::{answer, derive, question, summarise};

/// How a request's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`, and every gRPC message.
    Protobuf,
    /// `application/json`.
    Json,
}

/// What a request is for; the sender says it by the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signal {
    /// Spans.
    #[default]
    Traces,
    /// Log records.
    Logs,
}

/// What a request holds many of.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Of a traces request.
    Span(Span),
    /// Of a logs request, or an event that was sent as a span.
    Log(LogRecord),
}

/// Why a whole body was refused; the text is for the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not what the content type says.
    #[error("the body is not an OTLP {request} in {encoding}: {reason}", request = .0.request(), encoding = .1, reason = .2)]
    Unreadable(Signal, &'static str, String),
    /// Another signal, which has a path of its own.
    #[error(
        "this is an OTLP {other} payload on the {here} path; send {other} to /v1/{other}, or over gRPC to their own service",
        other = .0.other().name(), here = .0.name()
    )]
    OtherSignal(Signal),
    /// Metrics, which nobody keeps here.
    #[error(
        "this is an OTLP metrics payload on the {} path; bennu stores traces and their logs only: set OTEL_METRICS_EXPORTER=none",
        .0.name()
    )]
    Metrics(Signal),
}

impl Signal {
    /// As paths and variables have it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Traces => "traces",
            Signal::Logs => "logs",
        }
    }

    /// What one of its items is called.
    fn item(self) -> &'static str {
        match self {
            Signal::Traces => "span",
            Signal::Logs => "log record",
        }
    }

    fn request(self) -> &'static str {
        match self {
            Signal::Traces => "ExportTraceServiceRequest",
            Signal::Logs => "ExportLogsServiceRequest",
        }
    }

    fn other(self) -> Signal {
        match self {
            Signal::Traces => Signal::Logs,
            Signal::Logs => Signal::Traces,
        }
    }
}

/// Decodes a body. `take` is given each item as soon as it is read, with the project that its resource names: besides the body
/// no more than one item is in memory at any time.
///
/// # Errors
/// [`Refusal`] when nothing of the body can be read as this signal; `take` was not called then.
pub fn decode(
    signal: Signal,
    encoding: Encoding,
    body: Bytes,
    take: &mut dyn FnMut(Option<&str>, Item),
) -> Result<Report, Refusal> {
    wire::read(signal, encoding, &body, &mut |project, item| {
        let item = match item {
            Item::Span(span) => fold::fold(span),
            record => record,
        };
        take(project, item);
    })
}

/// A request as a whole, for tests and tools.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// What was read, neighbours of one project together.
    pub resources: Vec<ResourceItems>,
    /// What could not be read.
    pub rejected: Counted,
    /// What was mended or cut.
    pub warnings: Counted,
}

/// Neighbours in a request that name one project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceItems {
    /// The project the resource names.
    pub project: Option<String>,
    /// The spans.
    pub spans: Vec<Span>,
    /// The log records.
    pub logs: Vec<LogRecord>,
}

/// Decodes a body and collects what is in it. Nothing that serves requests calls this: it holds the whole request.
///
/// # Errors
/// As [`decode`].
pub fn decode_all(signal: Signal, encoding: Encoding, body: Bytes) -> Result<Batch, Refusal> {
    let mut resources: Vec<ResourceItems> = Vec::new();
    let report = decode(signal, encoding, body, &mut |project, item| {
        if resources.last().is_none_or(|last| last.project.as_deref() != project) {
            resources.push(ResourceItems { project: project.map(str::to_owned), ..ResourceItems::default() });
        }
        if let Some(last) = resources.last_mut() {
            match item {
                Item::Span(span) => last.spans.push(span),
                Item::Log(record) => last.logs.push(record),
            }
        }
    })?;
    Ok(Batch { resources, rejected: report.rejected, warnings: report.warnings })
}
