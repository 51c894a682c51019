//! Tools.

use bennu_semconv::{gen_ai, openinference};
use opentelemetry::{KeyValue, trace::SpanKind};
use serde::Serialize;

use super::{Span, input, output};
use crate::conventions::json;

/// The kind of [`ToolSpan`].
#[derive(Debug)]
pub enum Tool {}

/// A call of a tool.
pub type ToolSpan = Span<Tool>;

/// Begins a call of a tool with these arguments, anything that serialises.
pub fn tool_span(name: &str, arguments: &(impl Serialize + ?Sized)) -> ToolSpan {
    Span::begin(format!("tool.{name}"), "TOOL", SpanKind::Internal, |settings, out| {
        if settings.conventions.open_inference() {
            out.push(KeyValue::new(openinference::TOOL_NAME, name.to_owned()));
            out.extend(input(arguments));
        }
        if settings.conventions.gen_ai() {
            out.push(KeyValue::new(gen_ai::OPERATION_NAME, "execute_tool"));
            out.push(KeyValue::new(gen_ai::TOOL_NAME, name.to_owned()));
            out.push(KeyValue::new(gen_ai::TOOL_CALL_ARGUMENTS, json(arguments)));
        }
    })
}

impl ToolSpan {
    /// The id of the model's call that this one answers.
    pub fn call_id(self, id: &str) -> Self {
        self.named(openinference::TOOL_ID, gen_ai::TOOL_CALL_ID, id)
    }

    /// What the tool is for.
    pub fn description(self, text: &str) -> Self {
        self.named(openinference::TOOL_DESCRIPTION, gen_ai::TOOL_DESCRIPTION, text)
    }

    /// Records what it returned, anything that serialises.
    pub fn record_output(&self, result: &(impl Serialize + ?Sized)) {
        if self.settings.conventions.open_inference() {
            self.set(output(result));
        }
        if self.settings.conventions.gen_ai() {
            self.set_attribute(gen_ai::TOOL_CALL_RESULT, json(result));
        }
    }
}
