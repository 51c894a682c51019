//! A call, from its request to the end of its answer.
//!
//! Whoever moves the bytes tells it what passes: the head, the body piece by piece, the end or the failure. It looks, and writes the
//! span. Dropped before the end it says `cancelled`.

use std::fmt::Display;

use http::{HeaderMap, StatusCode, header};
use opentelemetry::{Context, trace::TraceContextExt};
use serde_json::{Map, Value as Json};

use super::{
    anthropic, chat, embeddings, error,
    request::{Api, Head, Subject, is_json},
    responses,
    sse::Events,
};
use crate::span::{CANCELLED, LlmStream};

/// Bytes that are gathered of an answer that comes whole.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// The same of an error, which is a text.
const MAX_ERROR_BYTES: usize = 64 << 10;
/// Why an answer was not read, on a span that therefore says nothing of it; or not to its end, on one that says what came.
const UNREAD: &str = "bennu.response.unread";

/// What an event says.
#[derive(Debug)]
pub(super) enum Said<'a> {
    /// There is more to come.
    More,
    /// That was all.
    End,
    /// All of the answer, in its place.
    Whole(&'a Json),
    /// The answer failed; what an error is read from.
    Failure(&'a Json),
}

/// A model call that passes.
#[derive(Debug)]
pub(super) struct Call {
    context: Context,
    /// Of the address: may have a key in it, which an error's text must not tell.
    query: Option<String>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No answer yet.
    Asked(Subject),
    /// An answer that comes whole.
    Whole(Subject, Vec<u8>),
    /// An answer that comes piece by piece.
    Pieces(Box<Pieces>),
    /// An error, and what it says of itself.
    Refused(Subject, StatusCode, Vec<u8>),
    /// An answer that is not read.
    Unread(Subject),
    /// The span has ended.
    Ended,
}

impl Call {
    /// Begins a call if a request is one.
    pub(super) fn begin(head: &Head<'_>, body: &[u8]) -> Option<Self> {
        let subject = Subject::begin(head, body)?;
        if let Some(host) = head.host {
            subject.set("server.address", host.to_owned());
        }
        if let Some(port) = head.port {
            subject.set("server.port", i64::from(port));
        }
        let context = subject.context().clone();
        let query = head.query.filter(|query| !query.is_empty()).map(str::to_owned);
        // A trace that is not sampled: nobody will see what is heard.
        let recording = context.span().is_recording();
        let state = if recording { State::Asked(subject) } else { State::Ended };
        Some(Call { context, query, state })
    }

    /// The span's context.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// The head of the answer has come.
    pub(super) fn head(&mut self, status: StatusCode, headers: &HeaderMap) {
        let State::Asked(subject) = std::mem::replace(&mut self.state, State::Ended) else { return };
        subject.set("http.response.status_code", i64::from(status.as_u16()));
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let encoding = text(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity");
        let kind = text(header::CONTENT_TYPE);
        let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        self.state = if status.is_client_error() || status.is_server_error() {
            State::Refused(subject, status, Vec::new())
        } else if let Some(encoding) = encoding {
            subject.unread(&format!("content-encoding: {encoding}"))
        } else if essence.eq_ignore_ascii_case("text/event-stream") {
            Pieces::begin(subject)
        } else if kind.is_none_or(is_json) {
            State::Whole(subject, Vec::new())
        } else {
            subject.unread(&format!("content-type: {essence}"))
        };
    }

    /// A piece of the body has come.
    pub(super) fn data(&mut self, piece: &[u8]) {
        match &mut self.state {
            State::Whole(_, body) if body.len() + piece.len() <= MAX_ANSWER_BYTES => {
                body.extend_from_slice(piece);
            }
            State::Whole(..) => {
                if let State::Whole(subject, _) = std::mem::replace(&mut self.state, State::Ended) {
                    self.state = subject.unread("larger than 16 MiB");
                }
            }
            State::Pieces(pieces) => {
                if pieces.push(piece) {
                    self.state = State::Ended;
                }
            }
            State::Refused(_, _, body) => {
                let room = MAX_ERROR_BYTES.saturating_sub(body.len());
                body.extend_from_slice(&piece[..piece.len().min(room)]);
            }
            State::Asked(_) | State::Unread(_) | State::Ended => {}
        }
    }

    /// The body has ended.
    pub(super) fn end(&mut self) {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Whole(subject, body) => subject.answered(&body),
            State::Pieces(pieces) => pieces.end(),
            State::Refused(subject, status, body) => subject.refused(status, &body),
            State::Asked(_) | State::Unread(_) | State::Ended => {}
        }
    }

    /// The request or the body failed. `class` is what such errors are called.
    pub(super) fn fail(&mut self, class: &str, error: &(impl Display + ?Sized)) {
        let mut message = error.to_string();
        if let Some(query) = &self.query {
            message = message.replace(query.as_str(), "…");
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Asked(subject) | State::Whole(subject, _) | State::Unread(subject) => {
                subject.fail(class, &message);
            }
            State::Pieces(pieces) => pieces.fail(class, &message),
            // That the answer was an error says more than that it broke off.
            State::Refused(subject, status, body) => subject.refused(status, &body),
            State::Ended => {}
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Asked(subject) | State::Whole(subject, _) | State::Unread(subject) => subject.cancel(),
            // Few read an error's body to its end.
            State::Refused(subject, status, body) => subject.refused(status, &body),
            // Says so itself.
            State::Pieces(_) | State::Ended => {}
        }
    }
}

impl Subject {
    fn context(&self) -> &Context {
        match self {
            Subject::Llm { span, .. } => span.context(),
            Subject::Embedding(span) => span.context(),
        }
    }

    fn set(&self, name: &'static str, value: impl Into<opentelemetry::Value>) {
        self.context().span().set_attribute(opentelemetry::KeyValue::new(name, value));
    }

    fn fail(&self, class: &str, message: &str) {
        match self {
            Subject::Llm { span, .. } => span.record_failure(class, message),
            Subject::Embedding(span) => span.record_failure(class, message),
        }
    }

    fn refused(self, status: StatusCode, body: &[u8]) {
        let body = serde_json::from_slice(body).unwrap_or(Json::Null);
        let message = match error::said(&body) {
            Some((_, message)) => format!("{status}: {message}"),
            None => status.to_string(),
        };
        self.fail(status.as_str(), &message);
    }

    fn unread(self, why: &str) -> State {
        self.set(UNREAD, why.to_owned());
        State::Unread(self)
    }

    fn cancel(self) {
        match self {
            Subject::Llm { span, begun, .. } => drop(LlmStream::since(span, begun)),
            Subject::Embedding(span) => span.event(CANCELLED),
        }
    }

    fn answered(self, body: &[u8]) {
        let Subject::Llm { span, api, .. } = &self else { return self.embedded(body) };
        let response = serde_json::from_slice(body).unwrap_or(Json::Null);
        let known = match api {
            Api::Chat => chat::answered(span, &response),
            Api::Responses => responses::answered(span, &response),
            Api::Anthropic => anthropic::answered(span, &response),
            Api::Embeddings => false,
        };
        self.note_failure(known, &response);
    }

    fn embedded(&self, body: &[u8]) {
        if let Subject::Embedding(span) = self
            && !embeddings::answered(span, body)
        {
            let response = serde_json::from_slice(body).unwrap_or(Json::Null);
            self.note_failure(false, &response);
        }
    }

    /// Gateways answer errors with 200, too.
    fn note_failure(&self, known: bool, response: &Json) {
        let failure = error::said(response).filter(|_| error::is_in(response));
        match failure {
            Some((class, message)) => self.fail(class.as_deref().unwrap_or("error"), &message),
            None if !known => self.set(UNREAD, "no answer of this API"),
            None => {}
        }
    }
}

/// An answer that comes as events.
#[derive(Debug)]
struct Pieces {
    api: Api,
    events: Events,
    /// Until it has ended.
    answer: Option<LlmStream>,
    /// See [`anthropic::heard`].
    usage: Map<String, Json>,
}

impl Pieces {
    fn begin(subject: Subject) -> State {
        match subject {
            Subject::Llm { span, begun, api } => State::Pieces(Box::new(Pieces {
                api,
                events: Events::default(),
                answer: Some(LlmStream::since(span, begun)),
                usage: Map::new(),
            })),
            embedding => embedding.unread("content-type: text/event-stream"),
        }
    }

    /// Whether that was the end of the answer; clients do not read on then.
    fn push(&mut self, piece: &[u8]) -> bool {
        let Pieces { api, events, answer, usage } = self;
        events.push(piece, |event| hear(*api, answer, usage, event));
        answer.is_none()
    }

    fn end(mut self) {
        let Pieces { api, events, answer, usage } = &mut self;
        events.end(|event| hear(*api, answer, usage, event));
        if let Some(answer) = self.answer.take() {
            // A proxy that gives up closes the connection as if that was all.
            if !answer.says_its_end() {
                answer.span().set_attribute(UNREAD, "broke off before its end");
            }
            answer.finish();
        }
    }

    fn fail(mut self, class: &str, message: &str) {
        if let Some(answer) = self.answer.take() {
            answer.fail_as(class, message);
        }
    }
}

fn hear(api: Api, open: &mut Option<LlmStream>, usage: &mut Map<String, Json>, event: &[u8]) {
    let Some(answer) = open else { return };
    if event.trim_ascii() == b"[DONE]" {
        return open.take().map(LlmStream::finish).unwrap_or_default();
    }
    let Ok(event) = serde_json::from_slice::<Json>(event) else { return };
    let said = match api {
        Api::Chat | Api::Embeddings => chat::heard(answer, &event),
        Api::Responses => responses::heard(answer, &event),
        Api::Anthropic => anthropic::heard(answer, usage, &event),
    };
    if matches!(said, Said::More) {
        return;
    }
    let Some(answer) = open.take() else { return };
    match said {
        Said::More | Said::End => answer.finish(),
        Said::Failure(event) => {
            let (class, message) = error::said(event).unwrap_or((None, "the answer failed".to_owned()));
            answer.fail_as(class.as_deref().unwrap_or("error"), &message);
        }
        Said::Whole(response) => {
            let failure = error::said(response).filter(|_| error::is_in(response));
            answer.finish_with(|span| {
                responses::answered(span, response);
                if let Some((class, message)) = failure {
                    span.record_failure(class.as_deref().unwrap_or("error"), &message);
                }
            });
        }
    }
}
