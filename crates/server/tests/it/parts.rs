//! `/v1/traces/{id}` and its OTLP of traces that are answered in parts.

use serde_json::{Value, json};

use crate::kit::*;

#[test]
fn a_large_trace_comes_whole_and_in_order() {
    let server = TestServer::start();
    let trace = "c".repeat(32);
    let id = |at: usize| format!("{:016x}", at + 1);
    // More spans than a part has, and some that fill one alone.
    let spans: Vec<Value> = (0..700)
        .map(|at| {
            let text = if at % 150 == 7 { "large ".repeat(900_000) } else { format!("text {at}") };
            let mut span = span('c', '1', None, &format!("n{at}"), &[("input.value", json!(text))]);
            span["spanId"] = json!(id(at));
            span["parentSpanId"] = json!(if at == 0 { String::new() } else { id(0) });
            span["startTimeUnixNano"] = json!((1_700_000_000_000_000_000u64 + at as u64 / 3).to_string());
            span
        })
        .collect();
    for part in spans.chunks(100) {
        server.send(json!(part));
    }
    let told = server.trace(&trace);
    let ids = |spans: &Value, name: &str| -> Vec<String> {
        let spans = spans.as_array().unwrap();
        spans.iter().map(|span| span[name].as_str().unwrap().to_owned()).collect()
    };
    let expected: Vec<String> = (0..700).map(id).collect();
    assert_eq!(ids(&told["spans"], "span_id"), expected);
    assert_eq!(told["spans"][7]["input"]["value"].as_str().unwrap().len(), 5_400_000);
    assert_eq!(told["name"], "n0");

    let exported = server.get(&format!("/v1/traces/{trace}/otlp")).json();
    let resources = exported["resourceSpans"].as_array().unwrap();
    assert_eq!(resources.len(), 1, "spans of one origin stand together, whichever part they were in");
    let exported: Vec<String> =
        resources.iter().flat_map(|resource| ids(&resource["scopeSpans"][0]["spans"], "spanId")).collect();
    assert_eq!(exported, expected);
}
