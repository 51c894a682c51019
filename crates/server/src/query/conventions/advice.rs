//! What to set to get more.

use std::collections::{BTreeMap, HashMap};

use super::Told;
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
pub(super) fn advice(service: &str, spans: &[Told]) -> Vec<Advice> {
    let calls: Vec<&Told> = spans.iter().filter(|span| span.answered).collect();
    let mut advice = Vec::new();
    content(&calls, &mut advice);
    usage(&calls, &mut advice);
    doubled(spans, &mut advice);
    trees(spans, &mut advice);
    identity(service, spans, &mut advice);
    advice
}

fn content(calls: &[&Told], advice: &mut Vec<Advice>) {
    let mut bare: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // A call that another library's span tells, too, misses nothing.
    for span in calls.iter().filter(|span| !span.counted_elsewhere) {
        let missing = match (span.prompt, span.answer) {
            (true, true) => continue,
            (false, false) => "prompt and answer",
            (false, true) => "prompt",
            (true, false) => "answer",
        };
        *bare.entry((&span.scope, missing)).or_default() += 1;
    }
    for ((scope, missing), count) in bare {
        let set = CONTENT.iter().find(|(prefix, _)| matches(scope, prefix)).map_or("", |(_, set)| set);
        advice.push(Advice {
            says: format!("{} of {scope:?} without {missing}", calls_of(count)),
            set: set.to_owned(),
        });
    }
}

/// Whether a scope is the library's: the whole name, or the beginning of a dotted one.
fn matches(scope: &str, prefix: &str) -> bool {
    let rest = scope.strip_prefix(prefix).and_then(|rest| rest.chars().next());
    prefix.is_empty()
        || scope == prefix
        || (prefix != "ai" && rest.is_some_and(|next| prefix.ends_with('.') || !next.is_alphanumeric()))
}

fn usage(calls: &[&Told], advice: &mut Vec<Advice>) {
    let silent = calls.iter().filter(|span| !span.tokens);
    let (streams, others): (Vec<&Told>, Vec<&Told>) = silent.copied().partition(|span| span.streaming);
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
fn doubled(spans: &[Told], advice: &mut Vec<Advice>) {
    let mut writers: HashMap<&str, Vec<&str>> = HashMap::new();
    for span in spans {
        if let Some(id) = span.response_id.as_deref() {
            let scopes = writers.entry(id).or_default();
            if !scopes.contains(&&*span.scope) {
                scopes.push(&span.scope);
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
fn trees(spans: &[Told], advice: &mut Vec<Advice>) {
    let inner: Vec<bool> = spans.iter().filter_map(|span| span.inner_of_ai_sdk).collect();
    let alone = inner.iter().filter(|has_parent| !**has_parent).count();
    if alone > 0 {
        advice.push(Advice {
            says: format!("{alone} of {} inner spans of the AI SDK are traces of their own", inner.len()),
            set: "register a context manager (NodeSDK does; with a bare provider call provider.register()), so that spans find their parents".into(),
        });
    }
}

fn identity(service: &str, spans: &[Told], advice: &mut Vec<Advice>) {
    if service.is_empty() || service.starts_with("unknown_service") {
        advice
            .push(Advice { says: "the service has no name".into(), set: "OTEL_SERVICE_NAME=<name>".into() });
    }
    if !spans.iter().any(|span| span.session) {
        let set = match spans.iter().find_map(Told::dialect) {
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
        assert!(set("@arizeai/openinference-vercel").contains("OPENINFERENCE_HIDE"));
        assert!(set("strands.telemetry.tracer").contains("strands-agents"));
        assert!(set("rig-core").contains("record_content"));
        for other in ["aiohttp", "ai.workers", "rigor.app", "genaikit"] {
            assert!(set(other).contains("your library's"), "{other}");
        }
    }
}
