//! `/projects/{project}/compare?a=…&b=…`: two traces side by side, aligned by path, differences marked.
//!
//! With `b` alone, `a` is the last trace of that name without errors: what changed since it last worked. `trace=…&trace=…` (the
//! list's form) becomes `a` and `b` by their age.

mod align;
mod steps;
mod difference;
mod pair;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use bennu_model::TraceId;
use bennu_store::{TraceFilter, TraceRow};

use super::{
    Page, asked, content,
    encode::{encode, trace_link},
    format::{self, Moment},
    frame::{Frame, Tab},
    render,
    trace::tree::Tree,
};
use crate::{
    app::App,
    error::{Code, Error},
    query,
};
use align::align;
use pair::{PairView, pair_view};
use steps::{Chosen, Delta, MAX_STEPS, StepView, delta, telling, views};

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

pub(super) async fn page(
    State(app): State<App>,
    Path(project): Path<String>,
    asked::Asked(pairs): asked::Asked<Vec<(String, String)>>,
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
    let _turn = query::turn(&app.pages).await?;
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
    Ok(render(&ComparePage {
        frame: Frame::new(format!("compare · {}", content::name(&b.row.name)), Some(&project), Tab::Traces),
        duration: delta(a.row.duration_ns(), b.row.duration_ns(), format::duration),
        tokens: match (a.row.usage.total(), b.row.usage.total()) {
            (Some(a), Some(b)) => delta(a, b, format::count),
            _ => Delta::default(),
        },
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
    step: Option<Chosen>,
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
                    let span = |text: &str| match text {
                        "" => Ok(None),
                        text => text
                            .parse()
                            .map(Some)
                            .map_err(|_| invalid(format!("step={value}: two span ids were expected"))),
                    };
                    asked.step = Some((span(a)?, span(b)?));
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
        exact_name: Some(row.name.clone()),
        until_ns: Some(row.start_ns),
        ..TraceFilter::default()
    };
    let page = app.store.traces(&row.project, filter, None, 1).await?;
    let good = page.traces.into_iter().next();
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(read(&format!("a={id}&b={id}&step=-{}", &id[..16])).is_ok());
        for bad in ["a=x".to_owned(), format!("trace={id}"), format!("c={id}"), format!("b={id}&step=x-y")] {
            assert_eq!(read(&bad).unwrap_err().code, Code::Unprocessable, "{bad}");
        }
    }
}
