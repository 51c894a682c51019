//! OTLP logs on every port.

use serde_json::json;

use crate::{kit::*, wire};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

fn json_request(records: serde_json::Value) -> Vec<u8> {
    json!({"resourceLogs": [{"scopeLogs": [{"scope": {"name": "tests"}, "logRecords": records}]}]})
        .to_string()
        .into_bytes()
}

fn json_record(trace_id: &str) -> serde_json::Value {
    json!({"traceId": trace_id, "spanId": "1".repeat(16), "timeUnixNano": "1795221728000000001", "severityNumber": 9,
        "severityText": "INFO", "body": {"stringValue": "a line"}, "eventName": "e"})
}

/// Time (1), severity (2), body (5), trace (9), span (10).
fn record(trace: &[u8], span: &[u8]) -> Vec<u8> {
    let body = wire::field(5, wire::text("a line"));
    [wire::fixed64(1, 1 << 60), wire::number(2, 9), body, wire::field(9, trace), wire::field(10, span)]
        .concat()
}

#[test]
fn records_of_traces_are_taken_on_both_http_ports() {
    let server = TestServer::start();
    for address in [server.addresses.http, server.addresses.otlp.unwrap()] {
        let body = wire::request(&[record(&[7; 16], &[8; 8]), record(&[7; 16], b"")]);
        let answer = post(&url(address, "/v1/logs"), &[PROTOBUF], &body);
        assert_eq!((answer.status, answer.bytes.len()), (200, 0), "{}", answer.text);
        let body = json_request(json!([json_record(&"a".repeat(32))]));
        let answer = post(&url(address, "/v1/logs"), &[JSON], &body);
        assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
        for (headers, body) in [(PROTOBUF, &b""[..]), (JSON, b"{}"), (JSON, br#"{"resourceLogs": []}"#)] {
            assert_eq!(post(&url(address, "/v1/logs"), &[headers], body).status, 200);
        }
    }
}

#[test]
fn a_record_without_a_trace_is_refused_in_words() {
    let server = TestServer::start();
    let body =
        json_request(json!([json_record(""), json_record(&"0".repeat(32)), json_record(&"a".repeat(32))]));
    let answer = server.post("/v1/logs", &[JSON], &body);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!((answer.status, &partial["rejectedLogRecords"]), (200, &json!("2")));
    let said = partial["errorMessage"].as_str().unwrap();
    assert!(said.starts_with("2 log records: bennu keeps log records of traces only"), "{said}");

    let answer = server.post(
        "/v1/logs",
        &[PROTOBUF],
        &wire::request(&[record(b"short", b""), record(&[7; 16], b"12")]),
    );
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("1 log record: bennu keeps log records of traces only"), "{}", answer.text);
    assert!(
        answer.text.contains("1 log record: span_id is not 8 bytes; it is kept without"),
        "{}",
        answer.text
    );
}

#[test]
fn one_signal_on_the_path_of_another_is_recognised() {
    let server = TestServer::start();
    let logs = wire::request(&[record(&[7; 16], &[8; 8])]);
    let no_trace = wire::request(&[record(b"", b"")]);
    let traces = wire::request(&[wire::span(1, &[])]);
    let (json_logs, json_traces) = (json_request(json!([])), export(json!([])).to_string().into_bytes());
    let metrics = json!({"resourceMetrics": []}).to_string().into_bytes();
    for (path, header, body, said) in [
        ("/v1/traces", PROTOBUF, &logs, "logs payload on the traces path; send logs to /v1/logs"),
        ("/v1/traces", PROTOBUF, &no_trace, "send logs to /v1/logs"),
        ("/v1/logs", PROTOBUF, &traces, "traces payload on the logs path; send traces to /v1/traces"),
        ("/v1/traces", JSON, &json_logs, "send logs to /v1/logs"),
        ("/v1/logs", JSON, &json_traces, "send traces to /v1/traces"),
        ("/v1/logs", JSON, &metrics, "OTEL_METRICS_EXPORTER=none"),
    ] {
        let answer = server.post(path, &[header], body);
        assert_eq!(answer.status, 400, "{said}: {}", answer.text);
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
}

#[tokio::test]
async fn records_over_grpc() {
    use crate::grpc::{client, export};
    let server = TestServer::start();
    let mut client = client(&server).await;
    let logs = "logs.v1.LogsService";
    let reply = export(&mut client, logs, wire::request(&[record(&[7; 16], &[8; 8])])).await.unwrap();
    assert!(reply.is_empty());
    let reply = export(&mut client, logs, wire::request(&[record(b"", b"")])).await.unwrap();
    assert!(String::from_utf8_lossy(&reply).contains("bennu keeps log records of traces only"));
    let status = export(&mut client, logs, wire::request(&[wire::span(1, &[])])).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().contains("send traces to /v1/traces"), "{status:?}");
    let status = export(&mut client, "trace.v1.TraceService", wire::request(&[record(&[7; 16], b"")]))
        .await
        .unwrap_err();
    assert!(status.message().contains("send logs to /v1/logs"), "{status:?}");
}

#[test]
fn a_wrong_path_or_method_is_told_in_words() {
    let server = TestServer::start();
    let answer = server.post("/v1/trace", &[JSON], b"{}");
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("/v1/traces"), "{}", answer.text);
    let answer = server.get("/v1/traces");
    assert_eq!(answer.status, 405);
    assert!(answer.text.contains("POST"), "{}", answer.text);
    assert!(server.get("/nowhere").text.contains("<html"));
}
