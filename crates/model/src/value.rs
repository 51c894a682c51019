//! An attribute's value as OTLP has it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value as Json};

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

    /// OTLP/JSON's form of the value (`{"stringValue": …}`), as the protobuf JSON mapping writes it.
    pub fn to_otlp_json(&self) -> Json {
        let (kind, value) = match self {
            Value::Empty => return Json::Object(Map::new()),
            Value::Text(text) => ("stringValue", Json::String(text.clone())),
            Value::Bool(bool) => ("boolValue", Json::Bool(*bool)),
            Value::Int(int) => ("intValue", Json::String(int.to_string())),
            Value::Double(_) => ("doubleValue", self.to_json()),
            Value::Bytes(_) => ("bytesValue", self.to_json()),
            Value::Array(values) => (
                "arrayValue",
                serde_json::json!({"values": values.iter().map(Value::to_otlp_json).collect::<Vec<_>>()}),
            ),
            Value::Map(entries) => (
                "kvlistValue",
                serde_json::json!({"values": entries.iter().map(|(key, value)| serde_json::json!({"key": key, "value": value.to_otlp_json()})).collect::<Vec<_>>()}),
            ),
        };
        Json::Object(Map::from_iter([(kind.to_owned(), value)]))
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
        assert_eq!(
            Value::Double(f64::NEG_INFINITY).to_otlp_json(),
            serde_json::json!({"doubleValue": "-Infinity"})
        );
    }
}
