//! Model calls.

use std::borrow::Cow;

use bennu_semconv::{gen_ai, openinference};
use opentelemetry::{Array, KeyValue, StringValue, Value, trace::SpanKind};
use serde::Serialize;
use serde_json::{Value as Json, json as object};

use super::{LlmStream, Span, text_value};
use crate::{
    conventions::{int, json},
    message::{INPUT, Message, Messages, OUTPUT},
    setup::Settings,
};

/// The kind of [`LlmSpan`].
#[derive(Debug)]
pub enum Llm {}

/// A model call.
pub type LlmSpan = Span<Llm>;

/// Begins a call of a model with these messages: [`Message`]s, the `messages` of an OpenAI-shaped request, or one text.
pub fn llm_span(model: &str, messages: &(impl Messages + ?Sized)) -> LlmSpan {
    let name = |settings: Settings| match settings.conventions.open_inference() {
        // As the guide has it, or as `gen_ai` has it where only that is written.
        true => Cow::from("llm.chat"),
        false => format!("chat {model}").into(),
    };
    Span::begin_named(name, "LLM", SpanKind::Client, |settings, out| {
        if settings.conventions.open_inference() {
            out.push(KeyValue::new(openinference::LLM_MODEL_NAME, model.to_owned()));
            out.push(KeyValue::new(openinference::LLM_REQUEST_MODEL_NAME, model.to_owned()));
            INPUT.flatten(messages, out);
            // What lists show of a call that nothing is above.
            let mut last = String::new();
            messages.each(&mut |message| last = message.text());
            out.extend(text_value(openinference::INPUT_VALUE, openinference::INPUT_MIME_TYPE, last));
        }
        if settings.conventions.gen_ai() {
            out.push(KeyValue::new(gen_ai::OPERATION_NAME, "chat"));
            out.push(KeyValue::new(gen_ai::REQUEST_MODEL, model.to_owned()));
            let mut all = Vec::new();
            messages.each(&mut |message| all.push(message.to_gen_ai()));
            out.push(KeyValue::new(gen_ai::INPUT_MESSAGES, json(&all)));
        }
    })
}

/// Records an OpenAI-shaped response; see [`LlmSpan::record_output`].
pub fn record_llm_output(span: &LlmSpan, response: &Json) {
    span.record_output(response);
}

/// Tokens of a call. `input` includes what was read from and written to a cache, `output` includes reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Input tokens.
    pub input: Option<u64>,
    /// Output tokens.
    pub output: Option<u64>,
    /// Of the input, read from a cache.
    pub cache_read: Option<u64>,
    /// Of the input, written to a cache.
    pub cache_write: Option<u64>,
    /// Of the output, spent on reasoning.
    pub reasoning: Option<u64>,
}

impl Usage {
    /// From the `usage` of an OpenAI-shaped response, of the chat API or of the responses API.
    pub fn from_json(usage: &Json) -> Self {
        let first = |pointers: &[&str]| pointers.iter().find_map(|at| usage.pointer(at)?.as_u64());
        Usage {
            input: first(&["/prompt_tokens", "/input_tokens"]),
            output: first(&["/completion_tokens", "/output_tokens"]),
            cache_read: first(&[
                "/prompt_tokens_details/cached_tokens",
                "/input_tokens_details/cached_tokens",
            ]),
            cache_write: None,
            reasoning: first(&[
                "/completion_tokens_details/reasoning_tokens",
                "/output_tokens_details/reasoning_tokens",
            ]),
        }
    }

    /// From the `usage` of a response of Anthropic's, whose `input_tokens` are those that no cache had.
    pub fn from_anthropic(usage: &Json) -> Self {
        let tokens = |name: &str| usage.get(name).and_then(Json::as_u64);
        let (read, written) = (tokens("cache_read_input_tokens"), tokens("cache_creation_input_tokens"));
        let cached = read.unwrap_or_default().saturating_add(written.unwrap_or_default());
        Usage {
            input: tokens("input_tokens").map(|input| input.saturating_add(cached)),
            output: tokens("output_tokens"),
            cache_read: read,
            cache_write: written,
            reasoning: None,
        }
    }

    pub(super) fn write(&self, settings: Settings, out: &mut Vec<KeyValue>) {
        let total = self.input.zip(self.output).map(|(input, output)| input.saturating_add(output));
        let all = [
            (self.input, openinference::LLM_TOKEN_COUNT_PROMPT, gen_ai::USAGE_INPUT_TOKENS),
            (self.output, openinference::LLM_TOKEN_COUNT_COMPLETION, gen_ai::USAGE_OUTPUT_TOKENS),
            (total, openinference::LLM_TOKEN_COUNT_TOTAL, ""),
            (self.cache_read, openinference::LLM_TOKEN_COUNT_CACHE_READ, gen_ai::USAGE_CACHE_READ),
            (self.cache_write, openinference::LLM_TOKEN_COUNT_CACHE_WRITE, gen_ai::USAGE_CACHE_CREATION),
            (self.reasoning, openinference::LLM_TOKEN_COUNT_REASONING, gen_ai::USAGE_REASONING),
        ];
        for (tokens, open_inference, gen_ai) in all {
            let Some(tokens) = tokens.map(int) else { continue };
            if settings.conventions.open_inference() {
                out.push(KeyValue::new(open_inference, tokens));
            }
            if settings.conventions.gen_ai() && !gen_ai.is_empty() {
                out.push(KeyValue::new(gen_ai, tokens));
            }
        }
    }
}

impl LlmSpan {
    /// The parameters of the request, anything that serialises to a JSON object: `temperature`, `max_tokens`.
    pub fn parameters(self, parameters: &impl Serialize) -> Self {
        let mut out = Vec::new();
        if self.settings.conventions.open_inference() {
            out.push(KeyValue::new(openinference::LLM_INVOCATION_PARAMETERS, json(parameters)));
        }
        if self.settings.conventions.gen_ai()
            && let Ok(Json::Object(members)) = serde_json::to_value(parameters)
        {
            for (name, value) in members {
                let value = match value {
                    Json::Number(number) if number.is_i64() => {
                        Value::I64(number.as_i64().unwrap_or_default())
                    }
                    Json::Number(number) => Value::F64(number.as_f64().unwrap_or_default()),
                    Json::Bool(bool) => Value::Bool(bool),
                    Json::String(text) => text.into(),
                    other => other.to_string().into(),
                };
                out.push(KeyValue::new(format!("{}{name}", gen_ai::REQUEST_PREFIX), value));
            }
        }
        self.set(out);
        self
    }

    /// The tools that the model is offered, as the request has them.
    pub fn tools(self, tools: &[Json]) -> Self {
        let mut out = Vec::new();
        if self.settings.conventions.open_inference() {
            let name = |n: usize| format!("{}.{n}.tool.json_schema", openinference::LLM_TOOLS);
            out.extend(tools.iter().enumerate().map(|(n, tool)| KeyValue::new(name(n), tool.to_string())));
        }
        if self.settings.conventions.gen_ai() {
            out.push(KeyValue::new(gen_ai::TOOL_DEFINITIONS, json(tools)));
        }
        self.set(out);
        self
    }

    /// Who answers: `openai`, `anthropic`.
    pub fn provider(self, provider: &str) -> Self {
        self.named(openinference::LLM_PROVIDER, gen_ai::PROVIDER_NAME, provider)
    }

    /// Records an OpenAI-shaped response: every choice's message, why it ended, tokens, the model that answered, its id. Lenient:
    /// what is not there is not recorded.
    pub fn record_output(&self, response: &Json) {
        let choices = response.get("choices").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let (said, silent): (Vec<&Json>, Vec<&Json>) =
            choices.iter().partition(|choice| choice.get("message").is_some());
        let messages: Vec<Message<'_>> =
            said.iter().filter_map(|choice| choice.get("message")).map(Message::from_json).collect();
        // Each at the place of its message.
        let reasons = said.iter().chain(&silent).map(|choice| choice.get("finish_reason")?.as_str());
        let reasons: Vec<&str> = reasons.map(Option::unwrap_or_default).collect();
        self.record_messages(&messages, &reasons);
        if let Some(usage) = response.get("usage") {
            self.record_usage(&Usage::from_json(usage));
        }
        let text = |name: &str| response.get(name).and_then(Json::as_str);
        self.record_response(text("id"), text("model"));
    }

    /// Records what the model said, a message for every choice, and why each ended: an empty reason where that is not known.
    pub fn record_messages(&self, messages: &[Message<'_>], finish_reasons: &[&str]) {
        let mut out = Vec::with_capacity(8);
        let known = || finish_reasons.iter().filter(|reason| !reason.is_empty());
        if self.settings.conventions.open_inference() {
            OUTPUT.flatten(messages, &mut out);
            if let Some(reason) = known().next() {
                out.push(KeyValue::new(openinference::LLM_FINISH_REASON, (*reason).to_owned()));
            }
            if let [Message { tool_calls, .. }] = messages
                && tool_calls.is_empty()
            {
                out.extend(text_value(
                    openinference::OUTPUT_VALUE,
                    openinference::OUTPUT_MIME_TYPE,
                    messages[0].text(),
                ));
            }
        }
        if self.settings.conventions.gen_ai() {
            let said: Vec<Json> = messages
                .iter()
                .enumerate()
                .map(|(n, message)| {
                    let mut message = message.to_gen_ai();
                    message["finish_reason"] =
                        object!(finish_reasons.get(n).filter(|reason| !reason.is_empty()));
                    message
                })
                .collect();
            out.push(KeyValue::new(gen_ai::OUTPUT_MESSAGES, json(&said)));
            let reasons = known().map(|reason| StringValue::from((*reason).to_owned())).collect();
            out.push(KeyValue::new(gen_ai::RESPONSE_FINISH_REASONS, Value::Array(Array::String(reasons))));
        }
        self.set(out);
    }

    /// Records the tokens of the call.
    pub fn record_usage(&self, usage: &Usage) {
        let mut out = Vec::new();
        usage.write(self.settings, &mut out);
        self.set(out);
    }

    /// Records the answer's id and the model that gave it.
    pub fn record_response(&self, id: Option<&str>, model: Option<&str>) {
        let mut out = Vec::new();
        if let Some(model) = model.filter(|_| self.settings.conventions.open_inference()) {
            out.push(KeyValue::new(openinference::LLM_RESPONSE_MODEL_NAME, model.to_owned()));
        }
        if let Some(model) = model.filter(|_| self.settings.conventions.gen_ai()) {
            out.push(KeyValue::new(gen_ai::RESPONSE_MODEL, model.to_owned()));
        }
        // OpenInference has no name for it; with it a call that two libraries trace is known to be one.
        if let Some(id) = id {
            out.push(KeyValue::new(gen_ai::RESPONSE_ID, id.to_owned()));
        }
        self.set(out);
    }

    /// The answer comes piece by piece.
    pub fn stream(self) -> LlmStream {
        LlmStream::new(self)
    }
}
