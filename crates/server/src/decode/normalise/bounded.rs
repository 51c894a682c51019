//! JSON text read into a tree of bounded size: a few bytes of text make a value of seventy.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

/// Values in a tree. A text that holds more stays text; a conversation of a thousand messages has ten thousand.
const MAX_VALUES: usize = 200_000;
/// Values in all trees of one span and its log records together.
const MAX_SPAN_VALUES: usize = 400_000;

thread_local! {
    /// What the span that is being read on this thread may still take. Text is parsed in many places that know nothing of each
    /// other.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Reads a span: the texts that `read` parses share one bound. Beyond it texts stay texts.
pub(super) fn within_bounds<T>(read: impl FnOnce() -> T) -> T {
    let before = LEFT.replace(MAX_SPAN_VALUES);
    let read = read();
    LEFT.set(before);
    read
}

/// JSON text to JSON; other text stays text.
pub(crate) fn parse(text: &str) -> Json {
    tree(text).unwrap_or_else(|| Json::String(text.to_owned()))
}

/// JSON text to JSON; None for other text, which may be long and need not be copied.
pub(crate) fn tree(text: &str) -> Option<Json> {
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[' | b'"') => drawn(|left| read(text, left)),
        _ => None,
    }
}

/// What a text says that is no JSON, or the JSON of a text.
pub(crate) fn plain(text: &str) -> Option<Cow<'_, str>> {
    match tree(text) {
        None => Some(text.into()),
        Some(Json::String(text)) => Some(text.into()),
        Some(_) => None,
    }
}

/// Some members of the object that a text is; what else it holds is not kept. Empty if it is no object.
pub(crate) fn members(text: &str, names: &'static [&'static str]) -> Map<String, Json> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    drawn(|left| Members { names, left }.deserialize(&mut deserializer).ok()).unwrap_or_default()
}

/// Reads with what the span has left for a text; what is not kept takes nothing.
fn drawn<T>(read: impl FnOnce(&Cell<usize>) -> Option<T>) -> Option<T> {
    let allowed = LEFT.get().min(MAX_VALUES);
    let left = Cell::new(allowed);
    let read = read(&left)?;
    LEFT.set(LEFT.get() - (allowed - left.get()));
    Some(read)
}

/// Reads some members of an object.
struct Members<'c> {
    names: &'static [&'static str],
    left: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Map<String, Json>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Map<String, Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            if self.names.contains(&&*name) {
                object.insert(name.into_owned(), members.next_value_seed(Tree { left: self.left })?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(object)
    }
}

/// The tree, of so many values at most.
fn read(text: &str, left: &Cell<usize>) -> Option<Json> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Tree { left }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(json)
}

/// Reads a value and counts it.
#[derive(Clone, Copy)]
struct Tree<'c> {
    left: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Json, E> {
        Ok(Json::Bool(bool))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            object.insert(name, members.next_value_seed(self)?);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_json_is_read_and_what_is_too_large_stays_text() {
        assert_eq!(
            parse(r#" {"a": [1, -2, 0.5, "x", null, true]}"#),
            json!({"a": [1, -2, 0.5, "x", null, true]})
        );
        for text in ["plain", "12", "[1, 2", "{\"a\": 1} tail", ""] {
            assert_eq!(parse(text), json!(text));
        }
        let left = Cell::new(7);
        assert_eq!(read("[0,0,0]", &left), Some(json!([0, 0, 0])));
        assert_eq!((left.get(), read("[0,0,0]", &left)), (3, None));
        let deep = "[".repeat(5_000) + &"]".repeat(5_000);
        assert_eq!(parse(&deep), json!(deep));
    }

    #[test]
    fn the_texts_of_a_span_share_a_bound() {
        let text = format!("[{}]", ["0"; 150_000].join(","));
        let trees = || (0..20).filter(|_| tree(&text).is_some()).count();
        assert_eq!(within_bounds(trees), 2);
        assert_eq!(within_bounds(trees), 2, "each span has its own");
        assert_eq!(trees(), 20);
    }

    #[test]
    fn some_members_are_read_whatever_the_others_are() {
        let text = r#"{"a": [[[]]], "id": 7, "b": {"id": 8}, "usage": {"n": 1}, "id": "x"}"#;
        assert_eq!(json!(members(text, &["id", "usage", "none"])), json!({"id": "x", "usage": {"n": 1}}));
        for text in ["[1]", "plain", "", r#"{"id": "x", "#] {
            assert!(members(text, &["id"]).is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_reads(text in r#"[\[\]{}",:a-c0-9. \\-]{0,40}"#) {
            let expected = serde_json::from_str::<Json>(&text).ok();
            prop_assert_eq!(read(&text, &Cell::new(usize::MAX)), expected);
        }
    }
}
