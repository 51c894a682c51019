//! What the disk may do.

use bennu_store::{Error, Options, Store};

use crate::kit::*;

#[tokio::test]
async fn a_directory_in_use_is_refused_and_can_be_opened_afterwards() {
    let mut store = TestStore::new();
    let path = store.directory.path().to_owned();
    assert!(matches!(Store::open(&path, Options::default()), Err(Error::InUse(_))));
    store.append("p", vec![span(1, None, 0, 1)]).await;
    store.reopen();
    assert_eq!(store.trace_of("p", 1).await.row.spans, 1);
}

#[test]
fn newer_and_foreign_files_are_refused_untouched() {
    for (sql, newer) in [("PRAGMA user_version = 99", true), ("PRAGMA application_id = 7", false)] {
        let directory = tempfile::tempdir().unwrap();
        Store::open(directory.path(), Options::default()).unwrap().close();
        let path = directory.path().join("bennu.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(directory.path(), Options::default()).unwrap_err();
        assert_eq!(matches!(error, Error::NewerSchema { found: 99, .. }), newer, "{error}");
        assert_eq!(matches!(error, Error::NotOurs(_)), !newer, "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("bennu.db"),
        "this is no database at all, but some notes of somebody",
    )
    .unwrap();
    assert!(matches!(Store::open(directory.path(), Options::default()), Err(Error::NotOurs(_))));
}

#[tokio::test]
async fn a_full_disk_refuses_and_keeps_what_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let open =
        |max_pages| Store::open(directory.path(), Options { max_pages, ..Options::default() }).unwrap();
    let store = open(Some(120));
    let content = |n: u32| {
        // Content that neither shrinks nor repeats.
        let words = (n * 1000..n * 1000 + 800).map(|n| n.wrapping_mul(2_654_435_761).to_string());
        words.collect::<Vec<_>>().join(" ")
    };
    let mut acknowledged = 0;
    let refusal = loop {
        let (mut span, summary) =
            of_trace(span(1, None, acknowledged, 1 + acknowledged), acknowledged as u8 + 1);
        span.attributes = vec![text("input.value", &content(acknowledged as u32))];
        let prepared = store.preparer().prepare(span, summary);
        match store.append("p", vec![prepared], ()).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 250, "the limit was never reached");
    };
    assert!(matches!(refusal, Error::DiskFull) && refusal.is_retryable(), "{refusal}");
    assert_eq!(store.projects().await.unwrap()[0].traces, acknowledged);
    store.close();

    // With room again, the same store goes on, and nothing in memory spoke of rows that were rolled back.
    let store = open(None);
    let (mut span, summary) = of_trace(span(1, None, acknowledged, 1 + acknowledged), 255);
    span.attributes = vec![text("input.value", &content(acknowledged as u32))];
    let prepared = store.preparer().prepare(span, summary);
    store.append("p", vec![prepared], ()).await.unwrap();
    for row in store.traces("p", Default::default(), None, 1000).await.unwrap().traces {
        let ids = store.span_ids(row.id).await.unwrap();
        let (spans, _) = store.part_of_spans(row.id, ids, usize::MAX, false).await.unwrap();
        assert!(spans[0].span.attributes[0].1.as_text().unwrap().len() > 5_000);
    }
    assert_eq!(store.projects().await.unwrap()[0].traces, acknowledged + 1);
}

#[tokio::test]
async fn a_question_that_takes_too_long_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { query_timeout: std::time::Duration::ZERO, ..Options::default() };
    let store = Store::open(directory.path(), options).unwrap();
    for trace in 0..8_u8 {
        let spans = (1..=250).map(|number| of_trace(span(number, None, 0, 1), trace)).collect::<Vec<_>>();
        let mut preparer = store.preparer();
        let prepared =
            spans.into_iter().map(|(span, summary)| preparer.prepare(span, summary)).collect::<Vec<_>>();
        store.append("p", prepared, ()).await.unwrap();
    }
    let filter = bennu_store::SpanFilter { names: vec!["none".into()], ..Default::default() };
    let asked = store.project_spans("p", filter, None, 10).await;
    assert!(matches!(asked, Err(Error::TimedOut(0))), "{asked:?}");
}

#[tokio::test]
async fn files_of_older_versions_are_taken_over() {
    for version in [1, 2] {
        let mut store = TestStore::new();
        let said = |(span, summary): (bennu_model::Span, bennu_model::Summary)| {
            (span, bennu_model::Summary { input_preview: Some("asked".into()), ..summary })
        };
        store.append("p", vec![said(span(1, None, 0, 10)), failed(span(2, Some(1), 1, 9))]).await;
        let before = store.trace_of("p", 1).await;
        store.reopen_from_version(version);
        assert_eq!(store.trace_of("p", 1).await, before, "from version {version}");
        // What is new in the file goes on from there.
        store.append("p", vec![pending(span(3, Some(1), 2, 0)), pending(span(2, Some(1), 1, 0))]).await;
        store.append_logs(vec![log(1, 1, "event", "said")]).await;
        let row = store.trace_of("p", 1).await.row;
        assert_eq!((row.spans, row.running, row.errors, row.input.as_deref()), (3, 1, 1, Some("asked")));
        assert_eq!(store.spans_of("p", 1).await[0].records.len(), 1);
    }
}
