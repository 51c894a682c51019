//! What to set to get more.

use std::collections::HashMap;

use super::{SpanDetail, is_answered_call, is_streaming, say_something, scope};
use crate::decode::Dialect;

/// Something that is missing, and what brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What was seen.
    pub(crate) says: String,
    /// What to do about it.
    pub(crate) set: String,
}

/// How a library is told to record what models are shown and return; by the beginning of its scope's name.
const CONTENT: &[(&str, &str)] = &[
    ("opentelemetry.instrumentation.openai_v2", GENAI_CONTENT),
    ("opentelemetry.instrumentation.genai", GENAI_CONTENT),
    ("opentelemetry.util.genai", GENAI_CONTENT),
    ("opentelemetry.instrumentation.google_genai", GENAI_CONTENT),
    (
        "gcp.vertex.agent",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true; its messages are log records: export logs to Bennu, too",
    ),
    ("opentelemetry.instrumentation.", "TRACELOOP_TRACE_CONTENT=true"),
    ("traceloop", "TRACELOOP_TRACE_CONTENT=true"),
    (
        "openinference.",
        "OPENINFERENCE_HIDE_INPUTS and OPENINFERENCE_HIDE_OUTPUTS unset (and the other OPENINFERENCE_HIDE_*)",
    ),
    ("@arizeai/openinference", "OPENINFERENCE_HIDE_INPUTS and OPENINFERENCE_HIDE_OUTPUTS unset"),
    ("ai", "experimental_telemetry: { isEnabled: true, recordInputs: true, recordOutputs: true }"),
    ("pydantic-ai", "InstrumentationSettings(include_content=True)"),
    ("logfire", "logfire.instrument_openai() of the client that is used, without suppressing content"),
    (
        "semantic_kernel",
        "SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE=true; its messages are log records: export logs to Bennu, too",
    ),
    ("strands", "a version of strands-agents that writes message events (1.0 or later)"),
    ("com.anthropic.sdk", "an instrumentor beside it: the SDK's own spans never have content"),
    ("genai", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true"),
    ("rig", "the `record_content` option of the completion request, or rig's telemetry feature with content"),
    ("", "your library's setting for recording message content"),
];

const GENAI_CONTENT: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true \
    (with OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental: span_only or span_and_event); where messages are log records, export logs to Bennu, too";

/// What would make a service's telemetry tell more, the most telling first.
pub(super) fn advice(service: &str, spans: &[SpanDetail]) -> Vec<Advice> {
    let calls: Vec<&SpanDetail> = spans.iter().filter(|found| is_answered_call(found)).collect();
    let mut advice = Vec::new();
    content(&calls, &mut advice);
    usage(&calls, &mut advice);
    doubled(spans, &mut advice);
    trees(spans, &mut advice);
    identity(service, spans, &mut advice);
    advice
}

fn content(calls: &[&SpanDetail], advice: &mut Vec<Advice>) {
    let mut bare: HashMap<&str, usize> = HashMap::new();
    let told = |found: &&&SpanDetail| {
        !(say_something(&found.detail.input_messages) && say_something(&found.detail.output_messages))
    };
    for found in calls.iter().filter(told) {
        // The call is told by another library's span: nothing is missing.
        let elsewhere = found.stored.row.usage.total() != found.stored.row.usage_owned.total();
        if !elsewhere {
            *bare.entry(scope(found)).or_default() += 1;
        }
    }
    let mut bare: Vec<_> = bare.into_iter().collect();
    bare.sort_unstable();
    for (scope, count) in bare {
        let set = CONTENT.iter().find(|(prefix, _)| matches(scope, prefix)).map_or("", |(_, set)| set);
        advice.push(Advice {
            says: format!("{} of {scope:?} without prompt or answer", calls_of(count)),
            set: set.to_owned(),
        });
    }
}

/// Whether a scope is the library's: the whole name, or the beginning of a dotted one.
fn matches(scope: &str, prefix: &str) -> bool {
    prefix.is_empty() || scope == prefix || (prefix != "ai" && scope.starts_with(prefix))
}

fn usage(calls: &[&SpanDetail], advice: &mut Vec<Advice>) {
    let silent = calls.iter().filter(|found| found.detail.usage.is_unknown());
    let (streams, others): (Vec<&SpanDetail>, Vec<&SpanDetail>) =
        silent.copied().partition(|found| is_streaming(found));
    if !streams.is_empty() {
        advice.push(Advice {
            says: format!("{} streamed without tokens", calls_of(streams.len())),
            set: "stream_options={\"include_usage\": true} in the request: OpenAI-compatible servers send usage of streams only when asked".into(),
        });
    }
    if !others.is_empty() {
        advice.push(Advice {
            says: format!("{} without tokens", calls_of(others.len())),
            set: "a newer version of the instrumentor; failing that, llm.token_count.prompt and .completion (or gen_ai.usage.input_tokens and .output_tokens) on the span".into(),
        });
    }
}

/// Two libraries that trace the same calls.
fn doubled(spans: &[SpanDetail], advice: &mut Vec<Advice>) {
    let mut writers: HashMap<&str, Vec<&str>> = HashMap::new();
    for found in spans {
        if let Some(id) = found.detail.response_id.as_deref() {
            let scopes = writers.entry(id).or_default();
            if !scopes.contains(&scope(found)) {
                scopes.push(scope(found));
            }
        }
    }
    let mut pairs: Vec<Vec<&str>> = writers.into_values().filter(|scopes| scopes.len() > 1).collect();
    pairs.iter_mut().for_each(|pair| pair.sort_unstable());
    pairs.sort_unstable();
    pairs.dedup();
    for pair in pairs {
        advice.push(Advice {
            says: format!("the same calls are traced by {}", pair.join(" and ")),
            set: "nothing has to be done: Bennu counts such a call once. One of the two can be switched off"
                .into(),
        });
    }
}

/// Spans that should hang together and do not.
fn trees(spans: &[SpanDetail], advice: &mut Vec<Advice>) {
    let of_ai_sdk = |found: &&SpanDetail| {
        let operation = found.stored.span.attribute("ai.operationId").and_then(|value| value.as_text());
        operation.is_some_and(|operation| operation.contains(".do") || operation == "ai.toolCall")
    };
    let inner: Vec<&SpanDetail> = spans.iter().filter(of_ai_sdk).collect();
    let alone = inner.iter().filter(|found| found.stored.span.parent_id.is_none()).count();
    if alone > 0 {
        advice.push(Advice {
            says: format!("{alone} of {} inner spans of the AI SDK are traces of their own", inner.len()),
            set: "register a context manager (NodeSDK does; with a bare provider call provider.register()), so that spans find their parents".into(),
        });
    }
}

fn identity(service: &str, spans: &[SpanDetail], advice: &mut Vec<Advice>) {
    if service.is_empty() || service.starts_with("unknown_service") {
        advice
            .push(Advice { says: "the service has no name".into(), set: "OTEL_SERVICE_NAME=<name>".into() });
    }
    if spans.iter().all(|found| found.detail.session_id.is_none()) {
        let set = match spans.iter().flat_map(|found| &found.facts).find_map(|fact| fact.dialect) {
            Some(Dialect::AiSdk) => "experimental_telemetry: { metadata: { sessionId, userId } }",
            Some(Dialect::Traceloop) => {
                "Traceloop.set_association_properties({\"session_id\": …, \"user_id\": …})"
            }
            Some(Dialect::OpenInference) => "with using_session(…), using_user(…): around the calls",
            _ => {
                "the attributes session.id (or gen_ai.conversation.id) and user.id on the spans of a conversation"
            }
        };
        advice.push(Advice { says: "no span names a session".into(), set: set.into() });
    }
}

fn calls_of(count: usize) -> String {
    format!("{count} model call{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_gets_its_own_advice() {
        let set = |scope: &str| CONTENT.iter().find(|(prefix, _)| matches(scope, prefix)).unwrap().1;
        assert!(set("opentelemetry.instrumentation.openai_v2").contains("CAPTURE_MESSAGE_CONTENT"));
        assert!(set("opentelemetry.instrumentation.openai.v1").contains("TRACELOOP"));
        assert!(set("ai").contains("recordInputs"));
        assert!(set("aiohttp").contains("your library's"));
    }
}
