//! Fields at their limits and beyond: what is kept, and what the sender is told.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{kit::*, wire};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");
const GZIP: (&str, &str) = ("content-encoding", "gzip");
const TRACE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends protobuf; gives how many spans were rejected and what was said.
fn send(server: &TestServer, body: &[u8]) -> (u64, String) {
    let answer = server.post("/v1/traces", &[PROTOBUF], body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    told(&answer.bytes)
}

/// The numbers and the words of a partial success: field 1 of it is a count, field 2 the words.
fn told(reply: &[u8]) -> (u64, String) {
    let Some(at) = reply.iter().position(|byte| *byte == 0x0a) else { return (0, String::new()) };
    let inner = &reply[at..];
    // A message of a few hundred bytes: its length takes one or two.
    let inner = &inner[if inner[1] < 0x80 { 2 } else { 3 }..];
    let count = if inner[0] == 0x08 { u64::from(inner[1]) } else { 0 };
    let words = inner.iter().position(|byte| *byte == 0x12).unwrap();
    let skipped = if inner[words + 1] < 0x80 { 2 } else { 3 };
    (count, String::from_utf8_lossy(&inner[words + skipped..]).into_owned())
}

fn send_json(server: &TestServer, spans: Value) -> (u64, String) {
    send_text(server, export(spans).to_string().as_bytes())
}

fn send_text(server: &TestServer, body: &[u8]) -> (u64, String) {
    let answer = server.post("/v1/traces", &[JSON], body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let partial = &answer.json()["partialSuccess"];
    let count = partial["rejectedSpans"].as_str().map_or(0, |count| count.parse().unwrap());
    (count, partial["errorMessage"].as_str().unwrap_or_default().to_owned())
}

/// The trace's spans, exactly as they are kept.
fn stored(server: &TestServer) -> Vec<Value> {
    let answer = server.get(&format!("/v1/traces/{TRACE}/otlp"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut spans = Vec::new();
    for resource in answer.json()["resourceSpans"].as_array().unwrap() {
        for scope in resource["scopeSpans"].as_array().unwrap() {
            spans.extend(scope["spans"].as_array().unwrap().clone());
        }
    }
    spans
}

fn value<'a>(span: &'a Value, key: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().unwrap();
    &attributes.iter().find(|attribute| attribute["key"] == key).unwrap()["value"]
}

#[test]
fn a_text_of_twenty_megabytes_and_ten_thousand_attributes_are_kept_whole() {
    let server = TestServer::start();
    let large = "word ".repeat(4_000_000);
    let attributes: Vec<Vec<u8>> =
        (0..10_000).map(|n| wire::attribute(format!("k{n}"), wire::text("v"))).collect();
    let body = wire::request(&[
        wire::span(1, &[wire::attribute("large", wire::text(&large))]),
        wire::span(2, &attributes),
    ]);
    assert_eq!(send(&server, &body), (0, String::new()));
    let spans = stored(&server);
    assert_eq!(value(&spans[0], "large")["stringValue"], large);
    assert_eq!(spans[1]["attributes"].as_array().unwrap().len(), 10_000);

    let server = TestServer::start();
    let attributes: Vec<Value> =
        (0..10_000).map(|n| json!({"key": format!("k{n}"), "value": {"intValue": n}})).collect();
    let mut many = span('a', '2', None, "n", &[]);
    many["attributes"] = json!(attributes);
    assert_eq!(
        send_json(&server, json!([span('a', '1', None, "n", &[("large", json!(large))]), many])),
        (0, String::new())
    );
    let spans = stored(&server);
    assert_eq!(value(&spans[0], "large")["stringValue"], large);
    assert_eq!(spans[1]["attributes"].as_array().unwrap().len(), 10_000);
}

#[test]
fn a_thousand_levels_are_kept_thirty_two_as_values() {
    let server = TestServer::start();
    let deep = (0..1_000).fold(wire::text("bottom"), |inner, _| wire::field(5, wire::field(1, inner)));
    let (rejected, said) = send(&server, &wire::request(&[wire::span(1, &[wire::attribute("deep", deep)])]));
    assert_eq!(rejected, 0);
    assert!(said.contains("1 span: values nested deeper than 32 levels"), "{said}");
    let text = (0..1_000).fold(json!({"stringValue": "bottom"}).to_string(), |inner, _| {
        format!(r#"{{"arrayValue":{{"values":[{inner}]}}}}"#)
    });
    let body = export(json!([span('a', '2', None, "n", &[("deep", json!("DEEP"))])])).to_string();
    let body = body.replace(r#"{"stringValue":"DEEP"}"#, &text);
    let (rejected, said) = send_text(&server, body.as_bytes());
    assert_eq!(rejected, 0);
    assert!(said.contains("deeper than 32 levels"), "{said}");
    for (span, raw) in stored(&server).iter().zip(["bytesValue", "stringValue"]) {
        let mut inner = value(span, "deep");
        for _ in 0..32 {
            inner = &inner["arrayValue"]["values"][0];
        }
        assert!(inner[raw].as_str().unwrap().len() > 1_000, "{raw}");
        assert!(raw == "bytesValue" || inner[raw].as_str().unwrap().contains("bottom"));
    }
}

#[test]
fn ids_of_zeros_and_of_the_wrong_length() {
    let server = TestServer::start();
    let ids = |trace: &[u8], id: &[u8]| [wire::field(1, trace), wire::field(2, id)].concat();
    let ones = "f".repeat(32);
    let body = wire::request(&[
        ids(&[0; 16], &[1; 8]),
        ids(&[1; 16], &[0; 8]),
        ids(&[1; 15], &[1; 8]),
        ids(&[1; 16], &[1; 9]),
        ids(&[0xff; 16], &[0xff; 8]),
        wire::span(1, &[wire::field(4, [7; 3])]),
        wire::span(2, &[wire::field(4, [0; 8])]),
    ]);
    let (rejected, said) = send(&server, &body);
    assert_eq!(rejected, 4, "{said}");
    for words in [
        "2 spans: trace_id is missing, zero or not 16 bytes",
        "2 spans: span_id is missing, zero or not 8 bytes",
        "1 span: parent_span_id is not 8 bytes; it is kept as a root",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(server.trace(&ones)["spans"].as_array().unwrap().len(), 1);
    assert!(stored(&server).iter().all(|span| span["parentSpanId"].as_str().unwrap_or_default().is_empty()));
    let wrong = span('a', '3', None, "n", &[]);
    let (mut no_hex, mut long_parent) = (wrong.clone(), wrong);
    no_hex["traceId"] = json!("z".repeat(32));
    long_parent["parentSpanId"] = json!("1".repeat(40));
    let (rejected, said) = send_json(&server, json!([no_hex, long_parent]));
    assert!(rejected == 1 && said.contains("1 span: trace_id") && said.contains("kept as a root"), "{said}");
}

#[test]
fn times_floats_and_text_at_their_limits() {
    let server = TestServer::start();
    let times = [(0, 0), (1 << 63, 1 << 63), (u64::MAX, u64::MAX), (2_000, 1_000)];
    let spans: Vec<Vec<u8>> = (1..)
        .zip(times)
        .map(|(id, (start, end))| wire::span(id, &[wire::fixed64(7, start), wire::fixed64(8, end)]))
        .collect();
    assert_eq!(send(&server, &wire::request(&spans)), (0, String::new()));
    let mut found: Vec<(String, String)> = stored(&server)
        .iter()
        .map(|span| {
            (
                span["startTimeUnixNano"].as_str().unwrap().into(),
                span["endTimeUnixNano"].as_str().unwrap().into(),
            )
        })
        .collect();
    let mut sent: Vec<(String, String)> =
        times.iter().map(|(start, end)| (start.to_string(), end.to_string())).collect();
    found.sort();
    sent.sort();
    assert_eq!(found, sent);
    for path in [
        "/",
        &format!("/v1/traces/{TRACE}"),
        &format!("/projects/default/traces/{TRACE}"),
        "/projects/default/traces",
    ] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }

    let server = TestServer::start();
    let fields = [
        wire::attribute("nan", wire::fixed64(4, f64::NAN.to_bits())),
        wire::attribute("inf", wire::fixed64(4, f64::NEG_INFINITY.to_bits())),
        wire::attribute("int", wire::number(3, i64::MIN as u64)),
        wire::attribute("cut", wire::text(b"caf\xc3")),
        wire::attribute("twice", wire::text("first")),
        wire::attribute("twice", wire::text("second")),
        wire::attribute("", wire::text("")),
        // A value's length that is more than there is; a value of another type.
        wire::field(9, [wire::field(1, "broken"), vec![0x12, 0x7f, 1]].concat()),
        wire::field(11, [0xff]),
        wire::number(6, 99),
    ];
    let (rejected, said) = send(&server, &wire::request(&[wire::span(1, &fields)]));
    assert_eq!(rejected, 0);
    assert!(said.contains("not valid Unicode") && said.contains("does not decode"), "{said}");
    let span = &stored(&server)[0];
    assert_eq!(
        (&value(span, "nan")["doubleValue"], &value(span, "inf")["doubleValue"]),
        (&json!("NaN"), &json!("-Infinity"))
    );
    assert_eq!(
        (&value(span, "int")["intValue"], &value(span, "cut")["stringValue"]),
        (&json!(i64::MIN.to_string()), &json!("caf\u{fffd}"))
    );
    assert_eq!(
        span["attributes"].as_array().unwrap().len(),
        7,
        "both of two with one key, none that is broken"
    );
    assert_eq!((&span["droppedAttributesCount"], &span["droppedEventsCount"]), (&json!(1), &json!(1)));
}

#[test]
fn json_in_any_order_twice_and_broken_in_places() {
    let server = TestServer::start();
    let ids = |id: char| format!(r#""trace_id":"{TRACE}","spanId":"{}""#, id.to_string().repeat(16));
    let body = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[
            {{{},"name":"first","name":"second","droppedEventsCount":null,"attributes":[{{"key":"a","value":{{"stringValue":"x"}}}},{{"key":"b" 7}},{{"key":"c","value":{{"doubleValue":NaN}}}}]}},
            {{{},"name" "no colon"}},
            {{{},"startTimeUnixNano":1e3,"kind":"SPAN_KIND_CLIENT","events":null,"status":{{"code":"STATUS_CODE_ERROR"}}}},
            7, null, "text"
        ],"scope":{{"name":"late"}}}}],"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"late"}}}}]}}}}]}}"#,
        ids('1'),
        ids('2'),
        ids('3')
    );
    let (rejected, said) = send_text(&server, body.as_bytes());
    assert_eq!(rejected, 4, "{said}");
    assert!(
        said.contains("1 span: the span does not decode") && said.contains("3 spans: trace_id is missing"),
        "{said}"
    );
    let answer = server.get(&format!("/v1/traces/{TRACE}/otlp")).json();
    assert_eq!(answer["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"], "late");
    assert_eq!(answer["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"], "late");
    let mut spans = stored(&server);
    spans.sort_by_key(|span| span["spanId"].to_string());
    assert_eq!(
        (spans.len(), &spans[0]["name"], &spans[1]["kind"], &spans[1]["startTimeUnixNano"]),
        (2, &json!("second"), &json!(3), &json!("1000"))
    );
    assert_eq!(
        (value(&spans[0], "c"), &spans[0]["droppedAttributesCount"]),
        (&json!({"doubleValue": "NaN"}), &json!(1))
    );
}

#[test]
fn json_of_the_wrong_shape_is_read_or_told() {
    let server = TestServer::start();
    for (at, (member, wrong)) in [
        ("attributes", json!("x")),
        ("attributes", json!([{"Key": "a", "Value": {"stringValue": "x"}}])),
        ("attributes", json!([7])),
        ("attributes", json!([{"key": "m", "value": {"kvlistValue": {"values": [{"k": 1}]}}}])),
        ("events", json!("x")),
        ("links", json!(5)),
        ("status", json!(5)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut one = span('a', '1', None, "n", &[]);
        one["spanId"] = json!(format!("{:016x}", at + 1));
        one[member] = wrong;
        let (rejected, said) = send_json(&server, json!([one]));
        assert!(rejected == 0 && said.contains("does not decode"), "{member} {at}: {said:?}");
    }
    // An object of attributes is no OTLP, but says all the same.
    let mut one = span('a', '9', None, "n", &[]);
    one["attributes"] = json!({"a": 1, "b": {"stringValue": "x"}, "c": "y"});
    assert_eq!(send_json(&server, json!([one])), (0, String::new()));
    let spans = stored(&server);
    assert_eq!(spans.len(), 8);
    let read = spans.iter().find(|span| span["spanId"] == "9".repeat(16)).unwrap();
    for (key, expected) in [("a", json!({"intValue": "1"})), ("c", json!({"stringValue": "y"}))] {
        assert_eq!(*value(read, key), expected);
    }
}

#[test]
fn a_body_that_is_cut_off_keeps_what_came_before() {
    let spans: Vec<Vec<u8>> =
        (1..=5).map(|id| wire::span(id, &[wire::attribute("k", wire::text("v".repeat(50)))])).collect();
    let protobuf = wire::request(&spans);
    let json = export(
        (1..=5)
            .map(|id: u32| {
                span('a', char::from_digit(id, 10).unwrap(), None, "n", &[("k", json!("v".repeat(50)))])
            })
            .collect(),
    )
    .to_string();
    let server = TestServer::start();
    for (header, body) in [(PROTOBUF, &protobuf[..]), (JSON, json.as_bytes())] {
        let mut whole = 0;
        for at in (1..body.len()).step_by(7) {
            let answer = server.post("/v1/traces", &[header], &body[..at]);
            if answer.status == 400 {
                assert_eq!(whole, 0, "nothing was read of {at} bytes: {}", answer.text);
                assert!(
                    answer.text.contains("cut off") || answer.text.contains("resourceSpans is missing"),
                    "{}",
                    answer.text
                );
                continue;
            }
            let said = if header == JSON {
                answer.json()["partialSuccess"]["errorMessage"].as_str().unwrap().to_owned()
            } else {
                told(&answer.bytes).1
            };
            let after =
                said.split("the body is cut off after ").nth(1).unwrap_or_else(|| panic!("{at}: {said}"));
            let count: u32 = after.split(' ').next().unwrap().parse().unwrap();
            assert!(count >= whole, "{at}: {said}");
            whole = count;
        }
        assert!(whole >= 4);
    }
    // The ids of the two differ. Protobuf's last span ends with the body, JSON's before the brackets are closed.
    assert_eq!(stored(&server).len(), 4 + 5);
    let compressed = gzip(&protobuf);
    for at in 2..compressed.len() {
        let answer = server.post("/v1/traces", &[PROTOBUF, GZIP], &compressed[..at]);
        let said = if answer.status == 200 { told(&answer.bytes).1 } else { answer.text };
        // What is missing last is an end mark and a checksum: the spans are there.
        assert!(said.contains("cut off") || (said.is_empty() && at >= compressed.len() - 12), "{at}: {said}");
    }
    let mut longer = compressed;
    longer.extend(b"\r\n");
    assert_eq!(server.post("/v1/traces", &[PROTOBUF, GZIP], &longer).status, 200);
}

#[test]
fn gzip_in_gzip_unnamed_gzip_and_bodies_of_nothing() {
    let body = wire::request(&[wire::span(1, &[])]);
    for (headers, body) in [
        (&[PROTOBUF, GZIP][..], gzip(&gzip(&body))),
        (&[PROTOBUF], gzip(&body)),
        (&[PROTOBUF, GZIP], gzip(&body)),
    ] {
        let server = TestServer::start();
        assert_eq!(server.post("/v1/traces", headers, &body).status, 200);
        assert_eq!(stored(&server).len(), 1);
    }
    let server = TestServer::with(&["--max-body-bytes", "100000"]);
    for (headers, body, status, said) in [
        (&[PROTOBUF][..], b"".to_vec(), 200, ""),
        (&[JSON], b"{}".to_vec(), 200, ""),
        (&[JSON], br#"{"resourceSpans": null}"#.to_vec(), 200, ""),
        (&[JSON], br#"{"resourceSpans": {}}"#.to_vec(), 400, "resourceSpans is not a list"),
        (&[JSON], br#"{"resourceSpans": [], "resourceLogs": [1]}"#.to_vec(), 200, "send it to /v1/logs"),
        (&[PROTOBUF, GZIP], b"".to_vec(), 400, "the body is empty"),
        (&[JSON], b"\xef\xbb\xbf {\"resourceSpans\": []} ".to_vec(), 200, ""),
        (&[JSON], b"".to_vec(), 400, "cut off"),
        (&[JSON], b"{} {}".to_vec(), 400, "goes on behind its end"),
        (&[JSON], "[".repeat(90_000).into_bytes(), 400, "an object was expected"),
        (&[JSON], "{\"resourceSpans\":[".repeat(5_000).into_bytes(), 400, "cut off"),
        (&[PROTOBUF, GZIP], body.clone(), 400, "not gzip, although"),
        (&[PROTOBUF, GZIP], gzip(&gzip(&gzip(&body))), 400, "more than twice"),
        (&[PROTOBUF, GZIP], gzip(&gzip(&vec![0; 200_000])), 413, "100000"),
        (&[PROTOBUF], b"{}".to_vec(), 400, "protobuf"),
    ] {
        let answer = server.post("/v1/traces", headers, &body);
        assert_eq!(answer.status, status, "{said}: {}", answer.text);
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
}

#[test]
fn times_that_are_none_are_told() {
    let server = TestServer::start();
    for time in [json!("abc"), json!(-1), json!("0x10"), json!(true), json!([]), json!(1e30)] {
        let mut bad = span('a', '1', None, "n", &[]);
        bad["startTimeUnixNano"] = time.clone();
        let (rejected, said) = send_json(&server, json!([bad]));
        assert_eq!(rejected, 0, "{time}");
        assert!(said.contains("a time is not a whole number of nanoseconds"), "{time}: {said}");
    }
    for time in [json!(null), json!("7"), json!(7), json!(u64::MAX.to_string())] {
        let mut good = span('a', '1', None, "n", &[]);
        good["startTimeUnixNano"] = time.clone();
        assert_eq!(send_json(&server, json!([good])), (0, String::new()), "{time}");
    }
}

#[test]
fn a_body_that_says_it_is_too_large_is_not_waited_for() {
    let server = TestServer::start();
    let address = server.addresses.http;
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "POST /v1/traces HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 100000000000\r\n\r\n{{"
    )
    .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn what_has_no_room_is_dropped_and_counted() {
    let server = TestServer::start();
    let empty_attributes = b"\x4a\x00".repeat(300_000);
    let empty_events = b"\x5a\x00".repeat(300_000);
    let numbers: Vec<u8> = b"\x0a\x02\x18\x01".repeat(1_200_000);
    let body = wire::request(&[
        wire::span(1, &[empty_attributes]),
        wire::span(2, &[empty_events]),
        wire::span(3, &[wire::attribute("numbers", wire::field(5, numbers))]),
    ]);
    let (rejected, said) = send(&server, &body);
    assert_eq!(rejected, 0);
    assert!(said.contains("3 spans: it holds more values than are kept"), "{said}");
    let mut spans = stored(&server);
    spans.sort_by_key(|span| span["spanId"].to_string());
    let count = |span: &Value, list: &str, dropped: &str| {
        (span[list].as_array().map_or(0, Vec::len), span[dropped].as_u64().unwrap_or(0))
    };
    let (kept, dropped) = count(&spans[0], "attributes", "droppedAttributesCount");
    assert_eq!((kept as u64 + dropped, kept), (300_000, 100_000));
    let (kept, dropped) = count(&spans[1], "events", "droppedEventsCount");
    assert_eq!((kept as u64 + dropped, kept), (300_000, 100_000));
    let numbers = value(&spans[2], "numbers")["arrayValue"]["values"].as_array().unwrap().len();
    assert_eq!((numbers, spans[2]["droppedAttributesCount"].as_u64()), (999_990, Some(1)));

    let elements = vec!["{}"; 300_000].join(",");
    let body = export(json!([span('b', '1', None, "n", &[])]))
        .to_string()
        .replace(r#""attributes":[],"droppedA"#, "")
        .replacen(r#""attributes":[],"#, &format!(r#""attributes":[{elements}],"#), 1);
    assert!(body.len() > 800_000);
    let (rejected, said) = send_text(&server, body.as_bytes());
    assert_eq!(rejected, 0);
    assert!(said.contains("1 span: it holds more values than are kept"), "{said}");
}

#[test]
fn more_spans_than_are_prepared_at_once_are_stored_in_parts() {
    let server = TestServer::with(&["--max-queue-bytes", "20000000"]);
    let ids = |at: u64| {
        let trace = [[9; 8], (at / 100).to_be_bytes()].concat();
        [wire::field(1, trace), wire::field(2, (at + 1).to_be_bytes())].concat()
    };
    // Prepared they are twice what the queue holds.
    let spans: Vec<Vec<u8>> = (0..40_000).map(ids).collect();
    assert_eq!(send(&server, &wire::request(&spans)), (0, String::new()));
    for trace in [0, 200, 399] {
        let trace = server.trace(&format!("{}{trace:016x}", "09".repeat(8)));
        assert_eq!(trace["spans"].as_array().unwrap().len(), 100);
    }
}
