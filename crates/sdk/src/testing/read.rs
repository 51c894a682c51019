//! What a span that was recorded here says, from its attributes: in OpenInference's words, in `gen_ai`'s, and in those of libraries
//! that write through `tracing`, where everything that is not a number is JSON text.

use std::time::SystemTime;

use bennu_semconv::{gen_ai, openinference as oi, otel};
use opentelemetry::{
    Array, Value,
    trace::{SpanId, Status},
};
use opentelemetry_sdk::trace::SpanData;
use serde_json::Value as Json;

use super::{Span, attributes::Attributes, messages::messages, recorder::Seen};
use crate::Message;

/// A span and when it began, which a run counts from its own beginning.
pub(super) fn span(seen: Seen) -> (SystemTime, Span) {
    let Seen { data, ended } = seen;
    let attributes =
        Attributes(data.attributes.iter().map(|pair| (pair.key.to_string(), json(&pair.value))).collect());
    let kind = attributes.kind();
    let list = |flat: &str, whole: &str| {
        let flat = attributes.messages(flat);
        if flat.is_empty() { messages(&attributes.json(whole)) } else { flat }
    };
    let mut input_messages = list(oi::LLM_INPUT_MESSAGES, gen_ai::INPUT_MESSAGES);
    if let Some(instructions) = attributes.instructions() {
        input_messages.insert(0, Message::system(instructions));
    }
    let error = error(&data, &attributes);
    let span = Span {
        trace_id: data.span_context.trace_id().to_string(),
        span_id: data.span_context.span_id().to_string(),
        parent_id: (data.parent_span_id != SpanId::INVALID).then(|| data.parent_span_id.to_string()),
        name: data.name.into_owned(),
        start: Default::default(),
        duration: ended.then(|| data.end_time.duration_since(data.start_time).unwrap_or_default()),
        model: attributes.first(&[
            oi::LLM_RESPONSE_MODEL_NAME,
            gen_ai::RESPONSE_MODEL,
            oi::LLM_MODEL_NAME,
            gen_ai::REQUEST_MODEL,
            oi::EMBEDDING_MODEL_NAME,
            oi::RERANKER_MODEL_NAME,
        ]),
        response_id: attributes.text(gen_ai::RESPONSE_ID),
        input: attributes.first(&[oi::INPUT_VALUE, gen_ai::RETRIEVAL_QUERY, oi::RERANKER_QUERY]),
        output: attributes.first(&[oi::OUTPUT_VALUE]),
        input_messages,
        output_messages: list(oi::LLM_OUTPUT_MESSAGES, gen_ai::OUTPUT_MESSAGES),
        documents: attributes.documents(),
        tool: (kind == "TOOL").then(|| attributes.tool()),
        finish_reasons: attributes.finish_reasons(),
        usage: attributes.usage(),
        unsplit_tokens: attributes.unsplit_tokens(),
        error,
        kind,
        attributes: attributes.0,
    };
    (data.start_time, span)
}

/// What failed: what the status says, else the exception, else its class. It failed if Bennu would say so: libraries that leave the
/// status unset may write an exception or its class alone, and who says that all went well is believed.
fn error(data: &SpanData, attributes: &Attributes) -> Option<String> {
    let class = attributes.text(otel::ERROR_TYPE).filter(|class| !class.is_empty());
    let exceptions = || data.events.iter().filter(|event| event.name == otel::EXCEPTION_EVENT);
    let level = || attributes.text("langfuse.observation.level");
    let said = match &data.status {
        Status::Error { description } => description.to_string(),
        Status::Unset if class.is_some() || exceptions().next().is_some() => String::new(),
        Status::Unset if level().as_deref() == Some("ERROR") => String::new(),
        Status::Unset | Status::Ok => return None,
    };
    let message = exceptions()
        .flat_map(|event| &event.attributes)
        .find(|pair| pair.key.as_str() == otel::EXCEPTION_MESSAGE);
    let all = [Some(said), message.map(|pair| pair.value.to_string()), class, Some("failed".to_owned())];
    all.into_iter().flatten().find(|text| !text.is_empty())
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(bool) => (*bool).into(),
        Value::I64(int) => (*int).into(),
        Value::F64(double) => (*double).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(Array::Bool(all)) => all.clone().into(),
        Value::Array(Array::I64(all)) => all.clone().into(),
        Value::Array(Array::F64(all)) => all.clone().into(),
        Value::Array(Array::String(all)) => all.iter().map(|text| text.as_str()).collect::<Vec<_>>().into(),
        other => other.to_string().into(),
    }
}
