//! Attributes and values.

use std::borrow::Cow;

use bennu_model::{Attribute, Value};

use super::{
    super::{
        Broken,
        room::{ELEMENT, ENTRY, MAX_DEPTH, Mended, Room},
    },
    cursor::Cursor,
    scalar, text,
};

/// A string, mended if need be.
pub(super) fn string<'a>(cursor: &mut Cursor<'a>, room: &mut Room) -> Result<Cow<'a, str>, Broken> {
    let (text, is_mended) = cursor.string()?;
    if is_mended {
        room.mend(Mended::Text);
    }
    Ok(text)
}

/// The text of a scalar that no text is made of.
pub(super) fn plain<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, Broken> {
    cursor.string().map(|(text, _)| text)
}

/// A list of `KeyValue`s, or an object, which is not OTLP but can be read; of several lists of one item the last counts.
pub(super) fn attributes(
    cursor: &mut Cursor<'_>,
    list: &mut Vec<Attribute>,
    dropped: &mut u32,
    room: &mut Room,
) -> Result<(), Broken> {
    list.clear();
    if cursor.peek() == Some(b'{') {
        return cursor.object(|name, member| {
            attribute(member, list, dropped, room, |member, room| {
                Ok((name.to_owned(), value(member, 0, room)?))
            })
        });
    }
    if cursor.is_other_than(b'[') {
        room.mend(Mended::Lost);
        *dropped = dropped.saturating_add(1);
    }
    cursor.array(|element| attribute(element, list, dropped, room, |element, room| pair(element, 0, room)))
}

/// Adds what `read` reads; passes over what has no room or does not decode.
fn attribute<'a>(
    cursor: &mut Cursor<'a>,
    list: &mut Vec<Attribute>,
    dropped: &mut u32,
    room: &mut Room,
    read: impl FnOnce(&mut Cursor<'a>, &mut Room) -> Result<Attribute, Broken>,
) -> Result<(), Broken> {
    let start = cursor.clone();
    let mut is_read = false;
    room.attribute(list, dropped, |room| {
        let attribute = read(cursor, room);
        is_read = attribute.is_ok();
        attribute
    });
    if !is_read {
        *cursor = start;
        cursor.skip()?;
    }
    Ok(())
}

fn pair(cursor: &mut Cursor<'_>, depth: u32, room: &mut Room) -> Result<Attribute, Broken> {
    let mut pair = (String::new(), Value::Empty);
    let (mut is_empty, mut is_pair) = (cursor.peek() == Some(b'{'), false);
    cursor.object(|name, member| {
        is_empty = false;
        is_pair |= matches!(name, "key" | "value");
        match name {
            "key" => pair.0 = string(member, room)?.into_owned(),
            "value" => pair.1 = value(member, depth, room)?,
            _ => drop(member.skip()?),
        }
        Ok(())
    })?;
    // Members by other names, or no object.
    if is_pair || is_empty { Ok(pair) } else { Err(Broken::Malformed) }
}

/// An `AnyValue`, `depth` values are around it. A bare scalar is taken for what it looks like, a bare array is kept as text.
pub(super) fn value(cursor: &mut Cursor<'_>, depth: u32, room: &mut Room) -> Result<Value, Broken> {
    match cursor.peek() {
        Some(b'{') => {}
        Some(b'"') => return Ok(Value::Text(string(cursor, room)?.into_owned())),
        _ => return bare(cursor, room),
    }
    let start = cursor.clone();
    let (mut value, mut too_deep) = (Value::Empty, false);
    cursor.object(|kind, member| {
        if member.null() {
            return Ok(());
        }
        value = match kind {
            "stringValue" | "string_value" => Value::Text(string(member, room)?.into_owned()),
            "boolValue" | "bool_value" => Value::Bool(plain(member)? == "true"),
            "intValue" | "int_value" => {
                let text = string(member, room)?;
                scalar::int(&text).map_or_else(|| Value::Text(text.into_owned()), Value::Int)
            }
            "doubleValue" | "double_value" => {
                let text = string(member, room)?;
                scalar::double(&text).map_or_else(|| Value::Text(text.into_owned()), Value::Double)
            }
            "bytesValue" | "bytes_value" => {
                let text = string(member, room)?;
                scalar::base64(&text).map_or_else(|| Value::Text(text.into_owned()), Value::Bytes)
            }
            "arrayValue" | "array_value" | "kvlistValue" | "kvlist_value" if depth >= MAX_DEPTH => {
                too_deep = true;
                member.skip()?;
                Value::Empty
            }
            "arrayValue" | "array_value" => Value::Array(array(member, depth + 1, room)?),
            "kvlistValue" | "kvlist_value" => Value::Map(map(member, depth + 1, room)?),
            _ => {
                member.skip()?;
                return Ok(());
            }
        };
        Ok(())
    })?;
    if too_deep {
        room.mend(Mended::Deep);
        value = Value::Text(text::lossy(cursor.since(&start)).0.into_owned());
    }
    Ok(value)
}

fn bare(cursor: &mut Cursor<'_>, room: &mut Room) -> Result<Value, Broken> {
    let (text, is_mended) = text::lossy(cursor.skip()?);
    if is_mended {
        room.mend(Mended::Text);
    }
    Ok(match &*text {
        "null" => Value::Empty,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        number => match number.parse() {
            Ok(int) => Value::Int(int),
            Err(_) => scalar::double(number).map_or_else(|| Value::Text(number.to_owned()), Value::Double),
        },
    })
}

fn array(cursor: &mut Cursor<'_>, depth: u32, room: &mut Room) -> Result<Vec<Value>, Broken> {
    let mut values = Vec::new();
    elements(cursor, |element| {
        if room.take(ELEMENT) {
            values.push(value(element, depth, room)?);
        } else {
            element.skip()?;
        }
        Ok(())
    })?;
    Ok(values)
}

fn map(cursor: &mut Cursor<'_>, depth: u32, room: &mut Room) -> Result<Vec<Attribute>, Broken> {
    let mut entries = Vec::new();
    elements(cursor, |element| {
        let start = element.clone();
        if room.take(ENTRY) {
            match pair(element, depth, room) {
                Ok(entry) => {
                    entries.push(entry);
                    return Ok(());
                }
                Err(_) => room.mend(Mended::Lost),
            }
        }
        *element = start;
        element.skip().map(drop)
    })?;
    Ok(entries)
}

/// What stands under `values`, the only member of `ArrayValue` and `KeyValueList`. Some writers leave out one of the two.
fn elements(
    cursor: &mut Cursor<'_>,
    mut element: impl FnMut(&mut Cursor<'_>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    if cursor.peek() == Some(b'[') {
        return cursor.array(element);
    }
    cursor.object(|name, member| match name {
        "values" => member.array(&mut element),
        _ => member.skip().map(drop),
    })
}
