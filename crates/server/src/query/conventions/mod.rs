//! How well a service's telemetry is understood: what its libraries say, what nobody knows, what to set to get more.
//!
//! Made from the newest spans when it is asked for. Nothing is kept for it.

mod advice;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bennu_model::Kind;
use bennu_semconv::otel;
use bennu_store::StoredSpan;

use super::{blocking, turn};
use crate::{
    app::App,
    decode::{Dialect, Field},
    error::Error,
};

pub(crate) use advice::Advice;
use told::Told;

/// Spans of a service that are looked at.
const MAX_SPANS: usize = 300;
/// Attributes listed, the most frequent first.
const MAX_ATTRIBUTES: usize = 60;

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
    /// Attributes that nothing is made from, the most frequent first.
    pub(crate) unknown: Vec<Unknown>,
    /// How many more there are.
    pub(crate) unknown_more: usize,
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
    // A trace is its root's service's; the spans below may be those of others, which may be no root's: so the newest of all.
    let mut asked: Vec<Option<String>> = vec![None];
    match service {
        Some("") => {}
        Some(service) => asked.push(Some(service.to_owned())),
        None => asked.extend(app.store.services(project).await?.into_iter().map(Some)),
    }
    let mut services: BTreeMap<String, BTreeMap<i64, Told>> = BTreeMap::new();
    for named in asked {
        // One answer of the store at a time: what is kept of it is small.
        let _turn = turn(&app.answers).await?;
        let spans = app.store.recent_spans(project, named.as_deref(), MAX_SPANS).await?;
        let read =
            move || spans.into_iter().map(|stored| (service_name(&stored), stored.row.id, Told::new(stored)));
        let told: Vec<(String, i64, Told)> = blocking(move || read().collect()).await?;
        for (name, id, told) in told {
            if service.is_none_or(|service| service == name) {
                services.entry(name).or_default().insert(id, told);
            }
        }
    }
    let report = |(name, spans): (String, BTreeMap<i64, Told>)| {
        report(name, &spans.into_values().rev().take(MAX_SPANS).collect::<Vec<_>>())
    };
    Ok(services.into_iter().map(report).collect())
}

fn report(service: String, spans: &[Told]) -> Convention {
    let mut libraries: HashMap<String, usize> = HashMap::new();
    let mut dialects: HashMap<Dialect, usize> = HashMap::new();
    let mut fields: BTreeMap<Field, (usize, BTreeSet<&str>)> = BTreeMap::new();
    let mut unknown: HashMap<&str, Unknown> = HashMap::new();
    for span in spans {
        *libraries.entry(span.library.clone()).or_default() += 1;
        let mut told = BTreeSet::new();
        for fact in &span.facts {
            if let Some(dialect) = fact.dialect {
                *dialects.entry(dialect).or_default() += 1;
            }
            let (count, attributes) = fields.entry(fact.field).or_default();
            // Several attributes may tell one field.
            *count += usize::from(told.insert(fact.field));
            attributes.insert(&fact.attribute);
        }
        for (name, example) in &span.unknown {
            let attribute = || Unknown { attribute: name.clone(), spans: 0, example: example.clone() };
            unknown.entry(name).or_insert_with(attribute).spans += 1;
        }
    }
    let mut unknown: Vec<Unknown> = unknown.into_values().collect();
    unknown.sort_by(|a, b| b.spans.cmp(&a.spans).then_with(|| a.attribute.cmp(&b.attribute)));
    let unknown_more = unknown.len().saturating_sub(MAX_ATTRIBUTES);
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
        unknown_more,
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
fn coverage(spans: &[Told]) -> Vec<Coverage> {
    let of = |what, of: fn(&Told) -> bool, has: fn(&Told) -> bool| Coverage {
        what,
        have: spans.iter().filter(|span| of(span) && has(span)).count(),
        of: spans.iter().filter(|span| of(span)).count(),
    };
    let all = |_: &Told| true;
    let call = |span: &Told| span.answered;
    [
        of("kind", all, |span| span.kind != Kind::Unknown),
        of("session", all, |span| span.session),
        of("user", all, |span| span.user),
        of("prompt", call, |span| span.prompt),
        of("answer", call, |span| span.answer),
        of("model", call, |span| span.model),
        of("tokens", call, |span| span.tokens),
        of("finish reason", call, |span| span.finish_reason),
        of("response id", call, |span| span.response_id.is_some()),
    ]
    .into_iter()
    .filter(|coverage| coverage.of > 0)
    .collect()
}

/// The service's name as its resource has it; empty if it has none.
fn service_name(stored: &StoredSpan) -> String {
    let name = stored.span.origin.resource.attribute(otel::SERVICE_NAME);
    name.and_then(|name| name.as_text()).unwrap_or_default().to_owned()
}
