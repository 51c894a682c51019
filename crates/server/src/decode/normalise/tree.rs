//! Flattened attributes unfolded: `name.0.a.b = x` is `[{"a": {"b": x}}]`.

use std::collections::BTreeMap;

use bennu_model::{Embedding, Value};
use serde_json::{Map, Value as Json};

/// Deeper names than this are not unfolded.
const MAX_SEGMENTS: usize = 32;
/// A tree has at most this many nodes; what exceeds them is shown with the attributes only.
const MAX_NODES: usize = 200_000;

/// A part of a tree: a value, members, or (in broken telemetry) both.
#[derive(Default)]
pub(crate) struct Node<'a> {
    value: Option<&'a Value>,
    members: BTreeMap<&'a str, Node<'a>>,
}

/// A member with its index or name.
type Member<'n, 'a, K> = (K, &'n Node<'a>);

impl<'a> Node<'a> {
    /// Unfolds names without their common prefix. Gaps between indexes close; empty values do not count.
    pub(super) fn unfold(attributes: impl Iterator<Item = (&'a str, &'a Value)>) -> Option<Node<'a>> {
        let mut root = Node::default();
        let mut left = MAX_NODES;
        for (name, value) in attributes.filter(|(_, value)| **value != Value::Empty) {
            root.insert(name.splitn(MAX_SEGMENTS, '.'), value, &mut left);
        }
        (!root.members.is_empty()).then_some(root)
    }

    fn insert(&mut self, segments: impl Iterator<Item = &'a str>, value: &'a Value, left: &mut usize) {
        let mut node = self;
        for segment in segments {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return;
            }
            node = node.members.entry(segment).or_default();
        }
        node.value = Some(value);
    }

    pub(super) fn to_json(&self) -> Json {
        if self.members.is_empty() {
            return self.value.map_or(Json::Null, Value::to_json);
        }
        let (indexed, named) = self.parted();
        if named.is_empty() {
            return Json::Array(indexed.into_iter().map(|(_, node)| node.to_json()).collect());
        }
        let named = named.into_iter().map(|(name, node)| (name.to_owned(), node.to_json()));
        let indexed = indexed.into_iter().map(|(index, node)| (index.to_string(), node.to_json()));
        Json::Object(named.chain(indexed).collect::<Map<_, _>>())
    }

    /// As a list, where one is expected: names that are no index do not count beside ones that are.
    pub(super) fn to_list(&self) -> Json {
        match self.parted() {
            (indexed, _) if !indexed.is_empty() => {
                Json::Array(indexed.into_iter().map(|(_, node)| node.to_json()).collect())
            }
            _ => self.to_json(),
        }
    }

    /// Members whose names are indexes, by number (10 comes after 9), and the others.
    fn parted(&self) -> (Vec<Member<'_, 'a, u64>>, Vec<Member<'_, 'a, &'a str>>) {
        let (mut indexed, mut named) = (Vec::new(), Vec::new());
        for (name, node) in &self.members {
            match name.parse() {
                Ok(index) => indexed.push((index, node)),
                Err(_) => named.push((*name, node)),
            }
        }
        indexed.sort_by_key(|(index, _)| *index);
        (indexed, named)
    }

    /// `N.embedding.text` and `N.embedding.vector`.
    pub(super) fn embeddings(&self) -> Vec<Embedding> {
        let (indexed, _) = self.parted();
        let read = |node: &Node<'_>| {
            let node = node.members.get("embedding").unwrap_or(node);
            let value = |name: &str| node.members.get(name).and_then(|node| node.value);
            Embedding {
                text: value("text").and_then(Value::as_text).map(str::to_owned),
                dimensions: match value("vector") {
                    Some(Value::Array(numbers)) => numbers.len(),
                    _ => 0,
                },
            }
        };
        indexed.into_iter().map(|(_, node)| read(node)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(pairs: &[(&str, i64)]) -> Json {
        let values: Vec<Value> = pairs.iter().map(|(_, value)| Value::Int(*value)).collect();
        let pairs = pairs.iter().zip(&values).map(|((name, _), value)| (*name, value));
        Node::unfold(pairs).map_or(Json::Null, |node| node.to_json())
    }

    #[test]
    fn flattened_attributes_unfold() {
        assert_eq!(
            tree(&[("10.a.b", 3), ("2.a.b", 2), ("2.c", 1)]),
            serde_json::json!([{"a": {"b": 2}, "c": 1}, {"a": {"b": 3}}])
        );
        assert_eq!(tree(&[("0", 1), ("x", 2)]), serde_json::json!({"x": 2, "0": 1}));
        assert_eq!(tree(&[]), Json::Null);
        assert_eq!(tree(&[(".a", 1)]), serde_json::json!({"": {"a": 1}}));
    }

    #[test]
    fn stray_names_do_not_hide_a_list() {
        let values = [Value::Int(1), Value::Int(2), Value::Int(3)];
        let names = ["0.a", "count", "-1.a"];
        let node = Node::unfold(names.into_iter().zip(&values)).unwrap();
        assert_eq!(node.to_list(), serde_json::json!([{"a": 1}]));
        assert_eq!(
            Node::unfold([("a", &values[0])].into_iter()).unwrap().to_list(),
            serde_json::json!({"a": 1})
        );
    }

    #[test]
    fn gaps_and_leading_zeros_keep_the_order_of_numbers() {
        assert_eq!(tree(&[("010", 3), ("1", 1), ("7", 2)]), serde_json::json!([1, 2, 3]));
    }

    #[test]
    fn very_deep_and_very_many_names_are_bounded() {
        let deep = "a.".repeat(50_000);
        assert_ne!(tree(&[(&deep, 1)]), Json::Null);
        let names: Vec<String> = (0..20_000).map(|n| format!("{n}{}", ".x".repeat(30))).collect();
        let value = Value::Int(1);
        let node = Node::unfold(names.iter().map(|name| (name.as_str(), &value))).unwrap();
        assert!(node.members.len() * 31 <= MAX_NODES + 31);
    }
}
