//! Flattened lists: `llm.input_messages.0.message.role` and its like, of any dialect, gathered into elements.
//!
//! An element's attributes, sorted by name, are one body: the same message in the next call has the same bytes, whatever
//! order the client's map had. Attributes have no order in OTLP; elements come back in the order of their indexes.
//!
//! Lists with fractional figures stay single attributes: a document that is found again has another score, so as a whole it would
//! never be the same, while its text alone is.

use std::collections::{BTreeMap, HashMap, HashSet};

use bennu_model::{Attribute, Value};
use foldhash::fast::RandomState;

/// Lists with less content than this stay single attributes.
const MIN_LIST_BYTES: usize = 64;
/// An index of more digits than this is taken for a name.
const MAX_INDEX_DIGITS: usize = 6;

/// An attribute, or a flattened list in the place of its first attribute.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    One(Attribute),
    List { prefix: String, elements: BTreeMap<u32, Vec<Attribute>> },
}

/// Gathers flattened lists; everything else stays as it is, in order.
pub(crate) fn gather(attributes: Vec<Attribute>) -> Vec<Piece> {
    let mut sizes: HashMap<&str, usize, RandomState> = HashMap::default();
    let mut scored: HashSet<&str, RandomState> = HashSet::default();
    for (key, value) in &attributes {
        if let Some((prefix, _, suffix)) = split(key) {
            *sizes.entry(prefix).or_default() += suffix.len() + value.size_bytes();
            scored.extend(matches!(value, Value::Double(_)).then_some(prefix));
        }
    }
    let worth: HashSet<String, RandomState> = sizes
        .into_iter()
        .filter(|(prefix, size)| *size >= MIN_LIST_BYTES && !scored.contains(prefix))
        .map(|(prefix, _)| prefix.to_owned())
        .collect();

    let mut pieces = Vec::with_capacity(attributes.len());
    let mut places: HashMap<String, usize, RandomState> = HashMap::default();
    for (key, value) in attributes {
        match split(&key).filter(|(prefix, ..)| worth.contains(*prefix)) {
            None => pieces.push(Piece::One((key, value))),
            Some((prefix, index, suffix)) => {
                let place = *places.entry(prefix.to_owned()).or_insert_with(|| {
                    pieces.push(Piece::List { prefix: prefix.to_owned(), elements: BTreeMap::new() });
                    pieces.len() - 1
                });
                if let Piece::List { elements, .. } = &mut pieces[place] {
                    elements.entry(index).or_default().push((suffix.to_owned(), value));
                }
            }
        }
    }
    for piece in &mut pieces {
        if let Piece::List { elements, .. } = piece {
            // Stable: keys that repeat keep their order.
            elements.values_mut().for_each(|attributes| attributes.sort_by(|a, b| a.0.cmp(&b.0)));
        }
    }
    pieces
}

/// The attribute's full name.
pub(crate) fn join(prefix: &str, index: u32, suffix: &str) -> String {
    format!("{prefix}.{index}.{suffix}")
}

/// `llm.tools.0.tool.name` is (`llm.tools`, 0, `tool.name`). An index with leading zeros is a name: it would not come back.
pub(crate) fn split(key: &str) -> Option<(&str, u32, &str)> {
    let mut from = 0;
    loop {
        let dot = from + key[from..].find('.')?;
        let rest = &key[dot + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let canonical = digits == 1 || (digits > 1 && !rest.starts_with('0'));
        if canonical && digits <= MAX_INDEX_DIGITS && rest.as_bytes().get(digits) == Some(&b'.') && dot > 0 {
            let index = rest[..digits].parse().ok()?;
            return Some((&key[..dot], index, &rest[digits + 1..]));
        }
        from = dot + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &str, value: &str) -> Attribute {
        (key.to_owned(), Value::Text(value.to_owned()))
    }

    #[test]
    fn names_split_at_the_first_index() {
        for (key, expected) in [
            ("llm.tools.0.tool.name", Some(("llm.tools", 0, "tool.name"))),
            ("a.12.b.3.c", Some(("a", 12, "b.3.c"))),
            ("a.007.b", None),
            ("tags.0", None),
            (".0.a", None),
            ("a.0.", Some(("a", 0, ""))),
            ("a.1234567.b", None),
            ("plain", None),
        ] {
            assert_eq!(split(key), expected, "{key}");
        }
    }

    #[test]
    fn any_order_of_a_clients_map_gives_the_same_elements() {
        let long = "x".repeat(80);
        let mut attributes = vec![
            text("m.10.role", "user"),
            text("other", "1"),
            text("m.2.role", "system"),
            text("m.2.content", &long),
            text("m.10.content", "hi"),
        ];
        let pieces = gather(attributes.clone());
        attributes.swap(2, 3);
        assert_eq!(gather(attributes), pieces);
        let Piece::List { prefix, elements } = &pieces[0] else { panic!("{pieces:?}") };
        assert_eq!((prefix.as_str(), elements.keys().copied().collect::<Vec<_>>()), ("m", vec![2, 10]));
        assert_eq!(elements[&2], [text("content", &long), text("role", "system")]);
        assert_eq!(pieces[1], Piece::One(text("other", "1")));
    }

    #[test]
    fn a_short_list_stays_single_attributes() {
        assert_eq!(gather(vec![text("t.0.name", "a")]), [Piece::One(text("t.0.name", "a"))]);
    }
}
