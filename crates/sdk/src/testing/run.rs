//! A run: the spans of some work, recorded here or read from a case.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime},
};

use super::{Span, tree};
use crate::{Document, Usage};

/// What an application did, by its spans. From [`record`](super::record), [`Run::load`] or [`Run::from_json`].
///
/// Asserts panic with what was expected and what was there, and show the [`tree`](Run::tree). They return the run, so that one may
/// follow another.
#[derive(Debug, Clone)]
pub struct Run {
    /// In order of start.
    spans: Vec<Span>,
    /// Of each, the place of the one above it, if that is in the run.
    parents: Vec<Option<usize>>,
    /// Of each, the places of those below it, in order of start.
    children: Vec<Vec<usize>>,
}

impl Run {
    /// Of spans with their beginnings.
    pub(super) fn new(mut begun: Vec<(SystemTime, Span)>) -> Run {
        // Stable: of those that begin at the very same time, the one that came first.
        begun.sort_by_key(|(start, _)| *start);
        let first = begun.first().map_or(SystemTime::UNIX_EPOCH, |(start, _)| *start);
        let spans: Vec<Span> = begun
            .into_iter()
            .map(|(start, span)| Span {
                start: start.duration_since(first).unwrap_or(Duration::ZERO),
                ..span
            })
            .collect();
        let places: HashMap<(&str, &str), usize> = spans
            .iter()
            .enumerate()
            .map(|(place, span)| ((span.trace_id.as_str(), span.span_id.as_str()), place))
            .collect();
        let parent = |span: &Span| places.get(&(span.trace_id.as_str(), span.parent_id.as_deref()?)).copied();
        let mut parents: Vec<Option<usize>> = spans.iter().map(parent).collect();
        cut_rings(&mut parents);
        let mut children = vec![Vec::new(); spans.len()];
        for (place, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                children[*parent].push(place);
            }
        }
        Run { spans, parents, children }
    }

    /// Every span, in order of start.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Spans of this name, in order of start.
    pub fn spans_named(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.name == name).collect()
    }

    /// Spans of a kind (`LLM`, `TOOL`, `RETRIEVER`, …), in order of start.
    pub fn spans_of_kind(&self, kind: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.is(kind)).collect()
    }

    /// Calls of tools, in order of start.
    pub fn tool_calls(&self) -> Vec<&Span> {
        self.spans_of_kind("TOOL")
    }

    /// Calls of models, in order of start. A call below another is the same one, traced by two libraries; the outer one stands for it.
    pub fn model_calls(&self) -> Vec<&Span> {
        self.model_call_places().into_iter().map(|place| &self.spans[place]).collect()
    }

    pub(super) fn model_call_places(&self) -> Vec<usize> {
        let outermost = |place: &usize| !self.above(*place).any(|above| self.spans[above].is("LLM"));
        (0..self.spans.len()).filter(|place| self.spans[*place].is("LLM")).filter(outermost).collect()
    }

    /// Documents that retrievers found and rerankers left, each id once.
    pub fn retrieved(&self) -> Vec<&Document<'static>> {
        let mut known = HashSet::new();
        let searches = self.spans.iter().filter(|span| span.is("RETRIEVER") || span.is("RERANKER"));
        searches
            .flat_map(|span| &span.documents)
            .filter(|document| document.id.as_ref().is_none_or(|id| known.insert(id.as_ref())))
            .collect()
    }

    /// Tokens of the run, each once: the sum over model calls (`LLM`) and embeddings (`EMBEDDING`). What agents, chains and others
    /// report repeats what is below them and does not count, and neither does a call below one that has said its tokens.
    pub fn usage(&self) -> Usage {
        let mut sum = Usage::default();
        for span in self.reporting() {
            let Usage { input, output, cache_read, cache_write, reasoning } = span.usage;
            for (sum, count) in [
                (&mut sum.input, input),
                (&mut sum.output, output),
                (&mut sum.cache_read, cache_read),
                (&mut sum.cache_write, cache_write),
                (&mut sum.reasoning, reasoning),
            ] {
                *sum = sum.map_or(count, |sum| Some(sum.saturating_add(count.unwrap_or_default())));
            }
        }
        sum
    }

    /// Tokens in and out together, counted as [`usage`](Run::usage) counts them; with those of which it is not said which they are.
    pub fn tokens(&self) -> u64 {
        self.reporting().filter_map(Span::tokens).fold(0, u64::saturating_add)
    }

    /// Spans whose tokens count.
    fn reporting(&self) -> impl Iterator<Item = &Span> {
        let reports = |place: usize| {
            let span = &self.spans[place];
            (span.is("LLM") || span.is("EMBEDDING")) && span.tokens().is_some()
        };
        let counts = move |place: &usize| reports(*place) && !self.above(*place).any(reports);
        (0..self.spans.len()).filter(counts).map(|place| &self.spans[place])
    }

    /// Whether a model call says its tokens, itself or by what is below it.
    pub(super) fn says_tokens(&self, call: usize) -> bool {
        let says = |place: usize| self.spans[place].tokens().is_some();
        says(call)
            || (0..self.spans.len()).any(|place| says(place) && self.above(place).any(|above| above == call))
    }

    /// What the run came to: the output of its outermost agent or chain, of the last such one where there are several; without one,
    /// what the last model call said.
    pub fn answer(&self) -> Option<String> {
        let text = |place: &usize| Some(self.spans[*place].text()).filter(|text| !text.is_empty());
        let steps = (0..self.spans.len())
            .filter(|place| self.spans[*place].is("AGENT") || self.spans[*place].is("CHAIN"));
        let answers = steps.filter_map(|place| Some((self.above(place).count(), text(&place)?)));
        // The last of the least deep.
        let outermost = answers.reduce(|best, next| if next.0 <= best.0 { next } else { best });
        let said = || self.model_call_places().iter().rev().find_map(text);
        outermost.map(|(_, text)| text).or_else(said)
    }

    /// The spans as a tree, a line each: kind, name, duration, tokens, a tool's arguments, retrieved documents, errors.
    pub fn tree(&self) -> String {
        tree::draw(self, &tree::rows(self), &HashSet::new())
    }

    /// Places of the spans above one, the nearest first.
    pub(super) fn above(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[place], |above| self.parents[*above])
    }

    pub(super) fn children(&self, place: usize) -> &[usize] {
        &self.children[place]
    }

    /// Places of the spans that nothing in the run is above.
    pub(super) fn roots(&self) -> Vec<usize> {
        (0..self.spans.len()).filter(|place| self.parents[*place].is_none()).collect()
    }
}

/// A file may say that spans are each other's parents. Such a ring is cut at its earliest span.
fn cut_rings(parents: &mut [Option<usize>]) {
    let mut leads_out = vec![false; parents.len()];
    for start in 0..parents.len() {
        let mut path = Vec::new();
        let mut at = Some(start);
        while let Some(place) = at.filter(|place| !leads_out[*place]) {
            if let Some(begin) = path.iter().position(|known| *known == place) {
                let earliest = path[begin..].iter().copied().min().unwrap_or(place);
                parents[earliest] = None;
                break;
            }
            path.push(place);
            at = parents[place];
        }
        path.into_iter().for_each(|place| leads_out[place] = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(spans: &[(&str, &str, &str, Option<u64>)]) -> Run {
        let span = |(id, parent, kind, input): &(&str, &str, &str, Option<u64>)| Span {
            span_id: (*id).to_owned(),
            parent_id: Some((*parent).to_owned()).filter(|parent| !parent.is_empty()),
            name: (*id).to_owned(),
            kind: (*kind).to_owned(),
            output: Some(format!("of {id}")),
            usage: Usage { input: *input, ..Usage::default() },
            ..Span::default()
        };
        Run::new(spans.iter().map(|given| (SystemTime::UNIX_EPOCH, span(given))).collect())
    }

    #[test]
    fn tokens_count_once() {
        let run = run(&[
            ("agent", "", "AGENT", Some(30)),
            ("call", "agent", "LLM", Some(10)),
            ("same call", "call", "LLM", Some(10)),
            ("silent", "agent", "LLM", None),
            ("its inner", "silent", "LLM", Some(7)),
            ("vectors", "agent", "EMBEDDING", Some(5)),
        ]);
        assert_eq!((run.tokens(), run.usage().input, run.usage().output), (22, Some(22), None));
        assert_eq!(
            run.model_calls().iter().map(|span| &span.name[..]).collect::<Vec<_>>(),
            ["call", "silent"]
        );
        assert!(run.says_tokens(3), "by what is below it");
    }

    #[test]
    fn the_answer_is_the_outermost_steps_and_else_the_last_calls() {
        let answer = |spans: &[_]| run(spans).answer();
        let call = ("call", "", "LLM", None);
        assert_eq!(answer(&[call, ("tool", "", "TOOL", None)]).as_deref(), Some("of call"));
        let deep = [
            ("server", "", "UNKNOWN", None),
            ("outer", "server", "AGENT", None),
            ("inner", "outer", "AGENT", None),
        ];
        assert_eq!(answer(&deep).as_deref(), Some("of outer"));
        assert_eq!(
            answer(&[("a", "", "CHAIN", None), ("b", "", "CHAIN", None), call]).as_deref(),
            Some("of b")
        );
        assert_eq!(answer(&[]), None);
    }

    #[test]
    fn rings_are_cut() {
        let ring = run(&[
            ("c", "x", "LLM", None),
            ("a", "b", "LLM", None),
            ("b", "a", "LLM", None),
            ("self", "self", "LLM", None),
        ]);
        assert_eq!(ring.roots(), [0, 1, 3]);
        assert_eq!((ring.above(2).count(), ring.children(1)), (1, &[2][..]));
    }
}
