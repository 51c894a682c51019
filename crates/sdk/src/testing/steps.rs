//! The steps of a run, in an order that two runs of the same shape share.
//!
//! A shape is a list of steps in order of start, each with its depth. Steps that ran at the same time come in no order that means
//! anything: two calls that are made together begin as threads happen to run, and need not even overlap the next time, when their
//! answers come from a file. So what overlapped in either run may change places in both, and each run is brought to the first of the
//! orders that this allows.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use serde_json::Value as Json;

use super::{
    Run,
    ranks::Whole,
    reasons,
    together::{Together, first_order},
    tree::{self, Row},
};

/// A span as far as shapes go. What is compared often is a number: the same number is the same thing, in both runs.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) row: Row,
    pub(super) marks: Marks,
    /// What it did.
    pub(super) detail: Detail,
}

/// Numbers of what a step is, of its [`Detail`], and of what it was called with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) key: usize,
    pub(super) detail: usize,
    pub(super) arguments: usize,
}

/// What is compared of two steps that are the same otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Detail {
    /// Names of a tool's arguments; a single one is written as its type if it has none.
    pub(super) arguments: BTreeSet<String>,
    /// Ids of what was found.
    pub(super) documents: BTreeSet<String>,
    /// In OpenAI's words: a replay of what another server said says it so.
    pub(super) finish_reasons: Vec<String>,
    pub(super) failed: bool,
}

/// Numbers of things, in the order in which they were seen first.
#[derive(Debug)]
struct Numbers<T>(HashMap<T, usize>);

impl<T: Eq + Hash> Numbers<T> {
    fn of(&mut self, thing: T) -> usize {
        let next = self.0.len();
        *self.0.entry(thing).or_insert(next)
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Numbers(HashMap::new())
    }
}

/// What two runs that are compared have in common.
#[derive(Debug, Default)]
pub(super) struct Common<'a> {
    /// Kinds with names.
    keys: Numbers<(&'a str, &'a str)>,
    details: Numbers<Detail>,
    arguments: Numbers<&'a Json>,
    /// Steps with all that is below them: the key, the detail, and the numbers of those below.
    wholes: Numbers<(usize, usize, Vec<usize>)>,
    /// What ran at the same time, by the key of what it was below.
    together: HashMap<Option<usize>, Together>,
}

/// The spans of a run that count, with what is above and below them of those.
pub(super) struct Kept<'a> {
    run: &'a Run,
    /// Before those below them.
    places: Vec<usize>,
    marks: HashMap<usize, Marks>,
    details: HashMap<usize, Detail>,
    /// Below a place; below `None` the outermost.
    children: HashMap<Option<usize>, Vec<usize>>,
}

impl<'a> Kept<'a> {
    pub(super) fn new(run: &'a Run, calls_only: bool, common: &mut Common<'a>) -> Self {
        let kind = |place: usize| run.spans()[place].kind.as_str();
        let is_call = |place: usize| matches!(kind(place), "LLM" | "TOOL");
        let counts = |place: usize| {
            !calls_only || (matches!(kind(place), "AGENT" | "LLM" | "TOOL") && !run.above(place).any(is_call))
        };
        let places: Vec<usize> =
            tree::rows(run).into_iter().map(|row| row.place).filter(|place| counts(*place)).collect();
        let details: HashMap<usize, Detail> =
            places.iter().map(|place| (*place, detail(run, *place))).collect();
        let marks = places.iter().map(|place| {
            let key = common.keys.of((kind(*place), run.spans()[*place].label()));
            let detail = common.details.of(details[place].clone());
            (*place, Marks { key, detail, arguments: common.arguments.of(run.spans()[*place].arguments()) })
        });
        let marks: HashMap<usize, Marks> = marks.collect();
        let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
        for place in &places {
            children.entry(run.above(*place).find(|above| counts(*above))).or_default().push(*place);
        }
        // Those that moved up to a span further above may not be in order of start any more.
        children.values_mut().for_each(|places| places.sort_unstable());
        let kept = Kept { run, places, marks, details, children };
        kept.overlaps(common);
        kept
    }

    fn key(&self, place: Option<usize>) -> Option<usize> {
        place.map(|place| self.marks[&place].key)
    }

    fn overlaps(&self, common: &mut Common<'_>) {
        for (parent, children) in &self.children {
            let together = common.together.entry(self.key(*parent)).or_default();
            let kinds = self.kinds(children, together);
            for (n, one) in children.iter().enumerate() {
                let span = &self.run.spans()[*one];
                // Without an end it is still running while the others begin.
                let end = span.duration.map(|duration| span.start + duration);
                let overlaps = |other: usize| end.is_none_or(|end| self.run.spans()[other].start < end);
                for other in (n + 1..children.len()).take_while(|other| overlaps(children[*other])) {
                    together.ran(kinds[n], kinds[other]);
                }
            }
        }
    }

    fn kinds(&self, children: &[usize], together: &mut Together) -> Vec<usize> {
        children.iter().map(|place| together.kind(self.marks[place].key)).collect()
    }

    /// The steps below one, in the first of the orders that they may have, by their numbers.
    fn ordered(
        &self,
        parent: Option<usize>,
        common: &mut Common<'_>,
        numbers: &HashMap<usize, usize>,
    ) -> Vec<usize> {
        let mut children = self.children.get(&parent).cloned().unwrap_or_default();
        let together = common.together.entry(self.key(parent)).or_default();
        if children.len() < 2 || !together.is_any() {
            return children;
        }
        let kinds = self.kinds(&children, together);
        // The numbers are given from the last step to the first.
        let rank = |place: &usize| (self.marks[place].key, Reverse(numbers[place]));
        if together.are_all(&kinds) {
            children.sort_by_key(rank);
            return children;
        }
        let may_swap = |one: usize, other: usize| together.may_swap(kinds[one], kinds[other]);
        let order = first_order(children.len(), may_swap, |at| rank(&children[at]));
        order.into_iter().map(|at| children[at]).collect()
    }

    /// Every step as a whole, in order of start.
    pub(super) fn wholes(&self, common: &mut Common<'_>) -> Vec<Whole> {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        // From the innermost: what a step is as a whole depends on what is below it.
        for place in self.places.iter().rev() {
            let below = self.ordered(Some(*place), common, &numbers);
            let below = below.iter().map(|child| numbers[child]).collect();
            let Marks { key, detail, .. } = self.marks[place];
            numbers.insert(*place, common.wholes.of((key, detail, below)));
        }
        let whole = |place: &usize| {
            let Marks { key, detail, .. } = self.marks[place];
            Whole { place: *place, key, detail, number: numbers[place] }
        };
        self.places.iter().map(whole).collect()
    }

    /// The steps, those that have no order by their numbers.
    pub(super) fn steps(&self, common: &mut Common<'_>, numbers: &HashMap<usize, usize>) -> Vec<Step> {
        let mut steps = Vec::with_capacity(self.places.len());
        let mut below = |parent: Option<usize>, depth: usize| {
            let children = self.ordered(parent, common, numbers).into_iter().rev();
            children.map(|place| Row { depth, place }).collect::<Vec<_>>()
        };
        let mut left = below(None, 0);
        while let Some(row) = left.pop() {
            let (marks, detail) = (self.marks[&row.place], self.details[&row.place].clone());
            steps.push(Step { row, marks, detail });
            left.extend(below(Some(row.place), row.depth + 1));
        }
        steps
    }
}

fn detail(run: &Run, place: usize) -> Detail {
    let span = &run.spans()[place];
    let arguments = match span.arguments() {
        Json::Null => BTreeSet::new(),
        Json::Object(members) => members.keys().cloned().collect(),
        Json::Array(_) => ["a list".to_owned()].into(),
        Json::String(_) => ["a text".to_owned()].into(),
        _ => ["a value".to_owned()].into(),
    };
    let documents = span.documents.iter().filter_map(|document| document.id.as_deref());
    let reasons = (0..span.finish_reasons.len()).filter_map(|choice| reasons::reason(span, choice));
    Detail {
        arguments,
        documents: documents.map(str::to_owned).collect(),
        finish_reasons: reasons.map(str::to_owned).collect(),
        failed: span.error.is_some(),
    }
}
