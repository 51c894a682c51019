//! The loop: the model is asked, the tools it wants are called, until it answers.

use std::sync::Arc;

use bennu_sdk::agent_span;
use serde_json::{Value, json};

use crate::{
    llm::{Error, Llm},
    tools::Registry,
};

const SYSTEM_PROMPT: &str = "You answer questions of engineers. Search the documents before you answer, fetch a chunk where you need \
                             the whole of it, say which chunks an answer rests on by their ids, and say so when they do not hold it.";
/// Model calls in one run. An agent that has not come to an end by then goes in circles.
const MAX_ITERATIONS: usize = 8;
const TEMPERATURE: f64 = 0.2;

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model answered.
    Final,
    /// It went on calling tools.
    IterationCap,
}

impl StopReason {
    /// The word for it on spans and in answers.
    pub fn name(self) -> &'static str {
        match self {
            StopReason::Final => "final",
            StopReason::IterationCap => "iteration_cap",
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer; of a run that was cut off, that it was.
    pub text: String,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Model calls.
    pub iterations: usize,
    /// Everything that was said in the run, the question first.
    pub messages: Vec<Value>,
    /// Its trace.
    pub trace_id: String,
}

/// What happens while a run goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// A piece of what the model says.
    Text(&'a str),
    /// A tool is called.
    Tool(&'a str),
}

/// A model with tools.
#[derive(Debug)]
pub struct Agent {
    llm: Arc<Llm>,
    tools: Registry,
}

impl Agent {
    /// An agent.
    pub fn new(llm: Arc<Llm>, tools: Registry) -> Self {
        Agent { llm, tools }
    }

    /// The model that answers.
    pub fn model(&self) -> &str {
        self.llm.model()
    }

    /// Runs towards a goal. `history` is what was said before, without the system's prompt.
    ///
    /// # Errors
    /// Those of the model; a tool's are told to the model.
    pub async fn run(&self, goal: &str, history: &[Value]) -> Result<Answer, Error> {
        self.run_with(goal, history, None::<fn(Event<'_>)>).await
    }

    /// The same, with somebody who is told while it goes on; then answers are streamed.
    ///
    /// # Errors
    /// The same.
    pub async fn run_with(
        &self,
        goal: &str,
        history: &[Value],
        mut hear: Option<impl FnMut(Event<'_>)>,
    ) -> Result<Answer, Error> {
        agent_span(goal)
            .name("stack")
            .trace(async |span| {
                let mut messages = vec![json!({"role": "system", "content": SYSTEM_PROMPT})];
                messages.extend_from_slice(history);
                let begin = messages.len();
                messages.push(json!({"role": "user", "content": goal}));
                let (text, stop_reason, iterations) = self.turns(&mut messages, &mut hear).await?;
                span.record_output(&text);
                span.record_stop(stop_reason.name(), iterations);
                let messages = messages.split_off(begin);
                Ok(Answer { text, stop_reason, iterations, messages, trace_id: span.trace_id() })
            })
            .await
    }

    async fn turns(
        &self,
        messages: &mut Vec<Value>,
        hear: &mut Option<impl FnMut(Event<'_>)>,
    ) -> Result<(String, StopReason, usize), Error> {
        let schemas = self.tools.schemas();
        for iteration in 1..=MAX_ITERATIONS {
            let message = match hear {
                None => {
                    let mut response = self.llm.chat(messages, &schemas, TEMPERATURE).await?;
                    response.pointer_mut("/choices/0/message").map(Value::take).unwrap_or_default()
                }
                Some(hear) => {
                    let pieces = |text: &str| hear(Event::Text(text));
                    self.llm.stream(messages, &schemas, TEMPERATURE, pieces).await?
                }
            };
            messages.push(message.clone());
            let calls = message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
            if calls.is_empty() {
                let text = message["content"].as_str().unwrap_or_default().to_owned();
                return Ok((text, StopReason::Final, iteration));
            }
            for call in calls {
                let part = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                let (id, name) = (part("/id"), part("/function/name"));
                if let Some(hear) = hear {
                    hear(Event::Tool(name));
                }
                let result = self.tools.call(id, name, part("/function/arguments")).await;
                messages.push(json!({
                    "role": "tool", "tool_call_id": id, "name": name, "content": result.to_string(),
                }));
            }
        }
        let text = format!("There is no answer after {MAX_ITERATIONS} rounds of tools.");
        Ok((text, StopReason::IterationCap, MAX_ITERATIONS))
    }
}
