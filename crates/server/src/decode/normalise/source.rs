//! An attribute's value, however it was encoded.

use std::{cell::RefCell, collections::BTreeMap, ops::Bound, rc::Rc};

use bennu_model::{Attribute, Embedding, Value};
use serde_json::Value as Json;

pub(super) use super::bounded::parse;
use super::tree::Node;

/// How an attribute may be spread over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One attribute of this name.
    Plain,
    /// One attribute of this name (JSON text or structured), or flattened: `name.0.member`.
    Tree,
}

/// Attributes by name.
pub(crate) struct Attributes<'a> {
    by_name: BTreeMap<&'a str, &'a Value>,
    /// What rows that point into an attribute have read of it.
    read: RefCell<Vec<(&'static str, Rc<Json>)>>,
}

impl<'a> Attributes<'a> {
    /// Of a name that repeats, the last value counts.
    pub(crate) fn new(attributes: &'a [Attribute]) -> Self {
        let by_name = attributes.iter().map(|(key, value)| (key.as_str(), value)).collect();
        Attributes { by_name, read: RefCell::default() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.by_name.keys().copied()
    }

    /// The value under a name, or under `name#/pointer`, a JSON pointer (RFC 6901) into it.
    pub(crate) fn source(&self, name: &'static str, shape: Shape) -> Option<Source<'a>> {
        match name.split_once('#') {
            None => self.whole(name, shape),
            Some((name, pointer)) => {
                let read = self.json(name)?;
                read.pointer(pointer).filter(|part| !part.is_null()).cloned().map(Source::Json)
            }
        }
    }

    fn whole(&self, name: &str, shape: Shape) -> Option<Source<'a>> {
        match self.get(name) {
            Some(Value::Empty) => None,
            Some(value) => Some(Source::Value(value)),
            None if shape == Shape::Tree => Node::unfold(self.under(&format!("{name}."))).map(Source::Tree),
            None => None,
        }
    }

    /// An attribute as JSON, read once however many rows point into it.
    fn json(&self, name: &'static str) -> Option<Rc<Json>> {
        if let Some((_, read)) = self.read.borrow().iter().find(|(known, _)| *known == name) {
            return Some(read.clone());
        }
        let read = Rc::new(self.whole(name, Shape::Tree)?.json());
        self.read.borrow_mut().push((name, read.clone()));
        Some(read)
    }

    /// Attributes whose names begin with `prefix`, with the rest of their names.
    pub(crate) fn under<'p>(
        &self,
        prefix: &'p str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a, 'p, '_> {
        self.by_name
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(move |(key, value)| (&key[prefix.len()..], *value))
    }
}

/// A value found under a name.
pub(crate) enum Source<'a> {
    /// One attribute.
    Value(&'a Value),
    /// Unfolded from many.
    Tree(Node<'a>),
    /// A part of one.
    Json(Json),
}

impl Source<'_> {
    /// Text, numbers included; not empty. JSON text of a string is unquoted: MLflow encodes every value.
    pub(crate) fn text(&self) -> Option<String> {
        let text = match self {
            Source::Value(Value::Text(text)) | Source::Json(Json::String(text)) => match text.as_bytes() {
                [b'"', .., b'"'] => serde_json::from_str(text).unwrap_or_else(|_| text.clone()),
                _ => text.clone(),
            },
            Source::Value(value @ (Value::Int(_) | Value::Double(_) | Value::Bool(_))) => {
                value.to_json().to_string()
            }
            Source::Json(number @ (Json::Number(_) | Json::Bool(_))) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The value as JSON; text that is a JSON object or array is parsed.
    pub(crate) fn json(&self) -> Json {
        match self {
            Source::Value(Value::Text(text)) | Source::Json(Json::String(text)) => parse(text),
            Source::Value(value) => value.to_json(),
            Source::Tree(node) => node.to_json(),
            Source::Json(json) => json.clone(),
        }
    }

    /// The same where a list is expected.
    pub(crate) fn list(&self) -> Json {
        match self {
            Source::Tree(node) => node.to_list(),
            _ => self.json(),
        }
    }

    /// A token count.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Source::Value(value) => value.to_int().and_then(|count| u64::try_from(count).ok()),
            Source::Json(json) => json.as_u64().or_else(|| json.as_str()?.trim().parse().ok()),
            Source::Tree(_) => None,
        }
    }

    /// An amount.
    pub(crate) fn amount(&self) -> Option<f64> {
        let amount = match self {
            Source::Value(value) => value.to_double(),
            Source::Json(json) => json.as_f64().or_else(|| json.as_str()?.trim().parse().ok()),
            Source::Tree(_) => None,
        };
        amount.filter(|amount| amount.is_finite())
    }

    /// Whether the number was sent as a whole one.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Source::Value(value) => matches!(value, Value::Int(_)),
            Source::Json(json) => json.is_u64() || json.is_i64(),
            Source::Tree(_) => false,
        }
    }

    /// The text of a value: text itself, anything else as JSON.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Source::Value(Value::Text(text)) | Source::Json(Json::String(text)) => text.clone(),
            _ => self.json().to_string(),
        }
    }

    /// Embedded texts with the length of their vectors. The vectors themselves, millions of numbers, are not copied.
    pub(crate) fn embeddings(&self) -> Vec<Embedding> {
        match self {
            Source::Tree(node) => node.embeddings(),
            _ => match self.json() {
                Json::Array(items) => items.iter().map(embedding).collect(),
                _ => Vec::new(),
            },
        }
    }
}

fn embedding(item: &Json) -> Embedding {
    let item = item.get("embedding").unwrap_or(item);
    Embedding {
        text: item.get("text").and_then(Json::as_str).map(str::to_owned),
        dimensions: item.get("vector").and_then(Json::as_array).map_or(0, Vec::len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_texts_are_unquoted_and_pointed_into() {
        let attributes = [
            ("type".to_owned(), Value::Text("\"CHAT_MODEL\"".into())),
            ("usage".to_owned(), Value::Text(r#"{"input": 7, "text": "\"x\""}"#.into())),
            ("meta.session".to_owned(), Value::Text("s1".into())),
        ];
        let attributes = Attributes::new(&attributes);
        assert_eq!(attributes.source("type", Shape::Plain).unwrap().text().unwrap(), "CHAT_MODEL");
        assert_eq!(attributes.source("usage#/input", Shape::Plain).unwrap().count(), Some(7));
        assert_eq!(attributes.source("meta#/session", Shape::Plain).unwrap().text().unwrap(), "s1");
        assert!(attributes.source("usage#/output", Shape::Plain).is_none());
    }
}
