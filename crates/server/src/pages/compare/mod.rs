//! `/projects/{project}/compare?a=…&b=…`: two traces side by side, aligned by path, differences marked.
//!
//! With `b` alone, `a` is the last trace of that name without errors: what changed since it last worked. `trace=…&trace=…` (the
//! list's form) becomes `a` and `b` by their age.

mod align;
mod difference;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect},
};
use bennu_model::{Detail, Message, Part, SpanId, StatusCode, TraceId};
use bennu_store::{SpanRow, Trace, TraceFilter, TraceRow};
use serde_json::Value as Json;

use super::{
    Page, content,
    encode::{encode, trace_link},
    format::{self, Moment},
    frame::{Frame, Tab},
    render,
    trace::{
        row::{kind_class, kind_word},
        tree::Tree,
    },
};
use crate::{
    app::App,
    error::{Code, Error},
    query::{self, SpanDetail},
};
use align::{Step, align};
use difference::{Difference, difference};

/// Steps shown.
const MAX_STEPS: usize = 300;
/// Traces of a name looked at for one that worked.
const MAX_TRIED: usize = 50;

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    frame: Frame,
    a: Side,
    b: Side,
    duration: Delta,
    tokens: Delta,
    steps: Vec<StepView>,
    /// `300 of 1,200`, when not all are shown.
    cut: String,
    pair: Option<PairView>,
}

/// One of the traces.
struct Side {
    link: String,
    id: String,
    name: String,
    when: Moment,
    duration: String,
    tokens: String,
    spans: String,
    errors: u64,
}

/// How much more or less `b` has.
#[derive(Default)]
struct Delta {
    text: String,
    class: &'static str,
}

struct StepView {
    kind: &'static str,
    kind_class: String,
    name: String,
    indent: usize,
    link: String,
    class: &'static str,
    selected: bool,
    a: Option<Cell>,
    b: Option<Cell>,
    duration: Delta,
    /// What else differs, in words.
    differs: String,
}

struct Cell {
    duration: String,
    /// Out of 100, against the longest step.
    share: String,
    tokens: String,
    failed: bool,
}

/// The step that is looked at.
struct PairView {
    name: String,
    a_link: String,
    b_link: String,
    facts: Vec<(&'static str, String, String)>,
    differences: Vec<Difference>,
}

pub(super) async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Page {
    let mut asked = Asked::read(&pairs)?;
    if let [one, other] = asked.picked[..] {
        let (one, other) = (row(&app, &project, one).await?, row(&app, &project, other).await?);
        let (a, b) = if one.start_ns <= other.start_ns { (one, other) } else { (other, one) };
        let link = format!("/projects/{}/compare?a={}&b={}", encode(&project), a.trace_id, b.trace_id);
        return Ok(Redirect::to(&link).into_response());
    }
    let Some(b) = asked.b else {
        return Err(invalid(
            "compare needs two traces: ?a=TRACE&b=TRACE, or ?b=TRACE for the last good one beside it",
        )
        .into());
    };
    let a = match asked.a.take() {
        Some(a) => a,
        None => last_good(&app, &row(&app, &project, b).await?).await?,
    };
    let missing = |id: TraceId| Error::not_found(format!("the trace {id} in the project {project:?}"));
    let a = app.store.trace(Some(&project), a).await?.ok_or_else(|| missing(a))?;
    let b = app.store.trace(Some(&project), b).await?.ok_or_else(|| missing(b))?;
    let base = format!("/projects/{}/compare?a={}&b={}", encode(&project), a.row.trace_id, b.row.trace_id);

    let chosen = asked.step;
    let (a, b, steps, cut, pair) = query::blocking(move || {
        let (steps, cut, pair) = {
            let (left, right) = (Tree::new(&a.spans), Tree::new(&b.spans));
            let steps = align(&left, &right);
            let pair = chosen.or_else(|| telling(&left, &right, &steps));
            let views = views(&left, &right, &steps, pair, &base);
            let cut = if steps.len() > MAX_STEPS {
                format!("{MAX_STEPS} of {}", format::count(steps.len() as u64))
            } else {
                String::new()
            };
            (views, cut, pair)
        };
        (a, b, steps, cut, pair)
    })
    .await?;
    let pair = match pair {
        Some((left, right)) => Some(pair_view(&app, &a, &b, left, right).await?),
        None => None,
    };
    let tokens = |row: &TraceRow| row.usage.total().unwrap_or(0);
    Ok(render(&ComparePage {
        frame: Frame::new(format!("compare · {}", content::name(&b.row.name)), Some(&project), Tab::Traces),
        duration: delta(a.row.duration_ns(), b.row.duration_ns(), format::duration),
        tokens: delta(tokens(&a.row), tokens(&b.row), format::count),
        a: side(&a.row),
        b: side(&b.row),
        steps,
        cut,
        pair,
    }))
}

/// What the URL says.
#[derive(Default)]
struct Asked {
    a: Option<TraceId>,
    b: Option<TraceId>,
    picked: Vec<TraceId>,
    /// The step looked at: its span in either trace.
    step: Option<(Option<SpanId>, Option<SpanId>)>,
}

impl Asked {
    fn read(pairs: &[(String, String)]) -> Result<Asked, Error> {
        let mut asked = Asked::default();
        for (name, value) in pairs {
            let trace = || {
                value
                    .parse::<TraceId>()
                    .map_err(|_| invalid(format!("{name}={value}: a trace id of 32 hex digits was expected")))
            };
            match name.as_str() {
                "a" => asked.a = Some(trace()?),
                "b" => asked.b = Some(trace()?),
                "trace" => asked.picked.push(trace()?),
                "step" => {
                    let (a, b) = value.split_once('-').unwrap_or((value, ""));
                    asked.step = Some((a.parse().ok(), b.parse().ok()));
                }
                other => return Err(invalid(format!("{other} is not a parameter of this page"))),
            }
        }
        if !asked.picked.is_empty() && asked.picked.len() != 2 {
            return Err(invalid("select two traces to compare"));
        }
        Ok(asked)
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::Unprocessable, message.into())
}

async fn row(app: &App, project: &str, id: TraceId) -> Result<TraceRow, Error> {
    let row = app.store.trace_row(project, id).await?;
    row.ok_or_else(|| Error::not_found(format!("the trace {id} in the project {project:?}")))
}

/// The last trace of the same name that began before and has no error.
async fn last_good(app: &App, row: &TraceRow) -> Result<TraceId, Error> {
    let filter = TraceFilter {
        errors: Some(false),
        name: Some(row.name.clone()),
        until_ns: Some(row.start_ns),
        ..TraceFilter::default()
    };
    let page = app.store.traces(&row.project, filter, None, MAX_TRIED).await?;
    let good = page.traces.into_iter().find(|other| other.name == row.name);
    good.map(|good| good.trace_id).ok_or_else(|| {
        Error::not_found(format!("an earlier trace named {:?} without errors", content::name(&row.name)))
    })
}

fn side(row: &TraceRow) -> Side {
    Side {
        link: trace_link(&row.project, row.trace_id),
        id: row.trace_id.to_string(),
        name: content::name(&row.name),
        when: format::moment(row.start_ns),
        duration: format::duration(row.duration_ns()),
        tokens: format::known(row.usage.total()),
        spans: format::count(row.spans),
        errors: row.errors,
    }
}

/// Nothing where the difference is less than a twentieth: every run differs a little.
fn delta(a: u64, b: u64, say: fn(u64) -> String) -> Delta {
    let (more, by) = (b > a, b.abs_diff(a));
    if by.saturating_mul(20) < a.max(b) || by == 0 {
        return Delta::default();
    }
    Delta {
        text: format!("{}{}", if more { "+" } else { "−" }, say(by)),
        class: if more { "more" } else { "less" },
    }
}

/// The step to look at first: where one failed and the other did not, else the last model call of both.
fn telling(a: &Tree<'_>, b: &Tree<'_>, steps: &[Step]) -> Option<(Option<SpanId>, Option<SpanId>)> {
    let span = |tree: &Tree<'_>, place: Option<usize>| place.map(|place| tree.span(place).span_id);
    let failed = |tree: &Tree<'_>, place: Option<usize>| {
        place.is_some_and(|place| tree.span(place).status == StatusCode::Error)
    };
    let differs = steps.iter().rev().find(|step| failed(a, step.a) != failed(b, step.b));
    let call = || {
        steps.iter().rev().find(|step| match (step.a, step.b) {
            (Some(left), Some(_)) => a.span(left).kind == bennu_model::Kind::Llm,
            _ => false,
        })
    };
    let step = differs.or_else(call).or(steps.first())?;
    Some((span(a, step.a), span(b, step.b)))
}

fn views(
    a: &Tree<'_>,
    b: &Tree<'_>,
    steps: &[Step],
    chosen: Option<(Option<SpanId>, Option<SpanId>)>,
    base: &str,
) -> Vec<StepView> {
    let lasted = |span: &SpanRow| span.end_ns.saturating_sub(span.start_ns).max(0).unsigned_abs();
    let longest = (0..a.len()).map(|place| lasted(a.span(place)));
    let longest = longest.chain((0..b.len()).map(|place| lasted(b.span(place)))).max().unwrap_or(0).max(1);
    let cell = |span: &SpanRow| Cell {
        duration: format::duration(lasted(span)),
        share: format!("{:.1}", lasted(span) as f64 / longest as f64 * 100.0),
        tokens: span.usage.total().map(format::count).unwrap_or_default(),
        failed: span.status == StatusCode::Error,
    };
    let view = |step: &Step| {
        let (left, right) = (step.a.map(|place| a.span(place)), step.b.map(|place| b.span(place)));
        let shown = right.or(left)?;
        let id = |span: Option<&SpanRow>| span.map(|span| span.span_id.to_string()).unwrap_or_default();
        let mut differs = Vec::new();
        if let (Some(left), Some(right)) = (left, right) {
            if left.model != right.model {
                let name = |model: &Option<String>| model.clone().unwrap_or_else(|| "-".into());
                differs.push(format!("{} → {}", name(&left.model), name(&right.model)));
            }
            if left.note != right.note {
                let note = |note: &Option<String>| note.clone().unwrap_or_else(|| "-".into());
                differs.push(format!("{} → {}", note(&left.note), note(&right.note)));
            }
        }
        Some(StepView {
            kind: kind_word(shown.kind),
            kind_class: kind_class(shown.kind),
            name: content::name(&shown.name),
            indent: step.depth.min(14),
            link: format!("{base}&step={}-{}", id(left), id(right)),
            class: match (left, right) {
                (Some(_), None) => "only-a",
                (None, Some(_)) => "only-b",
                _ => "",
            },
            selected: chosen == Some((left.map(|span| span.span_id), right.map(|span| span.span_id))),
            duration: match (left, right) {
                (Some(left), Some(right)) => delta(lasted(left), lasted(right), format::duration),
                _ => Delta::default(),
            },
            a: left.map(cell),
            b: right.map(cell),
            differs: differs.join(", "),
        })
    };
    steps.iter().take(MAX_STEPS).filter_map(view).collect()
}

async fn pair_view(
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
        let facts: [(&'static str, fn(&SpanDetail) -> String); 5] = [
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
        let texts: [(&'static str, fn(&SpanDetail) -> String); 4] = [
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
    match serde_json::from_str::<Json>(text) {
        Ok(json) if json.is_object() || json.is_array() => pretty(Some(&json)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_no_differences() {
        let told = |a, b| delta(a, b, format::count).text;
        assert_eq!(
            (told(100, 103).as_str(), told(100, 110).as_str(), told(100, 50).as_str(), told(0, 0).as_str()),
            ("", "+10", "−50", "")
        );
        assert_eq!(told(0, u64::MAX), "+18,446,744,073,709,551,615");
    }

    #[test]
    fn what_is_not_a_pair_is_refused() {
        let read = |text: &str| {
            let pairs: Vec<(String, String)> = text
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(a, b)| (a.into(), b.into()))
                .collect();
            Asked::read(&pairs).map(|_| ())
        };
        let id = "a".repeat(32);
        assert!(read(&format!("a={id}&b={id}&step=x-y")).is_ok());
        for bad in ["a=x".to_owned(), format!("trace={id}"), format!("c={id}")] {
            assert_eq!(read(&bad).unwrap_err().code, Code::Unprocessable, "{bad}");
        }
    }
}
