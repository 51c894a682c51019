//! One step of both traces: facts side by side, and the lines in which their texts differ.

use bennu_model::{Detail, Message, Part, SpanId};
use bennu_store::Trace;
use serde_json::Value as Json;

use super::difference::{Difference, difference};
use crate::{
    app::App,
    decode::parse,
    error::Error,
    pages::{content, encode::trace_link, format},
    query::{self, SpanDetail},
};

/// What is read from either span, and its name.
type Reading = (&'static str, fn(&SpanDetail) -> String);

/// The step that is looked at.
pub(super) struct PairView {
    pub(super) name: String,
    pub(super) a_link: String,
    pub(super) b_link: String,
    pub(super) facts: Vec<(&'static str, String, String)>,
    pub(super) differences: Vec<Difference>,
}

/// Reads both spans; either may be missing.
pub(super) async fn pair_view(
    app: &App,
    a: &Trace,
    b: &Trace,
    left: Option<SpanId>,
    right: Option<SpanId>,
) -> Result<PairView, Error> {
    let left_found = one(app, a, left).await?;
    let right_found = one(app, b, right).await?;
    let link = |trace: &Trace, found: &Option<SpanDetail>| {
        found.as_ref().map(|found| {
            format!(
                "{}?span={}",
                trace_link(&trace.row.project, trace.row.trace_id),
                found.stored.row.span_id
            )
        })
    };
    let either = right_found.as_ref().or(left_found.as_ref());
    let name = either.map(|found| content::name(&found.stored.span.name)).unwrap_or_default();
    let (a_link, b_link) = (link(a, &left_found), link(b, &right_found));
    query::blocking(move || {
        let of = |read: fn(&SpanDetail) -> String| {
            (
                left_found.as_ref().map(read).unwrap_or_default(),
                right_found.as_ref().map(read).unwrap_or_default(),
            )
        };
        let facts: [Reading; 5] = [
            ("model", |found| found.detail.model().unwrap_or_default().to_owned()),
            ("usage", |found| {
                if found.detail.usage.is_unknown() {
                    String::new()
                } else {
                    format::usage(&found.detail.usage)
                }
            }),
            ("status", |found| {
                let status = &found.stored.span.status;
                format!("{} {}", status.code.as_str().to_lowercase(), content::name(&status.message))
                    .replace(" (no name)", "")
            }),
            ("finish reason", |found| found.detail.finish_reasons.join(", ")),
            ("documents", |found| {
                let ids = found
                    .detail
                    .documents
                    .iter()
                    .map(|document| document.id.clone().unwrap_or_else(|| "?".into()));
                ids.take(20).collect::<Vec<_>>().join(", ")
            }),
        ];
        let facts = facts.into_iter().map(|(name, read)| {
            let (a, b) = of(read);
            (name, a, b)
        });
        let texts: [Reading; 4] = [
            ("Shown to the model", |found| said(&found.detail.input_messages)),
            ("Parameters", |found| pretty(found.detail.invocation_parameters.as_ref())),
            ("Input", |found| {
                if found.detail.input_messages.is_empty() { went_in(&found.detail) } else { String::new() }
            }),
            ("Output", |found| {
                if found.detail.output_messages.is_empty() {
                    came_out(&found.detail)
                } else {
                    said(&found.detail.output_messages)
                }
            }),
        ];
        let differences = texts.into_iter().filter_map(|(title, read)| {
            let (a, b) = of(read);
            difference(title, &a, &b)
        });
        PairView {
            name,
            a_link: a_link.unwrap_or_default(),
            b_link: b_link.unwrap_or_default(),
            facts: facts.filter(|(_, a, b)| !a.is_empty() || !b.is_empty()).collect(),
            differences: differences.collect(),
        }
    })
    .await
}

async fn one(app: &App, trace: &Trace, span: Option<SpanId>) -> Result<Option<SpanDetail>, Error> {
    match span {
        Some(span) => query::span_detail(app, &trace.row, span).await,
        None => Ok(None),
    }
}

/// Messages as lines.
fn said(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        text.push_str(&format!("[{}]\n", message.role));
        for part in &message.parts {
            text.push_str(&match part {
                Part::Text { text } | Part::Reasoning { text } => text.clone(),
                Part::ToolCall { name, arguments, .. } => format!("→ {name} {arguments}"),
                Part::ToolResult { result, .. } => format!("← {}", pretty(Some(result))),
                Part::Image { url } => format!("image of {}", format::bytes(url.len())),
                Part::Audio { .. } => "audio".into(),
                Part::Other { value } => value.to_string(),
            });
            text.push('\n');
        }
    }
    text
}

fn went_in(detail: &Detail) -> String {
    let arguments = || detail.tool.as_ref().map(|tool| pretty(tool.arguments.as_ref()));
    let input = || detail.input.as_ref().map(|content| lines(&content.value));
    arguments()
        .filter(|text| !text.is_empty())
        .or_else(input)
        .or_else(|| detail.query.clone())
        .unwrap_or_default()
}

fn came_out(detail: &Detail) -> String {
    let result = || detail.tool.as_ref().map(|tool| pretty(tool.result.as_ref()));
    let output = || detail.output.as_ref().map(|content| lines(&content.value));
    let documents = || {
        let texts = detail.documents.iter().map(|document| {
            format!(
                "[{}] {}",
                document.id.as_deref().unwrap_or("?"),
                document.text.as_deref().unwrap_or_default()
            )
        });
        texts.collect::<Vec<_>>().join("\n")
    };
    result().filter(|text| !text.is_empty()).or_else(output).unwrap_or_else(documents)
}

/// JSON text on several lines, so that lines can be compared.
fn lines(text: &str) -> String {
    match parse(text) {
        json @ (Json::Object(_) | Json::Array(_)) => pretty(Some(&json)),
        _ => text.to_owned(),
    }
}

fn pretty(json: Option<&Json>) -> String {
    match json {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
