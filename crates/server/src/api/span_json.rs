//! A span in the JSON of its trace: everything it was sent with and what it means.

use bennu_model::{JsonAttributes, JsonValue, SpanId, TraceId, Usage};
use bennu_semconv::otel;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::rfc3339;
use crate::{
    decode::{self, Fact},
    query::SpanDetail,
};

/// Written as it is read: a tree of a conversation takes ten times the memory of its text.
pub(super) struct SpanJson<'a>(pub(super) &'a SpanDetail);

impl Serialize for SpanJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let found = self.0;
        let (span, row, detail) = (&found.stored.span, &found.stored.row, &found.detail);
        let owned = if row.usage.is_unknown() { Usage::default() } else { row.usage_owned };
        let mut json = serializer.serialize_map(None)?;
        json.serialize_entry("span_id", &span.span_id)?;
        json.serialize_entry("parent_id", &span.parent_id)?;
        json.serialize_entry("name", &span.name)?;
        json.serialize_entry("kind", &detail.kind)?;
        json.serialize_entry("otel_kind", &span.otel_kind.as_str())?;
        json.serialize_entry("start_time", &rfc3339(row.start_ns))?;
        json.serialize_entry("end_time", &rfc3339(row.end_ns))?;
        json.serialize_entry("start_ns", &span.start_ns.to_string())?;
        json.serialize_entry("end_ns", &span.end_ns.to_string())?;
        json.serialize_entry("duration_ms", &milliseconds(span.duration_ns()))?;
        json.serialize_entry("status", &row.status.as_str())?;
        json.serialize_entry("running", &row.running)?;
        json.serialize_entry("status_message", &span.status.message)?;
        json.serialize_entry("error_type", &detail.error_type)?;
        json.serialize_entry("model", &detail.model())?;
        json.serialize_entry("model_requested", &detail.model_requested)?;
        json.serialize_entry("model_answering", &detail.model_answering)?;
        json.serialize_entry("provider", &detail.provider)?;
        json.serialize_entry("response_id", &detail.response_id)?;
        json.serialize_entry("input", &detail.input)?;
        json.serialize_entry("output", &detail.output)?;
        json.serialize_entry("input_messages", &detail.input_messages)?;
        json.serialize_entry("output_messages", &detail.output_messages)?;
        json.serialize_entry("tools", &detail.tools)?;
        json.serialize_entry("invocation_parameters", &detail.invocation_parameters)?;
        json.serialize_entry("prompt_template", &detail.prompt_template)?;
        json.serialize_entry("query", &detail.query)?;
        json.serialize_entry("documents", &detail.documents)?;
        json.serialize_entry("input_documents", &detail.input_documents)?;
        json.serialize_entry("embeddings", &detail.embeddings)?;
        json.serialize_entry("tool", &detail.tool)?;
        json.serialize_entry("agent_name", &detail.agent_name)?;
        json.serialize_entry("finish_reasons", &detail.finish_reasons)?;
        json.serialize_entry("time_to_first_token_ms", &detail.time_to_first_token_ms)?;
        json.serialize_entry("usage", &detail.usage)?;
        json.serialize_entry("usage_owned", &owned)?;
        json.serialize_entry("cost_reported", &detail.cost)?;
        json.serialize_entry("session_id", &detail.session_id)?;
        json.serialize_entry("user_id", &detail.user_id)?;
        json.serialize_entry("tags", &detail.tags)?;
        json.serialize_entry("metadata", &detail.metadata)?;
        json.serialize_entry("service", &span.origin.resource.attribute(otel::SERVICE_NAME).map(JsonValue))?;
        let events = span.events.iter().map(|event| EventJson {
            name: &event.name,
            time_ns: event.time_ns.to_string(),
            attributes: JsonAttributes(&event.attributes),
        });
        json.serialize_entry("events", &events.collect::<Vec<_>>())?;
        let links = span.links.iter().map(|link| LinkJson {
            trace_id: link.trace_id,
            span_id: link.span_id,
            attributes: JsonAttributes(&link.attributes),
        });
        json.serialize_entry("links", &links.collect::<Vec<_>>())?;
        json.serialize_entry("sources", &sources(&found.facts))?;
        json.serialize_entry("attributes", &JsonAttributes(&span.attributes))?;
        json.serialize_entry("resource", &JsonAttributes(&span.origin.resource.attributes))?;
        json.serialize_entry(
            "scope",
            &json!({"name": span.origin.scope_name, "version": span.origin.scope_version}),
        )?;
        json.serialize_entry("trace_state", &span.trace_state)?;
        json.serialize_entry("flags", &span.flags)?;
        json.serialize_entry("repaired", &span.repaired)?;
        json.serialize_entry("log_records_left_out", &found.stored.records_left_out)?;
        let dropped = json!({"attributes": span.dropped_attributes, "events": span.dropped_events, "links": span.dropped_links});
        json.serialize_entry("dropped", &dropped)?;
        json.end()
    }
}

#[derive(Serialize)]
struct EventJson<'a> {
    name: &'a str,
    time_ns: String,
    attributes: JsonAttributes<'a>,
}

#[derive(Serialize)]
struct LinkJson<'a> {
    trace_id: TraceId,
    span_id: SpanId,
    attributes: JsonAttributes<'a>,
}

/// Where each field came from: the attribute (with a JSON pointer where only a part of it was taken), the event, or what it follows
/// from. A field that several attributes set together names them all.
fn sources(facts: &[Fact]) -> Value {
    let mut fields = serde_json::Map::new();
    for fact in facts {
        let source = json!({
            "attribute": fact.attribute,
            "place": fact.place.name(),
            "dialect": fact.dialect.map(decode::Dialect::name),
        });
        if let Value::Array(sources) = fields.entry(fact.field.path()).or_insert_with(|| json!([])) {
            sources.push(source);
        }
    }
    Value::Object(fields)
}

pub(super) fn milliseconds(duration_ns: u64) -> f64 {
    duration_ns as f64 / 1e6
}
