//! Spans and log records.

use bennu_model::{Event, Link, LogRecord, OtelKind, Span, SpanId, StatusCode, TraceId};

use super::{
    super::{
        Broken, Rejection, Source,
        room::{ENTRY, Mended, Room},
        span_id, trace_id,
    },
    cursor::Cursor,
    scalar::{self, count, id, named},
    value::{attributes, plain, string, value},
};
use crate::decode::Signal;

/// A `Span`.
pub(super) fn span(text: &[u8], source: &Source, room: &mut Room) -> Result<Span, Rejection> {
    let (mut trace, mut own, mut span) = (None, None, source.span());
    let outcome = Cursor::new(text).object(|name, member| {
        match name {
            "traceId" | "trace_id" => trace = id(&plain(member)?).map(TraceId),
            "spanId" | "span_id" => own = id(&plain(member)?).map(SpanId),
            "parentSpanId" | "parent_span_id" => {
                span.parent_id = optional_id(&plain(member)?, Mended::Parent, room);
            }
            "traceState" | "trace_state" => span.trace_state = string(member, room)?.into_owned(),
            "flags" => span.flags = count(&plain(member)?),
            "name" => span.name = string(member, room)?.into_owned(),
            "kind" => {
                span.otel_kind =
                    named(&plain(member)?, "SPAN_KIND_", OtelKind::from_name, OtelKind::from_number);
            }
            "startTimeUnixNano" | "start_time_unix_nano" => span.start_ns = time(member, room)?,
            "endTimeUnixNano" | "end_time_unix_nano" => span.end_ns = time(member, room)?,
            "status" => status(member, &mut span, room)?,
            "attributes" => attributes(member, &mut span.attributes, &mut span.dropped_attributes, room)?,
            "events" => {
                list(member, &mut span.events, &mut span.dropped_events, room, event)?;
            }
            "links" => list(member, &mut span.links, &mut span.dropped_links, room, link)?,
            _ => dropped(
                name,
                member,
                &mut span.dropped_attributes,
                &mut span.dropped_events,
                &mut span.dropped_links,
            )?,
        }
        Ok(())
    });
    outcome.map_err(|_| "the span does not decode")?;
    let trace_id = trace_id(Signal::Traces, trace)?;
    let span_id = span_id(own)?;
    span.repaired |= room.repaired();
    Ok(Span { trace_id, span_id, ..span })
}

/// A `LogRecord`.
pub(super) fn log(text: &[u8], source: &Source, room: &mut Room) -> Result<LogRecord, Rejection> {
    let (mut trace, mut log) = (None, source.log());
    let outcome = Cursor::new(text).object(|name, member| {
        match name {
            "traceId" | "trace_id" => trace = id(&plain(member)?).map(TraceId),
            "spanId" | "span_id" => log.span_id = optional_id(&plain(member)?, Mended::SpanId, room),
            "timeUnixNano" | "time_unix_nano" => log.time_ns = time(member, room)?,
            "observedTimeUnixNano" | "observed_time_unix_nano" => log.observed_ns = time(member, room)?,
            "severityNumber" | "severity_number" => {
                log.severity = named(&plain(member)?, "SEVERITY_NUMBER_", severity, |n| n as i32);
            }
            "severityText" | "severity_text" => log.severity_text = string(member, room)?.into_owned(),
            "eventName" | "event_name" => log.event_name = string(member, room)?.into_owned(),
            "body" => log.body = value(member, 0, room)?,
            "flags" => log.flags = count(&plain(member)?),
            "attributes" => attributes(member, &mut log.attributes, &mut log.dropped_attributes, room)?,
            _ => dropped(name, member, &mut log.dropped_attributes, &mut 0, &mut 0)?,
        }
        Ok(())
    });
    outcome.map_err(|_| "the log record does not decode")?;
    let trace_id = trace_id(Signal::Logs, trace)?;
    log.repaired |= room.repaired();
    Ok(LogRecord { trace_id, ..log })
}

/// `SeverityNumber` by its name: `INFO`, `INFO2`.
fn severity(name: &str) -> Option<i32> {
    let (level, step) = match name.as_bytes().last()? {
        digit @ b'2'..=b'4' => (&name[..name.len() - 1], i32::from(digit - b'1')),
        _ => (name, 0),
    };
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    levels.iter().position(|known| *known == level).map(|at| at as i32 * 4 + 1 + step)
}

/// An id that need not be there; zero and nothing are none.
fn optional_id(text: &str, mended: Mended, room: &mut Room) -> Option<SpanId> {
    let read = id(text).map(SpanId);
    if read.is_none() && !text.is_empty() {
        room.mend(mended);
    }
    read.filter(|id| !id.is_zero())
}

/// A time; one that is none is 0.
fn time(member: &mut Cursor<'_>, room: &mut Room) -> Result<u64, Broken> {
    let read = scalar::time(&plain(member)?);
    if read.is_none() {
        room.mend(Mended::Time);
    }
    Ok(read.unwrap_or_default())
}

/// A count of what the sender dropped itself, or a member that nobody knows.
fn dropped(
    name: &str,
    member: &mut Cursor<'_>,
    attributes: &mut u32,
    events: &mut u32,
    links: &mut u32,
) -> Result<(), Broken> {
    let counter = match name {
        "droppedAttributesCount" | "dropped_attributes_count" => attributes,
        "droppedEventsCount" | "dropped_events_count" => events,
        "droppedLinksCount" | "dropped_links_count" => links,
        _ => return member.skip().map(drop),
    };
    // Added: what was dropped here may have been counted before it.
    *counter = counter.saturating_add(count(&plain(member)?));
    Ok(())
}

/// The same for what has attributes only.
pub(super) fn dropped_attributes(
    name: &str,
    member: &mut Cursor<'_>,
    counter: &mut u32,
) -> Result<(), Broken> {
    dropped(name, member, counter, &mut 0, &mut 0)
}

/// Events or links; one that has no room or does not decode is counted.
fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    list: &mut Vec<T>,
    dropped: &mut u32,
    room: &mut Room,
    read: impl Fn(&mut Cursor<'a>, &mut Room) -> Result<T, Broken>,
) -> Result<(), Broken> {
    list.clear();
    if cursor.is_other_than(b'[') {
        room.mend(Mended::Lost);
        *dropped = dropped.saturating_add(1);
    }
    cursor.array(|element| {
        let start = element.clone();
        if room.take(ENTRY) {
            match read(element, room) {
                Ok(item) => {
                    list.push(item);
                    return Ok(());
                }
                Err(_) => room.mend(Mended::Lost),
            }
        }
        *dropped = dropped.saturating_add(1);
        *element = start;
        element.skip().map(drop)
    })
}

fn status(cursor: &mut Cursor<'_>, span: &mut Span, room: &mut Room) -> Result<(), Broken> {
    let status = &mut span.status;
    if cursor.is_other_than(b'{') {
        room.mend(Mended::Lost);
    }
    cursor.object(|name, member| {
        match name {
            "code" => {
                status.code =
                    named(&plain(member)?, "STATUS_CODE_", StatusCode::from_name, StatusCode::from_number);
            }
            "message" => status.message = string(member, room)?.into_owned(),
            _ => drop(member.skip()?),
        }
        Ok(())
    })
}

fn event(cursor: &mut Cursor<'_>, room: &mut Room) -> Result<Event, Broken> {
    let mut event = Event::default();
    cursor.object(|name, member| {
        match name {
            "timeUnixNano" | "time_unix_nano" => event.time_ns = time(member, room)?,
            "name" => event.name = string(member, room)?.into_owned(),
            "attributes" => attributes(member, &mut event.attributes, &mut event.dropped_attributes, room)?,
            _ => dropped_attributes(name, member, &mut event.dropped_attributes)?,
        }
        Ok(())
    })?;
    Ok(event)
}

fn link(cursor: &mut Cursor<'_>, room: &mut Room) -> Result<Link, Broken> {
    let mut link = Link::default();
    cursor.object(|name, member| {
        match name {
            "traceId" | "trace_id" => link.trace_id = id(&plain(member)?).map(TraceId).unwrap_or_default(),
            "spanId" | "span_id" => link.span_id = id(&plain(member)?).map(SpanId).unwrap_or_default(),
            "traceState" | "trace_state" => link.trace_state = string(member, room)?.into_owned(),
            "flags" => link.flags = count(&plain(member)?),
            "attributes" => attributes(member, &mut link.attributes, &mut link.dropped_attributes, room)?,
            _ => dropped_attributes(name, member, &mut link.dropped_attributes)?,
        }
        Ok(())
    })?;
    Ok(link)
}
