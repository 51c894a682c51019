//! Agents.

use bennu_semconv::{gen_ai, openinference};
use opentelemetry::{KeyValue, trace::SpanKind};
use serde_json::json as object;

use super::{Span, input, output};
use crate::{
    conventions::{int, json},
    message::Message,
};

/// The kind of [`AgentSpan`].
#[derive(Debug)]
pub enum Agent {}

/// A run of an agent: model calls and tools are below it.
pub type AgentSpan = Span<Agent>;

/// Begins a run of an agent towards a goal.
pub fn agent_span(goal: &str) -> AgentSpan {
    Span::begin("agent.run", "AGENT", SpanKind::Internal, |settings, out| {
        if settings.conventions.open_inference() {
            out.extend(input(goal));
        }
        if settings.conventions.gen_ai() {
            out.push(KeyValue::new(gen_ai::OPERATION_NAME, "invoke_agent"));
            out.push(KeyValue::new(gen_ai::INPUT_MESSAGES, json(&[Message::user(goal).to_gen_ai()])));
        }
    })
}

impl AgentSpan {
    /// The agent's name.
    pub fn name(self, name: &str) -> Self {
        self.named(openinference::AGENT_NAME, gen_ai::AGENT_NAME, name)
    }

    /// Records what it came to.
    pub fn record_output(&self, answer: &str) {
        let mut out = Vec::new();
        if self.settings.conventions.open_inference() {
            out.extend(output(answer));
        }
        if self.settings.conventions.gen_ai() {
            let mut message = Message::assistant(answer).to_gen_ai();
            message["finish_reason"] = object!("stop");
            out.push(KeyValue::new(gen_ai::OUTPUT_MESSAGES, json(&[message])));
        }
        self.set(out);
    }

    /// Records why it stopped and after how many turns.
    pub fn record_stop(&self, reason: &str, iterations: usize) {
        self.set(vec![
            KeyValue::new("agent.stop_reason", reason.to_owned()),
            KeyValue::new("agent.iterations", int(iterations as u64)),
        ]);
    }
}
