//! OTLP as it comes over the wire. Two readers, one result.

pub mod proto;
pub mod protobuf;
pub mod json;
mod repair;
mod fields;

use bennu_model::{Attribute, SpanId, TraceId, Value};
use bennu_semconv::openinference;

/// The project that a resource names.
fn project(resource: &[Attribute]) -> Option<String> {
    let named = resource.iter().find(|(key, _)| key == openinference::PROJECT_NAME);
    named.and_then(|(_, value)| value.as_text()).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The ids every span must have; zero is OTLP's word for none.
fn ids(trace_id: Option<TraceId>, span_id: Option<SpanId>) -> Result<(TraceId, SpanId), &'static str> {
    let trace_id = trace_id.filter(|id| !id.is_zero()).ok_or("trace_id is missing, zero or not 16 bytes")?;
    let span_id = span_id.filter(|id| !id.is_zero()).ok_or("span_id is missing, zero or not 8 bytes")?;
    Ok((trace_id, span_id))
}

/// Text that should be UTF-8; SDKs that cut at bytes break it. Repaired, and remembered.
fn text(bytes: &[u8], repaired: &mut bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    *repaired |= matches!(text, std::borrow::Cow::Owned(_));
    text.into_owned()
}

/// Placeholder for a value of no kind.
const EMPTY: Value = Value::Empty;
