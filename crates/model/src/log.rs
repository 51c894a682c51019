//! A log record as it came, nothing lost.

use std::sync::Arc;

use crate::{Attribute, Origin, SpanId, TraceId, Value};

/// One OTLP log record that belongs to a trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogRecord {
    /// The trace it was written in.
    pub trace_id: TraceId,
    /// The span it was written in, if it says one.
    pub span_id: Option<SpanId>,
    /// When it happened, nanoseconds since the Unix epoch; 0 if it does not say.
    pub time_ns: u64,
    /// When it was seen by the exporter, nanoseconds since the Unix epoch; 0 if it does not say.
    pub observed_ns: u64,
    /// OTLP's `SeverityNumber`, 1 to 24; 0 if it does not say.
    pub severity: i32,
    /// The severity's name, as the sender has it.
    pub severity_text: String,
    /// The event's name, empty for ordinary records.
    pub event_name: String,
    /// What it says.
    pub body: Value,
    /// Attributes in the order sent.
    pub attributes: Vec<Attribute>,
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
    /// W3C trace flags.
    pub flags: u32,
    /// Whether text that was not UTF-8 had to be repaired.
    pub repaired: bool,
    /// Who sent it; shared by the records of one scope.
    pub origin: Arc<Origin>,
}

impl LogRecord {
    /// When it happened, or else when it was seen: many senders say only that.
    pub fn at_ns(&self) -> u64 {
        if self.time_ns > 0 { self.time_ns } else { self.observed_ns }
    }
}
