//! The agent behind HTTP.
//!
//! `POST /chat` takes `{"message", "session_id"}` and answers in JSON, or in server-sent events to who accepts
//! `text/event-stream`. Every response names its trace in `X-Trace-Id`.
//!
//! - `users`: who asks.
//! - `sessions`: what was said before.

mod sessions;
mod users;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bennu_sdk::{TraceLayer, carry, current_trace_id, using_session};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    Stack,
    agent::{Answer, Event},
    llm,
};
use sessions::Sessions;
pub use users::Users;

/// What handlers share.
#[derive(Debug)]
struct App {
    stack: Stack,
    users: Users,
    sessions: Sessions,
}

#[derive(Debug, Deserialize)]
struct Question {
    message: String,
    /// Without it the question stands alone.
    session_id: Option<String>,
}

/// Everything that is served, traced.
pub fn app(stack: Stack, users: Users) -> Router {
    routes(stack, users).layer(TraceLayer::new())
}

/// The same without the layer that traces, which is to be the outermost.
pub fn routes(stack: Stack, users: Users) -> Router {
    let app = Arc::new(App { stack, users, sessions: Sessions::default() });
    Router::new()
        .route("/chat", post(chat))
        .route("/healthz", get(|| async { "ok" }))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is only POST /chat and GET /healthz") })
        .with_state(app)
}

async fn chat(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let user = match app.users.of(&headers) {
        Ok(user) => user,
        Err(why) => return refusal(StatusCode::UNAUTHORIZED, why),
    };
    let question: Question = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(error) => {
            let said = format!(r#"send {{"message": "…", "session_id": "…"}}: {error}"#);
            return refusal(StatusCode::BAD_REQUEST, &said);
        }
    };
    let session = question.session_id.clone().unwrap_or_else(|| current_trace_id().unwrap_or_default());
    let using = using_session(&session)
        .user(&user.name)
        .metadata(&json!({"user_source": user.source}))
        .on_current_span();
    let streams = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"));
    tracing::info!(trace_id = current_trace_id(), user = user.name, session, streams, "asked");
    let key = (user.name, session);
    if streams {
        using.run(async { streamed(app, key, question) }).await
    } else {
        using.run(whole(app, key, question)).await
    }
}

async fn whole(app: Arc<App>, key: sessions::Key, question: Question) -> Response {
    match answer(&app, &key, &question, None::<fn(Event<'_>)>).await {
        Ok(answer) => Json(said(&answer, &key)).into_response(),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, &error.to_string()),
    }
}

/// Events: `text` (pieces of what the model says), `tool` (one is called), then `done` with what JSON would have said, or `error`.
fn streamed(app: Arc<App>, key: sessions::Key, question: Question) -> Response {
    let (send, events) = mpsc::unbounded_channel::<String>();
    let running = carry(async move {
        let event = |name: &str, data: Value| format!("event: {name}\ndata: {data}\n\n");
        let hear = |heard: Event<'_>| {
            // Nobody listens any more: the run goes on, so that the session has its answer.
            let _ = send.send(match heard {
                Event::Text(text) => event("text", json!(text)),
                Event::Tool(name) => event("tool", json!(name)),
            });
        };
        let last = match answer(&app, &key, &question, Some(hear)).await {
            Ok(answer) => event("done", said(&answer, &key)),
            Err(error) => event("error", json!({"error": error.to_string()})),
        };
        let _ = send.send(last);
    });
    tokio::spawn(running);
    let events = stream::unfold(events, async |mut events| {
        events.recv().await.map(|event| (Ok::<_, Infallible>(event), events))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

async fn answer(
    app: &App,
    key: &sessions::Key,
    question: &Question,
    hear: Option<impl FnMut(Event<'_>)>,
) -> Result<Answer, llm::Error> {
    let history = app.sessions.history(key);
    let outcome = app.stack.agent.run_with(&question.message, &history, hear).await;
    match &outcome {
        Ok(answer) => {
            app.sessions.add(key, &question.message, &answer.text);
            let stop_reason = answer.stop_reason.name();
            tracing::info!(
                trace_id = answer.trace_id,
                stop_reason,
                iterations = answer.iterations,
                "answered"
            );
        }
        Err(error) => tracing::error!(trace_id = current_trace_id(), %error, "not answered"),
    }
    outcome
}

fn said(answer: &Answer, key: &sessions::Key) -> Value {
    json!({
        "answer": answer.text,
        "session_id": key.1,
        "trace_id": answer.trace_id,
        "stop_reason": answer.stop_reason.name(),
        "iterations": answer.iterations,
    })
}

fn refusal(status: StatusCode, why: &str) -> Response {
    tracing::warn!(trace_id = current_trace_id(), status = status.as_u16(), why, "refused");
    (status, Json(json!({"error": why, "trace_id": current_trace_id()}))).into_response()
}
