//! What has not ended yet, and what log records tell of it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::kit::*;

/// Seconds from now as OTLP writes them.
fn at(seconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    (i128::try_from(now).unwrap() + i128::from(seconds) * 1_000_000_000).to_string()
}

fn lasting(mut span: Value, start: i64, end: i64) -> Value {
    (span["startTimeUnixNano"], span["endTimeUnixNano"]) = (at(start).into(), at(end).into());
    span
}

#[test]
fn a_parent_that_has_not_ended_is_awaited_and_completed_in_place() {
    let server = TestServer::start();
    let trace = "d".repeat(32);
    server.send(json!([lasting(span('d', '2', Some('1'), "llm.chat", &[]), -8, -6)]));
    let list = server.get("/projects/p/traces").text;
    assert!(list.contains("tag running") && !list.contains("no root"));
    let running = server.get("/projects/p/traces?status=running").text;
    assert!(running.contains(&trace), "the filter and the tag agree");
    let page = server.get(&format!("/projects/p/traces/{trace}")).text;
    assert!(page.contains("data-live") && page.contains("not ended yet"), "{page}");
    let awaited = server.get(&format!("/projects/p/traces/{trace}/span?span={}", "1".repeat(16)));
    assert_eq!(awaited.status, 200);
    assert!(awaited.text.contains("A span is sent when it ends"));

    let goes_on = || {
        let paths = [format!("/v1/traces/{trace}"), format!("/v1/traces/{trace}/otlp")];
        paths.map(|path| server.get(&path).header("x-bennu-running").is_some())
    };
    assert_eq!(goes_on(), [true, true]);

    server.send(json!([lasting(span('d', '1', None, "agent.run", &[]), -9, -1)]));
    assert_eq!(goes_on(), [false, false]);
    let page = server.get(&format!("/projects/p/traces/{trace}")).text;
    assert!(!page.contains("data-live") && page.contains("agent.run") && !page.contains("not ended yet"));
}

#[test]
fn a_trace_without_news_is_not_running() {
    let server = TestServer::start();
    server.send(json!([lasting(span('d', '2', Some('1'), "llm.chat", &[]), -8_000, -7_000)]));
    let page = server.get(&format!("/projects/p/traces/{}", "d".repeat(32))).text;
    assert!(!page.contains("data-live") && page.contains("The root span has not arrived"));
    assert!(!server.get("/projects/p/traces?status=running").text.contains(&"d".repeat(32)));
}

#[test]
fn a_pending_span_runs_until_the_real_one_comes_in_either_order() {
    let pending = |trace| {
        let attributes = [
            ("logfire.span_type", json!("pending_span")),
            ("logfire.pending_parent_id", json!("0000000000000000")),
            ("gen_ai.request.model", json!("gpt-5-mini")),
        ];
        lasting(span(trace, '9', Some('1'), "chat", &attributes), -5, -5)
    };
    let real =
        |trace| lasting(span(trace, '1', None, "chat", &[("logfire.span_type", json!("span"))]), -5, -1);
    let server = TestServer::start();
    server.send(json!([pending('a')]));
    let answer = server.trace(&"a".repeat(32));
    let announced = &answer["spans"][0];
    assert_eq!((&announced["span_id"], &announced["running"]), (&json!("1".repeat(16)), &json!(true)));
    assert_eq!(answer["running"], 1);
    let running = server.get("/projects/p/traces?status=running").text;
    assert!(running.contains(&"a".repeat(32)));
    let pane =
        server.get(&format!("/projects/p/traces/{}/span?span={}", "a".repeat(32), "1".repeat(16))).text;
    assert!(pane.contains("running for ") && pane.contains("It has not ended"), "{pane}");
    assert!(!pane.contains("sent without content"));
    server.send(json!([real('a')]));
    server.send(json!([real('b')]));
    server.send(json!([pending('b')]));
    for trace in ["a", "b"] {
        let answer = server.trace(&trace.repeat(32));
        assert_eq!(answer["spans"].as_array().unwrap().len(), 1, "{trace}: folded into the real span");
        assert_eq!(answer["spans"][0]["running"], false, "{trace}");
    }
    let running = server.get("/projects/p/traces?status=running").text;
    assert!(!running.contains(&"a".repeat(32)) && !running.contains(&"b".repeat(32)));
}

#[test]
fn records_become_messages_and_the_others_are_shown_with_their_span() {
    let record = |span: Value, name: &str, body: Value| {
        json!({"traceId": "d".repeat(32), "spanId": span, "observedTimeUnixNano": at(-3), "severityNumber": 9, "eventName": name,
            "body": body})
    };
    let one = || json!("1".repeat(16));
    let said =
        |text: &str| json!({"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": text}}]}});
    let server = TestServer::start();
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        record(one(), "gen_ai.user.message", said("How do I get a refund?")),
        record(one(), "", json!({"stringValue": "asking with 3 chunks"})),
        record(json!(""), "", json!({"stringValue": "the queue is long"})),
    ]}]}]});
    let headers = [("content-type", "application/json"), ("x-project-name", "p")];
    assert_eq!(server.post("/v1/logs", &headers, logs.to_string().as_bytes()).text, "{}");
    // Before any span: the records can be read, and the page says where.
    let trace = "d".repeat(32);
    assert_eq!(server.get(&format!("/v1/traces/{trace}/logs")).json()["total"], 3);
    assert_eq!(server.get(&format!("/v1/traces/{trace}/logs?project=p")).status, 404);
    let none = server.get(&format!("/v1/traces/{trace}/logs?span_id={}", "9".repeat(16)));
    assert_eq!((none.status, &none.json()["total"]), (200, &json!(0)));
    let page = server.get(&format!("/traces/{trace}"));
    assert_eq!(page.status, 404);
    assert!(page.text.contains(&format!("/v1/traces/{trace}/logs")), "{}", page.text);
    server.send(json!([lasting(
        span('d', '1', None, "chat", &[("gen_ai.operation.name", json!("chat"))]),
        -4,
        -2
    )]));
    let answer = server.trace(&trace);
    assert_eq!(answer["spans"][0]["input_messages"][0]["parts"][0]["text"], "How do I get a refund?");
    assert_eq!(answer["spans"][0]["sources"]["input_messages"][0]["place"], "log record");
    assert!(server.get("/projects/p/traces").text.contains("How do I get a refund?"));
    let page = server.get(&format!("/projects/p/traces/{trace}")).text;
    assert!(page.contains("asking with 3 chunks") && page.contains("the queue is long"));
    let logs = server.get(&format!("/v1/traces/{trace}/logs")).json();
    assert_eq!(logs["total"], 3);
    let of_span = server.get(&format!("/v1/traces/{trace}/logs?span_id={}", "1".repeat(16))).json();
    assert_eq!(of_span["data"].as_array().unwrap().len(), 2);
    let mut read = Vec::new();
    let mut next = String::new();
    while read.len() < 3 {
        let page = server.get(&format!("/v1/traces/{trace}/logs?limit=1{next}")).json();
        read.push(page["data"][0].clone());
        next = page["next_cursor"].as_str().map_or(String::new(), |cursor| format!("&cursor={cursor}"));
    }
    assert_eq!((json!(read), next.as_str()), (logs["data"].clone(), ""));
    assert_eq!(server.get(&format!("/v1/traces/{trace}/logs?cursor=x")).status, 422);
    assert_eq!(server.get(&format!("/v1/traces/{trace}/logs?span_id=7")).status, 422);
    assert_eq!(server.get(&format!("/v1/traces/{}/logs", "e".repeat(32))).status, 404);
}

#[test]
fn a_service_is_told_what_is_missing() {
    let server = TestServer::start();
    server.send(json!([span(
        'd',
        '1',
        None,
        "chat",
        &[
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.request.model", json!("gpt-5-mini")),
            ("gen_ai.request.stream", json!(true)),
            ("shop.region", json!("eu-west")),
            ("server.address", json!("localhost")),
        ]
    )]));
    let answer = server.get("/v1/projects/p/conventions").json();
    let report = &answer["data"][0];
    assert_eq!((&report["service"], &report["spans"]), (&json!("test"), &json!(1)));
    assert_eq!(
        report["not_understood"],
        json!([{"attribute": "shop.region", "spans": 1, "example": "eu-west"}])
    );
    let advice = report["advice"].to_string();
    assert!(advice.contains("without prompt and answer") && advice.contains("include_usage"), "{advice}");
    let page = server.get("/projects/p/conventions").text;
    assert!(page.contains("shop.region") && page.contains("include_usage"));
    assert_eq!(server.get("/v1/projects/nobody/conventions").status, 404);
    assert_eq!(server.get("/v1/projects/p/conventions?days=3").status, 422);
    assert_eq!(server.get("/projects/p/conventions?servce=test").status, 400);
    assert_eq!(server.get("/v1/projects/p/conventions?service=").json()["data"], json!([]));
}

#[test]
fn what_a_span_has_is_not_missed() {
    let server = TestServer::start();
    let call = [
        ("openinference.span.kind", json!("LLM")),
        ("llm.model_name", json!("m")),
        ("input.value", json!(r#"{"q": "hello"}"#)),
        ("input.mime_type", json!("application/json")),
        ("output.value", json!(r#"{"a": "x"}"#)),
        ("logfire.span_type", json!("span")),
    ];
    let names: Vec<String> = (0..90).map(|at| format!("app.{}", "x".repeat(at))).collect();
    let strange: Vec<_> = names.iter().map(|name| (name.as_str(), json!(1))).collect();
    server.send(json!([span('d', '1', None, "chat", &call), span('d', '2', Some('1'), "step", &strange)]));
    let report = &server.get("/v1/projects/p/conventions").json()["data"][0];
    assert!(!report["advice"].to_string().contains("without prompt"), "{}", report["advice"]);
    let listed = report["not_understood"].as_array().unwrap();
    assert!(listed.iter().all(|attribute| attribute["attribute"].as_str().unwrap().starts_with("app.")));
    assert_eq!((listed.len(), &report["not_understood_more"]), (60, &json!(30)));
    assert!(server.get("/projects/p/conventions").text.contains("and 30 rarer ones"));
    // The input is told by an attribute and its type: one span.
    let understood = report["understood"].as_array().unwrap();
    assert!(understood.iter().all(|field| field["spans"] == 1), "{understood:?}");
}
