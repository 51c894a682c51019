//! An attribute's value as OTLP has it.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Number, Value as Json};

use crate::Attribute;

/// One OTLP `AnyValue`. `Empty` is a value with no kind set, which is allowed on the wire.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No kind set.
    #[default]
    Empty,
    /// Text; bytes that were not UTF-8 have been replaced by U+FFFD.
    Text(String),
    /// Boolean.
    Bool(bool),
    /// 64-bit integer.
    Int(i64),
    /// 64-bit float, NaN and infinities included.
    Double(f64),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Array, possibly of mixed kinds.
    Array(Vec<Value>),
    /// Nested key-value list, in the order sent.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as an integer: an integer, a whole float, or text that reads as one.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Value::Int(int) => Some(*int),
            Value::Double(double) if double.fract() == 0.0 && double.abs() < 9e15 => Some(*double as i64),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The value as a float: a number, or text that reads as one.
    pub fn to_double(&self) -> Option<f64> {
        match self {
            Value::Int(int) => Some(*int as f64),
            Value::Double(double) => Some(*double),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Plain JSON: bytes become base64 text, a float that JSON cannot write becomes its name (`"NaN"`).
    pub fn to_json(&self) -> Json {
        match self {
            Value::Empty => Json::Null,
            Value::Text(text) => Json::String(text.clone()),
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Int(int) => Json::Number((*int).into()),
            Value::Double(double) => Number::from_f64(*double)
                .map_or_else(|| Json::String(double_name(*double).into()), Json::Number),
            Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
            Value::Array(values) => Json::Array(values.iter().map(Value::to_json).collect()),
            Value::Map(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }

    /// Bytes of content, a measure for limits and for what is worth sharing.
    pub fn size_bytes(&self) -> usize {
        match self {
            Value::Empty | Value::Bool(_) => 1,
            Value::Int(_) | Value::Double(_) => 8,
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Array(values) => values.iter().map(Value::size_bytes).sum(),
            Value::Map(entries) => entries.iter().map(|(key, value)| key.len() + value.size_bytes()).sum(),
        }
    }
}

/// A value as [`Value::to_json`] has it, written as it is read.
#[derive(Debug, Clone, Copy)]
pub struct JsonValue<'a>(pub &'a Value);

/// Attributes as an object; of a name that is there twice the last value, at the first place.
#[derive(Debug, Clone, Copy)]
pub struct JsonAttributes<'a>(pub &'a [Attribute]);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Array(values) => serializer.collect_seq(values.iter().map(JsonValue)),
            Value::Map(entries) => JsonAttributes(entries).serialize(serializer),
            small => small.to_json().serialize(serializer),
        }
    }
}

impl Serialize for JsonAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut last: HashMap<&str, &Value> = self.0.iter().map(|(key, value)| (&**key, value)).collect();
        let firsts = self.0.iter().filter_map(|(key, _)| last.remove_entry(&**key));
        let firsts: Vec<_> = firsts.collect();
        serializer.collect_map(firsts.into_iter().map(|(key, value)| (key, JsonValue(value))))
    }
}

/// OTLP/JSON's form of a value (`{"stringValue": …}`), as the protobuf JSON mapping writes it. Written as it is read: a tree of it
/// would take hundreds of bytes for each number of an array.
#[derive(Debug, Clone, Copy)]
pub struct OtlpValue<'a>(pub &'a Value);

/// OTLP/JSON's form of attributes: a list of `{"key": …, "value": …}`.
#[derive(Debug, Clone, Copy)]
pub struct OtlpAttributes<'a>(pub &'a [Attribute]);

impl Serialize for OtlpValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Values<T> {
            values: T,
        }
        let mut one = serializer.serialize_map(None)?;
        match self.0 {
            Value::Empty => {}
            Value::Text(text) => one.serialize_entry("stringValue", text)?,
            Value::Bool(bool) => one.serialize_entry("boolValue", bool)?,
            Value::Int(int) => one.serialize_entry("intValue", &int.to_string())?,
            Value::Double(_) => one.serialize_entry("doubleValue", &self.0.to_json())?,
            Value::Bytes(_) => one.serialize_entry("bytesValue", &self.0.to_json())?,
            Value::Array(values) => {
                one.serialize_entry("arrayValue", &Values { values: OtlpList(values) })?
            }
            Value::Map(entries) => {
                one.serialize_entry("kvlistValue", &Values { values: OtlpAttributes(entries) })?;
            }
        }
        one.end()
    }
}

impl Serialize for OtlpAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Pair<'a> {
            key: &'a str,
            value: OtlpValue<'a>,
        }
        serializer.collect_seq(self.0.iter().map(|(key, value)| Pair { key, value: OtlpValue(value) }))
    }
}

struct OtlpList<'a>(&'a [Value]);

impl Serialize for OtlpList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(OtlpValue))
    }
}

fn double_name(double: f64) -> &'static str {
    match double {
        _ if double.is_nan() => "NaN",
        _ if double > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_that_json_cannot_write_are_named() {
        assert_eq!(Value::Double(f64::NAN).to_json(), Json::from("NaN"));
        let value = Value::Map(vec![(
            "k".into(),
            Value::Array(vec![Value::Double(f64::NEG_INFINITY), Value::Int(-7), Value::Empty]),
        )]);
        let expected = serde_json::json!({"kvlistValue": {"values": [{"key": "k", "value": {"arrayValue": {"values": [
            {"doubleValue": "-Infinity"}, {"intValue": "-7"}, {}
        ]}}}]}});
        assert_eq!(serde_json::to_value(OtlpValue(&value)).unwrap(), expected);
        assert_eq!(serde_json::to_value(JsonValue(&value)).unwrap(), value.to_json());
    }

    #[test]
    fn attributes_are_an_object_with_each_name_once() {
        let attributes = [("b", 1), ("a", 2), ("b", 3)].map(|(key, n)| (key.to_owned(), Value::Int(n)));
        assert_eq!(serde_json::to_string(&JsonAttributes(&attributes)).unwrap(), r#"{"b":3,"a":2}"#);
    }
}
