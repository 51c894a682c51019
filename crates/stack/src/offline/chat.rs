//! `POST /v1/chat/completions`: the chat completion's shape, whole and in chunks.

use axum::{body::Bytes, response::Response};
use serde_json::{Value, json};

use super::{
    MODEL,
    answer::{Call, Reply},
    completion::{Completion, pieces},
    pace,
    refusal::{Refusal, parse},
};

pub(super) async fn chat(body: Bytes) -> Result<Response, Refusal> {
    let request = parse(&body)?;
    let completion = Completion::of(&request)?;
    if request["stream"] == true {
        let chunks = completion.chunks(request["stream_options"]["include_usage"] == true);
        let events = chunks.into_iter().map(|chunk| chunk.to_string()).chain(["[DONE]".to_owned()]);
        let events = events.map(|data| format!("data: {data}\n\n")).collect();
        return Ok(pace::streamed(&completion, events).await);
    }
    Ok(pace::whole(&completion, completion.response()).await)
}

impl Completion {
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
                deltas.extend(pieces(text).into_iter().map(|piece| json!({"content": piece})));
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
        let [start, end] = call.halves();
        let function = json!({"name": call.name, "arguments": ""});
        let piece = |piece: String| json!({"tool_calls": [{"index": at, "function": {"arguments": piece}}]});
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

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{super::kit::read, *};

    fn ask(question: &str) -> Value {
        let tools = json!([{"type": "function", "function": {"name": "search_docs"}}]);
        json!({"model": "any", "messages": [{"role": "user", "content": question}], "tools": tools})
    }

    fn complete(request: &Value) -> Completion {
        Completion::of(request).unwrap_or_else(|refusal| panic!("{}", refusal.message))
    }

    async fn send(request: &Value) -> (StatusCode, String) {
        read(chat(Bytes::from(request.to_string())).await).await
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
        assert!(parse(b"{").is_err());
    }

    #[tokio::test]
    async fn fails_and_dawdles_when_asked_to() {
        let (status, body) = send(&ask("Now FAIL please")).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("server_error"), "{body}");
        assert!(complete(&ask("Be slow please")).slow && !complete(&ask("Be quick")).slow);
    }
}
