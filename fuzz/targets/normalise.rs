//! The whole chain: bytes to spans, spans to what they mean, that to the columns of lists.
//!
//! The first byte chooses: protobuf, JSON, or a span whose attributes are made of the input, so that texts reach the readers of
//! messages, documents and tools without a valid request around them.
#![no_main]

use std::sync::LazyLock;

use bennu::decode::{Encoding, Signal, answer, attribute_names, decode_all, is_meaningful, normalise, question, summarise};
use bennu_model::{Attribute, Event, LogRecord, Span, Value};
use libfuzzer_sys::fuzz_target;

/// Every attribute that has a row.
static KEYS: LazyLock<Vec<&str>> = LazyLock::new(attribute_names);

/// Names of events that say something.
const EVENTS: [&str; 8] = [
    "gen_ai.client.inference.operation.details",
    "gen_ai.system.message",
    "gen_ai.user.message",
    "gen_ai.assistant.message",
    "gen_ai.tool.message",
    "gen_ai.choice",
    "gen_ai.content.prompt",
    "exception",
];

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = data.split_first() else { return };
    let encoding = match mode {
        0 => Encoding::Protobuf,
        1 => Encoding::Json,
        2 => return read(&Span { attributes: attributes(rest), ..Span::default() }, &[]),
        event => return of_event(EVENTS[usize::from(*event) % EVENTS.len()], rest),
    };
    if let Ok(batch) = decode_all(Signal::Traces, encoding, rest.to_vec().into()) {
        batch.resources.iter().flat_map(|items| &items.spans).for_each(|span| read(span, &[]));
    }
});

/// Attributes end at 0xff. The first two bytes of each are the name; of the large ones, the name goes on to the first `=`.
fn attributes(data: &[u8]) -> Vec<Attribute> {
    let attributes = data.split(|byte| *byte == 0xff).filter_map(|piece| {
        let (key, rest) = piece.split_first_chunk::<2>()?;
        let text = String::from_utf8_lossy(rest).into_owned();
        let name = KEYS[usize::from(u16::from_be_bytes(*key)) % KEYS.len()];
        Some(match text.split_once('=').filter(|_| key[0] >= 0x80) {
            Some((ending, value)) => (format!("{name}.{ending}"), Value::Text(value.to_owned())),
            None => (name.to_owned(), Value::Text(text)),
        })
    });
    attributes.collect()
}

/// The same event as one of the span's and as a log record: its body is the input's first line.
fn of_event(name: &str, data: &[u8]) {
    let (body, rest) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let attributes = attributes(rest);
    let event = Event { name: name.to_owned(), attributes: attributes.clone(), ..Event::default() };
    let record = LogRecord {
        event_name: name.to_owned(),
        body: Value::Text(String::from_utf8_lossy(body).into_owned()),
        attributes,
        ..LogRecord::default()
    };
    is_meaningful(&record);
    read(&Span { events: vec![event], ..Span::default() }, &[record.clone(), record]);
}

fn read(span: &Span, records: &[LogRecord]) {
    let detail = normalise(span, records);
    summarise(span, &detail);
    question(&detail);
    answer(&detail);
}
