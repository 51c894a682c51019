//! Chat and embeddings of an OpenAI-compatible server.

use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

use bennu_sdk::{LlmSpan, embedding_span, llm_span};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::settings::Settings;

/// Attempts at a request, the first included.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; before the third twice as much.
const PAUSE: Duration = Duration::from_millis(250);

/// Why the model did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers there, or the answer broke off.
    #[error("the model's server does not answer: {0}")]
    Unreachable(String),
    /// The server refused.
    #[error("the model's server answered {status}: {message}")]
    Refused {
        /// HTTP's status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The answer is none.
    #[error("the model's server said something that is no answer: {0}")]
    Odd(String),
}

impl Error {
    /// Whether another attempt may succeed.
    fn is_passing(&self) -> bool {
        match self {
            Error::Unreachable(_) => true,
            Error::Refused { status, .. } => matches!(status, 408 | 429 | 500..),
            Error::Odd(_) => false,
        }
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct Llm {
    settings: Settings,
    http: ureq::Agent,
}

impl Llm {
    /// A client; the settings name a server.
    pub fn new(settings: Settings) -> Self {
        let config =
            ureq::Agent::config_builder().timeout_global(Some(settings.timeout)).http_status_as_error(false);
        Llm { http: config.build().into(), settings }
    }

    /// The model that chats.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// A whole answer: the response as it came.
    ///
    /// # Errors
    /// [`Error`], after what may pass was tried again.
    pub async fn chat(&self, messages: &[Value], tools: &[Value], temperature: f64) -> Result<Value, Error> {
        self.span(messages, tools, temperature)
            .trace(async |span| {
                let response =
                    self.post("/chat/completions", self.request(messages, tools, temperature)).await?;
                if !response["choices"][0]["message"].is_object() {
                    return Err(Error::Odd(response.to_string()));
                }
                span.record_output(&response);
                Ok(response)
            })
            .await
    }

    /// An answer piece by piece; `hear` is told each piece of text. Returns the assistant's message.
    ///
    /// # Errors
    /// [`Error`]. What has begun to come is not tried again.
    pub async fn stream(
        &self,
        messages: &[Value],
        tools: &[Value],
        temperature: f64,
        mut hear: impl FnMut(&str),
    ) -> Result<Value, Error> {
        let mut request = self.request(messages, tools, temperature);
        request["stream"] = json!(true);
        request["stream_options"] = json!({"include_usage": true});
        let mut answer = self.span(messages, tools, temperature).stream();
        let outcome = async {
            let mut chunks = self.open("/chat/completions", request).await?;
            let mut message = json!({"role": "assistant", "content": null});
            let mut whole = false;
            while let Some(chunk) = chunks.recv().await {
                let chunk = chunk?;
                if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
                    return Err(Error::Odd(error["message"].as_str().unwrap_or("an error").to_owned()));
                }
                answer.push(&chunk);
                whole |= chunk.pointer("/choices/0/finish_reason").is_some_and(Value::is_string);
                if let Some(delta) = chunk.pointer("/choices/0/delta") {
                    if let Some(text) = delta["content"].as_str().filter(|text| !text.is_empty()) {
                        hear(text);
                    }
                    gather(&mut message, delta);
                }
            }
            if !whole {
                return Err(Error::Unreachable("the answer broke off".to_owned()));
            }
            if let Some(text) = Some(answer.text()).filter(|text| !text.is_empty()) {
                message["content"] = json!(text);
            }
            Ok(message)
        };
        let outcome = outcome.await;
        match &outcome {
            Ok(_) => answer.finish(),
            Err(error) => answer.fail(error),
        }
        outcome
    }

    /// A vector for every text.
    ///
    /// # Errors
    /// [`Error`], after what may pass was tried again.
    pub async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let model = &self.settings.embedding_model;
        embedding_span(model, texts)
            .trace(async |span| {
                let response = self.post("/embeddings", json!({"model": model, "input": texts})).await?;
                let mut items: Vec<&Value> = response["data"].as_array().into_iter().flatten().collect();
                items.sort_by_key(|item| item["index"].as_u64());
                let vectors: Vec<Vec<f32>> =
                    items.into_iter().filter_map(|item| Vec::deserialize(&item["embedding"]).ok()).collect();
                if vectors.len() != texts.len() {
                    return Err(Error::Odd(format!("{} vectors for {} texts", vectors.len(), texts.len())));
                }
                if let Some(tokens) = response.pointer("/usage/prompt_tokens").and_then(Value::as_u64) {
                    span.record_tokens(tokens);
                }
                Ok(vectors)
            })
            .await
    }

    fn span(&self, messages: &[Value], tools: &[Value], temperature: f64) -> LlmSpan {
        let span = llm_span(&self.settings.model, messages).parameters(&json!({"temperature": temperature}));
        if tools.is_empty() { span } else { span.tools(tools) }
    }

    fn request(&self, messages: &[Value], tools: &[Value], temperature: f64) -> Value {
        let mut request =
            json!({"model": self.settings.model, "messages": messages, "temperature": temperature});
        if !tools.is_empty() {
            request["tools"] = json!(tools);
        }
        request
    }

    async fn post(&self, path: &'static str, request: Value) -> Result<Value, Error> {
        let send = async |calling: Calling| {
            let called = tokio::task::spawn_blocking(move || {
                let mut body = calling.call()?;
                serde_json::from_reader(body.as_reader()).map_err(|error| Error::Odd(error.to_string()))
            });
            called.await.unwrap_or_else(|error| Err(Error::Odd(error.to_string())))
        };
        self.attempt(path, request, send).await
    }

    /// The chunks of a stream of server-sent events.
    async fn open(
        &self,
        path: &'static str,
        request: Value,
    ) -> Result<mpsc::Receiver<Result<Value, Error>>, Error> {
        let open = async |calling: Calling| {
            let called = tokio::task::spawn_blocking(move || calling.call());
            called.await.unwrap_or_else(|error| Err(Error::Odd(error.to_string())))
        };
        let body = self.attempt(path, request, open).await?;
        let (send, chunks) = mpsc::channel(16);
        tokio::task::spawn_blocking(move || {
            for line in BufReader::new(body.into_reader()).lines() {
                let chunk = match line {
                    Err(error) => Err(Error::Unreachable(error.to_string())),
                    Ok(line) => match line.strip_prefix("data:").map(str::trim) {
                        None => continue,
                        Some("[DONE]") => return,
                        Some(data) => {
                            serde_json::from_str(data).map_err(|error| Error::Odd(error.to_string()))
                        }
                    },
                };
                let broken = chunk.is_err();
                // Nobody listens any more: the caller has gone away.
                if send.blocking_send(chunk).is_err() || broken {
                    return;
                }
            }
        });
        Ok(chunks)
    }

    async fn attempt<T>(
        &self,
        path: &'static str,
        request: Value,
        send: impl AsyncFn(Calling) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let outcome = send(self.calling(path, &request)).await;
            match outcome {
                Err(error) if error.is_passing() && attempt < ATTEMPTS => {
                    tracing::warn!(%error, attempt, "the model is asked again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        unreachable!("the last attempt returns")
    }

    fn calling(&self, path: &str, request: &Value) -> Calling {
        Calling {
            http: self.http.clone(),
            url: format!("{}{path}", self.settings.base_url.as_deref().unwrap_or_default()),
            api_key: self.settings.api_key.clone(),
            body: request.to_string(),
        }
    }
}

/// A request on its way to a thread that may block.
struct Calling {
    http: ureq::Agent,
    url: String,
    api_key: Option<String>,
    body: String,
}

impl Calling {
    fn call(self) -> Result<ureq::Body, Error> {
        let mut request = self.http.post(&self.url).header("content-type", "application/json");
        if let Some(key) = self.api_key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let response = request.send(self.body).map_err(|error| Error::Unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        if status >= 400 {
            let said = body.read_to_string().unwrap_or_default();
            let message = serde_json::from_str::<Value>(&said)
                .ok()
                .and_then(|said| said.pointer("/error/message")?.as_str().map(str::to_owned))
                .unwrap_or(said);
            return Err(Error::Refused { status, message });
        }
        Ok(body)
    }
}

/// Adds a chunk's tool calls to the message.
fn gather(message: &mut Value, delta: &Value) {
    for call in delta["tool_calls"].as_array().into_iter().flatten() {
        let calls =
            message.as_object_mut().map(|message| message.entry("tool_calls").or_insert_with(|| json!([])));
        let Some(Value::Array(calls)) = calls else { return };
        let at = call["index"].as_u64().map_or(calls.len(), |at| at as usize).min(calls.len());
        if at == calls.len() {
            calls.push(json!({"id": "", "type": "function", "function": {"name": "", "arguments": ""}}));
        }
        for pointer in ["/id", "/function/name", "/function/arguments"] {
            if let (Some(Value::String(known)), Some(more)) =
                (calls[at].pointer_mut(pointer), call.pointer(pointer).and_then(Value::as_str))
                // Some servers say the id and the name with every piece.
                && (known.is_empty() || pointer == "/function/arguments")
            {
                known.push_str(more);
            }
        }
    }
}
