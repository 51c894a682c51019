//! OTLP/HTTP: what is taken, what is refused, and how.

use std::io::Write;

use bennu_bench::{Generator, Shape};
use serde_json::json;

use crate::kit::*;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_encoding_and_compression_on_both_ports() {
    let server = TestServer::start();
    let mut generator = Generator::new(1, Shape::Chat);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(&generator.request(5).body).unwrap();
    for (compression, body) in [
        ("identity", generator.request(5).body),
        ("gzip", gzip(&generator.request(5).body)),
        ("deflate", zlib.finish().unwrap()),
        ("zstd", zstd::encode_all(&generator.request(5).body[..], 1).unwrap()),
    ] {
        for address in [server.addresses.http, server.addresses.otlp.unwrap()] {
            let headers =
                [("content-type", "application/x-protobuf; proto=x"), ("content-encoding", compression)];
            let answer = post(&url(address, "/v1/traces"), &headers, &body);
            assert_eq!((answer.status, answer.bytes.len()), (200, 0), "{compression}");
            assert_eq!(answer.header("content-type"), Some("application/x-protobuf"));
        }
    }
    // Sent twice, stored once.
    let projects = server.get("/").text;
    assert!(projects.contains(">20<"), "5 spans four times: {projects}");
}

#[test]
fn partial_success_names_what_was_refused() {
    let server = TestServer::start();
    let good = span('a', '1', None, "good", &[]);
    let mut no_trace = good.clone();
    no_trace["traceId"] = json!("");
    let mut zero_span = good.clone();
    zero_span["spanId"] = json!("0000000000000000");
    let body = export(json!([no_trace, good, zero_span, zero_span])).to_string();
    let answer = server.post("/v1/traces", &[JSON], body.as_bytes());
    assert_eq!(answer.status, 200);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedSpans"], "3");
    let message = partial["errorMessage"].as_str().unwrap();
    assert!(message.contains("1 span: trace_id") && message.contains("2 spans: span_id"), "{message}");
    assert_eq!(server.trace(&"a".repeat(32))["spans"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_taken_is_refused_as_otlp_says() {
    let server = TestServer::with(&["--max-body-bytes", "100000"]);
    let logs = json!({"resourceLogs": []}).to_string();
    let bomb = gzip(&vec![b' '; 10 << 20]);
    for (headers, body, status, said) in [
        (&[JSON][..], &b"{"[..], 400, "JSON"),
        (&[JSON], b"[]", 400, "object"),
        (&[JSON], b"{\"a\": 1}", 400, "resourceSpans"),
        (&[JSON], logs.as_bytes(), 400, "logs"),
        (&[PROTOBUF], b"\xff\xff", 400, "protobuf"),
        (&[("content-type", "text/plain")], b"x", 415, "content type"),
        (&[], b"x", 415, "content type"),
        (&[JSON, ("content-encoding", "br")], b"x", 415, "br"),
        (&[JSON, ("content-encoding", "gzip")], b"not gzip", 400, "decompress"),
        (&[JSON, ("content-encoding", "gzip")], &bomb, 413, "100000"),
        (&[JSON], &[b' '; 100_001], 413, "--max-body-bytes"),
    ] {
        let answer = server.post("/v1/traces", headers, body);
        assert_eq!(answer.status, status, "{said}: {}", answer.text);
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
        let protobuf = headers.contains(&PROTOBUF);
        assert_eq!(
            answer.header("content-type"),
            Some(if protobuf { "application/x-protobuf" } else { "application/json" })
        );
    }
    let answer = server.post("/v1/metrics", &[JSON], b"{}");
    assert_eq!((answer.status, answer.json()["code"].as_i64()), (501, Some(12)));
    assert!(answer.json()["message"].as_str().unwrap().contains("OTEL_METRICS_EXPORTER=none"));
    assert_eq!(server.post("/v1/traces", &[JSON], b"{}").status, 200, "an empty request is a request");
}

#[test]
fn json_that_senders_break_is_repaired_and_marked() {
    let server = TestServer::start();
    let body = export(json!([span(
        'a',
        '1',
        None,
        "n",
        &[("input.value", json!("HALF")), ("score", json!("NOT"))]
    )]));
    let body = body
        .to_string()
        .replace("HALF", "an emoji cut in two \\ud83d")
        .replace("{\"stringValue\":\"NOT\"}", "{\"doubleValue\":NaN}");
    let answer = server.post("/v1/traces", &[JSON], body.as_bytes());
    assert_eq!((answer.status, &answer.json()["partialSuccess"]["rejectedSpans"]), (200, &json!("0")));
    assert!(answer.text.contains("1 span: text that is not valid Unicode was mended"), "{}", answer.text);
    let span = &server.trace(&"a".repeat(32))["spans"][0];
    assert_eq!(
        (&span["attributes"]["input.value"], &span["attributes"]["score"]),
        (&json!("an emoji cut in two \u{fffd}"), &json!("NaN"))
    );
    assert_eq!(span["repaired"], true);
}

#[test]
fn one_large_resource_over_many_scopes_costs_its_size_once() {
    let server = TestServer::with(&["--max-queue-bytes", "20000000"]);
    let mut body = export(json!([]));
    let large = "x".repeat(100_000);
    body["resourceSpans"][0]["resource"]["attributes"] =
        json!([{"key": "large", "value": {"stringValue": large}}]);
    body["resourceSpans"][0]["scopeSpans"] = (1..=2000_u32)
        .map(|n| {
            let mut span = span('a', '1', None, "n", &[]);
            span["spanId"] = json!(format!("{n:016x}"));
            json!({"scope": {"name": format!("scope {n}")}, "spans": [span]})
        })
        .collect();
    // Held once for each scope it would be ten times the budget.
    let answer = server.post("/v1/traces", &[JSON], body.to_string().as_bytes());
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
}

#[test]
fn absurd_token_counts_leave_every_page_readable() {
    let server = TestServer::start();
    let absurd = [
        ("openinference.span.kind", json!("LLM")),
        ("llm.token_count.prompt", json!(i64::MAX)),
        ("llm.token_count.completion", json!(i64::MAX)),
    ];
    for trace in ['a', 'b', 'c'] {
        let spans = (1..=4000_u32).map(|n| {
            let mut span = span(trace, '1', None, "n", &absurd);
            span["spanId"] = json!(format!("{n:016x}"));
            span
        });
        server.send(spans.collect());
    }
    for path in ["/", "/readyz", "/v1/projects", "/projects/p/traces", "/v1/projects/p/traces"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(server.get(&format!("/projects/p/traces/{}", "a".repeat(32))).status, 200);
}

#[test]
fn a_full_queue_says_when_to_come_back() {
    let server = TestServer::with(&["--max-queue-bytes", "2048"]);
    let body = export(json!([span('a', '1', None, &"x".repeat(4000), &[])])).to_string();
    let answer = server.post("/v1/traces", &[JSON], body.as_bytes());
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(answer.json()["code"], 14);
    server.send(json!([span('a', '1', None, "small", &[])]));
}

#[test]
fn the_header_names_the_project_then_the_resource_then_default() {
    let server = TestServer::start();
    let send = |headers: &[(&str, &str)], resource: Option<&str>, trace: char| {
        let mut body = export(json!([span(trace, '1', None, "n", &[])]));
        if let Some(name) = resource {
            body["resourceSpans"][0]["resource"]["attributes"]
                .as_array_mut()
                .unwrap()
                .push(json!({"key": "openinference.project.name", "value": {"stringValue": name}}));
        }
        let headers = [&[JSON][..], headers].concat();
        assert_eq!(server.post("/v1/traces", &headers, body.to_string().as_bytes()).status, 200);
        server.trace(&trace.to_string().repeat(32))["project"].as_str().unwrap().to_owned()
    };
    assert_eq!(send(&[("x-project-name", "head")], Some("res"), 'a'), "head");
    assert_eq!(send(&[], Some("res"), 'b'), "res");
    assert_eq!(send(&[], None, 'c'), "default");
}
