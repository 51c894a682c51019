//! An attribute's value as OTLP has it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Number, Value as Json};

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
    }
}
