//! Which lists a record holds, and under which attributes; their elements are not read.
//!
//! Two lists that begin alike have nodes of the same addresses, whoever stored them and whenever. A list that was too short to
//! be kept as one is given the addresses it would have: the first call of a conversation often is.

use std::collections::BTreeMap;

use prost::Message;

use super::{
    cut, flat,
    format::{self, Kind},
    refs::Ref,
};
use crate::{
    Error, Result,
    dedup::{Key, body_key, node_key},
};

/// Fetches a body that is a text of fewer than [`cut::MIN_TEXT_BYTES`], `None` if it is longer: that one is not read for nothing.
pub(crate) type ShortText<'a> = dyn FnMut(i64) -> Result<Option<String>> + 'a;

/// A list, by the addresses of its nodes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// Kept as a list that ends at this node.
    Stored(i64),
    /// Kept in place: the address of every node it would have, first to last.
    InPlace(Vec<Key>),
}

/// The lists of an unpacked record that are not empty, with what they belong to: the attribute's name, and before it that of
/// its event if it is one's.
pub(crate) fn lists(
    data: &[u8],
    refs: &[Ref],
    short: &mut ShortText<'_>,
) -> Result<Vec<((String, String), List)>> {
    let record = format::Record::decode(data).map_err(|_| Error::Damaged("record"))?;
    let mut lists = Vec::new();
    let events = record.events.into_iter().map(|event| (event.name, event.attributes));
    for (event, items) in std::iter::once((String::new(), record.attributes)).chain(events) {
        for (attribute, list) in of_items(items, refs, short)? {
            lists.push(((event.clone(), attribute), list));
        }
    }
    Ok(lists)
}

fn of_items(
    items: Vec<format::Item>,
    refs: &[Ref],
    short: &mut ShortText<'_>,
) -> Result<Vec<(String, List)>> {
    let mut lists = Vec::new();
    let mut scattered: BTreeMap<String, BTreeMap<u32, Vec<format::Item>>> = BTreeMap::new();
    for item in items {
        if let Some(flat) = &item.flat {
            lists.extend(stored(flat.list, refs).map(|list| (item.key, list)));
        } else if let Some((prefix, index, suffix)) = flat::split(&item.key) {
            let element = scattered.entry(prefix.to_owned()).or_default().entry(index).or_default();
            element.push(format::Item { key: suffix.to_owned(), value: item.value, flat: None });
        } else {
            let list = match item.value.and_then(|value| value.kind) {
                Some(Kind::Cut(cut)) => stored(cut.list, refs),
                Some(Kind::ArrayList(reference)) => stored(reference, refs),
                Some(Kind::Text(text)) => of_text(&text),
                Some(Kind::TextBody(reference)) => match refs.get(reference as usize) {
                    Some(Ref::Body(id)) => short(*id)?.as_deref().and_then(of_text),
                    _ => return Err(Error::Damaged("reference to a body")),
                },
                _ => None,
            };
            lists.extend(list.map(|list| (item.key, list)));
        }
    }
    for (prefix, elements) in scattered {
        let groups = elements.into_values().map(|mut items| {
            items.sort_by(|a, b| a.key.cmp(&b.key));
            format::Group { items }.encode_to_vec()
        });
        lists.push((prefix, List::InPlace(chain(groups))));
    }
    Ok(lists)
}

fn stored(reference: u32, refs: &[Ref]) -> Option<List> {
    match refs.get(reference as usize) {
        Some(Ref::List(node)) => Some(List::Stored(*node)),
        _ => None,
    }
}

fn of_text(text: &str) -> Option<List> {
    let elements = cut::short_elements(text)?;
    Some(List::InPlace(chain(elements.into_iter().map(|range| &text.as_bytes()[range]))))
}

fn chain(elements: impl Iterator<Item = impl AsRef<[u8]>>) -> Vec<Key> {
    let mut nodes: Vec<Key> = Vec::new();
    for element in elements {
        nodes.push(node_key(nodes.last().copied(), body_key(element.as_ref())));
    }
    nodes
}

#[cfg(test)]
mod tests {
    use bennu_model::{Attribute, Span, StatusCode, Value};

    use super::*;
    use crate::{
        dedup::Dedup,
        stored::{encode::*, pack},
    };

    /// The addresses of the list in an attribute or in flattened ones, stored or in place.
    fn addresses(attributes: Vec<Attribute>) -> Vec<Key> {
        let (dedup, span) = (Dedup::new(), Span { attributes, ..Span::default() });
        let encoded = Encoder::encode(&dedup, &mut Shared::default(), span, "", StatusCode::Unset);
        for pending in &encoded.pending {
            if let Pending::List { rest, .. } = pending {
                return rest.iter().map(|(key, _)| *key).collect();
            }
        }
        let data = pack::unpack(&encoded.data).unwrap();
        match lists(&data, &[], &mut |_| Ok(None)).unwrap().pop() {
            Some((_, List::InPlace(nodes))) => nodes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_short_list_has_the_addresses_it_would_have_as_a_long_ones_beginning() {
        let content = |n: usize| if n == 0 { "hi".to_owned() } else { "words ".repeat(20) };
        let flat = |count: usize| -> Vec<Attribute> {
            let names = (0..count).flat_map(|n| {
                [("content", content(n)), ("role", "me".into())]
                    .map(|(name, value)| (format!("m.{n}.{name}"), value))
            });
            names.map(|(key, value)| (key, Value::Text(value))).collect()
        };
        let json = |count: usize| -> Vec<Attribute> {
            let items = (0..count).map(|n| format!("{{\"role\": \"me\", \"content\": \"{}\"}}", content(n)));
            vec![("m".into(), Value::Text(format!("[{}]", items.collect::<Vec<_>>().join(", "))))]
        };
        assert_eq!(addresses(flat(1))[..], addresses(flat(3))[..1]);
        assert_eq!(addresses(json(1))[..], addresses(json(4))[..1]);
        assert_eq!(addresses(json(4)).len(), 4);
    }
}
