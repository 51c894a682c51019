//! OTLP as it comes over the wire. Two readers, one result.
//!
//! - `protobuf`, `json`: from the outermost message inwards; each finds the items and hands them to a `Reading` one by one.
//! - `room`: what a single item may hold, and what was mended in it.
//! - `fields`: the fields of a protobuf message.
//! - `proto`: OTLP's answers.

pub mod proto;
mod protobuf;
mod json;
mod room;
mod fields;

use std::{borrow::Cow, sync::Arc};

use bennu_model::{Attribute, LogRecord, Origin, OtelKind, Resource, Span, SpanId, Status, TraceId};
use bennu_semconv::openinference;

use super::{Encoding, Item, Refusal, Report, Signal};
use room::Room;

/// Reads a body; see [`super::decode`].
pub(super) fn read(
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    take: &mut dyn FnMut(Option<&str>, Item),
) -> Result<Report, Refusal> {
    let mut reading =
        Reading { signal, take, report: Report::default(), taken: 0, foreign: 0, in_part: false };
    match encoding {
        Encoding::Protobuf => {
            let outcome = protobuf::read(body, &mut reading);
            reading.finish("protobuf", outcome)
        }
        Encoding::Json => {
            let outcome = json::read(body, &mut reading)?;
            reading.finish("JSON", outcome)
        }
    }
}

/// Why the rest of a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Broken {
    #[error("is cut off")]
    Cut,
    #[error("is not what its content type says")]
    Malformed,
    #[error("goes on behind its end")]
    Trailing,
}

/// Why an item was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rejection {
    reason: Cow<'static, str>,
    /// Whether it looks like an item of the other signal.
    foreign: bool,
}

impl From<&'static str> for Rejection {
    fn from(reason: &'static str) -> Self {
        Rejection { reason: reason.into(), foreign: false }
    }
}

/// A request that is being read: where its items go, and what will be said about it.
struct Reading<'a> {
    signal: Signal,
    take: &'a mut dyn FnMut(Option<&str>, Item),
    report: Report,
    taken: u64,
    foreign: u64,
    /// What is read now is the beginning of a message whose end did not come; that is said once, at the end.
    in_part: bool,
}

impl Reading<'_> {
    /// Hands on an item, or remembers why not.
    fn item(&mut self, source: &Source, item: Result<Item, Rejection>, room: &Room) {
        let what = self.signal.item();
        match item {
            Ok(item) => {
                self.taken += 1;
                room.warn(what, &mut self.report.warnings);
                (self.take)(source.project.as_deref(), item);
            }
            Err(rejection) => {
                self.foreign += u64::from(rejection.foreign);
                self.report.rejected.add(what, rejection.reason);
            }
        }
    }

    /// Reads the beginning of a message whose end did not come.
    fn part(&mut self, read: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.in_part, true);
        read(self);
        self.in_part = before;
    }

    /// A list of items, or of lists of them, broke in the middle.
    fn list_broke(&mut self, outcome: Result<(), Broken>, list: &str) {
        if let (Err(broken), false) = (outcome, self.in_part) {
            self.report.rejected.note(format!("{list} {broken}; what it held after that was not read"));
        }
    }

    fn finish(mut self, encoding: &'static str, outcome: Result<(), Broken>) -> Result<Report, Refusal> {
        let (signal, taken) = (self.signal, self.taken);
        if taken == 0 && self.foreign > 0 && self.foreign == self.report.rejected.count() {
            return Err(Refusal::OtherSignal(signal));
        }
        if let Err(broken) = outcome {
            if taken == 0 {
                return Err(Refusal::Unreadable(signal, encoding, format!("it {broken}")));
            }
            let items = format!("{taken} {}{}", signal.item(), if taken == 1 { "" } else { "s" });
            self.report.rejected.note(format!("the body {broken} after {items}"));
        }
        Ok(self.report)
    }
}

/// Where items come from: what is shared by the items of a scope.
struct Source {
    origin: Arc<Origin>,
    /// The project the resource names.
    project: Option<String>,
    /// Whether text of the resource or the scope had to be mended.
    repaired: bool,
}

impl Source {
    /// A span about which nothing is known but where it comes from.
    fn span(&self) -> Span {
        Span {
            origin: self.origin.clone(),
            repaired: self.repaired,
            trace_id: TraceId::default(),
            span_id: SpanId::default(),
            parent_id: None,
            trace_state: String::new(),
            flags: 0,
            name: String::new(),
            otel_kind: OtelKind::default(),
            start_ns: 0,
            end_ns: 0,
            status: Status::default(),
            attributes: Vec::new(),
            dropped_attributes: 0,
            events: Vec::new(),
            dropped_events: 0,
            links: Vec::new(),
            dropped_links: 0,
        }
    }

    /// The same of a log record.
    fn log(&self) -> LogRecord {
        LogRecord { origin: self.origin.clone(), repaired: self.repaired, ..LogRecord::default() }
    }
}

/// A resource, and what is known through it.
struct Described {
    resource: Arc<Resource>,
    project: Option<String>,
    repaired: bool,
}

impl Described {
    fn new(resource: Resource, room: &Room, reading: &mut Reading<'_>) -> Self {
        room.warn("resource", &mut reading.report.warnings);
        let project = project(&resource.attributes);
        Described { resource: Arc::new(resource), project, repaired: room.repaired() }
    }

    fn with_scope(&self, scope: Origin, room: &Room, reading: &mut Reading<'_>) -> Source {
        room.warn("scope", &mut reading.report.warnings);
        let origin = Arc::new(Origin { resource: self.resource.clone(), ..scope });
        Source { origin, project: self.project.clone(), repaired: self.repaired || room.repaired() }
    }
}

/// The project that a resource names.
fn project(resource: &[Attribute]) -> Option<String> {
    let named = resource.iter().find(|(key, _)| key == openinference::PROJECT_NAME);
    named.and_then(|(_, value)| value.as_text()).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The trace that every item must name; zero is OTLP's word for none.
fn trace_id(signal: Signal, id: Option<TraceId>) -> Result<TraceId, &'static str> {
    id.filter(|id| !id.is_zero()).ok_or(match signal {
        Signal::Traces => "trace_id is missing, zero or not 16 bytes",
        Signal::Logs => {
            "bennu keeps log records of traces only; its trace_id is missing, zero or not 16 bytes: \
             write it while a span is active"
        }
    })
}

/// The id that every span must have.
fn span_id(id: Option<SpanId>) -> Result<SpanId, &'static str> {
    id.filter(|id| !id.is_zero()).ok_or("span_id is missing, zero or not 8 bytes")
}
