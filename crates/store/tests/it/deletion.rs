//! What is deleted is gone, and only that.

use std::time::Duration;

use bennu_model::{LogRecord, Value};

use crate::kit::*;

fn with_content(number: u8, trace: u8, content: &str) -> (bennu_model::Span, bennu_model::Summary) {
    let (mut span, summary) = of_trace(span(number, None, 0, 1), trace);
    let secret = format!("the secret of trace {trace}, long enough to be a body: {}", "x".repeat(60));
    span.attributes = vec![
        text("input.value", content),
        text("output.value", &secret),
        text("llm.input_messages", &format!("[{}, {}]", message(content), message(&secret))),
    ];
    (span, summary)
}

fn message(content: &str) -> String {
    format!("{{\"role\": \"user\", \"content\": \"{content}\"}}")
}

#[tokio::test]
async fn content_goes_from_the_disk_unless_somebody_else_refers_to_it() {
    let shared = "content that both traces have, long enough to be a body of its own: a b c d e f g h";
    let mut store = TestStore::new();
    store.append("p", vec![with_content(1, 1, shared), with_content(2, 2, shared)]).await;
    store.append("q", vec![with_content(1, 1, shared)]).await;
    assert_eq!(store.delete("p", Some(id(1))).await.unwrap(), 1);
    assert_eq!(store.delete("q", None).await.unwrap(), 1);
    assert_eq!(store.delete("nothing", None).await.unwrap(), 0);
    assert_eq!(store.trace(None, id(1)).await.unwrap(), None);
    assert_eq!(store.projects().await.unwrap().len(), 1);

    // The sweep runs after the deletion was answered.
    let left = || {
        let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
        bodies(&connection, "main")
    };
    for _ in 0..200 {
        if left().len() == 6 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Of trace 2: the resource, the scope, input, output and two messages.
    assert_eq!(left().len(), 6);
    let secret = b"the secret of trace 1";
    assert!(left().iter().all(|(_, content)| content.windows(secret.len()).all(|part| part != secret)));
    let survivor = store.all_spans(store.trace_of("p", 2).await.row.id).await.unwrap().pop().unwrap().span;
    assert_eq!(survivor.attributes[0].1.as_text(), Some(shared));

    // What was forgotten can be stored again.
    store.append("p", vec![with_content(1, 1, shared)]).await;
    store.reopen();
    let again = store.all_spans(store.trace_of("p", 1).await.row.id).await.unwrap().pop().unwrap().span;
    assert!(again.attributes[1].1.as_text().unwrap().contains("the secret of trace 1"));
}

#[tokio::test]
async fn deleting_while_writing_damages_nothing() {
    let store = std::sync::Arc::new(TestStore::new());
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for round in 0..60_u8 {
            writing
                .append(
                    "kept",
                    vec![with_content(
                        1,
                        round,
                        "the same content in every trace, written and deleted all the time",
                    )],
                )
                .await;
            writing
                .append(
                    "gone",
                    vec![with_content(
                        2,
                        round,
                        "the same content in every trace, written and deleted all the time",
                    )],
                )
                .await;
        }
    });
    while !writer.is_finished() {
        store.delete("gone", None).await.unwrap();
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    writer.await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for round in 0..60 {
        let trace = store.trace_of("kept", round).await;
        let spans = store.all_spans(trace.row.id).await.unwrap();
        assert_eq!(spans[0].span.attributes.len(), 3, "every body is still there");
    }
}

#[tokio::test]
async fn log_records_go_with_the_last_trace_of_their_id_and_keep_their_content_until_then() {
    let mut store = TestStore::new();
    let said = |trace: u8, words: &str| LogRecord {
        trace_id: id(trace),
        body: Value::Text(format!("{words}, said in trace {trace}: {}", "x".repeat(60))),
        attributes: vec![text("messages", &format!("[{}, {}]", message(words), message(&"y".repeat(300))))],
        ..log(1, 1, "event", "")
    };
    let content = "content that a span and a record have, long enough to be a body of its own: a b c d";
    store.append_all("p", vec![with_content(1, 1, content)], vec![said(1, content)]).await;
    store.append("q", vec![with_content(1, 1, content), with_content(1, 2, content)]).await;
    // A record of a trace that nobody has.
    store.append_logs(vec![said(2, content), said(3, content)]).await;

    let records =
        async |store: &TestStore, trace| store.log_records(id(trace), None, None, 10).await.unwrap();
    store.delete("p", None).await.unwrap();
    assert_eq!(records(&store, 1).await.total, 1, "the other project still has the trace");
    store.delete("q", Some(id(1))).await.unwrap();
    assert_eq!(records(&store, 1).await.total, 0);
    store.delete("q", None).await.unwrap();
    assert_eq!(records(&store, 2).await.total, 0);

    let left = || {
        let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
        let count = |table: &str| -> i64 {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        (bodies(&connection, "main").len(), count("node"), count("log"))
    };
    // Of the last record: its resource and scope, which are both empty, its body and two messages.
    for _ in 0..200 {
        if left() == (4, 2, 1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left(), (4, 2, 1));
    store.reopen();
    assert_eq!(records(&store, 3).await.rows[0].record, said(3, content));
}

#[tokio::test]
async fn deleting_while_log_records_come_damages_none() {
    let store = std::sync::Arc::new(TestStore::new());
    let writing = store.clone();
    let said = |round: u8| LogRecord {
        trace_id: id(round),
        body: Value::Text(
            "the same content in every record and trace, written and deleted all the time".into(),
        ),
        ..log(1, 1, "event", "")
    };
    let writer = tokio::spawn(async move {
        for round in 1..60_u8 {
            writing.append_logs(vec![said(round)]).await;
            let content = "the same content in every record and trace, written and deleted all the time";
            writing.append("gone", vec![with_content(1, 200, content)]).await;
        }
    });
    while !writer.is_finished() {
        store.delete("gone", None).await.unwrap();
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    writer.await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for round in 1..60 {
        let page = store.log_records(id(round), None, None, 10).await.unwrap();
        assert_eq!(page.rows[0].record, said(round), "every body is still there");
    }
}
