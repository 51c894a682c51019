//! The worst bodies: of one size, each all of one thing that is small on the wire and large in memory.

/// What a body is full of.
#[derive(Debug, Clone, Copy)]
pub struct Worst {
    /// What it is called in tables.
    pub name: &'static str,
    /// As protobuf, of about so many bytes.
    pub protobuf: fn(usize) -> Vec<u8>,
    /// As JSON, of about so many bytes.
    pub json: fn(usize) -> Vec<u8>,
}

/// Every kind.
pub const WORST: [Worst; 20] = [
    Worst {
        name: "empty attributes",
        protobuf: |n| span(&fill(n, b"\x4a\x00")),
        json: |n| json_span(&list(n, "{}"), "", ""),
    },
    Worst {
        name: "empty events",
        protobuf: |n| span(&fill(n, b"\x5a\x00")),
        json: |n| json_span("", &list(n, "{}"), ""),
    },
    Worst {
        name: "empty links",
        protobuf: |n| span(&fill(n, b"\x6a\x00")),
        json: |n| json_span("", "", &list(n, "{}")),
    },
    Worst {
        name: "empty spans",
        protobuf: |n| request(&fill(n, b"\x12\x00")),
        json: |n| json_request(&list(n, "{}")),
    },
    Worst {
        name: "empty scopes",
        protobuf: |n| field(1, &fill(n, b"\x12\x00")),
        json: |n| format!(r#"{{"resourceSpans":[{{"scopeSpans":[{}]}}]}}"#, list(n, "{}")).into_bytes(),
    },
    Worst {
        name: "spans of nothing but ids",
        protobuf: |n| request(&counted(n, |at| field(2, &ids(at)))),
        json: |n| json_request(&joined(n, |at| format!("{{{}}}", json_ids(at)))),
    },
    Worst {
        name: "attributes of one letter",
        protobuf: |n| span(&fill(n, &attribute("k", &field(1, b"v")))),
        json: |n| json_span(&list(n, r#"{"key":"k","value":{"stringValue":"v"}}"#), "", ""),
    },
    Worst {
        name: "an array of numbers",
        protobuf: |n| span(&attribute("k", &field(5, &fill(n, b"\x0a\x02\x18\x01")))),
        json: |n| json_span(&json_array(&list(n, r#"{"intValue":1}"#)), "", ""),
    },
    Worst {
        name: "an array of letters",
        protobuf: |n| span(&attribute("k", &field(5, &fill(n, b"\x0a\x03\x0a\x01v")))),
        json: |n| json_span(&json_array(&list(n, r#"{"stringValue":"v"}"#)), "", ""),
    },
    Worst {
        name: "maps in maps, 30 deep",
        protobuf: |n| span(&attribute("k", &field(5, &fill(n, &field(1, &nested(30)))))),
        json: |n| json_span(&json_array(&list(n, &json_nested(30))), "", ""),
    },
    Worst {
        name: "one value, 1,000 deep",
        protobuf: |n| span(&fill(n, &attribute("k", &nested(1_000)))),
        json: |n| json_span(&list(n, &json_attribute("k", &json_nested(1_000))), "", ""),
    },
    Worst {
        name: "one text",
        protobuf: |n| span(&attribute("k", &field(1, random(n).as_bytes()))),
        json: |n| json_text("k", &random(n)),
    },
    Worst {
        name: "one input text",
        protobuf: |n| span(&attribute("input.value", &field(1, random(n).as_bytes()))),
        json: |n| json_text("input.value", &random(n)),
    },
    Worst {
        name: "an input text: [0,0,…]",
        protobuf: |n| span(&attribute("input.value", &field(1, array(n, "0").as_bytes()))),
        json: |n| json_text("input.value", &array(n, "0")),
    },
    Worst {
        name: "an answer: {usage: [0,0,…]}",
        protobuf: |n| {
            let kind = attribute("openinference.span.kind", &field(1, b"LLM"));
            let answer = format!(r#"{{"usage":{}}}"#, array(n, "0"));
            span(&[kind, attribute("output.value", &field(1, answer.as_bytes()))].concat())
        },
        json: |n| {
            let kind = json_attribute("openinference.span.kind", r#"{"stringValue":"LLM"}"#);
            let answer = format!(r#"{{\"usage\":{}}}"#, array(n, "0"));
            let answer = json_attribute("output.value", &format!(r#"{{"stringValue":"{answer}"}}"#));
            json_span(&[kind, answer].join(","), "", "")
        },
    },
    Worst {
        name: "one text that is no UTF-8",
        protobuf: |n| span(&attribute("k", &field(1, &vec![0xff; n]))),
        json: |n| {
            let mut body = json_text("k", &"x".repeat(n));
            body.iter_mut().filter(|byte| **byte == b'x').for_each(|byte| *byte = 0xff);
            body
        },
    },
    Worst {
        name: "messages: [0,0,…]",
        protobuf: |n| span(&attribute(MESSAGES, &field(1, array(n, "0").as_bytes()))),
        json: |n| json_text(MESSAGES, &array(n, "0")),
    },
    Worst {
        name: "messages: [[],[],…]",
        protobuf: |n| span(&attribute(MESSAGES, &field(1, array(n, "[]").as_bytes()))),
        json: |n| json_text(MESSAGES, &array(n, "[]")),
    },
    Worst {
        name: "messages: [{role, content}, …]",
        protobuf: |n| span(&attribute(MESSAGES, &field(1, array(n, MESSAGE).as_bytes()))),
        // Quotes within quotes are two bytes.
        json: |n| json_text(MESSAGES, &array(n / 4 * 3, MESSAGE)),
    },
    Worst {
        name: "messages, flattened",
        protobuf: |n| span(&counted(n, |at| attribute(&flattened(at), &field(1, b"x")))),
        json: |n| {
            json_span(&joined(n, |at| json_attribute(&flattened(at), r#"{"stringValue":"x"}"#)), "", "")
        },
    },
];

const MESSAGES: &str = "gen_ai.input.messages";
const MESSAGE: &str = r#"{"role":"user","content":"x"}"#;

fn flattened(at: u64) -> String {
    format!("llm.input_messages.{at}.message.content")
}

/// Repeats bytes until there are so many.
pub(crate) fn fill(bytes: usize, unit: &[u8]) -> Vec<u8> {
    unit.repeat(bytes / unit.len())
}

/// The same of what differs from one to the next.
pub(crate) fn counted(bytes: usize, unit: impl Fn(u64) -> Vec<u8>) -> Vec<u8> {
    let mut filled = Vec::with_capacity(bytes);
    for at in 0.. {
        let unit = unit(at);
        if filled.len() + unit.len() > bytes {
            break;
        }
        filled.extend(unit);
    }
    filled
}

pub(crate) fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = Vec::with_capacity(content.len() + 10);
    field.push(number << 3 | 2);
    prost::encoding::encode_varint(content.len() as u64, &mut field);
    field.extend_from_slice(content);
    field
}

fn ids(at: u64) -> Vec<u8> {
    let mut trace = [7; 16];
    trace[..6].copy_from_slice(&(at / 100).to_be_bytes()[2..]);
    [field(1, &trace), field(2, &(at + 1).to_be_bytes())].concat()
}

fn attribute(key: &str, value: &[u8]) -> Vec<u8> {
    field(9, &[field(1, key.as_bytes()), field(2, value)].concat())
}

/// A map in a map in a map, around nothing.
fn nested(levels: usize) -> Vec<u8> {
    (0..levels).fold(Vec::new(), |inner, _| field(6, &field(1, &[field(1, b"k"), field(2, &inner)].concat())))
}

pub(crate) fn request(spans: &[u8]) -> Vec<u8> {
    field(1, &field(2, spans))
}

/// A request of one span.
fn span(fields: &[u8]) -> Vec<u8> {
    request(&field(2, &[&ids(0), fields].concat()))
}

/// Letters that do not compress well.
pub(crate) fn random(bytes: usize) -> String {
    let mut random = crate::words::Random::new(9);
    (0..bytes).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}

fn list(bytes: usize, unit: &str) -> String {
    joined(bytes, |_| unit.to_owned())
}

pub(crate) fn array(bytes: usize, unit: &str) -> String {
    format!("[{}]", list(bytes, unit))
}

pub(crate) fn joined(bytes: usize, unit: impl Fn(u64) -> String) -> String {
    let mut joined = String::with_capacity(bytes);
    for at in 0.. {
        let unit = unit(at);
        if joined.len() + unit.len() + 1 > bytes {
            break;
        }
        if at > 0 {
            joined.push(',');
        }
        joined.push_str(&unit);
    }
    joined
}

fn json_ids(at: u64) -> String {
    format!(r#""traceId":"{:032x}","spanId":"{:016x}""#, (7 << 64) + u128::from(at / 100), at + 1)
}

fn json_request(spans: &str) -> Vec<u8> {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#).into_bytes()
}

fn json_span(attributes: &str, events: &str, links: &str) -> Vec<u8> {
    let ids = json_ids(0);
    json_request(&format!(r#"{{{ids},"attributes":[{attributes}],"events":[{events}],"links":[{links}]}}"#))
}

fn json_attribute(key: &str, value: &str) -> String {
    format!(r#"{{"key":"{key}","value":{value}}}"#)
}

fn json_array(elements: &str) -> String {
    json_attribute("k", &format!(r#"{{"arrayValue":{{"values":[{elements}]}}}}"#))
}

fn json_text(key: &str, text: &str) -> Vec<u8> {
    json_span(&json_attribute(key, &format!(r#"{{"stringValue":"{}"}}"#, text.replace('"', "\\\""))), "", "")
}

fn json_nested(levels: usize) -> String {
    (0..levels).fold("{}".to_owned(), |inner, _| {
        format!(r#"{{"kvlistValue":{{"values":[{{"key":"k","value":{inner}}}]}}}}"#)
    })
}
