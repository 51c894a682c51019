//! Spans and log records.

use bennu_model::{Event, Link, LogRecord, OtelKind, Span, SpanId, Status, StatusCode, TraceId, Value};

use super::{
    super::{
        Broken, Rejection, Source,
        fields::{Fields, Wire},
        room::{ENTRY, Mended, Room},
        span_id, trace_id,
    },
    value::{add_count, attribute, value},
};
use crate::decode::Signal;

/// A `Span`.
pub(super) fn span(message: &[u8], source: &Source, room: &mut Room) -> Result<Span, Rejection> {
    let (mut trace, mut id) = (&[][..], &[][..]);
    // A log record has times where a span has ids.
    let mut looks_like_log = false;
    let mut span = source.span();
    for field in Fields::new(message) {
        let Ok((number, wire)) = field else {
            return Err(Rejection { reason: "the span does not decode".into(), foreign: looks_like_log });
        };
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => trace = bytes,
            (1 | 11, Wire::Fixed64(_)) => looks_like_log = true,
            (2, Wire::Bytes(bytes)) => id = bytes,
            (3, Wire::Bytes(text)) => span.trace_state = room.text(text),
            (4, Wire::Bytes(bytes)) => {
                span.parent_id = SpanId::from_slice(bytes);
                if span.parent_id.is_none() && !bytes.is_empty() {
                    room.mend(Mended::Parent);
                }
            }
            (5, Wire::Bytes(text)) => span.name = room.text(text),
            (6, Wire::Varint(kind)) => span.otel_kind = OtelKind::from_number((kind as i32).into()),
            (7, Wire::Fixed64(time)) => span.start_ns = time,
            (8, Wire::Fixed64(time)) => span.end_ns = time,
            (9, Wire::Bytes(pair)) => {
                attribute(pair, &mut span.attributes, &mut span.dropped_attributes, room);
            }
            (10, Wire::Varint(count)) => add_count(&mut span.dropped_attributes, count),
            (11, Wire::Bytes(bytes)) => {
                keep(event(bytes, room), &mut span.events, &mut span.dropped_events, room)
            }
            (12, Wire::Varint(count)) => add_count(&mut span.dropped_events, count),
            (13, Wire::Bytes(bytes)) => {
                keep(link(bytes, room), &mut span.links, &mut span.dropped_links, room)
            }
            (14, Wire::Varint(count)) => add_count(&mut span.dropped_links, count),
            (15, Wire::Bytes(bytes)) => match status(bytes, room) {
                Ok(status) => span.status = status,
                Err(_) => room.mend(Mended::Lost),
            },
            (16, Wire::Fixed32(flags)) => span.flags = flags,
            // Of a field that came as another type nothing can be read.
            (1..=16, _) => room.mend(Mended::Lost),
            _ => {}
        }
    }
    let ids = trace_id(Signal::Traces, TraceId::from_slice(trace))
        .and_then(|trace| Ok((trace, span_id(SpanId::from_slice(id))?)));
    let (trace_id, span_id) =
        ids.map_err(|reason| Rejection { reason: reason.into(), foreign: looks_like_log })?;
    span.parent_id = span.parent_id.filter(|id| !id.is_zero());
    span.repaired |= room.repaired();
    Ok(Span { trace_id, span_id, ..span })
}

/// A `LogRecord`.
pub(super) fn log(message: &[u8], source: &Source, room: &mut Room) -> Result<LogRecord, Rejection> {
    let (mut trace, mut looks_like_span) = (&[][..], false);
    let mut log = source.log();
    for field in Fields::new(message) {
        let Ok((number, wire)) = field else {
            return Err(Rejection {
                reason: "the log record does not decode".into(),
                foreign: looks_like_span,
            });
        };
        match (number, wire) {
            (1, Wire::Fixed64(time)) => log.time_ns = time,
            // A span has ids where a log record has a time and a severity.
            (1 | 2, Wire::Bytes(_)) => looks_like_span = true,
            (2, Wire::Varint(severity)) => log.severity = severity as i32,
            (3, Wire::Bytes(text)) => log.severity_text = room.text(text),
            (5, Wire::Bytes(bytes)) => log.body = value(bytes, 0, room).unwrap_or_else(|_| lost(room)),
            (6, Wire::Bytes(pair)) => {
                attribute(pair, &mut log.attributes, &mut log.dropped_attributes, room);
            }
            (7, Wire::Varint(count)) => add_count(&mut log.dropped_attributes, count),
            (8, Wire::Fixed32(flags)) => log.flags = flags,
            (9, Wire::Bytes(bytes)) => trace = bytes,
            (10, Wire::Bytes(bytes)) => {
                log.span_id = SpanId::from_slice(bytes);
                if log.span_id.is_none() && !bytes.is_empty() {
                    room.mend(Mended::SpanId);
                }
            }
            (11, Wire::Fixed64(time)) => log.observed_ns = time,
            (12, Wire::Bytes(text)) => log.event_name = room.text(text),
            (1..=3 | 5..=12, _) => room.mend(Mended::Lost),
            _ => {}
        }
    }
    let trace_id = trace_id(Signal::Logs, TraceId::from_slice(trace))
        .map_err(|reason| Rejection { reason: reason.into(), foreign: looks_like_span })?;
    log.span_id = log.span_id.filter(|id| !id.is_zero());
    log.repaired |= room.repaired();
    Ok(LogRecord { trace_id, ..log })
}

fn lost(room: &mut Room) -> Value {
    room.mend(Mended::Lost);
    Value::Empty
}

/// Adds an event or a link to its list; `None` had no room.
fn keep<T>(read: Result<Option<T>, Broken>, list: &mut Vec<T>, dropped: &mut u32, room: &mut Room) {
    match read {
        Ok(Some(item)) => return list.push(item),
        Ok(None) => {}
        Err(_) => room.mend(Mended::Lost),
    }
    *dropped = dropped.saturating_add(1);
}

fn event(message: &[u8], room: &mut Room) -> Result<Option<Event>, Broken> {
    if !room.take(ENTRY) {
        return Ok(None);
    }
    let mut event = Event::default();
    for field in Fields::new(message) {
        match field? {
            (1, Wire::Fixed64(time)) => event.time_ns = time,
            (2, Wire::Bytes(text)) => event.name = room.text(text),
            (3, Wire::Bytes(pair)) => {
                attribute(pair, &mut event.attributes, &mut event.dropped_attributes, room);
            }
            (4, Wire::Varint(count)) => add_count(&mut event.dropped_attributes, count),
            _ => {}
        }
    }
    Ok(Some(event))
}

fn link(message: &[u8], room: &mut Room) -> Result<Option<Link>, Broken> {
    if !room.take(ENTRY) {
        return Ok(None);
    }
    let mut link = Link::default();
    for field in Fields::new(message) {
        match field? {
            (1, Wire::Bytes(id)) => link.trace_id = TraceId::from_slice(id).unwrap_or_default(),
            (2, Wire::Bytes(id)) => link.span_id = SpanId::from_slice(id).unwrap_or_default(),
            (3, Wire::Bytes(text)) => link.trace_state = room.text(text),
            (4, Wire::Bytes(pair)) => {
                attribute(pair, &mut link.attributes, &mut link.dropped_attributes, room);
            }
            (5, Wire::Varint(count)) => add_count(&mut link.dropped_attributes, count),
            (6, Wire::Fixed32(flags)) => link.flags = flags,
            _ => {}
        }
    }
    Ok(Some(link))
}

fn status(message: &[u8], room: &mut Room) -> Result<Status, Broken> {
    let mut status = Status::default();
    for field in Fields::new(message) {
        match field? {
            (2, Wire::Bytes(text)) => status.message = room.text(text),
            (3, Wire::Varint(code)) => status.code = StatusCode::from_number((code as i32).into()),
            _ => {}
        }
    }
    Ok(status)
}
