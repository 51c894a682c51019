//! What is said about a span besides its content: single facts, what went wrong, what is unusual.

use bennu_model::{Detail, Tokens, Usage};
use bennu_semconv::otel;

use super::{listed::Listed, sampled::sampled};
use crate::{
    decode::{Fact, Place as DecodePlace},
    pages::{
        content::{self, Text},
        format,
    },
    query::SpanDetail,
};

/// Exceptions with their stack traces.
const MAX_EXCEPTIONS: usize = 8;
/// Rows of the table that tells where fields came from.
const MAX_SOURCES: usize = 100;

/// An exception event.
pub(in crate::pages) struct Exception {
    pub(in crate::pages) class: String,
    pub(in crate::pages) message: Text,
    pub(in crate::pages) stacktrace: Option<Text>,
}

/// Where reported tokens are counted, when that is not here.
pub(super) fn usage_note(detail: &Detail, owned: &Usage, below: Tokens) -> String {
    let Some(reported) = detail.usage.total() else { return String::new() };
    let owned = owned.total().unwrap_or(0);
    let below = Usage::from_tokens(below).total().unwrap_or(0);
    if owned >= reported {
        return String::new();
    }
    let unattributed = reported.saturating_sub(below);
    if detail.kind.repeats_usage() && below > 0 {
        return match unattributed {
            0 => "repeats the calls below, which are counted".into(),
            more => format!(
                "repeats the calls below, which are counted; {} reported, unattributed",
                format::count(more)
            ),
        };
    }
    match owned {
        0 => "counted in another span of the same call".into(),
        owned => format!("{} counted here, the rest in the spans below", format::count(owned)),
    }
}

/// The exceptions that were recorded, the first of them.
pub(super) fn exceptions(found: &SpanDetail) -> Listed<Exception> {
    let events = found.stored.span.events.iter().filter(|event| event.name == otel::EXCEPTION_EVENT);
    let events: Vec<_> = events.collect();
    Listed::new(&events, MAX_EXCEPTIONS, |_, event| {
        let get = |name: &str| {
            let value = event.attributes.iter().find(|(key, _)| key == name);
            value.and_then(|(_, value)| value.as_text()).filter(|text| !text.is_empty())
        };
        Exception {
            class: content::name(get(otel::EXCEPTION_TYPE).unwrap_or("exception")),
            message: Text::prose(get(otel::EXCEPTION_MESSAGE).unwrap_or_default()),
            stacktrace: get(otel::EXCEPTION_STACKTRACE).map(Text::code),
        }
    })
}

/// Single facts, those that are known.
pub(super) fn facts(found: &SpanDetail) -> Vec<(&'static str, String)> {
    let (span, detail) = (&found.stored.span, &found.detail);
    let requested = detail.model_requested.clone().filter(|asked| detail.model() != Some(asked));
    [
        ("asked model", requested),
        ("agent", detail.agent_name.clone()),
        ("response id", detail.response_id.clone()),
        ("finish reason", Some(detail.finish_reasons.join(", "))),
        ("first token after", detail.time_to_first_token_ms.map(|ms| format::duration((ms * 1e6) as u64))),
        ("error type", detail.error_type.clone()),
        ("session", detail.session_id.clone()),
        ("user", detail.user_id.clone()),
        ("tags", Some(detail.tags.join(", "))),
        (
            "OpenTelemetry kind",
            Some(span.otel_kind.as_str().to_lowercase()).filter(|kind| kind != "unspecified"),
        ),
        ("sampling", sampled(span)),
        ("trace state", Some(span.trace_state.clone())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
    .collect()
}

/// Where a field came from, as the pane's table shows it.
pub(in crate::pages) struct SourceView {
    pub(in crate::pages) field: &'static str,
    pub(in crate::pages) attribute: String,
    /// Whose attribute it is; where it stood, if that was not among the span's attributes.
    pub(in crate::pages) said_by: String,
}

/// Where every field came from.
pub(super) fn sources(facts: &[Fact]) -> Listed<SourceView> {
    let said_by = |fact: &Fact| match (fact.dialect, fact.place) {
        (Some(dialect), DecodePlace::Span) => dialect.name().to_owned(),
        (Some(dialect), place) => format!("{}, {}", dialect.name(), place.name()),
        (None, place) => place.name().to_owned(),
    };
    let source = |fact: &Fact| SourceView {
        field: fact.field.path(),
        attribute: content::name(&fact.attribute),
        said_by: said_by(fact),
    };
    Listed::new(facts, MAX_SOURCES, |_, fact| source(fact))
}

/// What is unusual about the record itself.
pub(super) fn notes(found: &SpanDetail) -> Vec<String> {
    let span = &found.stored.span;
    let dropped = |count: u32, what: &str| (count > 0).then(|| format!("the sender dropped {count} {what}"));
    [
        span.repaired.then(|| "some text was not UTF-8 and was repaired".to_owned()),
        // One that has not ended has no end yet.
        (span.end_ns < span.start_ns && !found.stored.row.running)
            .then(|| "it ends before it starts: a clock was wrong".to_owned()),
        dropped(span.dropped_attributes, "attributes"),
        dropped(span.dropped_events, "events"),
        dropped(span.dropped_links, "links"),
        (found.stored.records_left_out > 0).then(|| {
            let left_out = format::count(found.stored.records_left_out);
            format!(
                "only its last log records are read for its messages; {left_out} earlier ones are left out"
            )
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
