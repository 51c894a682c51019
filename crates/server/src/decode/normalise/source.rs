//! An attribute's value, however it was encoded.

use std::{collections::BTreeMap, ops::Bound};

use bennu_model::{Attribute, Value};
use serde_json::{Map, Value as Json};

/// Deeper names than this are not unfolded.
const MAX_SEGMENTS: usize = 32;

/// How an attribute may be spread over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One attribute of this name.
    Plain,
    /// One attribute of this name (JSON text or structured), or flattened: `name.0.member`.
    Tree,
}

/// A span's attributes by name.
pub(crate) struct Attributes<'a>(BTreeMap<&'a str, &'a Value>);

impl<'a> Attributes<'a> {
    /// Of a name that repeats, the last value counts.
    pub(crate) fn new(attributes: &'a [Attribute]) -> Self {
        Attributes(attributes.iter().map(|(key, value)| (key.as_str(), value)).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).copied()
    }

    pub(crate) fn source(&self, name: &str, shape: Shape) -> Option<Source<'a>> {
        match self.get(name) {
            Some(Value::Empty) => None,
            Some(value) => Some(Source::Value(value)),
            None if shape == Shape::Tree => self.tree(name).map(Source::Tree),
            None => None,
        }
    }

    /// Attributes whose names begin with `prefix`, with the rest of their names.
    pub(crate) fn under<'p>(
        &self,
        prefix: &'p str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a, 'p, '_> {
        self.0
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(move |(key, value)| (&key[prefix.len()..], *value))
    }

    /// Unfolds `name.0.a.b = x` to `[{"a": {"b": x}}]`. Gaps between indexes close; empty values do not count.
    fn tree(&self, name: &str) -> Option<Json> {
        let mut root = Node::default();
        for (rest, value) in self.under(&format!("{name}.")) {
            if *value != Value::Empty {
                root.insert(rest.splitn(MAX_SEGMENTS, '.'), value);
            }
        }
        (!root.members.is_empty()).then(|| root.into_json())
    }
}

/// A value found under a name.
pub(crate) enum Source<'a> {
    /// One attribute.
    Value(&'a Value),
    /// Unfolded from many.
    Tree(Json),
}

impl Source<'_> {
    /// Text, numbers included; not empty.
    pub(crate) fn text(&self) -> Option<String> {
        let text = match self {
            Source::Value(Value::Text(text)) => text.clone(),
            Source::Value(value @ (Value::Int(_) | Value::Double(_) | Value::Bool(_))) => {
                value.to_json().to_string()
            }
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The value as JSON; text that is a JSON object or array is parsed.
    pub(crate) fn json(&self) -> Json {
        match self {
            Source::Value(Value::Text(text)) => parse(text),
            Source::Value(value) => value.to_json(),
            Source::Tree(tree) => tree.clone(),
        }
    }

    /// A token count.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Source::Value(value) => value.to_int().and_then(|count| u64::try_from(count).ok()),
            Source::Tree(_) => None,
        }
    }

    /// An amount.
    pub(crate) fn amount(&self) -> Option<f64> {
        match self {
            Source::Value(value) => value.to_double().filter(|amount| amount.is_finite()),
            Source::Tree(_) => None,
        }
    }

    /// The text of a value: text itself, anything else as JSON.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Source::Value(Value::Text(text)) => text.clone(),
            _ => self.json().to_string(),
        }
    }
}

/// JSON text to JSON; other text stays text.
pub(crate) fn parse(text: &str) -> Json {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[' | b'"') => {
            serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
        }
        _ => Json::String(text.to_owned()),
    }
}

#[derive(Default)]
struct Node<'a> {
    value: Option<&'a Value>,
    members: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    fn insert(&mut self, segments: impl Iterator<Item = &'a str>, value: &'a Value) {
        let mut node = self;
        for segment in segments {
            node = node.members.entry(segment).or_default();
        }
        node.value = Some(value);
    }

    fn into_json(self) -> Json {
        if self.members.is_empty() {
            return self.value.map_or(Json::Null, Value::to_json);
        }
        let mut indexed: Vec<(u64, Node<'_>)> = Vec::new();
        let mut named = Map::new();
        for (name, node) in self.members {
            match name.parse() {
                Ok(index) => indexed.push((index, node)),
                Err(_) => {
                    named.insert(name.to_owned(), node.into_json());
                }
            }
        }
        if named.is_empty() {
            // By number: index 10 comes after 9.
            indexed.sort_by_key(|(index, _)| *index);
            return Json::Array(indexed.into_iter().map(|(_, node)| node.into_json()).collect());
        }
        named.extend(indexed.into_iter().map(|(index, node)| (index.to_string(), node.into_json())));
        Json::Object(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(pairs: &[(&str, i64)]) -> Json {
        let attributes: Vec<Attribute> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::Int(*value))).collect();
        match Attributes::new(&attributes).source("m", Shape::Tree) {
            Some(Source::Tree(tree)) => tree,
            _ => Json::Null,
        }
    }

    #[test]
    fn flattened_attributes_unfold() {
        assert_eq!(
            tree(&[("m.10.a.b", 3), ("m.2.a.b", 2), ("m.2.c", 1), ("mm.0.a", 9)]),
            serde_json::json!([{"a": {"b": 2}, "c": 1}, {"a": {"b": 3}}])
        );
        assert_eq!(tree(&[("m.0", 1), ("m.x", 2)]), serde_json::json!({"x": 2, "0": 1}));
        assert_eq!(tree(&[("n.0.a", 1)]), Json::Null);
        assert_eq!(tree(&[("m..a", 1)]), serde_json::json!({"": {"a": 1}}));
    }

    #[test]
    fn very_deep_names_do_not_recurse_far() {
        let deep = format!("m.{}", "a.".repeat(50_000));
        assert_ne!(tree(&[(&deep, 1)]), Json::Null);
    }
}
