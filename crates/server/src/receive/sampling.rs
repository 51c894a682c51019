//! `POST /v1/sampling`: where services that sample by the tail learn which traces the others keep.
//!
//! A service sees an error that its caller does not, or that it is the caller that is slow. It says so here, the others ask here before
//! they let their part of the trace go. Nothing of it is stored: what is said is of interest for as long as somebody waits for it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::HeaderMap,
    routing::post,
};
use bennu_model::TraceId;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    error::{Code, Error},
};

/// Ids in a request are 35 bytes each; the library sends 20,000 at most.
const MAX_BODY_BYTES: usize = 1 << 20;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/sampling", post(exchange).layer(DefaultBodyLimit::max(MAX_BODY_BYTES)))
}

#[derive(Debug, Deserialize)]
struct Asked {
    /// Traces that the caller keeps.
    #[serde(default)]
    keep: Vec<TraceId>,
    /// Traces that it would like to know of.
    #[serde(default)]
    ask: Vec<TraceId>,
}

#[derive(Debug, Serialize)]
struct Answered {
    /// Of those asked about, the ones that somebody keeps.
    keep: Vec<TraceId>,
}

async fn exchange(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Json<Answered>, Error> {
    app.guard.check_token(&headers)?;
    let Json(mut asked) = asked.map_err(refusal)?;
    app.board.put(&asked.keep);
    asked.ask.retain(|trace| app.board.has(*trace));
    Ok(Json(Answered { keep: asked.ask }))
}

fn refusal(rejection: JsonRejection) -> Error {
    let code = match rejection.status().as_u16() {
        413 => Code::TooLarge,
        415 => Code::UnsupportedType,
        _ => Code::Invalid,
    };
    let expected = r#"send {"keep": [trace ids], "ask": [trace ids]} as application/json"#;
    Error::new(code, format!("{}; {expected}", rejection.body_text()))
}

/// Traces that somebody keeps: the newest, in two generations of which the older is forgotten when the younger is full or old.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Generations>);

#[derive(Debug)]
struct Generations {
    young: HashSet<TraceId>,
    old: HashSet<TraceId>,
    turned: Instant,
}

/// Twice as many are some 20 MB.
const MAX_YOUNG: usize = 250_000;
/// As long as the library lets anybody wait.
const MAX_AGE: Duration = Duration::from_secs(86_400);

impl Board {
    pub(crate) fn new() -> Self {
        let generations = Generations { young: HashSet::new(), old: HashSet::new(), turned: Instant::now() };
        Board(Mutex::new(generations))
    }

    fn put(&self, traces: &[TraceId]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for trace in traces {
            if kept.young.len() >= MAX_YOUNG || kept.turned.elapsed() > MAX_AGE {
                kept.old = std::mem::take(&mut kept.young);
                kept.turned = Instant::now();
            }
            kept.young.insert(*trace);
        }
    }

    fn has(&self, trace: TraceId) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.young.contains(&trace) || kept.old.contains(&trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known_and_memory_has_a_bound() {
        let board = Board::new();
        let id = |n: usize| TraceId((n as u128).to_be_bytes());
        let all: Vec<_> = (1..=3 * MAX_YOUNG).map(id).collect();
        board.put(&all);
        assert!(board.has(all[3 * MAX_YOUNG - 1]) && board.has(all[2 * MAX_YOUNG]));
        assert!(!board.has(all[0]));
        let kept = board.0.lock().unwrap();
        assert!(kept.young.len() + kept.old.len() <= 2 * MAX_YOUNG);
    }
}
