//! What two runs of one application have in common.

use std::collections::HashSet;

use super::{
    Run,
    compare::{self, Difference},
    ranks::ranks,
    steps::{Common, Kept, Step},
    tree,
};

/// The shape of a recorded run, to compare others with: the tree of spans in order of start, each with its kind and name, of tools the
/// names and the arguments' names, the ids of retrieved documents, why models stopped (in OpenAI's words), and whether it failed. Not ids of spans, times,
/// texts, values of arguments, or tokens. Spans under one parent that ran at the same time have no order.
///
/// ```no_run
/// # use bennu_sdk::testing::{Run, Shape, record_sync};
/// let case = Run::load("tests/case.json").unwrap();
/// let ((), run) = record_sync(|| { /* what the case was recorded of */ });
/// run.assert_same_shape(&case);
/// // Of agents, model calls and tools alone:
/// run.assert_same_shape(Shape::of(&case).calls_only());
/// ```
#[derive(Debug, Clone)]
#[must_use = "it is compared by `assert_same_shape`"]
pub struct Shape<'a> {
    run: &'a Run,
    calls_only: bool,
}

impl<'a> From<&'a Run> for Shape<'a> {
    fn from(run: &'a Run) -> Self {
        Shape::of(run)
    }
}

impl<'a> Shape<'a> {
    /// The whole shape of a run.
    pub fn of(run: &'a Run) -> Self {
        Shape { run, calls_only: false }
    }

    /// Of agents, model calls and tools alone, without what is below a tool or a model call: a tool that is replayed has nothing there.
    pub fn calls_only(self) -> Self {
        Shape { calls_only: true, ..self }
    }

    /// What is different in another run, a sentence each, in order of start; none if it has the same shape.
    pub fn differences(&self, run: &Run) -> Vec<String> {
        let [recorded, new] = self.steps(run);
        let found = compare::compare(self.run, &recorded, run, &new);
        found.into_iter().map(|difference| difference.sentence).collect()
    }

    /// The first differences and both runs, with the lines that differ marked.
    pub(super) fn difference(&self, run: &Run) -> Option<String> {
        /// Sentences; the rest is marked in the trees.
        const SAID: usize = 3;
        let [recorded, new] = self.steps(run);
        let found = compare::compare(self.run, &recorded, run, &new);
        let mut said: Vec<&str> =
            found.iter().map(|difference| difference.sentence.as_str()).take(SAID).collect();
        let more = match found.len().saturating_sub(SAID) {
            _ if found.is_empty() => return None,
            0 => String::new(),
            1 => "1 more difference is marked below".to_owned(),
            more => format!("{more} more differences are marked below"),
        };
        said.extend(Some(more.as_str()).filter(|more| !more.is_empty()));
        let marked = |places: fn(&Difference) -> &[usize]| found.iter().flat_map(places).copied().collect();
        let draw = |run: &Run, steps: &[Step], marked: HashSet<usize>| {
            tree::draw(run, &steps.iter().map(|step| step.row).collect::<Vec<_>>(), &marked)
        };
        Some(format!(
            "the run does not have the shape of the recorded one:\n- {}\n\nthe recorded run:\n\n{}\nthe new run:\n\n{}",
            said.join("\n- "),
            draw(self.run, &recorded, marked(|difference| &difference.recorded)),
            draw(run, &new, marked(|difference| &difference.new)),
        ))
    }

    /// The steps of the recorded run and of another, each in its order.
    fn steps(&self, run: &Run) -> [Vec<Step>; 2] {
        let mut common = Common::default();
        let kept = [self.run, run].map(|run| Kept::new(run, self.calls_only, &mut common));
        let [recorded, new] = [0, 1].map(|run| kept[run].wholes(&mut common));
        let ranks = [ranks(&recorded, &recorded), ranks(&recorded, &new)];
        [0, 1].map(|run| kept[run].steps(&mut common, &ranks[run]))
    }
}
