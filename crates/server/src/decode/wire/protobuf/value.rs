//! Attributes and values.

use bennu_model::{Attribute, Value};

use super::super::{
    Broken,
    fields::{Fields, Wire},
    room::{ELEMENT, ENTRY, MAX_DEPTH, Mended, Room},
};

/// Reads a `KeyValue` into a list.
pub(super) fn attribute(message: &[u8], list: &mut Vec<Attribute>, dropped: &mut u32, room: &mut Room) {
    room.attribute(list, dropped, |room| pair(message, 0, room));
}

/// A count of what the sender dropped itself. It is added: what was dropped here may have been counted before it.
pub(super) fn add_count(dropped: &mut u32, count: u64) {
    *dropped = dropped.saturating_add(count as u32);
}

fn pair(message: &[u8], depth: u32, room: &mut Room) -> Result<Attribute, Broken> {
    let (mut key, mut content) = (&[][..], &[][..]);
    for field in Fields::new(message) {
        match field? {
            (1, Wire::Bytes(text)) => key = text,
            (2, Wire::Bytes(any)) => content = any,
            _ => {}
        }
    }
    Ok((room.text(key), value(content, depth, room)?))
}

/// An `AnyValue`; `depth` values are around it.
pub(super) fn value(message: &[u8], depth: u32, room: &mut Room) -> Result<Value, Broken> {
    let mut value = Value::Empty;
    for field in Fields::new(message) {
        value = match field? {
            (1, Wire::Bytes(text)) => Value::Text(room.text(text)),
            (2, Wire::Varint(number)) => Value::Bool(number != 0),
            (3, Wire::Varint(number)) => Value::Int(number as i64),
            (4, Wire::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
            (5 | 6, Wire::Bytes(_)) if depth >= MAX_DEPTH => {
                room.mend(Mended::Deep);
                return Ok(Value::Bytes(message.to_vec()));
            }
            (5, Wire::Bytes(list)) => Value::Array(array(list, depth + 1, room)?),
            (6, Wire::Bytes(list)) => Value::Map(map(list, depth + 1, room)?),
            (7, Wire::Bytes(bytes)) => Value::Bytes(bytes.to_vec()),
            _ => value,
        };
    }
    Ok(value)
}

fn array(message: &[u8], depth: u32, room: &mut Room) -> Result<Vec<Value>, Broken> {
    let mut values = Vec::new();
    for field in Fields::new(message) {
        if let (1, Wire::Bytes(any)) = field?
            && room.take(ELEMENT)
        {
            values.push(value(any, depth, room)?);
        }
    }
    Ok(values)
}

fn map(message: &[u8], depth: u32, room: &mut Room) -> Result<Vec<Attribute>, Broken> {
    let mut entries = Vec::new();
    for field in Fields::new(message) {
        if let (1, Wire::Bytes(entry)) = field?
            && room.take(ENTRY)
        {
            entries.push(pair(entry, depth, room)?);
        }
    }
    Ok(entries)
}
