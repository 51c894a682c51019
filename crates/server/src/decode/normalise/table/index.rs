//! Finds the rows that a span's attributes may speak to, without trying every row: a span has some twenty attributes, the table
//! hundreds of rows.

use std::{collections::HashMap, sync::LazyLock};

use super::{Rule, rules};
use crate::decode::normalise::source::Shape;

struct Index {
    rows: Vec<&'static Rule>,
    by_name: HashMap<&'static str, Vec<u16>>,
    /// Rows whose attribute may be flattened, or is pointed into.
    by_prefix: HashMap<&'static str, Vec<u16>>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let rows: Vec<&'static Rule> = rules().collect();
    let (mut by_name, mut by_prefix) = (HashMap::<_, Vec<u16>>::new(), HashMap::<_, Vec<u16>>::new());
    for (at, rule) in (0..).zip(&rows) {
        by_name.entry(rule.name()).or_default().push(at);
        if rule.conversion.shape == Shape::Tree || rule.attribute.contains('#') {
            by_prefix.entry(rule.name()).or_default().push(at);
        }
    }
    Index { rows, by_name, by_prefix }
});

/// The rows that may apply, in the order of the table.
pub(super) fn candidates<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'static Rule> {
    let index = &*INDEX;
    let mut found: Vec<u16> = Vec::with_capacity(32);
    // Names come sorted: the fields of a list's element follow each other and have the same prefixes.
    let mut before = None;
    for name in names {
        found.extend(index.by_name.get(name).into_iter().flatten());
        let parent = name.rsplit_once('.').map(|(parent, _)| parent);
        if parent != before {
            found.extend(prefixes(name).filter_map(|prefix| index.by_prefix.get(prefix)).flatten());
            before = parent;
        }
    }
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|at| index.rows[usize::from(at)])
}

/// Whether a name, or the list or tree it belongs to, has a row for this scope.
pub(super) fn is_known(name: &str, scope: &str) -> bool {
    let counts =
        |rows: &Vec<u16>| rows.iter().any(|at| scope.starts_with(INDEX.rows[usize::from(*at)].scope));
    INDEX.by_name.get(name).is_some_and(counts)
        || prefixes(name).any(|prefix| INDEX.by_prefix.get(prefix).is_some_and(counts))
}

/// The beginnings of a name that end before a dot.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    /// No row's name has as many dots.
    const MAX_DOTS: usize = 8;
    name.match_indices('.').take(MAX_DOTS).map(|(at, _)| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lists_find_their_rows_in_the_order_of_the_table() {
        let names = [
            "gen_ai.request.model",
            "llm.input_messages.0.message.role",
            "llm.input_messages.1.message.role",
            "x",
        ];
        let found: Vec<&str> = candidates(names.into_iter()).map(|rule| rule.attribute).collect();
        assert!(found.contains(&"gen_ai.request.model") && found.contains(&"llm.input_messages"));
        let order: Vec<&str> =
            rules().map(|rule| rule.attribute).filter(|name| found.contains(name)).collect();
        assert_eq!(found, order);
    }
}
