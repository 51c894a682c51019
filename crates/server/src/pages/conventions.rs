//! `/projects/{project}/conventions`: how well each service's telemetry is understood, and what to set to get more.

use askama::Template;
use axum::extract::{Path, State};
use serde::Deserialize;

use super::{
    Page,
    asked::Asked,
    content,
    encode::{conventions_link, encode},
    format,
    frame::{Frame, Tab},
    render,
};
use crate::{
    app::App,
    query::{self, Convention},
};

#[derive(Template)]
#[template(path = "conventions.html")]
struct ConventionsPage {
    frame: Frame,
    services: Vec<Service>,
    json_link: String,
    /// The link to all services, where only one is shown.
    all_link: String,
}

/// The page's state.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConventionsQuery {
    /// Only this service; the empty name is that of spans that name none.
    service: Option<String>,
}

struct Service {
    name: String,
    link: String,
    spans: String,
    libraries: Vec<(String, String)>,
    dialects: String,
    coverage: Vec<Covered>,
    advice: Vec<(String, String)>,
    understood: Vec<(&'static str, String, Vec<String>)>,
    unknown: Vec<(String, String, String)>,
    /// How many more there are; empty for none.
    unknown_more: String,
}

struct Covered {
    what: &'static str,
    /// In hundredths, for the bar.
    percent: usize,
    says: String,
}

pub(super) async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    Asked(asked): Asked<ConventionsQuery>,
) -> Page {
    let only = asked.service.as_deref();
    let reports = query::conventions(&app, &project, only).await?;
    Ok(render(&ConventionsPage {
        frame: Frame::new("Conventions", Some(&project), Tab::Conventions),
        services: reports.iter().map(|report| service(&project, report)).collect(),
        json_link: format!("/v1/projects/{}/conventions", encode(&project)),
        all_link: only.map(|_| conventions_link(&project)).unwrap_or_default(),
    }))
}

fn service(project: &str, report: &Convention) -> Service {
    let count = |count: usize| format::count(count as u64);
    let dialects: Vec<&str> = report.dialects.iter().map(|(dialect, _)| dialect.name()).collect();
    Service {
        name: content::name(&report.service),
        link: format!("{}?service={}", conventions_link(project), encode(&report.service)),
        spans: count(report.spans),
        libraries: report
            .libraries
            .iter()
            .map(|(name, spans)| (content::name(name), count(*spans)))
            .collect(),
        dialects: dialects.join(", "),
        coverage: report
            .coverage
            .iter()
            .map(|covered| Covered {
                what: covered.what,
                percent: covered.have * 100 / covered.of.max(1),
                says: format!("{} of {}", count(covered.have), count(covered.of)),
            })
            .collect(),
        advice: report
            .advice
            .iter()
            .map(|advice| (content::name(&advice.says), advice.set.clone()))
            .collect(),
        understood: report
            .understood
            .iter()
            .map(|understood| {
                let attributes = understood.attributes.iter().map(|name| content::name(name)).collect();
                (understood.field.path(), count(understood.spans), attributes)
            })
            .collect(),
        unknown: report
            .unknown
            .iter()
            .map(|unknown| {
                (content::name(&unknown.attribute), count(unknown.spans), example(&unknown.example))
            })
            .collect(),
        unknown_more: if report.unknown_more > 0 { count(report.unknown_more) } else { String::new() },
    }
}

/// An empty value is told as one, not as a missing name.
fn example(text: &str) -> String {
    if text.trim().is_empty() { "(empty)".into() } else { content::name(text) }
}
