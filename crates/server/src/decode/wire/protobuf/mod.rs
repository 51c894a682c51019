//! OTLP/protobuf, field by field. Field numbers are those of `opentelemetry/proto` (1.9), where traces and logs have the same
//! ones around their items.
//!
//! Not prost's messages: those make a tree of everything that is sent before anybody can count it, refuse a span for one
//! attribute, and text for one byte.

mod item;
mod value;

use bennu_model::{Origin, Resource};

use super::{
    Broken, Described, Reading, Source,
    fields::{Fields, Wire},
    room::{Mended, Room},
};
use crate::decode::{Item, Signal};

/// `ExportTraceServiceRequest.resource_spans`, `ExportLogsServiceRequest.resource_logs`.
const RESOURCES: u32 = 1;
/// `resource` of those, `scope` of `ScopeSpans` and `ScopeLogs`.
const ABOUT: u32 = 1;
/// `ResourceSpans.scope_spans`, `ScopeSpans.spans`, and the same of logs.
const LIST: u32 = 2;
/// `schema_url` of both.
const SCHEMA_URL: u32 = 3;

/// Reads a request. A part that does not decode costs the items in it, no others.
pub(super) fn read(body: &[u8], reading: &mut Reading<'_>) -> Result<(), Broken> {
    each(body, RESOURCES, reading, |message, _, reading| {
        let outcome = resource(message, reading);
        reading.list_broke(outcome, "a resource's list");
    })
}

/// Calls for each message of that number. What is cut off ends with a part of one, which is not `whole`.
fn each(
    message: &[u8],
    number: u32,
    reading: &mut Reading<'_>,
    mut call: impl FnMut(&[u8], bool, &mut Reading<'_>),
) -> Result<(), Broken> {
    let mut fields = Fields::new(message);
    for field in fields.by_ref() {
        match field {
            Ok((found, Wire::Bytes(content))) if found == number => call(content, true, reading),
            Ok(_) => {}
            Err(broken) => {
                if let Some((_, part)) = fields.part().filter(|(found, _)| *found == number) {
                    reading.part(|reading| call(part, false, reading));
                }
                return Err(broken);
            }
        }
    }
    Ok(())
}

fn resource(message: &[u8], reading: &mut Reading<'_>) -> Result<(), Broken> {
    // Described when there is an item: a message without any costs nothing.
    let mut described = None;
    each(message, LIST, reading, |list, _, reading| {
        let outcome = scope(list, message, &mut described, reading);
        reading.list_broke(outcome, "a scope's list");
    })
}

fn scope(
    message: &[u8],
    resource: &[u8],
    described: &mut Option<Described>,
    reading: &mut Reading<'_>,
) -> Result<(), Broken> {
    let mut source: Option<Source> = None;
    each(message, LIST, reading, |item, whole, reading| {
        if !whole {
            return;
        }
        let source = source.get_or_insert_with(|| {
            described.get_or_insert_with(|| describe_resource(resource, reading)).source(message, reading)
        });
        let mut room = Room::new();
        let item = match reading.signal {
            Signal::Traces => item::span(item, source, &mut room).map(Item::Span),
            Signal::Logs => item::log(item, source, &mut room).map(Item::Log),
        };
        reading.item(source, item, &room);
    })
}

fn describe_resource(message: &[u8], reading: &mut Reading<'_>) -> Described {
    let (mut room, mut resource) = (Room::new(), Resource::default());
    let (about, schema_url) = about(message);
    resource.schema_url = room.text(schema_url);
    for field in Fields::new(about) {
        match field {
            Ok((1, Wire::Bytes(pair))) => {
                value::attribute(pair, &mut resource.attributes, &mut resource.dropped_attributes, &mut room);
            }
            Ok((2, Wire::Varint(count))) => value::add_count(&mut resource.dropped_attributes, count),
            Ok(_) => {}
            Err(_) => room.mend(Mended::Whole),
        }
    }
    Described::new(resource, &room, reading)
}

impl Described {
    fn source(&self, message: &[u8], reading: &mut Reading<'_>) -> Source {
        let (mut room, mut scope) = (Room::new(), Origin::default());
        let (about, schema_url) = about(message);
        scope.scope_schema_url = room.text(schema_url);
        for field in Fields::new(about) {
            match field {
                Ok((1, Wire::Bytes(name))) => scope.scope_name = room.text(name),
                Ok((2, Wire::Bytes(version))) => scope.scope_version = room.text(version),
                Ok((3, Wire::Bytes(pair))) => {
                    value::attribute(pair, &mut scope.scope_attributes, &mut scope.scope_dropped, &mut room);
                }
                Ok((4, Wire::Varint(count))) => value::add_count(&mut scope.scope_dropped, count),
                Ok(_) => {}
                Err(_) => room.mend(Mended::Whole),
            }
        }
        self.with_scope(scope, &room, reading)
    }
}

/// The resource or scope of a message, and its schema URL; of several the last, as protobuf has it.
fn about(message: &[u8]) -> (&[u8], &[u8]) {
    let (mut about, mut schema_url) = (&[][..], &[][..]);
    for (number, wire) in Fields::new(message).map_while(Result::ok) {
        match (number, wire) {
            (ABOUT, Wire::Bytes(content)) => about = content,
            (SCHEMA_URL, Wire::Bytes(content)) => schema_url = content,
            _ => {}
        }
    }
    (about, schema_url)
}
