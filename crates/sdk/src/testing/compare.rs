//! Two shapes side by side: what is missing, what is new, what differs, in words.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::{
    Run, Span,
    align::align,
    steps::Step,
    words::{count, cut, tool},
};

/// A difference, with the places of the spans that it is about.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) sentence: String,
    pub(super) recorded: Vec<usize>,
    pub(super) new: Vec<usize>,
}

/// A run with its steps.
pub(super) struct Side<'a> {
    run: &'a Run,
    pub(super) steps: &'a [Step],
    /// Of model calls and of tool calls, which one it is, from 1, by its span's place.
    numbers: HashMap<usize, usize>,
    /// Of each step, the one that it is below.
    above: Vec<Option<usize>>,
}

impl<'a> Side<'a> {
    fn new(run: &'a Run, steps: &'a [Step]) -> Self {
        let mut numbers = HashMap::new();
        for kind in ["LLM", "TOOL"] {
            let all = steps.iter().map(|step| step.row.place).filter(|place| run.spans()[*place].is(kind));
            numbers.extend(all.enumerate().map(|(n, place)| (place, n + 1)));
        }
        // The last of each depth, down to the one that is looked at.
        let mut open: Vec<usize> = Vec::new();
        let above = steps.iter().enumerate().map(|(at, step)| {
            open.truncate(step.row.depth);
            let above = open.last().copied();
            open.push(at);
            above
        });
        let above = above.collect();
        Side { run, steps, numbers, above }
    }

    fn place(&self, at: usize) -> usize {
        self.steps[at].row.place
    }

    pub(super) fn span(&self, at: usize) -> &'a Span {
        &self.run.spans()[self.place(at)]
    }

    fn number(&self, at: usize) -> usize {
        self.numbers.get(&self.place(at)).copied().unwrap_or_default()
    }

    /// A step as a thing: `model call 2`.
    fn noun(&self, at: usize) -> String {
        let span = self.span(at);
        match span.kind.as_str() {
            "LLM" => format!("model call {}", self.number(at)),
            "TOOL" => format!("tool call {} ({})", self.number(at), span.label()),
            "UNKNOWN" => format!("the span {}", span.label()),
            kind => format!("{kind} {}", span.label()),
        }
    }

    /// A step as something done: `called tool now {}`.
    fn act(&self, at: usize) -> String {
        let span = self.span(at);
        match span.kind.as_str() {
            "LLM" => format!("made model call {}", self.number(at)),
            "TOOL" => format!("called {}", tool(span)),
            "UNKNOWN" => format!("had {}", self.noun(at)),
            kind => format!("had the span {kind} {}", span.label()),
        }
    }

    /// Several, of which the first are said.
    fn acts(&self, range: Range<usize>) -> String {
        const SAID: usize = 3;
        let mut acts: Vec<String> = range.clone().take(SAID).map(|at| self.act(at)).collect();
        let more = range.len().saturating_sub(SAID);
        acts.extend((more > 0).then(|| format!("did {} more", count(more, "thing"))));
        let last = acts.pop().unwrap_or_default();
        if acts.is_empty() { last } else { format!("{} and {last}", acts.join(", ")) }
    }

    fn places(&self, range: Range<usize>) -> Vec<usize> {
        range.map(|at| self.place(at)).collect()
    }
}

/// What is different, in order.
pub(super) fn compare(recorded_run: &Run, recorded: &[Step], new_run: &Run, new: &[Step]) -> Vec<Difference> {
    let (recorded, new) = (Side::new(recorded_run, recorded), Side::new(new_run, new));
    let mut found = Vec::new();
    let (mut r, mut n) = (0, 0);
    let mut pairs = align(&recorded, &new);
    let partners: HashMap<usize, usize> = pairs.iter().copied().collect();
    pairs.push((recorded.steps.len(), new.steps.len()));
    for (pair_r, pair_n) in pairs {
        if r < pair_r || n < pair_n {
            found.push(Difference {
                sentence: sentence(&recorded, r..pair_r, &new, n..pair_n),
                recorded: recorded.places(r..pair_r),
                new: new.places(n..pair_n),
            });
        }
        if pair_r < recorded.steps.len() && pair_n < new.steps.len() {
            found.extend(moved(&recorded, pair_r, &new, pair_n, &partners));
            found.extend(details(&recorded, pair_r, &new, pair_n));
        }
        (r, n) = (pair_r + 1, pair_n + 1);
    }
    found
}

/// What one side has where the other has something else or nothing.
fn sentence(recorded: &Side<'_>, r: Range<usize>, new: &Side<'_>, n: Range<usize>) -> String {
    let depth = if r.is_empty() { new.steps[n.start].row.depth } else { recorded.steps[r.start].row.depth };
    let after = match r.start.checked_sub(1) {
        Some(before) if recorded.steps[before].row.depth < depth => {
            format!("at the beginning of {}", recorded.noun(before))
        }
        Some(before) => format!("after {}", recorded.noun(before)),
        None => "at the beginning".to_owned(),
    };
    if r.is_empty() {
        let act = new.acts(n);
        return format!("{after} the new run {act}; the recorded run did not");
    }
    let act = recorded.acts(r.clone());
    if !n.is_empty() {
        let instead = new.acts(n);
        return format!("{after} the recorded run {act}; the new run {instead} instead");
    }
    let then = match new.steps.get(n.start).map(|step| new.run.spans()[step.row.place].kind.as_str()) {
        Some("LLM" | "TOOL") => format!("and went on to its {}", new.noun(n.start)),
        Some(_) => format!("and went on to {}", new.noun(n.start)),
        None => "and ended".to_owned(),
    };
    format!("{after} the recorded run {act}; the new run did not {then}")
}

/// A step that both have below different ones. If what it is below is itself new or missing, that has been said.
fn moved(
    recorded: &Side<'_>,
    r: usize,
    new: &Side<'_>,
    n: usize,
    partners: &HashMap<usize, usize>,
) -> Option<Difference> {
    let (was, is) = (recorded.above[r], new.above[n]);
    let expected =
        was.map(|was| partners.get(&was)).map_or(Some(None), |partner| partner.map(|n| Some(*n)))?;
    let is_known = || is.is_none_or(|is| partners.values().any(|partner| *partner == is));
    if expected == is || !is_known() {
        return None;
    }
    let place = |side: &Side<'_>, above: Option<usize>| {
        above.map_or("below nothing".to_owned(), |above| format!("below {}", side.noun(above)))
    };
    let sentence = format!(
        "{} is {} in the recorded run; it is {} in the new one",
        recorded.noun(r),
        place(recorded, was),
        place(new, is)
    );
    Some(Difference { sentence, recorded: vec![recorded.place(r)], new: vec![new.place(n)] })
}

/// What the two did differently in a step that both have.
fn details(recorded: &Side<'_>, r: usize, new: &Side<'_>, n: usize) -> Vec<Difference> {
    let (was, is) = (&recorded.steps[r].detail, &new.steps[n].detail);
    let noun = recorded.noun(r);
    let mut sentences = Vec::new();
    if was.arguments != is.arguments {
        let said =
            |names: &BTreeSet<String>| if names.is_empty() { "nothing".to_owned() } else { join(names) };
        sentences.push(format!(
            "{noun} was given {} in the recorded run; it is given {} in the new one",
            said(&was.arguments),
            said(&is.arguments)
        ));
    }
    if was.documents != is.documents {
        let missing: BTreeSet<_> = was.documents.difference(&is.documents).cloned().collect();
        let more: BTreeSet<_> = is.documents.difference(&was.documents).cloned().collect();
        sentences.push(match (missing.is_empty(), more.is_empty()) {
            (false, true) => format!(
                "{noun} found {} in the recorded run; the new run did not find it there",
                join(&missing)
            ),
            (true, _) => format!("{noun} found {} in the new run; the recorded run did not", join(&more)),
            _ => format!(
                "{noun} found {} in the recorded run; the new run found {} instead",
                join(&missing),
                join(&more)
            ),
        });
    }
    if was.finish_reasons != is.finish_reasons {
        let said = |reasons: &[String]| {
            if reasons.is_empty() {
                "without a reason".to_owned()
            } else {
                format!("with {}", reasons.join(", "))
            }
        };
        sentences.push(format!(
            "{noun} ended {} in the recorded run; it ended {} in the new one",
            said(&was.finish_reasons),
            said(&is.finish_reasons)
        ));
    }
    let error = |side: &Side<'_>, at: usize| cut(side.span(at).error.as_deref().unwrap_or_default(), 120);
    match (was.failed, is.failed) {
        (false, true) => sentences.push(format!("{noun} failed in the new run: {}", error(new, n))),
        (true, false) => sentences.push(format!(
            "{noun} failed in the recorded run: {}; it did not in the new one",
            error(recorded, r)
        )),
        _ => {}
    }
    let of = |sentence| Difference { sentence, recorded: vec![recorded.place(r)], new: vec![new.place(n)] };
    sentences.into_iter().map(of).collect()
}

fn join(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    super::words::list(&names, 10)
}
