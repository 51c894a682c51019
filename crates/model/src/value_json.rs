//! Values and attributes as JSON, written as they are read: a tree of it takes ten times the memory of its text.

use std::collections::HashMap;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{Attribute, Value};

/// A value as [`Value::to_json`] has it.
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

/// OTLP/JSON's form of a value (`{"stringValue": …}`), as the protobuf JSON mapping writes it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_in_both_forms() {
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
