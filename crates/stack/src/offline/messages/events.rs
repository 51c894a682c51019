//! A message in events: it begins empty, its blocks come one after the other, its end says why it ended.

use serde_json::{Value, json};

use super::{
    super::{
        answer::Reply,
        completion::{Completion, pieces},
        pace,
    },
    blocks, message, stop_reason, usage,
};

/// The events of an answer, from `message_start` to `message_stop`.
pub(super) fn events(completion: &Completion) -> Vec<String> {
    let mut events = Vec::new();
    // Counts are sums so far, and the first token is on its way when the message begins.
    let begun = message(completion, &[], Value::Null, usage(completion, 1));
    events.push(json!({"type": "message_start", "message": begun}));
    for (at, mut block) in blocks(completion).into_iter().enumerate() {
        let deltas: Vec<Value> = match &completion.reply {
            Reply::Text(text) => {
                block["text"] = json!("");
                let delta = |piece: String| json!({"type": "text_delta", "text": piece});
                pieces(text).into_iter().map(delta).collect()
            }
            Reply::Calls(calls) => {
                block["input"] = json!({});
                let delta = |half: String| json!({"type": "input_json_delta", "partial_json": half});
                calls[at].halves().into_iter().map(delta).collect()
            }
        };
        events.push(json!({"type": "content_block_start", "index": at, "content_block": block}));
        if at == 0 {
            events.push(json!({"type": "ping"}));
        }
        let delta = |delta: Value| json!({"type": "content_block_delta", "index": at, "delta": delta});
        events.extend(deltas.into_iter().map(delta));
        events.push(json!({"type": "content_block_stop", "index": at}));
    }
    let ended = json!({"stop_reason": stop_reason(completion), "stop_sequence": null});
    let counted = json!({"output_tokens": completion.completion_tokens});
    events.push(json!({"type": "message_delta", "delta": ended, "usage": counted}));
    events.push(json!({"type": "message_stop"}));
    let named = |event: Value| pace::event(event["type"].as_str().unwrap_or_default(), &event);
    events.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::{
        super::{
            super::kit::{self, joined, names, read},
            messages,
        },
        *,
    };

    async fn text(request: &Value) -> String {
        read(messages(Bytes::from(request.to_string())).await).await.1
    }

    async fn both(mut request: Value) -> (Vec<Value>, Value) {
        let whole = serde_json::from_str(&text(&request).await).unwrap_or_default();
        request["stream"] = json!(true);
        (kit::events(&text(&request).await), whole)
    }

    #[tokio::test]
    async fn a_text_comes_in_pieces() {
        let question = json!({"role": "user", "content": "Wie groß ist ein Pool für Übertragungen?"});
        let (events, whole) = both(json!({"messages": [question]})).await;
        assert_eq!(
            names(&events),
            [
                "message_start",
                "content_block_start",
                "ping",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop",
            ]
        );
        let begun = &events[0]["message"];
        assert_eq!((&begun["id"], &begun["content"]), (&whole["id"], &json!([])));
        assert_eq!(begun["usage"]["input_tokens"], whole["usage"]["input_tokens"]);
        assert_eq!(Some(&*joined(&events, "/delta/text")), whole["content"][0]["text"].as_str());
        let ended = &events[events.len() - 2];
        assert_eq!(ended["delta"], json!({"stop_reason": "end_turn", "stop_sequence": null}));
        assert_eq!(ended["usage"]["output_tokens"], whole["usage"]["output_tokens"]);
    }

    #[tokio::test]
    async fn uses_of_tools_come_in_pieces() {
        let question = json!({"role": "user", "content": "Compare pools and queues"});
        let tools = json!([{"name": "search_docs", "input_schema": {"type": "object"}}]);
        let (events, whole) = both(json!({"messages": [question], "tools": tools})).await;
        let block = ["content_block_start", "content_block_delta", "content_block_stop"];
        let first = ["content_block_start", "ping", "content_block_delta", "content_block_stop"];
        let expected = [&["message_start"][..], &first, &block, &["message_delta", "message_stop"]];
        assert_eq!(names(&events), expected.concat());
        for (at, block) in whole["content"].as_array().into_iter().flatten().enumerate() {
            let own: Vec<Value> = events.iter().filter(|event| event["index"] == at).cloned().collect();
            let mut begun = block.clone();
            begun["input"] = json!({});
            assert_eq!(own[0]["content_block"], begun);
            assert_eq!(joined(&own, "/delta/partial_json"), block["input"].to_string());
        }
        assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
    }
}
