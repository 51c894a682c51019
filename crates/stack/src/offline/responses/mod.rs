//! `POST /v1/responses`, OpenAI's Responses API. Nothing is kept: an answer is neither continued nor found again by its id.
//!
//! - `request`: to the conversation that the rules understand.
//! - `events`: the answer in events.

mod request;
mod events;

use axum::{body::Bytes, response::Response};
use serde_json::{Value, json};

use super::{
    answer::Reply,
    completion::Completion,
    pace,
    refusal::{Refusal, parse},
};

pub(super) async fn responses(body: Bytes) -> Result<Response, Refusal> {
    let request = parse(&body)?;
    let completion = Completion::of(&request::chat(&request)?)?;
    let answer = Answer { request: &request, completion: &completion };
    if request["stream"] == true {
        return Ok(pace::streamed(&completion, events::events(&answer)).await);
    }
    Ok(pace::whole(&completion, answer.completed()).await)
}

/// A response in the API's words.
struct Answer<'a> {
    request: &'a Value,
    completion: &'a Completion,
}

impl Answer<'_> {
    /// The response when nothing of it is there yet.
    fn begun(&self) -> Value {
        self.envelope("in_progress", &[], Value::Null)
    }

    /// The whole response.
    fn completed(&self) -> Value {
        let (input, output) = (self.completion.prompt_tokens, self.completion.completion_tokens);
        let usage = json!({
            "input_tokens": input,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input + output,
        });
        self.envelope("completed", &self.items(), usage)
    }

    /// What is said: one message, or calls.
    fn items(&self) -> Vec<Value> {
        let hash = self.completion.hash;
        match &self.completion.reply {
            Reply::Text(text) => vec![json!({
                "id": format!("msg_{hash:016x}"),
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [part(text)],
            })],
            Reply::Calls(calls) => {
                let call = calls.iter().enumerate().map(|(at, call)| {
                    json!({
                        "id": format!("fc_{hash:016x}_{at}"),
                        "type": "function_call",
                        "status": "completed",
                        "call_id": self.completion.call_id(at),
                        "name": call.name,
                        "arguments": call.arguments.to_string(),
                    })
                });
                call.collect()
            }
        }
    }

    /// What was asked for comes back in the response, with the API's defaults.
    fn envelope(&self, status: &str, output: &[Value], usage: Value) -> Value {
        let asked = |field: &str, default: Value| match &self.request[field] {
            Value::Null => default,
            given => given.clone(),
        };
        json!({
            "id": format!("resp_{:016x}", self.completion.hash),
            "object": "response",
            "created_at": self.completion.created,
            "status": status,
            "background": false,
            "error": null,
            "incomplete_details": null,
            "instructions": self.request["instructions"],
            "max_output_tokens": self.request["max_output_tokens"],
            "metadata": asked("metadata", json!({})),
            "model": self.completion.model,
            "output": output,
            "parallel_tool_calls": asked("parallel_tool_calls", json!(true)),
            "previous_response_id": null,
            "store": false,
            "temperature": asked("temperature", json!(1.0)),
            "text": asked("text", json!({"format": {"type": "text"}})),
            "tool_choice": asked("tool_choice", json!("auto")),
            "tools": asked("tools", json!([])),
            "top_p": asked("top_p", json!(1.0)),
            "truncation": asked("truncation", json!("disabled")),
            "usage": usage,
        })
    }
}

/// A part of a message.
fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{super::kit::read, *};

    async fn send(request: &Value) -> (StatusCode, Value) {
        let (status, body) = read(responses(Bytes::from(request.to_string())).await).await;
        (status, serde_json::from_str(&body).expect("the body is JSON"))
    }

    fn tool(name: &str) -> Value {
        json!({"type": "function", "name": name, "parameters": {"type": "object"}})
    }

    #[tokio::test]
    async fn a_string_is_answered_with_a_message() {
        let (status, response) = send(&json!({"model": "any", "input": "How large is a pool?"})).await;
        assert_eq!((status, &response["status"]), (StatusCode::OK, &json!("completed")));
        assert_eq!((&response["object"], &response["model"]), (&json!("response"), &json!("any")));
        let message = &response["output"][0];
        assert_eq!((&message["type"], &message["role"]), (&json!("message"), &json!("assistant")));
        let text = message["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.starts_with("You asked \"How large is a pool?\""), "{text}");
        // Five words asked.
        assert_eq!(response["usage"]["input_tokens"], 7);
        let sum = ["input_tokens", "output_tokens"].map(|side| response["usage"][side].as_u64());
        assert_eq!(response["usage"]["total_tokens"].as_u64(), Some(sum.into_iter().flatten().sum()));
    }

    #[tokio::test]
    async fn tools_are_called_then_quoted() {
        let mut request = json!({
            "model": "any",
            "instructions": "Cite.",
            "input": [{"role": "user", "content": [{"type": "input_text", "text": "Compare pools and queues"}]}],
            "tools": [tool("search_docs")],
        });
        let (_, response) = send(&request).await;
        let calls = response["output"].as_array().cloned().unwrap_or_default();
        assert_eq!(calls.len(), 2);
        assert_eq!((&calls[0]["type"], &calls[0]["name"]), (&json!("function_call"), &json!("search_docs")));
        assert_eq!(calls[0]["arguments"], r#"{"query":"pools","top_k":4}"#);
        assert_eq!((&response["tools"], &response["instructions"]), (&request["tools"], &json!("Cite.")));

        let found =
            json!([{"id": "pool-1", "score": 0.4, "text": "A pool keeps connections open for reuse."}]);
        if let Some(input) = request["input"].as_array_mut() {
            input.extend(calls.iter().cloned());
            input.extend(calls.iter().map(|call| {
                json!({"type": "function_call_output", "call_id": call["call_id"], "output": found.to_string()})
            }));
        }
        let (_, response) = send(&request).await;
        let text = response["output"][0]["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.contains("A pool keeps connections open for reuse. [pool-1]"), "{text}");
    }

    #[tokio::test]
    async fn refusals_say_which_part_is_wrong() {
        for (request, param, reason) in [
            (json!({}), json!("input"), "`input` is neither a string nor an array"),
            (json!({"input": []}), json!("input"), "`input` says nothing"),
            (
                json!({"input": [{"content": "?"}]}),
                json!("input"),
                "`input[0]` has neither `type` nor `role`",
            ),
            (json!({"input": [{"type": "message"}]}), json!("input"), "`input[0]` has no `role`"),
            (
                json!({"input": [{"type": "item_reference", "id": "msg_1"}]}),
                json!("input"),
                "`input[0]` refers",
            ),
            (
                json!({"input": "?", "previous_response_id": "resp_1"}),
                json!("previous_response_id"),
                "keeps nothing",
            ),
            (json!([]), Value::Null, "no JSON object"),
        ] {
            let (status, body) = send(&request).await;
            let error = &body["error"];
            assert_eq!((status, &error["type"]), (StatusCode::BAD_REQUEST, &json!("invalid_request_error")));
            assert_eq!((&error["param"], &error["code"]), (&param, &Value::Null), "{error}");
            assert!(error["message"].as_str().is_some_and(|message| message.contains(reason)), "{error}");
        }
        let (status, body) = send(&json!({"input": "Now fail please", "stream": true})).await;
        assert_eq!(
            (status, &body["error"]["type"]),
            (StatusCode::INTERNAL_SERVER_ERROR, &json!("server_error"))
        );
    }
}
