//! `POST /v1/messages`, Anthropic's Messages API.
//!
//! - `request`: to the conversation that the rules understand.
//! - `events`: the answer in events.

mod request;
mod events;

use axum::{
    Json,
    body::Bytes,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    answer::Reply,
    completion::Completion,
    pace,
    refusal::{Refusal, parse},
};

pub(super) async fn messages(body: Bytes) -> Result<Response, Refused> {
    let request = parse(&body)?;
    let completion = Completion::of(&request::chat(&request)?)?;
    if request["stream"] == true {
        return Ok(pace::streamed(&completion, events::events(&completion)).await);
    }
    let usage = usage(&completion, completion.completion_tokens);
    let message = message(&completion, &blocks(&completion), stop_reason(&completion).into(), usage);
    Ok(pace::whole(&completion, message).await)
}

/// A message, as far as it has come.
fn message(completion: &Completion, content: &[Value], stop_reason: Value, usage: Value) -> Value {
    json!({
        "id": format!("msg_{:016x}", completion.hash),
        "type": "message",
        "role": "assistant",
        "model": completion.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": usage,
    })
}

/// What is said: a text, or uses of tools.
fn blocks(completion: &Completion) -> Vec<Value> {
    match &completion.reply {
        Reply::Text(text) => vec![json!({"type": "text", "text": text})],
        Reply::Calls(calls) => {
            let block = calls.iter().enumerate().map(|(at, call)| {
                let id = format!("toolu_{:016x}_{at}", completion.hash);
                json!({"type": "tool_use", "id": id, "name": call.name, "input": call.arguments})
            });
            block.collect()
        }
    }
}

fn stop_reason(completion: &Completion) -> &'static str {
    match completion.reply {
        Reply::Text(_) => "end_turn",
        Reply::Calls(_) => "tool_use",
    }
}

/// What is counted when so much is said.
fn usage(completion: &Completion, output_tokens: usize) -> Value {
    json!({
        "input_tokens": completion.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    })
}

/// A refusal as Anthropic words it.
#[derive(Debug)]
pub(super) struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refused(refusal) = self;
        let kind = if refusal.status.is_server_error() { "api_error" } else { "invalid_request_error" };
        let error = json!({"type": kind, "message": refusal.message});
        (refusal.status, Json(json!({"type": "error", "error": error}))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{super::kit::read, *};

    async fn send(request: &Value) -> (StatusCode, Value) {
        let (status, body) = read(messages(Bytes::from(request.to_string())).await).await;
        (status, serde_json::from_str(&body).expect("the body is JSON"))
    }

    #[tokio::test]
    async fn a_question_is_answered_with_a_text() {
        let question = json!({"role": "user", "content": "How large is a pool?"});
        let (status, message) =
            send(&json!({"model": "any", "max_tokens": 9, "system": "Be brief.", "messages": [question]}))
                .await;
        assert_eq!((status, &message["type"]), (StatusCode::OK, &json!("message")));
        assert_eq!((&message["role"], &message["model"]), (&json!("assistant"), &json!("any")));
        assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!("end_turn"), &Value::Null));
        let text = message["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.starts_with("You asked \"How large is a pool?\""), "{text}");
        // Two words of the system and five of the question.
        assert_eq!(message["usage"]["input_tokens"], 10);
        assert!(message["usage"]["output_tokens"].as_u64().is_some_and(|tokens| tokens > 10));
    }

    #[tokio::test]
    async fn tools_are_used_then_quoted() {
        let tools =
            json!([{"name": "search_docs", "description": "Finds.", "input_schema": {"type": "object"}}]);
        let question =
            json!({"role": "user", "content": [{"type": "text", "text": "Compare pools and queues"}]});
        let (_, message) = send(&json!({"messages": [question.clone()], "tools": tools})).await;
        let uses = message["content"].as_array().cloned().unwrap_or_default();
        assert_eq!((uses.len(), &message["stop_reason"]), (2, &json!("tool_use")));
        assert_eq!((&uses[0]["type"], &uses[0]["name"]), (&json!("tool_use"), &json!("search_docs")));
        assert_eq!(uses[1]["input"], json!({"query": "queues", "top_k": 4}));

        let found =
            json!([{"id": "pool-1", "score": 0.4, "text": "A pool keeps connections open for reuse."}]);
        let result = |block: &Value| json!({"type": "tool_result", "tool_use_id": block["id"], "content": found.to_string()});
        let results: Vec<Value> = uses.iter().map(result).collect();
        let said = json!({"role": "assistant", "content": uses});
        let (_, message) = send(
            &json!({"messages": [question, said, {"role": "user", "content": results}], "tools": tools}),
        )
        .await;
        let text = message["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.contains("A pool keeps connections open for reuse. [pool-1]"), "{text}");
    }

    #[tokio::test]
    async fn refusals_are_anthropics() {
        for (request, reason) in [
            (json!({}), "messages: "),
            (json!({"messages": []}), "messages: "),
            (json!({"messages": [{"role": "system", "content": "?"}]}), "messages.0.role: "),
            (
                json!({"messages": [{"role": "user", "content": "?"}, {"role": "user"}]}),
                "messages.1.content: ",
            ),
            (json!({"messages": [{"role": "user", "content": []}]}), "messages.0.content: "),
            (json!([]), "the body is no JSON object"),
        ] {
            let (status, body) = send(&request).await;
            assert_eq!((status, &body["type"]), (StatusCode::BAD_REQUEST, &json!("error")));
            assert_eq!(body["error"]["type"], "invalid_request_error");
            assert!(
                body["error"]["message"].as_str().is_some_and(|message| message.starts_with(reason)),
                "{body}"
            );
        }
        let question = json!({"role": "user", "content": "Now fail please"});
        let (status, body) = send(&json!({"messages": [question], "stream": true})).await;
        assert_eq!(
            (status, &body["error"]["type"]),
            (StatusCode::INTERNAL_SERVER_ERROR, &json!("api_error"))
        );
    }
}
