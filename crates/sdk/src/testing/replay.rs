//! Answers from a recorded run, each once.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use serde_json::Value as Json;

use super::{
    Run, Span, chat, reasons, tree,
    values::structured,
    words::{count, cut, ordinal, times, tool},
};

/// A recorded run that answers what its application asks again: model calls in their order ([`serve`](Replay::serve) or
/// [`chat`](Replay::chat)), and tools ([`tool`](Replay::tool)). Every answer is given once, so a replay is for one run.
///
/// Where the run asks for something else than was recorded, that is a complaint in words: the model's client is refused with it, and
/// [`assert_finished`](Replay::assert_finished) says it. Clones are the same replay, for tools that have to own one.
#[derive(Debug, Clone)]
pub struct Replay {
    run: Arc<Run>,
    given: Arc<Mutex<Given>>,
}

#[derive(Debug, Default)]
struct Given {
    /// Places of the spans that have answered, or were done by something that has.
    done: HashSet<usize>,
    /// How often each tool was called, by name.
    calls: HashMap<String, usize>,
    /// Model calls that were asked for when all had answered.
    beyond: usize,
    complaints: Vec<String>,
    /// Whether somebody has asked about them.
    heard: bool,
}

/// A test that ends early, at an answer that was none, still says why.
impl Drop for Given {
    fn drop(&mut self) {
        if !self.heard && !std::thread::panicking() {
            for complaint in &self.complaints {
                eprintln!("replay: {complaint}");
            }
        }
    }
}

impl Replay {
    /// Of a recorded run, from the beginning.
    pub fn of(case: &Run) -> Self {
        Replay { run: Arc::new(case.clone()), given: Arc::default() }
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the tool returned when it was recorded: of calls with these arguments the first that has not answered yet. What is below
    /// it in the recording, such as a model that it asked, is done with it.
    ///
    /// A call with other arguments is answered as well, by the next recorded one of the tool, so that the run goes on; it is a
    /// complaint all the same. A result that was not recorded is null.
    ///
    /// Text that is a JSON object or list is that object or list, as an argument and as a result, since tools are often handed such
    /// text; who returned it makes it again with `to_string`. A number, a boolean or a text is given back as what it was; in a case of
    /// `gen_ai`'s conventions that was exported without its attributes the first two are text.
    ///
    /// # Errors
    /// What the tool failed with when it was recorded; or a complaint, if it was not called as often.
    pub fn tool(&self, name: &str, arguments: &(impl Serialize + ?Sized)) -> Result<Json, String> {
        let asked = serde_json::to_value(arguments)
            .unwrap_or_else(|error| Json::String(format!("(not serialisable: {error})")));
        let asked = structured(asked);
        let mut given = self.given();
        let nth = given.calls.entry(name.to_owned()).or_default();
        *nth += 1;
        let nth = *nth;
        let of_name = self.places("TOOL").filter(|place| self.span(*place).tool_name() == name);
        let of_name: Vec<usize> = of_name.collect();
        let left = || of_name.iter().copied().filter(|place| !given.done.contains(place));
        let same = left().find(|place| *self.span(*place).arguments() == asked);
        let found = same.or_else(|| left().next());
        let shown = format!("tool {name}{}", super::words::arguments(&asked));
        let Some(place) = found else {
            let complaint = match of_name.len() {
                0 => format!("this run called {shown}; the recorded run never called {name}"),
                all => format!(
                    "this run called {shown}, its {} call of it; the recorded run called {name} {}",
                    ordinal(nth),
                    times(all)
                ),
            };
            given.complaints.push(complaint.clone());
            return Err(complaint);
        };
        if same.is_none() {
            let recorded = self.span(place).arguments();
            given.complaints.push(format!(
                "this run called {shown}; the recorded run called it with{}",
                super::words::arguments(recorded)
            ));
        }
        self.do_with(&mut given, place);
        let span = self.span(place);
        span.error.clone().map_or_else(|| Ok(span.result().clone()), Err)
    }

    /// The answer to a chat request of OpenAI's shape, as a response of that shape: for clients that do not go over HTTP.
    ///
    /// Calls are answered in their recorded order; of calls that ran at the same time, the one that was shown the same. The roles of
    /// the messages, and which tool calls they answer, have to be those of the recording; texts need not, so that prompts may change.
    ///
    /// # Errors
    /// A complaint: the recorded call followed something else, or its answer was cut off, or there is none left. Or what the call
    /// failed with when it was recorded, which is no complaint.
    pub fn chat(&self, request: &Json) -> Result<Json, String> {
        let calls = self.run.model_call_places();
        let mut given = self.given();
        let left: Vec<usize> = calls.iter().copied().filter(|place| !given.done.contains(place)).collect();
        let outcome = match left.first() {
            None => {
                given.beyond += 1;
                let (asked, made) = (calls.len() + given.beyond, count(calls.len(), "model call"));
                Err(format!("this run asked for model call {asked}; the recorded run made {made}"))
            }
            Some(next) => {
                let together = left.iter().map(|place| (*place, self.span(*place)));
                let together: Vec<_> = together.filter(|(_, span)| overlap(self.span(*next), span)).collect();
                chat::choose(&together, request).map_err(|differs| differs.sentence(number(&calls, *next)))
            }
        };
        let outcome = outcome.and_then(|place| {
            let span = self.span(place);
            self.do_with(&mut given, place);
            let number = number(&calls, place);
            let is_cut = |choice| reasons::reason(span, choice) == Some(reasons::CUT_OFF);
            match &span.error {
                None if (0..span.finish_reasons.len()).any(is_cut) => {
                    let said = span.finish_reasons.join(", ");
                    Err(format!("the answer of the recorded run's model call {number} was cut off ({said})"))
                }
                None if span.output_messages.is_empty() => {
                    Err(format!("the recording does not hold what model call {number} said"))
                }
                _ => Ok(span),
            }
        });
        let span = outcome.inspect_err(|complaint| given.complaints.push(complaint.clone()))?;
        span.error.clone().map_or_else(|| Ok(chat::response(span, request)), Err)
    }

    /// Something else that the replay cannot answer.
    pub(super) fn complain(&self, complaint: String) {
        self.given().complaints.push(complaint);
    }

    /// What the run asked for that the recorded one did not, in words.
    pub fn complaints(&self) -> Vec<String> {
        let mut given = self.given();
        given.heard = true;
        given.complaints.clone()
    }

    /// The run asked for everything that was recorded, and for nothing else.
    #[track_caller]
    pub fn assert_finished(&self) {
        let mut given = self.given();
        given.heard = true;
        let mut said: Vec<String> = given.complaints.clone();
        let missing = self.missing(&given);
        let numbers = |kind: &'static str| self.places(kind).enumerate().map(|(n, place)| (place, n + 1));
        let tools: HashMap<usize, usize> = numbers("TOOL").collect();
        let calls = self.run.model_call_places();
        for place in &missing {
            said.push(match tools.get(place) {
                Some(number) => format!(
                    "the recorded run called {} as its {} tool call; this run never did",
                    tool(self.span(*place)),
                    ordinal(*number)
                ),
                None => {
                    format!("the recorded run made model call {}; this run never did", number(&calls, *place))
                }
            });
        }
        drop(given);
        if !said.is_empty() {
            let missing = missing.into_iter().collect();
            let said: Vec<String> = said.iter().map(|text| cut(text, 600)).collect();
            panic!(
                "the run did not ask for what was recorded:\n- {}\n\nthe recorded run:\n\n{}",
                said.join("\n- "),
                tree::draw(&self.run, &tree::rows(&self.run), &missing)
            );
        }
    }

    /// Recorded calls that were not asked for, without those below another that was not.
    fn missing(&self, given: &Given) -> Vec<usize> {
        let tools = self.places("TOOL");
        let mut all: Vec<usize> =
            tools.chain(self.run.model_call_places()).filter(|place| !given.done.contains(place)).collect();
        all.sort_unstable();
        let within = |place: &usize| {
            self.run.above(*place).any(|above| self.span(above).is("TOOL") && !given.done.contains(&above))
        };
        all.retain(|place| !within(place));
        all
    }

    /// How many there are of this replay, with those that threads hold.
    #[cfg(test)]
    pub(super) fn clones(&self) -> usize {
        Arc::strong_count(&self.given)
    }

    fn span(&self, place: usize) -> &Span {
        &self.run.spans()[place]
    }

    fn places(&self, kind: &'static str) -> impl Iterator<Item = usize> {
        (0..self.run.spans().len()).filter(move |place| self.span(*place).is(kind))
    }

    /// A span has answered, and so has everything below it.
    fn do_with(&self, given: &mut Given, place: usize) {
        let mut left = vec![place];
        while let Some(place) = left.pop() {
            given.done.insert(place);
            left.extend(self.run.children(place));
        }
    }
}

/// Which of the calls a place is, from 1.
fn number(calls: &[usize], place: usize) -> usize {
    calls.iter().position(|call| *call == place).map_or(0, |at| at + 1)
}

/// Whether another span began before this one ended; itself included.
fn overlap(span: &Span, other: &Span) -> bool {
    span.span_id == other.span_id || span.duration.is_none_or(|duration| other.start < span.start + duration)
}
