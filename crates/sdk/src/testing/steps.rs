//! The steps of a run, in an order that two runs of the same shape share.
//!
//! A shape is a list of steps in order of start, each with its depth. Steps that ran at the same time come in no order that means
//! anything: two calls that are made together begin as threads happen to run, and need not even overlap the next time, when their
//! answers come from a file. So what overlapped in either run may change places in both, and each run is brought to the first of the
//! orders that this allows.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::Value as Json;

use super::{
    Run,
    tree::{self, Row},
};

/// A span as far as shapes go.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) row: Row,
    /// What it is.
    pub(super) key: String,
    /// What it did.
    pub(super) detail: Detail,
}

/// What is compared of two steps that are the same otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Detail {
    /// Names of a tool's arguments; a single one is written as its type if it has none.
    pub(super) arguments: BTreeSet<String>,
    /// Ids of what was found.
    pub(super) documents: BTreeSet<String>,
    pub(super) finish_reasons: Vec<String>,
    pub(super) failed: bool,
}

/// Two keys under a third that ran at the same time.
pub(super) type Together = HashSet<(String, String, String)>;

/// The spans of a run that count, with what is above and below them of those.
pub(super) struct Kept<'a> {
    run: &'a Run,
    /// Before those below them.
    places: Vec<usize>,
    keys: HashMap<usize, String>,
    /// Below a place; below `None` the outermost.
    children: HashMap<Option<usize>, Vec<usize>>,
}

impl<'a> Kept<'a> {
    pub(super) fn new(run: &'a Run, calls_only: bool) -> Self {
        let kind = |place: usize| run.spans()[place].kind.as_str();
        let is_call = |place: usize| matches!(kind(place), "LLM" | "TOOL");
        let counts = |place: usize| {
            !calls_only || (matches!(kind(place), "AGENT" | "LLM" | "TOOL") && !run.above(place).any(is_call))
        };
        let places: Vec<usize> =
            tree::rows(run).into_iter().map(|row| row.place).filter(|place| counts(*place)).collect();
        let keys =
            places.iter().map(|place| (*place, format!("{} {}", kind(*place), run.spans()[*place].label())));
        let keys = keys.collect();
        let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        for place in &places {
            children.entry(run.above(*place).find(|above| counts(*above))).or_default().push(*place);
        }
        // Those that moved up to a span further above may not be in order of start any more.
        children.values_mut().for_each(|places| places.sort_unstable());
        Kept { run, places, keys, children }
    }

    fn key(&self, place: Option<usize>) -> &str {
        place.and_then(|place| self.keys.get(&place)).map_or("", String::as_str)
    }

    pub(super) fn overlaps(&self, together: &mut Together) {
        for (parent, children) in &self.children {
            for (n, one) in children.iter().enumerate() {
                let span = &self.run.spans()[*one];
                // Without an end it is still running while the others begin.
                let overlap = |other: &&usize| {
                    span.duration
                        .is_none_or(|duration| self.run.spans()[**other].start < span.start + duration)
                };
                for other in children[n + 1..].iter().take_while(overlap) {
                    let (one, other) = (self.key(Some(*one)), self.key(Some(*other)));
                    let (one, other) = if one <= other { (one, other) } else { (other, one) };
                    together.insert((self.key(*parent).to_owned(), one.to_owned(), other.to_owned()));
                }
            }
        }
    }

    pub(super) fn steps(self, together: &Together) -> Vec<Step> {
        let details: HashMap<usize, Detail> =
            self.places.iter().map(|place| (*place, self.detail(*place))).collect();
        // From the innermost: a step's place among others may depend on what is below it.
        let mut ordered: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        let mut hashes: HashMap<usize, u64> = HashMap::new();
        let parents = self.places.iter().rev().map(|place| Some(*place)).chain([None]);
        for parent in parents {
            let children = self.children.get(&parent).cloned().unwrap_or_default();
            let rank =
                |place: usize| (self.key(Some(place)), details.get(&place), hashes.get(&place).copied());
            let may_swap = |one: usize, other: usize| {
                let (one, other) = (self.key(Some(one)), self.key(Some(other)));
                let (one, other) = if one <= other { (one, other) } else { (other, one) };
                together.contains(&(self.key(parent).to_owned(), one.to_owned(), other.to_owned()))
            };
            let children = if children.len() < 2 || together.is_empty() {
                children
            } else {
                first_order(children, may_swap, rank)
            };
            if let Some(place) = parent {
                let mut hasher = DefaultHasher::new();
                (self.key(parent), details.get(&place)).hash(&mut hasher);
                children.iter().for_each(|child| hashes.get(child).hash(&mut hasher));
                hashes.insert(place, hasher.finish());
            }
            ordered.insert(parent, children);
        }
        let mut steps = Vec::with_capacity(self.places.len());
        let below = |parent: Option<usize>, depth: usize| {
            let children = ordered.get(&parent).into_iter().flatten().rev();
            children.map(move |place| Row { depth, place: *place }).collect::<Vec<_>>()
        };
        let mut left = below(None, 0);
        while let Some(row) = left.pop() {
            let detail = details.get(&row.place).cloned().unwrap_or_default();
            steps.push(Step { row, key: self.key(Some(row.place)).to_owned(), detail });
            left.extend(below(Some(row.place), row.depth + 1));
        }
        steps
    }

    fn detail(&self, place: usize) -> Detail {
        let span = &self.run.spans()[place];
        let arguments = match span.arguments() {
            Json::Null => BTreeSet::new(),
            Json::Object(members) => members.keys().cloned().collect(),
            Json::Array(_) => ["a list".to_owned()].into(),
            Json::String(_) => ["a text".to_owned()].into(),
            _ => ["a value".to_owned()].into(),
        };
        Detail {
            arguments,
            documents: span
                .documents
                .iter()
                .filter_map(|document| document.id.as_deref())
                .map(str::to_owned)
                .collect(),
            finish_reasons: span.finish_reasons.clone(),
            failed: span.error.is_some(),
        }
    }
}

/// The first of all orders that come from swapping neighbours that may be swapped: at every place the least of those that can get there.
fn first_order<R: Ord>(
    mut left: Vec<usize>,
    may_swap: impl Fn(usize, usize) -> bool,
    rank: impl Fn(usize) -> R,
) -> Vec<usize> {
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = (0..left.len()).filter(|at| left[..*at].iter().all(|before| may_swap(*before, left[*at])));
        let best = free.min_by_key(|at| rank(left[*at])).unwrap_or_default();
        order.push(left.remove(best));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_swap_has_one_order() {
        // Ranks are the numbers themselves; 1 and 3 do not pass each other.
        let order =
            |given: &[usize]| first_order(given.to_vec(), |one, other| one + other != 4, |place| place);
        assert_eq!(order(&[3, 2, 1]), order(&[2, 3, 1]));
        assert_eq!(order(&[3, 1, 2]), [2, 3, 1]);
        assert_eq!(order(&[1, 2, 3]), [1, 2, 3]);
        assert_eq!(first_order(vec![3, 1, 2], |_, _| false, |place| place), [3, 1, 2]);
    }
}
