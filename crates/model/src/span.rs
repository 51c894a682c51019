//! A span as it came, nothing lost.

use std::sync::Arc;

use crate::{SpanId, TraceId, Value};

/// A key and its value. Keys may repeat on the wire; the order sent is kept.
pub type Attribute = (String, Value);

/// One OTLP span.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its id, unique within the trace.
    pub span_id: SpanId,
    /// The parent, unless it is a root.
    pub parent_id: Option<SpanId>,
    /// W3C `tracestate`.
    pub trace_state: String,
    /// W3C trace flags and OTLP's remote-parent bits.
    pub flags: u32,
    /// Name.
    pub name: String,
    /// OpenTelemetry's kind (client, server, …).
    pub otel_kind: OtelKind,
    /// Start, nanoseconds since the Unix epoch.
    pub start_ns: u64,
    /// End, nanoseconds since the Unix epoch; before the start if a clock said so.
    pub end_ns: u64,
    /// Status.
    pub status: Status,
    /// Attributes in the order sent.
    pub attributes: Vec<Attribute>,
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
    /// Events in the order sent.
    pub events: Vec<Event>,
    /// Events the client dropped.
    pub dropped_events: u32,
    /// Links to other spans.
    pub links: Vec<Link>,
    /// Links the client dropped.
    pub dropped_links: u32,
    /// Whether text that was not UTF-8 had to be repaired.
    pub repaired: bool,
    /// Who sent it; shared by the spans of one scope.
    pub origin: Arc<Origin>,
}

impl Span {
    /// Nanoseconds from start to end; 0 when the end lies before the start.
    pub fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// The first attribute of that name.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }
}

/// The instrumentation scope a span was sent under, and the resource around it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origin {
    /// Shared by all scopes of a request's resource.
    pub resource: Arc<Resource>,
    /// Scope name.
    pub scope_name: String,
    /// Scope version.
    pub scope_version: String,
    /// Scope attributes.
    pub scope_attributes: Vec<Attribute>,
    /// Scope attributes the client dropped.
    pub scope_dropped: u32,
    /// Schema URL of the scope.
    pub scope_schema_url: String,
}

/// Who sent a span.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
    /// Schema URL.
    pub schema_url: String,
}

impl Resource {
    /// The attribute of that name.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }
}

fn find<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// Something that happened during a span.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    /// When, nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// Name.
    pub name: String,
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
}

/// A pointer to another span, often of another trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Link {
    /// The other trace.
    pub trace_id: TraceId,
    /// The other span.
    pub span_id: SpanId,
    /// The other's `tracestate`.
    pub trace_state: String,
    /// Flags.
    pub flags: u32,
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// Attributes the client dropped.
    pub dropped_attributes: u32,
}

/// A span's status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Code.
    pub code: StatusCode,
    /// Message, for errors.
    pub message: String,
}

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)* }

        impl $name {
            /// From OTLP's number; an unknown one is the default.
            pub fn from_number(number: i64) -> Self {
                match number { $($number => Self::$variant,)* _ => Self::default() }
            }

            /// The name, upper case, as OpenTelemetry writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// From the name, of any case.
            pub fn from_name(name: &str) -> Option<Self> {
                match name.to_ascii_uppercase().as_str() { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

wire_enum!(
    /// OTLP `Status.StatusCode`.
    StatusCode {
        /// Nothing was said.
        #[default] Unset = 0, "UNSET";
        /// Declared fine.
        Ok = 1, "OK";
        /// Failed.
        Error = 2, "ERROR";
    }
);

wire_enum!(
    /// OTLP `SpanKind`.
    OtelKind {
        /// Nothing was said.
        #[default] Unspecified = 0, "UNSPECIFIED";
        /// Inside the application.
        Internal = 1, "INTERNAL";
        /// Serves a remote request.
        Server = 2, "SERVER";
        /// Makes a remote request.
        Client = 3, "CLIENT";
        /// Sends a message.
        Producer = 4, "PRODUCER";
        /// Receives a message.
        Consumer = 5, "CONSUMER";
    }
);
