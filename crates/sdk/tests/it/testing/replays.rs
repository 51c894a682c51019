//! Answers from a recording, over HTTP and without.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use bennu_sdk::testing::{Replay, ReplayServer};
use serde_json::{Value, json};

use super::{call, case, herons, said, shown, span, tool};

/// Sends a request as it is; status and body.
fn send(server: &ReplayServer, request: &str) -> (u16, String) {
    let url = server.url();
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn post(server: &ReplayServer, request: &Value) -> (u16, String) {
    let body = request.to_string();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
    send(server, &format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// The conversation as the recorded agent has it before its first, second and third call.
fn conversation(call: usize) -> Value {
    let function = |id: &str, name: &str, arguments: Value| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments.to_string()}});
    let all = [
        json!({"role": "user", "content": "What do herons eat?"}),
        json!({"role": "assistant", "content": null, "tool_calls": [
            function("c1", "search_docs", json!({"query": "heron food"})),
            function("c2", "search_docs", json!({"query": "heron hunting"})),
        ]}),
        json!({"role": "tool", "tool_call_id": "c1", "content": "[\"d7\"]"}),
        json!({"role": "tool", "tool_call_id": "c2", "content": "[\"d7\",\"d9\"]"}),
        json!({"role": "assistant", "content": null, "tool_calls": [function("c3", "fetch_doc", json!({"id": "d9"}))]}),
        json!({"role": "tool", "tool_call_id": "c3", "content": "{\"error\":\"no such document\"}"}),
    ];
    json!({"model": "gpt-4o", "messages": all[..[1, 4, 6][call]]})
}

#[test]
fn a_run_that_does_the_same_is_answered_and_finished() {
    let replay = Replay::of(&case(&herons()));
    let server = replay.serve().unwrap();
    let (status, body) = post(&server, &conversation(0));
    let expected = json!({
        "id": "replay-b", "object": "chat.completion", "created": 0, "model": "gpt-4o",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "search_docs", "arguments": "{\"query\":\"heron food\"}"}},
            {"id": "c2", "type": "function", "function": {"name": "search_docs", "arguments": "{\"query\":\"heron hunting\"}"}},
        ]}}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150},
    });
    assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()), (200, expected));
    // The second is asked before the first.
    assert_eq!(replay.tool("search_docs", &json!({"query": "heron hunting"})), Ok(json!(["d7", "d9"])));
    assert_eq!(replay.tool("search_docs", &json!({"query": "heron food"})), Ok(json!(["d7"])));
    // In pieces whose length is said before each.
    let request = conversation(1).to_string();
    let (first, second) = request.split_at(20);
    let head = "POST /v1/chat/completions?x=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    let pieces = format!("{:x}\r\n{first}\r\n{:X};a=b\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let (status, body) = send(&server, &format!("{head}{pieces}"));
    assert_eq!(status, 100);
    assert!(body.starts_with("HTTP/1.1 200 OK") && body.contains("fetch_doc"), "{body}");
    assert_eq!(replay.tool("fetch_doc", &json!({"id": "d9"})), Err("no such document".to_owned()));
    assert_eq!(replay.chat(&conversation(2)).unwrap()["choices"][0]["message"]["content"], "Fish, mostly.");
    replay.assert_finished();
}

#[test]
fn a_stream_is_what_a_model_would_send() {
    let replay = Replay::of(&case(&herons()));
    let server = replay.serve().unwrap();
    let mut request = conversation(0);
    request["stream"] = json!(true);
    request["stream_options"] = json!({"include_usage": true});
    let (status, body) = post(&server, &request);
    assert_eq!(status, 200);
    let (events, done) = body.trim_end().rsplit_once("\n\n").unwrap();
    assert_eq!(done, "data: [DONE]");
    let mut heard = bennu_sdk::llm_span("gpt-4o", "").stream();
    let mut arguments = String::new();
    let chunks: Vec<Value> = events
        .split("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    for chunk in &chunks {
        heard.push(chunk);
        let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
        if call["index"] == 1 {
            arguments.push_str(call["function"]["arguments"].as_str().unwrap());
        }
    }
    heard.finish();
    assert_eq!(arguments, r#"{"query":"heron hunting"}"#);
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["completion_tokens"]), (&json!([]), &json!(30)));
    assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn what_was_not_recorded_is_a_complaint_in_words() {
    let replay = Replay::of(&case(&herons()));
    let server = replay.serve().unwrap();
    let refused = |request: &Value| {
        let (status, body) = post(&server, request);
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &error["error"]["type"]), (400, &json!("replay")));
        error["error"]["message"].as_str().unwrap().to_owned()
    };
    let mut expected = Vec::new();
    let mut check = |said: String, words: &str| {
        assert_eq!(said, words);
        expected.push(said);
    };
    check(
        refused(&conversation(1)),
        "the recorded run's model call 1 followed a user message; this request ends with the result of search_docs",
    );
    replay.chat(&conversation(0)).unwrap();
    check(
        refused(&conversation(0)),
        "the recorded run's model call 2 followed the result of search_docs; this request ends with a user message",
    );
    let mut one_missing = conversation(1);
    one_missing["messages"].as_array_mut().unwrap().remove(2);
    check(
        refused(&one_missing),
        "the recorded run's model call 2 followed 4 messages; this request has 3, and ends with the result of search_docs as well",
    );
    let mut swapped = conversation(1);
    swapped["messages"].as_array_mut().unwrap().swap(2, 3);
    check(
        refused(&swapped),
        "message 3 of the recorded run's model call 2 was the result of search_docs for the call c1; in this request it is for the \
         call c2",
    );
    let mut other = conversation(1);
    other["messages"][2] = json!({"role": "user", "content": "Be quick."});
    check(
        refused(&other),
        "message 3 of the recorded run's model call 2 was the result of search_docs; in this request it is a user message",
    );
    replay.chat(&conversation(1)).unwrap();
    replay.chat(&conversation(2)).unwrap();
    check(refused(&conversation(2)), "this run asked for model call 4; the recorded run made 3 model calls");

    assert_eq!(replay.tool("search_docs", &json!({"query": "frogs"})), Ok(json!(["d7"])));
    let unlike = r#"this run called tool search_docs {"query":"frogs"}; the recorded run called it with {"query":"heron food"}"#;
    let again = replay.tool("search_docs", &json!({"query": "heron hunting"}));
    assert_eq!(again, Ok(json!(["d7", "d9"])));
    let more = replay.tool("search_docs", &json!({"query": "x"})).unwrap_err();
    let never = replay.tool("now", &json!({})).unwrap_err();
    let (status, body) = send(&server, "POST /v1/embeddings HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(status, 404, "{body}");
    expected.extend([unlike.to_owned(), more.clone(), never.clone()]);
    assert_eq!(
        more,
        r#"this run called tool search_docs {"query":"x"}, its 3rd call of it; the recorded run called search_docs twice"#
    );
    assert_eq!(never, "this run called tool now {}; the recorded run never called now");

    let complaints = replay.complaints();
    assert_eq!(complaints[..complaints.len() - 1], expected);
    assert!(
        complaints.last().unwrap().starts_with("this run asked for POST /v1/embeddings; a replay answers")
    );
    let message = said(|| replay.assert_finished());
    assert!(message.contains(&format!("\n- {never}\n")), "{message}");
    assert!(
        message.contains("\n- the recorded run called tool fetch_doc {\"id\":\"d9\"} as its 3rd tool call; this run never did\n"),
        "{message}"
    );
}

#[test]
fn what_was_left_is_said_whole() {
    let replay = Replay::of(&case(&herons()));
    replay.chat(&conversation(0)).unwrap();
    replay.tool("search_docs", &json!({"query": "heron food"})).unwrap();
    let expected = r#"the run did not ask for what was recorded:
- the recorded run called tool search_docs {"query":"heron hunting"} as its 2nd tool call; this run never did
- the recorded run made model call 2; this run never did
- the recorded run called tool fetch_doc {"id":"d9"} as its 3rd tool call; this run never did
- the recorded run made model call 3; this run never did

the recorded run:

  AGENT agent.run · 2.30 s
  ├─ LLM llm.chat gpt-4o · 400 ms · 120 + 30 tokens · wants search_docs, search_docs
  ├─ TOOL search_docs {"query":"heron food"} · 60 ms
  │  └─ RETRIEVER retrieval · 54 ms · 1 document: d7
> ├─ TOOL search_docs {"query":"heron hunting"} · 49 ms
  │  └─ RETRIEVER retrieval · 47 ms · 2 documents: d7, d9
> ├─ LLM llm.chat gpt-4o · 440 ms · 310 + 12 tokens · wants fetch_doc
> ├─ TOOL fetch_doc {"id":"d9"} · 2.0 ms · ERROR no such document
> └─ LLM llm.chat gpt-4o · 1.39 s · 360 + 8 tokens · stop
"#;
    assert_eq!(said(|| replay.assert_finished()), expected);
}

#[test]
fn calls_at_the_same_time_are_told_apart_by_what_they_were_shown_and_those_below_a_tool_go_with_it() {
    let shown = |answer: &str, asked: &str| {
        shown(
            call(&[], answer, [1, 1]),
            json!([{"role": "user", "parts": [{"type": "text", "text": asked}]}]),
        )
    };
    let replay = Replay::of(&case(&[
        span("a", "", "LLM llm.chat", [0, 10], shown("one", "1?")),
        span("b", "", "LLM llm.chat", [1, 9], shown("two", "2?")),
        span("c", "", "TOOL summarise", [11, 20], tool("summarise", json!("text"), json!("short"))),
        span("d", "c", "LLM llm.chat", [12, 19], shown("short", "summarise")),
        span("e", "", "LLM llm.chat", [21, 30], json!({"status": "ERROR", "status_message": "overloaded"})),
        span("f", "", "LLM llm.chat", [31, 32], json!({})),
    ]));
    let ask = |text: &str| {
        let response = replay.chat(&json!({"messages": [{"role": "user", "content": text}]}))?;
        Ok::<_, String>(response["choices"][0]["message"]["content"].as_str().unwrap().to_owned())
    };
    assert_eq!((ask("2?"), ask("1?")), (Ok("two".to_owned()), Ok("one".to_owned())));
    assert_eq!(replay.tool("summarise", "text"), Ok(json!("short")));
    assert_eq!(ask("anything"), Err("overloaded".to_owned()), "as it was recorded");
    assert_eq!(replay.complaints(), Vec::<String>::new());
    assert_eq!(ask("anything"), Err("the recording does not hold what model call 5 said".to_owned()));
}

#[test]
fn a_call_in_the_words_of_another_server_is_answered_in_openais() {
    let said = |id: &str, [start, end]: [u64; 2], mut call: Value, reason: &str| {
        call["finish_reasons"] = json!([reason]);
        call["model"] = Value::Null;
        span(id, "", "LLM llm.chat", [start, end], call)
    };
    let wish = || call(&[("c1", "now", json!({}))], "", [1, 1]);
    let mut total = call(&[], "Noon.", [1, 1]);
    total["usage"] = json!({"total": 9});
    let replay = Replay::of(&case(&[
        said("a", [0, 1], wish(), "completed"),
        said("b", [2, 3], total, "end_turn"),
        said("c", [4, 5], call(&[], "It is", [1, 1]), "max_output_tokens"),
        said("d", [6, 7], call(&[], "It", [1, 1]), "cancelled"),
    ]));
    let ask = || replay.chat(&json!({"model": "asked-for", "messages": []}));
    let [first, second, third] = [(); 3].map(|()| ask().unwrap());
    let reason = |response: &Value| response["choices"][0]["finish_reason"].clone();
    assert_eq!([&first, &second, &third].map(reason), ["tool_calls", "stop", "length"]);
    assert_eq!(first["model"], "asked-for");
    assert_eq!(second["usage"], json!({"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}));
    let cut = "the answer of the recorded run's model call 4 was cut off (cancelled)";
    assert_eq!(ask(), Err(cut.to_owned()));
    assert_eq!(replay.complaints(), [cut]);
}

#[test]
fn a_tool_that_is_asked_with_json_text_is_asked_the_same() {
    let did = tool("search", json!({"query": "a"}), json!("{\"found\": 1}"));
    let replay = Replay::of(&case(&[span("a", "", "TOOL search", [0, 1], did)]));
    assert_eq!(replay.tool("search", r#"{ "query": "a" }"#), Ok(json!({"found": 1})));
    replay.assert_finished();
}

#[test]
fn a_server_that_is_dropped_is_gone() {
    let server = Replay::of(&case(&herons())).serve().unwrap();
    let url = server.url();
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap().to_owned();
    // Who connects and says nothing holds nothing up, and is not left waiting.
    let mut silent = TcpStream::connect(&address).unwrap();
    // Who comes later is answered, so this one has been let in.
    post(&server, &conversation(0));
    drop(server);
    silent.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0, "it has ended");
}
