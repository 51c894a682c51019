//! A response in events: each has its name as `type` and a number.

use serde_json::{Map, Value, json};

use super::{
    super::{
        answer::{Call, Reply},
        completion::pieces,
        pace,
    },
    Answer, part,
};

/// The events of an answer, from `response.created` to `response.completed`.
pub(super) fn events(answer: &Answer<'_>) -> Vec<String> {
    let mut events = Events::default();
    events.add("response.created", json!({"response": answer.begun()}));
    events.add("response.in_progress", json!({"response": answer.begun()}));
    for (at, item) in answer.items().into_iter().enumerate() {
        match &answer.completion.reply {
            Reply::Text(text) => events.add_message(at, item, text),
            Reply::Calls(calls) => events.add_call(at, item, &calls[at]),
        }
    }
    events.add("response.completed", json!({"response": answer.completed()}));
    events.sent
}

/// Events that were made so far.
#[derive(Default)]
struct Events {
    sent: Vec<String>,
}

impl Events {
    fn add(&mut self, name: &str, fields: Value) {
        let mut event = Map::new();
        event.insert("type".to_owned(), name.into());
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        event.insert("sequence_number".to_owned(), self.sent.len().into());
        self.sent.push(pace::event(name, &Value::Object(event)));
    }

    fn add_message(&mut self, at: usize, item: Value, text: &str) {
        let mut begun = item.clone();
        begun["status"] = json!("in_progress");
        begun["content"] = json!([]);
        self.add("response.output_item.added", json!({"output_index": at, "item": begun}));
        let place = |mut fields: Value| {
            fields["item_id"] = item["id"].clone();
            fields["output_index"] = json!(at);
            fields["content_index"] = json!(0);
            fields
        };
        self.add("response.content_part.added", place(json!({"part": part("")})));
        for piece in pieces(text) {
            self.add("response.output_text.delta", place(json!({"delta": piece, "logprobs": []})));
        }
        self.add("response.output_text.done", place(json!({"text": text, "logprobs": []})));
        self.add("response.content_part.done", place(json!({"part": part(text)})));
        self.add("response.output_item.done", json!({"output_index": at, "item": item}));
    }

    fn add_call(&mut self, at: usize, item: Value, call: &Call) {
        let mut begun = item.clone();
        begun["status"] = json!("in_progress");
        begun["arguments"] = json!("");
        self.add("response.output_item.added", json!({"output_index": at, "item": begun}));
        for half in call.halves() {
            let fields = json!({"item_id": item["id"], "output_index": at, "delta": half});
            self.add("response.function_call_arguments.delta", fields);
        }
        let done = json!({"item_id": item["id"], "output_index": at, "name": call.name, "arguments": item["arguments"]});
        self.add("response.function_call_arguments.done", done);
        self.add("response.output_item.done", json!({"output_index": at, "item": item}));
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::{
        super::{
            super::kit::{self, joined, names, read},
            responses,
        },
        *,
    };

    async fn streamed(request: &Value) -> Vec<Value> {
        let mut request = request.clone();
        request["stream"] = json!(true);
        let (_, body) = read(responses(Bytes::from(request.to_string())).await).await;
        let events = kit::events(&body);
        assert!(events.iter().enumerate().all(|(at, event)| event["sequence_number"] == at));
        events
    }

    async fn whole(request: &Value) -> Value {
        let (_, body) = read(responses(Bytes::from(request.to_string())).await).await;
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// The response of an event, without its second.
    fn response(event: &Value) -> Value {
        let mut response = event["response"].clone();
        response["created_at"] = json!(0);
        response
    }

    #[tokio::test]
    async fn a_text_comes_in_pieces() {
        let request = json!({"input": "Wie groß ist ein Pool für Übertragungen?"});
        let events = streamed(&request).await;
        assert_eq!(
            names(&events),
            [
                "response.created",
                "response.in_progress",
                "response.output_item.added",
                "response.content_part.added",
                "response.output_text.delta",
                "response.output_text.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.completed",
            ]
        );
        let whole = whole(&request).await;
        let text = whole.pointer("/output/0/content/0/text").and_then(Value::as_str);
        assert_eq!(Some(&*joined(&events, "/delta")), text);
        assert_eq!(Some(&*joined(&events, "/text")), text);
        assert_eq!(
            (&events[0]["response"]["output"], &events[0]["response"]["usage"]),
            (&json!([]), &Value::Null)
        );
        assert_eq!(response(&events[events.len() - 1]), response(&json!({"response": whole})));
        assert!(
            events.iter().all(|event| event.get("item_id").is_none_or(|id| *id == whole["output"][0]["id"]))
        );
    }

    #[tokio::test]
    async fn calls_come_in_pieces() {
        let tools = json!([{"type": "function", "name": "search_docs"}]);
        let request = json!({"input": "Compare pools and queues", "tools": tools});
        let events = streamed(&request).await;
        let call = [
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
        ];
        let expected =
            [&["response.created", "response.in_progress"][..], &call, &call, &["response.completed"]];
        assert_eq!(names(&events), expected.concat());
        let arguments = [r#"{"query":"pools","top_k":4}"#, r#"{"query":"queues","top_k":4}"#];
        assert_eq!(joined(&events, "/delta"), arguments.concat());
        assert_eq!(joined(&events, "/arguments"), arguments.concat());
        let last = &events[events.len() - 1]["response"];
        assert_eq!(last["output"], whole(&request).await["output"]);
        assert_eq!(last["output"][1]["arguments"], arguments[1]);
    }
}
