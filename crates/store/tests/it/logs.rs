//! Log records: kept, found, and what they make of their spans.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bennu_model::{Kind, LogRecord, Origin, Resource, Span, SpanId, StatusCode, Summary, Value};
use bennu_store::{Batch, Cursor, Error, Options, SpanFilter};

use crate::kit::*;

/// A call whose messages are in its records.
fn derive(span: &Span, records: &[LogRecord]) -> Summary {
    let text = |event: &str| {
        let record = records.iter().find(|record| record.event_name == event);
        record.and_then(|record| record.body.as_text()).map(str::to_owned)
    };
    Summary {
        kind: Kind::Llm,
        status: if text("failure").is_some() { StatusCode::Error } else { span.status.code },
        input_preview: text("input"),
        output_preview: text("output"),
        usage: usage(records.len() as u64, 0),
        has_messages: true,
        note: Some(records.len().to_string()),
        ..Summary::default()
    }
}

fn completing() -> TestStore {
    TestStore::with(Options { derive: Some(derive), ..Options::default() })
}

fn rows(store: &TestStore, table: &str) -> i64 {
    let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_record_comes_back_whole_and_once() {
    let mut store = TestStore::new();
    let long = "words that are worth a body of their own, since they are longer than that: a b c d e f";
    let record = LogRecord {
        observed_ns: u64::MAX,
        severity: 17,
        severity_text: "ERROR".into(),
        body: Value::Map(vec![text("content", long), ("n".into(), Value::Int(1))]),
        attributes: vec![
            text("a", long),
            text("b", &format!("[{{\"role\": \"me\", \"content\": \"{long}\"}}]")),
        ],
        dropped_attributes: 3,
        flags: 1,
        repaired: true,
        origin: Arc::new(Origin {
            resource: Arc::new(Resource {
                attributes: vec![text("service.name", "s")],
                ..Resource::default()
            }),
            scope_name: "logger".into(),
            ..Origin::default()
        }),
        ..log(1, 5, "event", "")
    };
    let bare = LogRecord { trace_id: id(1), observed_ns: 7, ..LogRecord::default() };
    let spoken = log(2, 1, "", "  two\n lines ");
    let all = vec![record.clone(), bare.clone(), spoken.clone()];
    store.append_logs(all.clone()).await;
    let changes = store.changes();
    store.append_logs(all).await;
    store.append("p", Vec::new()).await;
    store.store.as_ref().unwrap().append("p", Batch::default(), ()).await.unwrap();
    assert!(!changes.has_changed().unwrap(), "the same again is nothing new");
    store.reopen();

    let page = store.log_records(id(1), None, None, 100).await.unwrap();
    let read: Vec<&LogRecord> = page.rows.iter().map(|row| &row.record).collect();
    assert_eq!((read, page.total), (vec![&bare, &spoken, &record], 3));
    let meaningful: Vec<bool> = page.rows.iter().map(|row| row.meaningful).collect();
    assert_eq!(meaningful, [false, false, true]);
    let previews: Vec<Option<&str>> = page.rows.iter().map(|row| row.preview.as_deref()).collect();
    assert_eq!(previews, [None, Some("two lines"), Some(&*format!("{{\"content\":\"{long}\",\"n\":1}}"))]);
    let of_span = store.log_records(id(1), Some(SpanId([2; 8])), None, 100).await.unwrap();
    assert_eq!((of_span.rows.len(), of_span.total), (1, 1));
    let first = store.log_records(id(1), None, None, 2).await.unwrap();
    assert_eq!((first.rows.len(), first.total), (2, 3));
    assert_eq!(store.log_records(id(9), None, None, 2).await.unwrap().total, 0);
    assert_eq!((rows(&store, "project"), rows(&store, "trace")), (0, 0), "records alone are no trace");
}

#[tokio::test]
async fn records_are_read_page_by_page() {
    let store = TestStore::new();
    // Several at one time, on several spans.
    let mut logs: Vec<LogRecord> =
        (0..25_u8).map(|n| log(n % 3, u64::from(n / 4), "", &n.to_string())).collect();
    logs[3].span_id = None;
    store.append_logs(logs).await;
    for (span, total) in [(None, 25), (Some(SpanId([1; 8])), 8)] {
        for limit in [1, 3, 8, 25, 100] {
            let (mut read, mut after) = (Vec::new(), None);
            loop {
                let page = store.log_records(id(1), span, after, limit).await.unwrap();
                assert_eq!(page.total, total);
                assert!(page.rows.len() <= limit);
                read.extend(page.rows.into_iter().map(|row| (row.record.at_ns(), row.id)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(read.len() as u64, total, "{limit}");
            assert!(read.is_sorted_by_key(|(at_ns, _)| *at_ns));
            read.sort_unstable_by_key(|(_, id)| *id);
            read.dedup();
            assert_eq!(read.len() as u64, total, "none twice");
        }
    }
    // From a record that is not there any more: from its time on.
    let gone = Cursor { key: 5_000_000, id: 0 };
    let rest = store.log_records(id(1), None, Some(gone), 100).await.unwrap();
    assert_eq!(rest.rows.len(), 5);
}

#[tokio::test]
async fn a_record_that_a_collector_sent_on_as_well_is_the_same() {
    let store = completing();
    let record = log(1, 1, "input", "asked");
    let relayed = LogRecord {
        observed_ns: 77,
        origin: Arc::new(Origin {
            resource: Arc::new(Resource { attributes: vec![text("host", "h")], ..Resource::default() }),
            ..Origin::default()
        }),
        ..record.clone()
    };
    let other = LogRecord { severity: 3, ..record.clone() };
    let undated = |observed_ns| LogRecord { time_ns: 0, observed_ns, ..record.clone() };
    let resource = Resource { attributes: vec![text("service.name", "other")], ..Resource::default() };
    let elsewhere = LogRecord {
        origin: Arc::new(Origin { resource: Arc::new(resource), ..Origin::default() }),
        ..record.clone()
    };
    store.append_logs(vec![record.clone(), other, undated(1), undated(2), elsewhere]).await;
    store.append_logs(vec![relayed]).await;
    assert_eq!(store.log_records(id(1), None, None, 10).await.unwrap().total, 5);
}

#[tokio::test]
async fn records_of_one_time_keep_their_order() {
    let store = completing();
    let said = ["be kind", "who?", "me.", "why?", "because.", "no"];
    let records: Vec<LogRecord> = said.iter().map(|said| log(1, 3, "input", said)).collect();
    store.append_all("p", vec![span(1, None, 0, 10)], records.clone()).await;
    // Sent again, as after a lost answer.
    store.append_logs(records.clone()).await;
    assert_eq!(store.spans_of("p", 1).await[0].records, records);
    let page = store.log_records(id(1), None, None, 10).await.unwrap();
    assert!(page.rows.into_iter().map(|row| row.record).eq(records));
}

#[tokio::test]
async fn spans_and_records_share_their_origin_in_an_answer() {
    let store = completing();
    let large = vec![text("large", &"x".repeat(1 << 20))];
    let resource = Arc::new(Resource { attributes: large, ..Resource::default() });
    let origin = |scope: u8| {
        let scope_name = format!("scope {scope}");
        Arc::new(Origin { resource: resource.clone(), scope_name, ..Origin::default() })
    };
    let of = |number: u8| {
        let (span, summary) = span(number, None, u64::from(number), 100);
        (Span { origin: origin(number % 2), ..span }, summary)
    };
    let logs = (0..100).map(|at| LogRecord { origin: origin(2), ..log(1, at, "input", &at.to_string()) });
    store.append_all("p", (1..=100).map(of).collect(), logs.collect()).await;
    let trace = store.trace_of("p", 1).await;
    let some = trace.spans[..60].iter().map(|span| span.span_id).collect();
    let spans = store.spans(trace.row.id, some).await.unwrap();
    let mut resources: Vec<_> =
        spans.iter().map(|stored| Arc::as_ptr(&stored.span.origin.resource)).collect();
    resources.extend(spans[0].records.iter().map(|record| Arc::as_ptr(&record.origin.resource)));
    resources.dedup();
    assert_eq!((resources.len(), spans[0].records.len()), (1, 100));
    let page = store.project_spans("p", SpanFilter::default(), None, 100).await.unwrap();
    assert!(page.spans.len() > 10, "{}", page.spans.len());
    // Whoever writes them out repeats it for each: such an answer has fewer.
    let ids = store.span_ids(trace.row.id).await.unwrap();
    let (part, _) = store.part_of_spans(trace.row.id, ids, 32 << 20, true).await.unwrap();
    assert!((20..=32).contains(&part.len()), "{}", part.len());
    let page = store.log_records(id(1), None, None, 100).await.unwrap();
    assert!((20..=32).contains(&page.rows.len()) && page.next.is_some(), "{}", page.rows.len());
}

#[tokio::test]
async fn a_span_is_completed_by_its_records_in_either_order() {
    let call = || vec![span(1, None, 0, 10)];
    let records = || {
        let unmeant = log(1, 2, "", "some words");
        vec![log(1, 1, "input", "asked"), log(1, 3, "output", "answered"), log(1, 4, "failure", "x"), unmeant]
    };
    for order in 0..4 {
        let mut store = completing();
        match order {
            0 => store.append_all("p", call(), records()).await,
            1 => {
                store.append("p", call()).await;
                store.append_logs(records()).await;
            }
            2 => {
                store.append_logs(records()).await;
                store.reopen();
                store.append("p", call()).await;
            }
            _ => {
                for record in records() {
                    store.append_all("p", call(), vec![record]).await;
                }
            }
        }
        store.append("q", call()).await;
        for project in ["p", "q"] {
            let trace = store.trace_of(project, 1).await;
            let row = &trace.row;
            assert_eq!(row.input.as_deref(), Some("asked"), "{project}, {order}");
            assert_eq!(row.output.as_deref(), Some("answered"));
            assert_eq!((row.spans, row.errors, row.kind), (1, 1, Kind::Llm));
            assert_eq!(row.usage.input, Some(3));
            let light = &trace.spans[0];
            assert_eq!(
                (light.kind, light.status, light.note.as_deref()),
                (Kind::Llm, StatusCode::Error, Some("3"))
            );
            let stored = store.spans_of(project, 1).await.remove(0);
            assert_eq!(stored.span, call()[0].0, "it is kept as it was sent");
            assert_eq!(stored.records, records()[..3]);
        }
        // In both projects.
        store.append_logs(vec![log(1, 9, "more", "")]).await;
        for project in ["p", "q"] {
            assert_eq!(store.trace_of(project, 1).await.spans[0].note.as_deref(), Some("4"));
            assert_eq!(store.projects().await.unwrap().iter().map(|row| row.tokens).sum::<u64>(), 8);
        }
    }
}

#[tokio::test]
async fn without_a_derivation_records_are_kept_and_change_nothing() {
    let mut store = TestStore::new();
    store.append_all("p", vec![span(1, None, 0, 10)], vec![log(1, 1, "input", "asked")]).await;
    assert_eq!(store.trace_of("p", 1).await.row.input, None);
    assert_eq!(store.spans_of("p", 1).await[0].records.len(), 1);
    // A file that had them before is completed as its spans come again or get more.
    let directory = store.directory.path().to_owned();
    store.store.take().unwrap().close();
    let options = Options { derive: Some(derive), ..Options::default() };
    store.store = Some(bennu_store::Store::open(&directory, options).unwrap());
    store.append_logs(vec![log(1, 2, "output", "answered")]).await;
    let row = store.trace_of("p", 1).await.row;
    assert_eq!((row.input.as_deref(), row.output.as_deref()), (Some("asked"), Some("answered")));
}

static DERIVED: AtomicUsize = AtomicUsize::new(0);

fn counting(span: &Span, records: &[LogRecord]) -> Summary {
    DERIVED.fetch_add(1, Ordering::Relaxed);
    assert!(records.len() <= 1_000 && records.is_sorted_by_key(LogRecord::at_ns));
    assert!(span.name != "span 9", "a derivation that panics");
    derive(span, records)
}

#[tokio::test]
async fn a_span_is_derived_once_a_group_from_its_last_records() {
    let store = TestStore::with(Options { derive: Some(counting), ..Options::default() });
    let many = |from: u64| (from..from + 1_100).rev().map(|at| log(1, at, "e", "")).collect::<Vec<_>>();
    store.append_all("p", vec![span(1, None, 0, 10), span(2, Some(1), 0, 5)], many(1_000)).await;
    assert_eq!(DERIVED.load(Ordering::Relaxed), 1);
    store.append_logs(many(500)).await;
    assert_eq!(DERIVED.load(Ordering::Relaxed), 2);
    let stored = store.spans_of("p", 1).await;
    let times: Vec<u64> = stored[0].records.iter().map(|record| record.time_ns / 1_000_000).collect();
    assert!(times.into_iter().eq(1_100..2_100), "the last thousand");
    assert_eq!((stored[0].records_left_out, stored[1].records_left_out), (600, 0));
    assert_eq!(stored[0].row.note.as_deref(), Some("1000"));
    let page = store.log_records(id(1), None, None, 5_000).await.unwrap();
    assert_eq!((page.rows.len(), page.total), (1_000, 1_600));
    // The writer outlives a derivation that does not.
    store.append_all("p", vec![span(9, Some(1), 0, 1)], vec![log(9, 1, "e", "")]).await;
    assert_eq!(store.trace_of("p", 1).await.row.spans, 3);
}

#[tokio::test]
async fn records_are_counted_by_span_and_searched() {
    let store = completing();
    let logs = vec![
        log(1, 1, "", "an Apple"),
        log(1, 2, "", "a pear"),
        log(2, 1, "plum", ""),
        log(7, 1, "", "an apple of a span that never came"),
        LogRecord { span_id: None, ..log(1, 3, "", "apple") },
        LogRecord { trace_id: id(2), ..log(1, 3, "", "apple") },
        LogRecord { attributes: vec![text("fruit", "apple")], ..log(3, 5, "", "") },
    ];
    store.append_all("p", (1..=4).map(|n| span(n, None, u64::from(n), 9)).collect(), logs).await;
    let trace = store.trace_of("p", 1).await.row.id;
    let counts = store.log_counts(trace).await.unwrap();
    let spans: Vec<(u8, u64)> = counts.spans.iter().map(|(span, records)| (span.0[0], *records)).collect();
    assert_eq!((spans, counts.elsewhere, counts.complete), (vec![(1, 2), (2, 1), (3, 1)], 2, true));
    assert!(store.log_counts(99).await.unwrap().spans.is_empty());
    for (needle, expected) in
        [("aPPle", &[1, 3][..]), ("pear", &[1]), ("plum", &[2]), ("fruit", &[3]), ("span", &[1, 2, 3, 4])]
    {
        let found = store.search_trace(trace, needle).await.unwrap();
        assert_eq!(found.into_iter().map(|span| span.0[0]).collect::<Vec<_>>(), expected, "{needle}");
    }
}

#[tokio::test]
async fn the_newest_spans_are_read_whole() {
    let store = completing();
    for number in 1..=30_u8 {
        let (root, mut summary) = of_trace(span(1, None, u64::from(number) * 10, 1_000), number);
        summary.service = Some(if number % 3 == 0 { "a" } else { "b" }.into());
        let child = of_trace(span(2, Some(1), u64::from(number) * 10 + 1, 1_000), number);
        store.append("p", vec![(root, summary), child]).await;
    }
    store.append_logs(vec![LogRecord { trace_id: id(30), ..log(2, 1, "input", "asked") }]).await;
    let newest = async |service, limit| -> Vec<(u8, u8)> {
        let spans = store.recent_spans("p", service, limit).await.unwrap();
        spans.iter().map(|stored| (stored.span.trace_id.0[0], stored.span.span_id.0[0])).collect()
    };
    assert_eq!(newest(None, 3).await, [(30, 2), (30, 1), (29, 2)]);
    assert_eq!(newest(Some("a"), 3).await, [(30, 2), (30, 1), (27, 2)]);
    assert_eq!(newest(Some("a"), 9_000).await.len(), 20);
    assert_eq!(newest(Some("c"), 10).await, []);
    assert_eq!(newest(None, 0).await, []);
    assert_eq!(store.recent_spans("p", Some("a"), 1).await.unwrap()[0].records.len(), 1);
}

#[tokio::test]
async fn a_failed_commit_leaves_no_record_behind() {
    let options = Options { derive: Some(derive), ..Options::default() };
    let store = TestStore::with(Options { max_pages: Some(150), ..options.clone() });
    let sent = |n: u64| {
        let words = (n * 1000..n * 1000 + 800).map(|n| n.wrapping_mul(2_654_435_761).to_string());
        let words = words.collect::<Vec<_>>().join(" ");
        let number = n as u8 + 1;
        (
            vec![span(number, None, n, n + 1)],
            vec![log(number, 1, "input", "asked"), log(number, 2, "", &words)],
        )
    };
    let mut acknowledged = 0;
    let refusal = loop {
        let (spans, logs) = sent(acknowledged);
        let batch = batch(&store, spans, logs);
        match store.store.as_ref().unwrap().append("p", batch, ()).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 250, "the limit was never reached");
    };
    assert!(matches!(refusal, Error::DiskFull), "{refusal}");
    let check = async |store: &TestStore, expected: u64| {
        let trace = store.trace_of("p", 1).await;
        assert_eq!((trace.row.spans, trace.row.usage.input), (expected, Some(expected)));
        assert_eq!(store.log_records(id(1), None, None, 1_000).await.unwrap().total, 2 * expected);
        assert!(store.spans_of("p", 1).await.iter().all(|stored| stored.records.len() == 1));
    };
    check(&store, acknowledged).await;
    // With room again, the same store goes on.
    let TestStore { store: open, directory, .. } = store;
    open.unwrap().close();
    let mut store = TestStore::with(options.clone());
    store.store.take().unwrap().close();
    store.store = Some(bennu_store::Store::open(directory.path(), options).unwrap());
    let (spans, logs) = sent(acknowledged);
    store.append_all("p", spans, logs).await;
    check(&store, acknowledged + 1).await;
    assert_eq!(
        store.log_records(id(1), None, None, 1_000).await.unwrap().rows.len() as u64,
        2 * (acknowledged + 1)
    );
    store.store.take().unwrap().close();
}
