//! How well a service's telemetry is understood: what its libraries say, what nobody knows, what to set to get more.
//!
//! Made from the newest spans when it is asked for. Nothing is kept for it.

mod advice;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bennu_model::{Attribute, Kind, Message, StatusCode};
use bennu_semconv::otel;
use bennu_store::StoredSpan;

use super::{SpanDetail, blocking};
use crate::{
    app::App,
    decode::{Dialect, Field, is_understood},
    error::Error,
};

pub(crate) use advice::Advice;

/// Spans of a service that are looked at.
const MAX_SPANS: usize = 300;
/// Attributes listed, the most frequent first.
const MAX_ATTRIBUTES: usize = 60;
/// Characters of an example.
const MAX_EXAMPLE_CHARS: usize = 80;

/// What the newest spans of a service tell.
#[derive(Debug, Default)]
pub(crate) struct Convention {
    /// `service.name`; empty for spans whose resource has none.
    pub(crate) service: String,
    /// How many spans were looked at.
    pub(crate) spans: usize,
    /// Instrumentation scopes with how many spans are theirs, the largest first.
    pub(crate) libraries: Vec<(String, usize)>,
    /// Dialects with how many facts they told, the largest first.
    pub(crate) dialects: Vec<(Dialect, usize)>,
    pub(crate) coverage: Vec<Coverage>,
    pub(crate) understood: Vec<Understood>,
    pub(crate) unknown: Vec<Unknown>,
    pub(crate) advice: Vec<Advice>,
}

/// How many of the spans that could tell something do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) what: &'static str,
    pub(crate) have: usize,
    pub(crate) of: usize,
}

/// A field and the attributes that set it.
#[derive(Debug)]
pub(crate) struct Understood {
    pub(crate) field: Field,
    pub(crate) spans: usize,
    pub(crate) attributes: Vec<String>,
}

/// An attribute that nothing is made from. Indexes in its name are written `N`.
#[derive(Debug)]
pub(crate) struct Unknown {
    pub(crate) attribute: String,
    pub(crate) spans: usize,
    pub(crate) example: String,
}

/// The reports of a project's services by name, or of one.
pub(crate) async fn conventions(
    app: &App,
    project: &str,
    service: Option<&str>,
) -> Result<Vec<Convention>, Error> {
    let mut asked: Vec<Option<String>> = vec![None];
    match service {
        Some(service) => asked = vec![Some(service.to_owned())],
        None => asked.extend(app.store.services(project).await?.into_iter().map(Some)),
    }
    // A trace is its root's service's; the spans below may be those of others.
    let mut services: BTreeMap<String, BTreeMap<i64, StoredSpan>> = BTreeMap::new();
    for named in asked {
        for stored in app.store.recent_spans(project, named.as_deref(), MAX_SPANS).await? {
            let name = service_name(&stored).unwrap_or_default();
            if service.is_none_or(|service| service == name) {
                services.entry(name.to_owned()).or_default().insert(stored.row.id, stored);
            }
        }
    }
    let read = |(name, spans): (String, BTreeMap<i64, StoredSpan>)| {
        let newest = spans.into_values().rev().take(MAX_SPANS);
        report(name, &newest.map(SpanDetail::new).collect::<Vec<_>>())
    };
    blocking(move || services.into_iter().map(read).collect()).await
}

fn report(service: String, spans: &[SpanDetail]) -> Convention {
    let mut libraries: HashMap<String, usize> = HashMap::new();
    let mut dialects: HashMap<Dialect, usize> = HashMap::new();
    let mut fields: BTreeMap<Field, (usize, BTreeSet<&str>)> = BTreeMap::new();
    let mut unknown: HashMap<String, Unknown> = HashMap::new();
    for found in spans {
        let origin = &found.stored.span.origin;
        let library = [&*origin.scope_name, &*origin.scope_version].join(" ");
        *libraries.entry(library.trim().to_owned()).or_default() += 1;
        for fact in &found.facts {
            if let Some(dialect) = fact.dialect {
                *dialects.entry(dialect).or_default() += 1;
            }
            let (count, attributes) = fields.entry(fact.field).or_default();
            *count += 1;
            attributes.insert(&fact.attribute);
        }
        let mut seen = BTreeSet::new();
        let strange = |(key, _): &&Attribute| !is_understood(key, &origin.scope_name) && !is_plumbing(key);
        for attribute in found.stored.span.attributes.iter().filter(strange) {
            let name = without_indexes(&attribute.0);
            if seen.insert(name.clone()) {
                unknown.entry(name.clone()).or_insert_with(|| example(name, attribute)).spans += 1;
            }
        }
    }
    let mut unknown: Vec<Unknown> = unknown.into_values().collect();
    unknown.sort_by(|a, b| b.spans.cmp(&a.spans).then_with(|| a.attribute.cmp(&b.attribute)));
    unknown.truncate(MAX_ATTRIBUTES);
    let understood = fields.into_iter().map(|(field, (spans, attributes))| {
        let attributes = attributes.into_iter().map(str::to_owned).collect();
        Understood { field, spans, attributes }
    });
    Convention {
        spans: spans.len(),
        libraries: largest_first(libraries),
        dialects: largest_first(dialects),
        coverage: coverage(spans),
        understood: understood.collect(),
        unknown,
        advice: advice::advice(&service, spans),
        service,
    }
}

fn largest_first<K: Ord>(counts: HashMap<K, usize>) -> Vec<(K, usize)> {
    let mut counts: Vec<(K, usize)> = counts.into_iter().collect();
    counts.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    counts
}

/// Of the calls that succeeded: a failed one has no answer and no usage.
fn coverage(spans: &[SpanDetail]) -> Vec<Coverage> {
    let calls: Vec<&SpanDetail> = spans.iter().filter(|found| is_answered_call(found)).collect();
    let of_calls = |what, has: fn(&SpanDetail) -> bool| Coverage {
        what,
        have: calls.iter().filter(|found| has(found)).count(),
        of: calls.len(),
    };
    let of_all = |what, has: fn(&SpanDetail) -> bool| Coverage {
        what,
        have: spans.iter().filter(|found| has(found)).count(),
        of: spans.len(),
    };
    [
        of_all("kind", |found| found.detail.kind != Kind::Unknown),
        of_all("session", |found| found.detail.session_id.is_some()),
        of_all("user", |found| found.detail.user_id.is_some()),
        of_calls("prompt", |found| say_something(&found.detail.input_messages)),
        of_calls("answer", |found| say_something(&found.detail.output_messages)),
        of_calls("model", |found| found.detail.model().is_some()),
        of_calls("tokens", |found| !found.detail.usage.is_unknown()),
        of_calls("finish reason", |found| !found.detail.finish_reasons.is_empty()),
        of_calls("response id", |found| found.detail.response_id.is_some()),
    ]
    .into_iter()
    .filter(|coverage| coverage.of > 0)
    .collect()
}

fn is_answered_call(found: &SpanDetail) -> bool {
    found.detail.kind == Kind::Llm
        && found.stored.row.status != StatusCode::Error
        && !found.stored.row.running
}

/// With content switched off, some libraries still send messages with nothing in them.
fn say_something(messages: &[Message]) -> bool {
    messages.iter().any(|message| !message.parts.is_empty())
}

/// What OpenTelemetry says of any client or process: nothing that a model was shown.
fn is_plumbing(key: &str) -> bool {
    const PREFIXES: [&str; 9] =
        ["server.", "client.", "http.", "url.", "network.", "net.", "code.", "thread.", "user_agent."];
    PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

fn example(attribute: String, (_, value): &Attribute) -> Unknown {
    let text = value.as_text().map_or_else(|| value.to_json().to_string(), str::to_owned);
    let example = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = example.char_indices().nth(MAX_EXAMPLE_CHARS).map_or(example.len(), |(at, _)| at);
    Unknown { attribute, spans: 0, example: example[..cut].to_owned() }
}

/// `a.0.b` and `a.17.b` are one attribute.
fn without_indexes(name: &str) -> String {
    let part = |part: &str| match !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
        true => "N".to_owned(),
        false => part.to_owned(),
    };
    name.split('.').map(part).collect::<Vec<_>>().join(".")
}

/// The scope that wrote a span, in one word for comparisons.
fn scope(found: &SpanDetail) -> &str {
    &found.stored.span.origin.scope_name
}

/// Whether the client asked for a stream.
fn is_streaming(found: &SpanDetail) -> bool {
    let asked = ["gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"];
    let parameter =
        found.detail.invocation_parameters.as_ref().and_then(|given| given.get("stream")?.as_bool());
    parameter == Some(true)
        || found.detail.time_to_first_token_ms.is_some()
        || asked.iter().any(|name| found.stored.span.attribute(name) == Some(&bennu_model::Value::Bool(true)))
}

/// The service's name as its resource has it.
fn service_name(stored: &StoredSpan) -> Option<&str> {
    stored.span.origin.resource.attribute(otel::SERVICE_NAME)?.as_text()
}
