//! Spans of a trace are found by what they say.

use std::time::Duration;

use bennu_model::{Event, Kind, Status, StatusCode, Value};
use bennu_store::{Error, Options, Store};

use crate::kit::*;

async fn found(store: &TestStore, text: &str) -> Vec<u8> {
    let trace = store.trace_of("p", 1).await.row.id;
    let spans = store.search_trace(trace, text).await.unwrap();
    spans.into_iter().map(|span| span.0[0]).collect()
}

fn json(texts: &[&str]) -> String {
    let filler = "some more words, so that each is worth a body of its own in the store of the spans";
    let messages =
        texts.iter().map(|text| format!("{{\"role\": \"user\", \"content\": \"{text} {filler}\"}}"));
    format!("[{}]", messages.collect::<Vec<_>>().join(", "))
}

#[tokio::test]
async fn everything_a_span_says_is_searched() {
    let store = TestStore::new();
    let long = |word: &str| format!("{} {word} {}", "x".repeat(70), "y".repeat(70));
    let mut spans: Vec<_> = (1..=12).map(|n| span(n, None, u64::from(n), 20)).collect();
    for (at, attribute) in [
        (2, text("short", "an Apple a day")),
        (3, text("long", &long("APPLE"))),
        (4, text("messages", &json(&["one", "two apple", "three"]))),
        (5, text("llm.input_messages.0.message.content", &long("apple"))),
        (5, text("llm.input_messages.1.message.content", &long("pear"))),
        (6, ("nested".into(), Value::Map(vec![text("in", "apple")]))),
        (
            7,
            ("large".into(), Value::Map(vec![("in".into(), Value::Array(vec![Value::Text(long("apple"))]))])),
        ),
        (
            8,
            (
                "objects".into(),
                Value::Array(vec![
                    Value::Map(vec![text("content", &long("apple"))]),
                    Value::Map(vec![text("content", &long("plum"))]),
                ]),
            ),
        ),
        (9, text("apple.count", "none")),
        (10, ("count".into(), Value::Int(431_337))),
    ] {
        spans[at - 1].0.attributes.push(attribute);
    }
    spans[10].0.status = Status { code: StatusCode::Error, message: "no apple left".into() };
    spans[11].0.events = vec![Event {
        time_ns: 1,
        name: "Apple eaten".into(),
        attributes: vec![text("by", &long("worm"))],
        dropped_attributes: 0,
    }];
    spans.push(of_trace(span(13, None, 0, 1), 2));
    spans[12].0.attributes.push(text("short", "apple"));
    store.append("p", spans).await;

    assert_eq!(found(&store, "aPPle").await, [2, 3, 4, 5, 6, 7, 8, 9, 11, 12], "by start, of this trace");
    for (needle, expected) in [
        ("pear", &[5][..]),
        ("plum", &[8]),
        ("worm", &[12]),
        ("SPAN 3", &[3]),
        ("0b0b0b", &[11]),
        ("3133", &[10]),
        // Names of flattened lists: before the index, after it, and over it.
        ("INPUT_messages", &[5]),
        ("messages.", &[5]),
        (".message.cont", &[5]),
        ("input_messages.1.message", &[5]),
        ("input_messages.2.message", &[]),
        ("service.name", &[]),
        ("nothing says this", &[]),
        ("", &[]),
        ("%", &[]),
    ] {
        assert_eq!(found(&store, needle).await, expected, "{needle}");
    }
    assert_eq!(store.search_trace(999, "apple").await.unwrap(), []);
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let store = TestStore::new();
    let spans = (1..=200).map(|n| {
        let (mut sent, summary) = reports(span(n, None, 0, 1), Kind::Llm, usage(1, 1));
        sent.attributes = vec![text("input.value", &format!("{n} {}", "z".repeat(2000)))];
        (sent, summary)
    });
    store.append("p", spans.collect()).await;
    let trace = store.trace_of("p", 1).await.row.id;
    let TestStore { store, directory, .. } = store;
    store.unwrap().close();
    let options = Options { query_timeout: Duration::ZERO, ..Options::default() };
    let hasty = Store::open(directory.path(), options).unwrap();
    let refused = hasty.search_trace(trace, "q").await.unwrap_err();
    assert!(matches!(refused, Error::TimedOut(0)), "{refused}");
}
