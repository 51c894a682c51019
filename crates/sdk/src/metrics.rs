//! `gen_ai.client.*`: how many tokens, how long, how long until the first piece. Source: OpenTelemetry's semantic conventions for
//! generative AI, metrics.
//!
//! They are read from spans that end, before any sampling: exact however few traces are kept, and of spans that other libraries write
//! with `tracing`, too. An answer that two libraries tell of is counted once, by its id.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use bennu_semconv::{gen_ai, openinference, otel};
use opentelemetry::{
    KeyValue, Value,
    metrics::{Histogram, Meter},
    trace::{Status, TraceId},
};
use opentelemetry_sdk::trace::SpanData;

use crate::{pipeline::Watch, span::FIRST_TOKEN};

/// The instruments.
#[derive(Debug)]
pub(crate) struct Metrics {
    tokens: Histogram<u64>,
    duration_s: Histogram<f64>,
    first_chunk_s: Histogram<f64>,
    /// Hashes of the newest answers' ids.
    answers: Mutex<VecDeque<u64>>,
}

/// Answers that are remembered: spans of one call end within moments of each other.
const REMEMBERED: usize = 1_024;

impl Metrics {
    pub(crate) fn new(meter: &Meter) -> Self {
        // Boundaries as the conventions want them: powers of four, and doublings of ten milliseconds.
        let tokens = (0..14).map(|n| f64::from(1_u32 << (2 * n))).collect();
        let seconds: Vec<f64> = (0..14).map(|n| 0.01 * f64::from(1_u32 << n)).collect();
        Metrics {
            tokens: meter
                .u64_histogram("gen_ai.client.token.usage")
                .with_unit("{token}")
                .with_description("Number of input and output tokens used.")
                .with_boundaries(tokens)
                .build(),
            duration_s: meter
                .f64_histogram("gen_ai.client.operation.duration")
                .with_unit("s")
                .with_description("GenAI operation duration.")
                .with_boundaries(seconds.clone())
                .build(),
            first_chunk_s: meter
                .f64_histogram("gen_ai.client.operation.time_to_first_chunk")
                .with_unit("s")
                .with_description("Time to receive the first chunk of a streamed response.")
                .with_boundaries(seconds)
                .build(),
            answers: Mutex::default(),
        }
    }

    /// Whether another span said what became of this answer: two libraries may trace one call, the one above the other.
    fn is_known(&self, trace: TraceId, id: &str) -> bool {
        let mut hash = DefaultHasher::new();
        (trace, id).hash(&mut hash);
        let hash = hash.finish();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.contains(&hash) {
            return true;
        }
        if answers.len() == REMEMBERED {
            answers.pop_front();
        }
        answers.push_back(hash);
        false
    }

    fn record(&self, span: &SpanData) {
        let said = |names: &[&str]| {
            let named =
                |name: &&str| span.attributes.iter().rev().find(|attribute| attribute.key.as_str() == *name);
            names.iter().find_map(named).map(|attribute| &attribute.value)
        };
        let kind = said(&[openinference::SPAN_KIND]).map(Value::as_str);
        let named = said(&[gen_ai::OPERATION_NAME]).map(|name| name.as_str().into_owned());
        let operation = match (named, kind.as_deref()) {
            (Some(name), _) => name,
            (None, Some("LLM")) => "chat".to_owned(),
            (None, Some("EMBEDDING")) => "embeddings".to_owned(),
            (None, _) => return,
        };
        // Agents and tools have metrics of their own, and repeat the tokens of the calls below them.
        if !["chat", "generate_content", "text_completion", "embeddings"].contains(&operation.as_str()) {
            return;
        }
        let answer = said(&[gen_ai::RESPONSE_ID]).map(Value::as_str).filter(|id| !id.is_empty());
        if answer.is_some_and(|id| self.is_known(span.span_context.trace_id(), &id)) {
            return;
        }
        let mut about = vec![KeyValue::new(gen_ai::OPERATION_NAME, operation)];
        for (name, known_as) in [
            (gen_ai::PROVIDER_NAME, &[openinference::LLM_PROVIDER][..]),
            (
                gen_ai::REQUEST_MODEL,
                &[openinference::LLM_REQUEST_MODEL_NAME, openinference::EMBEDDING_MODEL_NAME],
            ),
            (gen_ai::RESPONSE_MODEL, &[openinference::LLM_RESPONSE_MODEL_NAME]),
        ] {
            if let Some(value) = said(&[name]).or_else(|| said(known_as)) {
                about.push(KeyValue::new(name, value.clone()));
            }
        }
        for (kind, names) in [
            ("input", [gen_ai::USAGE_INPUT_TOKENS, openinference::LLM_TOKEN_COUNT_PROMPT]),
            ("output", [gen_ai::USAGE_OUTPUT_TOKENS, openinference::LLM_TOKEN_COUNT_COMPLETION]),
        ] {
            if let Some(tokens) = said(&names).and_then(whole_number) {
                let mut about = about.clone();
                about.push(KeyValue::new("gen_ai.token.type", kind));
                self.tokens.record(tokens, &about);
            }
        }
        let seconds = |end: SystemTime| end.duration_since(span.start_time).unwrap_or_default().as_secs_f64();
        let first = || {
            let event = span.events.iter().find(|event| event.name == FIRST_TOKEN)?;
            Some(seconds(event.timestamp))
        };
        let first = match said(&["gen_ai.response.time_to_first_chunk"]) {
            Some(Value::F64(seconds)) => Some(*seconds),
            _ => first(),
        };
        if let Some(first) = first {
            self.first_chunk_s.record(first, &about);
        }
        if let Some(class) = said(&[otel::ERROR_TYPE]) {
            about.push(KeyValue::new(otel::ERROR_TYPE, class.clone()));
        } else if matches!(span.status, Status::Error { .. }) {
            // The conventions' word for an error of no known class.
            about.push(KeyValue::new(otel::ERROR_TYPE, "_OTHER"));
        }
        self.duration_s.record(seconds(span.end_time), &about);
    }
}

/// `tracing` writes unsigned numbers as text.
fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::I64(number) => u64::try_from(*number).ok(),
        Value::String(text) => text.as_str().parse().ok(),
        _ => None,
    }
}

impl Watch for Metrics {
    fn ended(&self, span: &SpanData) {
        self.record(span);
    }
}
