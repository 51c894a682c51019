//! The worst bodies of log records.

use crate::bodies::{Worst, array, counted, field, fill, joined, random, request};

/// Every kind.
pub const WORST_LOGS: [Worst; 6] = [
    Worst {
        name: "log records of nothing but a trace",
        protobuf: |n| request(&counted(n, |at| record(at, None, &[]))),
        json: |n| json_request(&joined(n, |at| json_record(at, None, ""))),
    },
    Worst {
        name: "log records of one span",
        protobuf: |n| request(&counted(n, |at| record(at, Some(1), &[]))),
        json: |n| json_request(&joined(n, |at| json_record(at, Some(1), ""))),
    },
    Worst {
        name: "a span's messages as log records",
        protobuf: |n| request(&counted(n, |at| record(at, Some(2), &message()))),
        json: |n| json_request(&joined(n, |at| json_record(at, Some(2), JSON_MESSAGE))),
    },
    Worst {
        name: "a log record each of many spans",
        protobuf: |n| request(&counted(n, |at| record(at, Some(at), &message()))),
        json: |n| json_request(&joined(n, |at| json_record(at, Some(at), JSON_MESSAGE))),
    },
    Worst {
        name: "one text in a log record",
        protobuf: |n| request(&record(0, Some(3), &field(5, &field(1, random(n).as_bytes())))),
        json: |n| {
            let body = format!(r#""body":{{"stringValue":"{}"}}"#, random(n));
            json_request(&json_record(0, Some(3), &body))
        },
    },
    Worst {
        name: "an array in a message of a log record",
        protobuf: |n| {
            let values = field(5, &field(5, &fill(n, b"\x0a\x02\x18\x01")));
            request(&record(0, Some(4), &[field(12, EVENT.as_bytes()), values].concat()))
        },
        json: |n| {
            let values = array(n, r#"{"intValue":1}"#);
            let body = format!(r#""eventName":"{EVENT}","body":{{"arrayValue":{{"values":{values}}}}}"#);
            json_request(&json_record(0, Some(4), &body))
        },
    },
];

const EVENT: &str = "gen_ai.user.message";
const JSON_MESSAGE: &str = r#""eventName":"gen_ai.user.message","body":{"stringValue":"x"}"#;

fn message() -> Vec<u8> {
    [field(12, EVENT.as_bytes()), field(5, &field(1, b"x"))].concat()
}

/// A record of a time of its own.
fn record(at: u64, span: Option<u64>, rest: &[u8]) -> Vec<u8> {
    let time = [&[0x09][..], &(at + 1).to_le_bytes()].concat();
    let span = span.map_or(Vec::new(), |span| field(10, &(span + 1).to_be_bytes()));
    field(2, &[&time, &field(9, &[9; 16]), &span, rest].concat())
}

fn json_record(at: u64, span: Option<u64>, rest: &str) -> String {
    let span = span.map_or(String::new(), |span| format!(r#","spanId":"{:016x}""#, span + 1));
    let comma = if rest.is_empty() { "" } else { "," };
    format!(r#"{{"timeUnixNano":"{}","traceId":"{}"{span}{comma}{rest}}}"#, at + 1, "09".repeat(16))
}

fn json_request(records: &str) -> Vec<u8> {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#).into_bytes()
}
