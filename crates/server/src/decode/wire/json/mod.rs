//! OTLP/JSON, read leniently.
//!
//! What is on the wire: ids in hex (the OTLP specification) and in base64 (protobuf's own JSON mapping), 64-bit integers as
//! strings and as numbers, enums as numbers and as names, `null` for anything, `"NaN"` and bare `NaN`, arrays without `values`,
//! field names in camel case and in snake case, members in any order and twice (the last counts), halves of surrogate pairs.

mod cursor;
mod item;
mod scalar;
mod text;
mod value;

use bennu_model::{Origin, Resource};

use super::{
    Broken, Described, Reading, Source,
    room::{Mended, Room},
};
use crate::decode::{Item, Refusal, Signal};
use cursor::Cursor;

/// What the lists are called, outermost first.
type Names = [[&'static str; 2]; 3];

const TRACES: Names =
    [["resourceSpans", "resource_spans"], ["scopeSpans", "scope_spans"], ["spans", "spans"]];
const LOGS: Names =
    [["resourceLogs", "resource_logs"], ["scopeLogs", "scope_logs"], ["logRecords", "log_records"]];
const METRICS: [&str; 2] = ["resourceMetrics", "resource_metrics"];

fn names(signal: Signal) -> Names {
    match signal {
        Signal::Traces => TRACES,
        Signal::Logs => LOGS,
    }
}

/// Reads a request. The inner outcome is that of the outermost object.
///
/// # Errors
/// When it is not an object or an object of something else.
pub(super) fn read(body: &[u8], reading: &mut Reading<'_>) -> Result<Result<(), Broken>, Refusal> {
    let signal = reading.signal;
    let [own, ..] = names(signal);
    let [other, ..] = names(signal.other());
    let (mut is_empty, mut is_own, mut is_other, mut is_metrics) = (true, false, false, false);
    let mut no_list = false;
    let mut cursor = Cursor::new(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    if cursor.peek().is_some_and(|first| first != b'{') {
        return Err(Refusal::Unreadable(signal, "JSON", "an object was expected".into()));
    }
    let mut outcome = cursor.object(|name, list| {
        is_empty = false;
        if !own.contains(&name) {
            is_other |= other.contains(&name);
            is_metrics |= METRICS.contains(&name);
            return list.skip().map(drop);
        }
        is_own = true;
        no_list |= !matches!(list.peek(), Some(b'[' | b'n') | None);
        each(list, reading, |text, _, reading| {
            let outcome = resource(text, reading);
            reading.list_broke(outcome, "a resource's list");
        })
    });
    if outcome.is_ok() && cursor.peek().is_some() {
        outcome = Err(Broken::Trailing);
    }
    if no_list && reading.taken == 0 {
        return Err(Refusal::Unreadable(signal, "JSON", format!("{} is not a list", own[0])));
    }
    if is_own && is_other {
        let path = signal.other().name();
        reading.report.rejected.note(format!("{} was not read: send it to /v1/{path}", other[0]));
    }
    match outcome {
        _ if is_own => Ok(outcome),
        _ if is_other => Err(Refusal::OtherSignal(signal)),
        _ if is_metrics => Err(Refusal::Metrics(signal)),
        Ok(()) if !is_empty => Err(Refusal::Unreadable(signal, "JSON", format!("{} is missing", own[0]))),
        _ => Ok(outcome),
    }
}

/// Calls for each element of a list. What is cut off ends with a part of one, which is not `whole`.
fn each(
    list: &mut Cursor<'_>,
    reading: &mut Reading<'_>,
    mut call: impl FnMut(&[u8], bool, &mut Reading<'_>),
) -> Result<(), Broken> {
    list.array(|element| {
        let start = element.clone();
        match element.skip() {
            Ok(text) => call(text, true, reading),
            Err(broken) => {
                reading.part(|reading| call(start.rest(), false, reading));
                return Err(broken);
            }
        }
        Ok(())
    })
}

/// In two passes: what it is may stand behind its items.
fn resource(text: &[u8], reading: &mut Reading<'_>) -> Result<(), Broken> {
    let mut described = None;
    let [_, lists, _] = names(reading.signal);
    Cursor::new(text).object(|name, member| {
        if !lists.contains(&name) {
            return member.skip().map(drop);
        }
        each(member, reading, |list, _, reading| {
            let outcome = scope(list, text, &mut described, reading);
            reading.list_broke(outcome, "a scope's list");
        })
    })
}

fn scope(
    text: &[u8],
    resource: &[u8],
    described: &mut Option<Described>,
    reading: &mut Reading<'_>,
) -> Result<(), Broken> {
    let mut source: Option<Source> = None;
    let [_, _, items] = names(reading.signal);
    Cursor::new(text).object(|name, member| {
        if !items.contains(&name) {
            return member.skip().map(drop);
        }
        each(member, reading, |item, whole, reading| {
            if !whole {
                return;
            }
            let source = source.get_or_insert_with(|| {
                described
                    .get_or_insert_with(|| describe_resource(resource, reading))
                    .scope_in_json(text, reading)
            });
            let mut room = Room::new();
            let item = match reading.signal {
                Signal::Traces => item::span(item, source, &mut room).map(Item::Span),
                Signal::Logs => item::log(item, source, &mut room).map(Item::Log),
            };
            reading.item(source, item, &room);
        })
    })
}

fn describe_resource(text: &[u8], reading: &mut Reading<'_>) -> Described {
    let (mut room, mut resource) = (Room::new(), Resource::default());
    let (attributes, dropped) = (&mut resource.attributes, &mut resource.dropped_attributes);
    let schema_url = about(text, "resource", &mut room, |name, member, room| match name {
        "attributes" => value::attributes(member, attributes, dropped, room),
        _ => item::dropped_attributes(name, member, dropped),
    });
    resource.schema_url = schema_url;
    Described::new(resource, &room, reading)
}

impl Described {
    fn scope_in_json(&self, text: &[u8], reading: &mut Reading<'_>) -> Source {
        let (mut room, mut scope) = (Room::new(), Origin::default());
        let schema_url = about(text, "scope", &mut room, |name, member, room| {
            match name {
                "name" => scope.scope_name = value::string(member, room)?.into_owned(),
                "version" => scope.scope_version = value::string(member, room)?.into_owned(),
                "attributes" => {
                    value::attributes(member, &mut scope.scope_attributes, &mut scope.scope_dropped, room)?;
                }
                _ => item::dropped_attributes(name, member, &mut scope.scope_dropped)?,
            }
            Ok(())
        });
        scope.scope_schema_url = schema_url;
        self.with_scope(scope, &room, reading)
    }
}

/// Reads the resource or scope of a message and gives its schema URL; what does not decode of them is lost, and nothing else.
fn about(
    text: &[u8],
    what: &str,
    room: &mut Room,
    mut member: impl FnMut(&str, &mut Cursor<'_>, &mut Room) -> Result<(), Broken>,
) -> String {
    let mut schema_url = String::new();
    // Where the list of items breaks off is seen, and said, when it is read.
    let _ = Cursor::new(text).object(|name, found| {
        if name == what {
            let start = found.clone();
            if found.object(|name, found| member(name, found, room)).is_err() {
                room.mend(Mended::Whole);
                *found = start;
                found.skip()?;
            }
            return Ok(());
        }
        match name {
            "schemaUrl" | "schema_url" => schema_url = value::string(found, room)?.into_owned(),
            _ => drop(found.skip()?),
        }
        Ok(())
    });
    schema_url
}
