//! A stand-in for an OpenAI-compatible server, for when the user names no model. **It is no language model**:
//! it follows rules, the same ones every time, and says so in its models' names, in `system_fingerprint` and at
//! the end of every answer.
//!
//! It searches with the tool `search_docs`, reads the best result with `fetch_chunk`, and quotes the sentences
//! that share most with the question; its vectors are hashed words. Sampling parameters, `max_tokens`,
//! `dimensions` and the like are ignored. Tokens are words times four thirds.
//!
//! For tests and demonstrations: a question with `fail please` in it gets HTTP 500, and one with `slow please`
//! is answered a second and a half later – at every request with that question, those after tool calls too.

mod answer;
mod embed;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use answer::{Call, Reply};

/// The model that chats.
pub const MODEL: &str = "offline-stand-in";
/// The model that embeds.
pub const EMBEDDING_MODEL: &str = "offline-stand-in-embedding";

/// How long every answer takes, so that timelines look like those of a model.
const PAUSE: Duration = Duration::from_millis(20);
/// The same for each token of an answer that comes whole.
const TOKEN_PAUSE: Duration = Duration::from_millis(1);
/// The same between the pieces of an answer that is streamed.
const PIECE_PAUSE: Duration = Duration::from_millis(10);
/// The same for vectors.
const EMBEDDING_PAUSE: Duration = Duration::from_millis(5);
/// What `slow please` adds.
const SLOW: Duration = Duration::from_millis(1500);
/// Words in a piece of a streamed answer.
const PIECE: usize = 3;
/// Bytes of a request, at most: all texts of a corpus may be embedded at once.
const BODY_LIMIT: usize = 32 << 20;

/// Starts it on a free loopback port, in the background of the running tokio runtime; returns its address.
///
/// # Errors
/// There is no port to listen on.
pub async fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router()).await {
            tracing::warn!(%error, "the offline stand-in has stopped");
        }
    });
    Ok(address)
}

/// The routes, for tests.
pub fn router() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/models", get(models))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// An error as OpenAI words it.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Refusal { status: StatusCode::BAD_REQUEST, kind: "invalid_request_error", message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": {"message": self.message, "type": self.kind}}))).into_response()
    }
}

async fn chat(body: Bytes) -> Result<Response, Refusal> {
    let request = parse(&body)?;
    let completion = Completion::of(&request)?;
    if completion.slow {
        tokio::time::sleep(SLOW).await;
    }
    tokio::time::sleep(PAUSE).await;
    if request["stream"] == true {
        let chunks = completion.chunks(request["stream_options"]["include_usage"] == true);
        let events = chunks.into_iter().map(|chunk| chunk.to_string()).chain(["[DONE]".to_owned()]);
        let events: Vec<String> = events.map(|data| format!("data: {data}\n\n")).collect();
        let paced = stream::iter(events).then(|event| async move {
            tokio::time::sleep(PIECE_PAUSE).await;
            Ok::<_, Infallible>(event)
        });
        let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
        return Ok((headers, Body::from_stream(paced)).into_response());
    }
    tokio::time::sleep(TOKEN_PAUSE * u32::try_from(completion.completion_tokens).unwrap_or(u32::MAX)).await;
    Ok(Json(completion.response()).into_response())
}

async fn embeddings(body: Bytes) -> Result<Json<Value>, Refusal> {
    let response = embedded(&parse(&body)?)?;
    tokio::time::sleep(EMBEDDING_PAUSE).await;
    Ok(Json(response))
}

async fn models() -> Json<Value> {
    let model = |id: &str| json!({"id": id, "object": "model", "created": 0, "owned_by": "offline-stand-in"});
    Json(json!({"object": "list", "data": [model(MODEL), model(EMBEDDING_MODEL)]}))
}

async fn nowhere() -> Refusal {
    let message =
        "the offline stand-in serves /v1/chat/completions, /v1/embeddings and /v1/models".to_owned();
    Refusal { status: StatusCode::NOT_FOUND, kind: "invalid_request_error", message }
}

fn parse(body: &[u8]) -> Result<Value, Refusal> {
    let request: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("the body is no JSON: {error}")))?;
    if request.is_object() { Ok(request) } else { Err(Refusal::bad("the body is no JSON object")) }
}

/// The answer to a request for a chat.
struct Completion {
    /// Of the request; the ids are made of it.
    hash: u64,
    model: String,
    created: u64,
    reply: Reply,
    prompt_tokens: usize,
    completion_tokens: usize,
    /// Whether the question asks for a slow answer.
    slow: bool,
}

impl Completion {
    fn of(request: &Value) -> Result<Self, Refusal> {
        let messages =
            request["messages"].as_array().ok_or_else(|| Refusal::bad("`messages` is no array"))?;
        if messages.is_empty() {
            return Err(Refusal::bad("`messages` is empty"));
        }
        if let Some(at) = messages.iter().position(|message| !message["role"].is_string()) {
            return Err(Refusal::bad(format!("`messages[{at}]` has no `role`")));
        }
        let question = answer::question(messages).to_lowercase();
        if question.contains("fail please") {
            let message = "the offline stand-in fails, as the question asks for".to_owned();
            return Err(Refusal { status: StatusCode::INTERNAL_SERVER_ERROR, kind: "server_error", message });
        }
        let reply = answer::reply(request);
        let asked =
            messages.iter().map(|message| words(&answer::text(message)) + json_words(&message["tool_calls"]));
        let answered = match &reply {
            Reply::Text(text) => words(text),
            Reply::Calls(calls) => {
                calls.iter().map(|call| words(call.name) + json_words(&call.arguments)).sum()
            }
        };
        Ok(Completion {
            hash: embed::hash(request.to_string().bytes()),
            model: model(request, MODEL),
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            prompt_tokens: tokens(asked.sum::<usize>() + json_words(&request["tools"])),
            completion_tokens: tokens(answered),
            reply,
            slow: question.contains("slow please"),
        })
    }

    /// The whole answer.
    fn response(&self) -> Value {
        let message = match &self.reply {
            Reply::Text(text) => json!({"role": "assistant", "content": text}),
            Reply::Calls(calls) => {
                let calls = calls.iter().enumerate().map(|(at, call)| {
                    let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
                    json!({"id": self.call_id(at), "type": "function", "function": function})
                });
                json!({"role": "assistant", "content": null, "tool_calls": calls.collect::<Vec<_>>()})
            }
        };
        let mut response = self.envelope("chat.completion");
        let reason = self.finish_reason();
        response["choices"] = json!([{"index": 0, "message": message, "finish_reason": reason}]);
        response["usage"] = self.usage();
        response
    }

    /// The answer in pieces.
    fn chunks(&self, with_usage: bool) -> Vec<Value> {
        let mut deltas = Vec::new();
        match &self.reply {
            Reply::Text(text) => {
                deltas.push(json!({"role": "assistant", "content": ""}));
                let words: Vec<&str> = text.split_inclusive(' ').collect();
                deltas.extend(words.chunks(PIECE).map(|words| json!({"content": words.concat()})));
            }
            Reply::Calls(calls) => {
                deltas.push(json!({"role": "assistant", "content": null}));
                for (at, call) in calls.iter().enumerate() {
                    deltas.extend(self.call_deltas(at, call));
                }
            }
        }
        let chunk = |delta: Value, finish_reason: Option<&str>| {
            let mut chunk = self.envelope("chat.completion.chunk");
            chunk["choices"] = json!([{"index": 0, "delta": delta, "finish_reason": finish_reason}]);
            chunk
        };
        let mut chunks: Vec<Value> = deltas.into_iter().map(|delta| chunk(delta, None)).collect();
        chunks.push(chunk(json!({}), Some(self.finish_reason())));
        if with_usage {
            let mut last = self.envelope("chat.completion.chunk");
            last["choices"] = json!([]);
            last["usage"] = self.usage();
            chunks.push(last);
        }
        chunks
    }

    /// The name, then the arguments in two pieces.
    fn call_deltas(&self, at: usize, call: &Call) -> [Value; 3] {
        let arguments = call.arguments.to_string();
        let middle = (arguments.len() / 2..).find(|at| arguments.is_char_boundary(*at)).unwrap_or(0);
        let (start, end) = arguments.split_at(middle);
        let function = json!({"name": call.name, "arguments": ""});
        let piece = |piece: &str| json!({"tool_calls": [{"index": at, "function": {"arguments": piece}}]});
        let id = self.call_id(at);
        let name = json!({"tool_calls": [{"index": at, "id": id, "type": "function", "function": function}]});
        [name, piece(start), piece(end)]
    }

    fn envelope(&self, object: &str) -> Value {
        json!({
            "id": format!("chatcmpl-{:016x}", self.hash),
            "object": object,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": MODEL,
        })
    }

    fn call_id(&self, at: usize) -> String {
        format!("call_{:016x}_{at}", self.hash)
    }

    fn finish_reason(&self) -> &'static str {
        match self.reply {
            Reply::Text(_) => "stop",
            Reply::Calls(_) => "tool_calls",
        }
    }

    fn usage(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        })
    }
}

/// The answer to a request for vectors.
fn embedded(request: &Value) -> Result<Value, Refusal> {
    let texts = match &request["input"] {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) if items.is_empty() => return Err(Refusal::bad("`input` is empty")),
        Value::Array(items) => (items.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
            .ok_or_else(|| Refusal::bad("`input` holds something that is no string"))?,
        _ => return Err(Refusal::bad("`input` is neither a string nor an array of strings")),
    };
    let vector = |(index, text): (usize, &&str)| {
        let vector = embed::embed(text);
        json!({"object": "embedding", "index": index, "embedding": vector})
    };
    let data: Vec<Value> = texts.iter().enumerate().map(vector).collect();
    let tokens = tokens(texts.iter().map(|text| words(text)).sum());
    Ok(json!({
        "object": "list",
        "data": data,
        "model": model(request, EMBEDDING_MODEL),
        "system_fingerprint": MODEL,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

/// Any model is accepted.
fn model(request: &Value, default: &str) -> String {
    request["model"].as_str().unwrap_or(default).to_owned()
}

/// Runs of letters and digits, so that JSON without spaces counts like prose.
fn words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

fn json_words(value: &Value) -> usize {
    if value.is_null() { 0 } else { words(&value.to_string()) }
}

fn tokens(words: usize) -> usize {
    (words * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(question: &str) -> Value {
        let tools = json!([{"type": "function", "function": {"name": "search_docs"}}]);
        json!({"model": "any", "messages": [{"role": "user", "content": question}], "tools": tools})
    }

    fn complete(request: &Value) -> Completion {
        Completion::of(request).unwrap_or_else(|refusal| panic!("{}", refusal.message))
    }

    async fn send(request: &Value) -> (StatusCode, String) {
        let response = chat(Bytes::from(request.to_string())).await.into_response();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), BODY_LIMIT).await.expect("the body is whole");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[test]
    fn responses_are_the_same_every_time() {
        let request = ask("Compare pools and queues for jobs");
        let whole = || {
            let mut response = complete(&request).response();
            response["created"] = json!(0);
            response
        };
        let response = whole();
        assert_eq!(response, whole());
        assert_eq!((&response["model"], &response["system_fingerprint"]), (&json!("any"), &json!(MODEL)));
        assert_eq!(response["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(response["choices"][0]["message"]["tool_calls"].as_array().map(Vec::len), Some(2));
        // Six words asked, and "type", "function", "function", "name", "search" and "docs" of the tool.
        assert_eq!(response["usage"]["prompt_tokens"], 16);
        assert_ne!(complete(&ask("Other?")).hash, complete(&request).hash);
    }

    #[tokio::test]
    async fn a_stream_says_the_same() {
        let mut request = ask("Wie groß ist ein Pool für Übertragungen?");
        for tools in [true, false] {
            if !tools {
                request["tools"] = json!([]);
            }
            request["stream"] = json!(true);
            request["stream_options"] = json!({"include_usage": true});
            let (status, body) = send(&request).await;
            assert_eq!(status, StatusCode::OK);
            let mut events: Vec<&str> = body.split_terminator("\n\n").collect();
            assert_eq!(events.pop(), Some("data: [DONE]"));
            let chunk = |event: &str| -> Value {
                event
                    .strip_prefix("data: ")
                    .and_then(|data| serde_json::from_str(data).ok())
                    .unwrap_or_default()
            };
            let chunks: Vec<Value> = events.into_iter().map(chunk).collect();
            let all = |pointer: &str| -> String {
                chunks.iter().filter_map(|chunk| chunk.pointer(pointer)?.as_str()).collect()
            };
            let whole = complete(&request).response();
            let message = &whole["choices"][0]["message"];
            assert_eq!(all("/choices/0/delta/role"), "assistant");
            assert_eq!(all("/choices/0/delta/content"), message["content"].as_str().unwrap_or_default());
            for field in ["id", "function/name", "function/arguments"] {
                let expected = message.pointer(&format!("/tool_calls/0/{field}")).and_then(Value::as_str);
                assert_eq!(
                    all(&format!("/choices/0/delta/tool_calls/0/{field}")),
                    expected.unwrap_or_default()
                );
            }
            assert_eq!(all("/choices/0/finish_reason"), if tools { "tool_calls" } else { "stop" });
            let last = chunks.last().cloned().unwrap_or_default();
            assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &whole["usage"]));
        }
    }

    #[tokio::test]
    async fn bad_requests_are_told_why() {
        for (request, reason) in [
            (json!({}), "`messages` is no array"),
            (json!({"messages": []}), "`messages` is empty"),
            (json!({"messages": [{"role": "user"}, 3]}), "`messages[1]` has no `role`"),
            (json!([]), "no JSON object"),
        ] {
            let (status, body) = send(&request).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert!(body.contains(reason) && body.contains("invalid_request_error"), "{body}");
        }
        for request in [json!({}), json!({"input": []}), json!({"input": [[1, 2]]})] {
            let refusal = embedded(&request).err();
            assert!(refusal.is_some_and(|refusal| refusal.message.starts_with("`input` ")));
        }
        assert!(parse(b"{").is_err());
    }

    #[tokio::test]
    async fn fails_and_dawdles_when_asked_to() {
        let (status, body) = send(&ask("Now FAIL please")).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("server_error"), "{body}");
        assert!(complete(&ask("Be slow please")).slow && !complete(&ask("Be quick")).slow);
    }

    #[test]
    fn every_text_gets_its_vector() {
        let response = embedded(&json!({"input": ["Two words", "One"]})).unwrap_or_default();
        assert_eq!(response["data"].as_array().map(Vec::len), Some(2));
        assert_eq!(response["data"][1]["index"], 1);
        assert_eq!(response["data"][1]["embedding"].as_array().map(Vec::len), Some(embed::DIMENSIONS));
        assert_eq!(response["usage"]["prompt_tokens"], 4);
        assert_eq!(response["model"], EMBEDDING_MODEL);
    }

    #[tokio::test]
    async fn it_listens_on_loopback() {
        let address = start().await.expect("there is a free port");
        assert!(address.ip().is_loopback() && address.port() > 0);
        assert!(models().await.0["data"][0]["id"] == MODEL);
    }
}
