//! The same content is stored once, whatever the dialect.

use bennu_model::{LogRecord, Span, Summary, Value};

use crate::kit::*;

/// Words that do not repeat much, from a seed.
fn prose(seed: u64, words: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    for _ in 0..words {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("{:x} ", state % 0xffff_ffff));
    }
    text
}

fn call(turn: usize, attributes: Vec<bennu_model::Attribute>) -> (Span, Summary) {
    let (mut span, summary) = span(1, Some(200), turn as u64, turn as u64 + 1);
    span.span_id = bennu_model::SpanId((turn as u64 + 1).to_be_bytes());
    span.attributes = attributes;
    (span, summary)
}

fn role(message: usize) -> &'static str {
    ["user", "assistant"][message % 2]
}

/// Fifty turns with growing history, in one form; returns (raw bytes, bytes on disk).
async fn agent(form: impl Fn(&[String]) -> Vec<bennu_model::Attribute>) -> (u64, u64) {
    let mut store = TestStore::new();
    let messages: Vec<String> = (0..100).map(|n| prose(n + 1, 70)).collect();
    let mut raw = 0;
    for turn in 0..50 {
        let (span, summary) = call(turn, form(&messages[..turn * 2 + 1]));
        raw +=
            span.attributes.iter().map(|(key, value)| (key.len() + value.size_bytes()) as u64).sum::<u64>();
        store.append("p", vec![(span, summary)]).await;
    }
    // What comes back is what was sent.
    let spans = store.all_spans(store.trace_of("p", 1).await.row.id).await.unwrap();
    for (turn, stored) in spans.iter().enumerate() {
        assert_eq!(stored.span.attributes, form(&messages[..turn * 2 + 1]));
    }
    store.reopen();
    store.store.take().unwrap().close();
    let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(connection);
    (raw, store.file_bytes())
}

#[tokio::test]
async fn an_agents_history_takes_a_tenth_flattened() {
    let (raw, disk) = agent(|messages| {
        let flat = messages.iter().enumerate().flat_map(|(n, content)| {
            let key = |name: &str| format!("llm.input_messages.{n}.message.{name}");
            [text(&key("content"), content), text(&key("role"), role(n))]
        });
        flat.collect()
    })
    .await;
    assert!(disk * 10 <= raw, "{disk} bytes on disk for {raw}");
}

#[tokio::test]
async fn an_agents_history_takes_a_tenth_as_json_text() {
    let (raw, disk) = agent(|messages| {
        let items = messages.iter().enumerate();
        let items: Vec<String> = items
            .map(|(n, content)| format!("{{\"role\": \"{}\", \"content\": \"{content}\"}}", role(n)))
            .collect();
        // The list itself, and the whole request as an instrumentor records it beside.
        let list = format!("[{}]", items.join(", "));
        vec![
            text("input.value", &format!("{{\"model\": \"m\", \"messages\": {list}}}")),
            text("llm.input_messages", &list),
        ]
    })
    .await;
    assert!(disk * 10 <= raw, "{disk} bytes on disk for {raw}");
}

#[tokio::test]
async fn a_log_record_shares_what_its_span_says() {
    let store = TestStore::new();
    let messages: Vec<String> = (0..40).map(|n| prose(n + 1, 70)).collect();
    let items: Vec<String> =
        messages.iter().map(|text| format!("{{\"role\": \"user\", \"content\": \"{text}\"}}")).collect();
    let list = format!("[{}]", items.join(", "));
    let objects: Vec<Value> = messages.iter().map(|words| Value::Map(vec![text("content", words)])).collect();
    let attributes = vec![text("gen_ai.input.messages", &list), ("objects".into(), Value::Array(objects))];
    let (mut span, summary) = span(1, None, 0, 1);
    span.attributes = attributes.clone();
    store.append("p", vec![(span.clone(), summary)]).await;
    let count = || {
        let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
        let nodes: i64 = connection.query_row("SELECT count(*) FROM node", [], |row| row.get(0)).unwrap();
        (bodies(&connection, "main").len(), nodes)
    };
    let before = count();
    let record = LogRecord { attributes, origin: span.origin, ..log(1, 1, "event", "") };
    store.append_logs(vec![record.clone()]).await;
    assert_eq!(count(), before, "nothing in it is new");
    assert_eq!(store.log_records(id(1), None, None, 1).await.unwrap().rows[0].record, record);
}

#[tokio::test]
async fn what_two_requests_say_at_the_same_moment_is_stored_once() {
    let store = TestStore::new();
    let said = |number: u8, own: usize| {
        let (mut span, summary) = span(number, None, 0, 1);
        span.attributes = (0..9).map(|n| text(&format!("shared.{n}.is"), &prose(n, 40))).collect();
        span.attributes.push(text("own", &prose(100 + u64::from(number), own)));
        (span, summary)
    };
    // Both are prepared before either is stored, so neither finds the other's content.
    let prepare = |number, own| batch(store.store.as_ref().unwrap(), vec![said(number, own)], vec![]);
    let (first, second) = (prepare(1, 10), prepare(2, 20));
    for batch in [first, second] {
        store.append_batch("p", batch).await;
    }
    let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
    let mut contents: Vec<_> = bodies(&connection, "main").into_iter().map(|(_, content)| content).collect();
    let all = contents.len();
    contents.sort();
    contents.dedup();
    assert_eq!(all, contents.len());
    for (number, own) in [(1, 10), (2, 20)] {
        let stored =
            store.spans_of("p", 1).await.into_iter().find(|stored| stored.span.span_id.0 == [number; 8]);
        assert_eq!(stored.unwrap().span.attributes, said(number, own).0.attributes);
    }
}

#[tokio::test]
async fn a_document_that_is_found_again_with_another_score_is_stored_once() {
    let store = TestStore::new();
    let found = |number: u8| {
        let (mut span, summary) = span(number, None, 0, 1);
        let documents = (0..5_u8).flat_map(|at| {
            let key = |name: &str| format!("retrieval.documents.{at}.document.{name}");
            [
                text(&key("content"), &prose(u64::from(at + number) % 5, 60)),
                (key("score"), Value::Double(0.9 - f64::from(at) / 10.0 - f64::from(number) / 1_000.0)),
            ]
        });
        span.attributes = documents.collect();
        (span, summary)
    };
    for number in 1..5 {
        store.append("p", vec![found(number)]).await;
    }
    let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
    // The documents, and the resource and the scope, which are both empty.
    assert_eq!(bodies(&connection, "main").len(), 7);
    for stored in store.spans_of("p", 1).await {
        assert_eq!(stored.span.attributes, found(stored.span.span_id.0[0]).0.attributes);
    }
}
