//! What a run can be held to.

use std::{collections::HashSet, fmt::Display};

use serde_json::Value as Json;

use super::{
    Run, Shape, Span, tree,
    values::structured,
    words::{count, cut, list, times},
};

/// Names and ids in a sentence.
const NAMED: usize = 10;

impl Run {
    /// The tool was called so many times.
    #[track_caller]
    pub fn assert_tool_called(&self, name: &str, expected: usize) -> &Self {
        let called = self.calls_of(name);
        let there = || {
            let expected = if expected == 0 {
                "never to be called".to_owned()
            } else {
                format!("to be called {}", times(expected))
            };
            format!(
                "expected tool {name} {expected}; it {}{}",
                was_called(called.len()),
                self.others(&called)
            )
        };
        self.check(called.len() == expected, there, &called)
    }

    /// The tool was called with at least these arguments, once or more: members that are not named may be anything.
    ///
    /// ```
    /// # use bennu_sdk::{testing::record_sync, tool_span};
    /// # use serde_json::json;
    /// # let ((), run) = record_sync(|| drop(tool_span("search_docs", &json!({"query": "herons", "top_k": 4}))));
    /// run.assert_tool_called_with("search_docs", &json!({"query": "herons"}));
    /// ```
    #[track_caller]
    pub fn assert_tool_called_with(&self, name: &str, arguments: &Json) -> &Self {
        let called = self.calls_of(name);
        let expected = structured(arguments.clone());
        let holds = called.iter().any(|place| includes(self.spans()[*place].arguments(), &expected));
        let there = || match called.len() {
            0 => format!(
                "expected tool {name} to be called with {arguments}; it was never called{}",
                self.others(&called)
            ),
            some => format!(
                "expected tool {name} to be called with {arguments}; it was called {}, never so",
                times(some)
            ),
        };
        self.check(holds, there, &called)
    }

    /// The tool was not called.
    #[track_caller]
    pub fn assert_tool_not_called(&self, name: &str) -> &Self {
        let called = self.calls_of(name);
        let there =
            || format!("expected tool {name} not to be called; it was called {}", times(called.len()));
        self.check(called.is_empty(), there, &called)
    }

    /// The tools were called in this order. Other calls may come between, before and after.
    #[track_caller]
    pub fn assert_tools_called_in_order(&self, names: &[&str]) -> &Self {
        let calls = self.tool_calls();
        let mut left = names.iter();
        let mut next = left.next();
        for call in &calls {
            if next == Some(&call.tool_name()) {
                next = left.next();
            }
        }
        let there = || {
            let called: Vec<&str> = calls.iter().map(|call| call.tool_name()).collect();
            let called = if called.is_empty() {
                "no tool was called".to_owned()
            } else {
                format!("the calls were {}", list(&called, NAMED))
            };
            format!("expected tools to be called in the order {}; {called}", names.join(", "))
        };
        self.check(next.is_none(), there, &self.places(|span| span.is("TOOL")))
    }

    /// So many model calls, or fewer.
    #[track_caller]
    pub fn assert_model_calls_at_most(&self, expected: usize) -> &Self {
        let calls = self.model_call_places();
        let there =
            || format!("expected at most {}; there are {}", count(expected, "model call"), calls.len());
        self.check(calls.len() <= expected, there, &calls)
    }

    /// So many model calls.
    #[track_caller]
    pub fn assert_model_calls(&self, expected: usize) -> &Self {
        let calls = self.model_call_places();
        let there =
            || format!("expected {}; there {}", count(expected, "model call"), there_are(calls.len()));
        self.check(calls.len() == expected, there, &calls)
    }

    /// So many tokens or fewer, in and out together, counted once ([`usage`](Run::usage)). A model call that has not failed and does
    /// not say its tokens fails it, too: nobody knows then.
    #[track_caller]
    pub fn assert_tokens_at_most(&self, expected: u64) -> &Self {
        let calls = self.model_call_places();
        let silent = |place: &usize| self.spans()[*place].error.is_none() && !self.says_tokens(*place);
        let silent: Vec<usize> = calls.iter().copied().filter(silent).collect();
        let there = || {
            format!(
                "expected at most {expected} tokens, and {} of {} not say how many it took. A streamed answer says it when the request \
                 has stream_options.include_usage; record_usage records it",
                silent.len(),
                match calls.len() {
                    1 => "1 model call does".to_owned(),
                    more => format!("{more} model calls do"),
                }
            )
        };
        self.check(silent.is_empty(), there, &silent);
        let there = || format!("expected at most {expected} tokens; there are {}", self.tokens());
        self.check(self.tokens() <= expected, there, &calls)
    }

    /// No span failed.
    #[track_caller]
    pub fn assert_no_errors(&self) -> &Self {
        let failed = self.places(|span| span.error.is_some());
        let there = || {
            let all: Vec<String> = failed
                .iter()
                .map(|place| &self.spans()[*place])
                .map(|span| {
                    format!("{} ({})", span.label(), cut(span.error.as_deref().unwrap_or_default(), 120))
                })
                .collect();
            format!("expected no errors; {} failed: {}", count(failed.len(), "span"), list(&all, NAMED))
        };
        self.check(failed.is_empty(), there, &failed)
    }

    /// The document was found by a retriever or left by a reranker.
    #[track_caller]
    pub fn assert_retrieved(&self, id: &str) -> &Self {
        let ids: Vec<&str> =
            self.retrieved().into_iter().filter_map(|document| document.id.as_deref()).collect();
        let there = || {
            let there = if ids.is_empty() {
                "nothing with an id was".to_owned()
            } else {
                format!("retrieved were {}", list(&ids, NAMED))
            };
            format!("expected document {id} to be retrieved; {there}")
        };
        self.check(ids.contains(&id), there, &self.places(|span| span.is("RETRIEVER") || span.is("RERANKER")))
    }

    /// The document was not found.
    #[track_caller]
    pub fn assert_not_retrieved(&self, id: &str) -> &Self {
        let found =
            self.places(|span| span.documents.iter().any(|document| document.id.as_deref() == Some(id)));
        let there = || format!("expected document {id} not to be retrieved; it was, {}", times(found.len()));
        self.check(found.is_empty(), there, &found)
    }

    /// What the run came to ([`answer`](Run::answer)) has this text in it.
    #[track_caller]
    pub fn assert_answer_contains(&self, text: &str) -> &Self {
        let answer = self.answer();
        let there = || match &answer {
            Some(answer) => format!("expected the answer to contain {text:?}; it is {:?}", cut(answer, 300)),
            None => format!("expected the answer to contain {text:?}; there is no answer"),
        };
        self.check(answer.as_ref().is_some_and(|answer| answer.contains(text)), there, &[])
    }

    /// So many spans have this name.
    #[track_caller]
    pub fn assert_span_count(&self, name: &str, expected: usize) -> &Self {
        let found = self.places(|span| span.name == name);
        let there = || {
            format!("expected {} named {name:?}; there {}", count(expected, "span"), there_are(found.len()))
        };
        self.check(found.len() == expected, there, &found)
    }

    /// Every span has ended. One that has not says `still running` in the tree.
    #[track_caller]
    pub fn assert_all_ended(&self) -> &Self {
        let open = self.places(|span| span.duration.is_none());
        let there = || {
            let names: Vec<&str> = open.iter().map(|place| self.spans()[*place].label()).collect();
            format!("expected every span to have ended; still running: {}", list(&names, NAMED))
        };
        self.check(open.is_empty(), there, &open)
    }

    /// Anything else: `expected` completes the sentence "expected …".
    #[track_caller]
    pub fn assert_that(&self, holds: bool, expected: impl Display) -> &Self {
        self.check(holds, || format!("expected {expected}"), &[])
    }

    /// The run has the shape of a recorded one: see [`Shape`].
    #[track_caller]
    pub fn assert_same_shape<'a>(&self, recorded: impl Into<Shape<'a>>) -> &Self {
        if let Some(difference) = recorded.into().difference(self) {
            panic!("{difference}");
        }
        self
    }

    #[track_caller]
    fn check(&self, holds: bool, said: impl FnOnce() -> String, marked: &[usize]) -> &Self {
        if !holds {
            let marked: HashSet<usize> = marked.iter().copied().collect();
            panic!("{}\n\n{}", said(), tree::draw(self, &tree::rows(self), &marked));
        }
        self
    }

    fn places(&self, fits: impl Fn(&Span) -> bool) -> Vec<usize> {
        (0..self.spans().len()).filter(|place| fits(&self.spans()[*place])).collect()
    }

    fn calls_of(&self, name: &str) -> Vec<usize> {
        self.places(|span| span.is("TOOL") && span.tool_name() == name)
    }

    /// Tools that were called, where the one asked for was not.
    fn others(&self, called: &[usize]) -> String {
        let mut names: Vec<&str> = Vec::new();
        for call in self.tool_calls() {
            if !names.contains(&call.tool_name()) {
                names.push(call.tool_name());
            }
        }
        match (called.is_empty(), names.is_empty()) {
            (false, _) => String::new(),
            (true, true) => " (no tool was)".to_owned(),
            (true, false) => format!(" (called were {})", list(&names, NAMED)),
        }
    }
}

fn there_are(count: usize) -> String {
    match count {
        0 => "is none".to_owned(),
        1 => "is 1".to_owned(),
        more => format!("are {more}"),
    }
}

fn was_called(count: usize) -> String {
    if count == 0 { "was never called".to_owned() } else { format!("was called {}", times(count)) }
}

/// Whether a value has all that another has; of lists, the same elements.
fn includes(value: &Json, expected: &Json) -> bool {
    match (value, expected) {
        (Json::Object(value), Json::Object(expected)) => expected
            .iter()
            .all(|(name, expected)| value.get(name).is_some_and(|value| includes(value, expected))),
        _ => value == expected,
    }
}
