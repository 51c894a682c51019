//! Spans of which the client only said so far that they began.

use bennu_model::{Kind, Span, StatusCode, Summary};
use bennu_store::TraceFilter;

use crate::kit::*;

fn said((span, summary): (Span, Summary), input: Option<&str>) -> (Span, Summary) {
    (span, Summary { input_preview: input.map(str::to_owned), ..summary })
}

#[tokio::test]
async fn a_running_span_is_shown_until_the_finished_one_comes() {
    let store = TestStore::new();
    let begun = said(pending(span(1, None, 5, 0)), Some("what is asked"));
    store.append("p", vec![begun.clone()]).await;
    let trace = store.trace_of("p", 1).await;
    let row = &trace.row;
    assert_eq!((row.spans, row.running, row.name.as_str(), row.has_root), (1, 1, "span 1", true));
    assert_eq!((row.start_ns, row.end_ns), (5_000_000, 5_000_000));
    assert_eq!(row.input.as_deref(), Some("what is asked"));
    assert!(trace.spans[0].running);

    store.append("p", vec![span(2, Some(1), 6, 9)]).await;
    assert_eq!(store.trace_of("p", 1).await.row.name, "span 1", "the root goes on");
    let (finished, mut summary) = failed(span(1, None, 5, 20));
    summary.kind = Kind::Agent;
    let finished = (Span { name: "done".into(), ..finished }, summary);
    store.append("p", vec![finished.clone()]).await;
    let trace = store.trace_of("p", 1).await;
    let row = &trace.row;
    assert_eq!((row.spans, row.running, row.errors, row.name.as_str()), (2, 0, 1, "done"));
    assert_eq!((row.end_ns, row.kind), (20_000_000, Kind::Agent));
    assert_eq!(row.input, None, "only the pending version had said so");
    assert!(!trace.spans[0].running && trace.spans[0].status == StatusCode::Error);

    // The other way round it is as if the pending version had never come.
    store.append("p", vec![begun]).await;
    assert_eq!(store.trace_of("p", 1).await, trace);
}

#[tokio::test]
async fn a_finished_version_wins_whatever_its_end() {
    let finished = span(1, None, 10, 10);
    let zero = (Span { end_ns: 0, ..finished.0.clone() }, finished.1.clone());
    let late = span(1, None, 5, 90);
    let running = |(span, summary): (Span, Summary)| (span, Summary { running: true, ..summary });
    let earlier = (Span { name: "other".into(), ..span(1, None, 1, 1).0 }, Summary::default());
    // The same end, a later one, and none; also the very same span but for its being told as pending.
    for begun in [running(finished.clone()), running(late), running(zero), pending(earlier)] {
        for order in [[&begun, &finished], [&finished, &begun]] {
            let store = TestStore::new();
            for sent in order {
                store.append("p", vec![sent.clone()]).await;
            }
            let trace = store.trace_of("p", 1).await;
            assert_eq!((trace.row.running, trace.row.spans, trace.spans[0].running), (0, 1, false));
            assert_eq!((trace.row.start_ns, trace.row.end_ns), (10_000_000, 10_000_000), "{begun:?}");
            assert_eq!(trace.row.name, "span 1");
            assert_eq!(store.spans_of("p", 1).await[0].span, finished.0);
        }
    }
}

#[tokio::test]
async fn what_runs_does_not_stretch_its_trace() {
    let store = TestStore::new();
    let (mut begun, summary) = pending(span(2, Some(1), 3, 0));
    begun.end_ns = u64::MAX;
    store.append("p", vec![span(1, None, 0, 10), (begun.clone(), summary)]).await;
    assert_eq!(store.trace_of("p", 1).await.row.end_ns, 10_000_000);
    assert_eq!(store.spans_of("p", 1).await[1].span, begun, "it is kept as it was sent");
}

#[tokio::test]
async fn lists_tell_running_traces_apart() {
    let mut store = TestStore::new();
    for number in 1..=20_u8 {
        let one = of_trace(span(1, None, u64::from(number), 90), number);
        store.append("p", vec![if number % 4 == 0 { pending(one) } else { one }]).await;
    }
    store.reopen();
    let open = async |news| {
        let filter = TraceFilter { open_with_news_ns: news, ..TraceFilter::default() };
        let charts = store.charts("p", filter.clone(), 10).await.unwrap();
        let traces = store.traces("p", filter, None, 100).await.unwrap().traces;
        assert_eq!(charts.scanned, traces.len() as u64);
        assert!(news.is_none() || traces.iter().all(|row| row.running > 0 || !row.has_root));
        traces.len()
    };
    let ever = Some((0, i64::MAX));
    assert_eq!([open(ever).await, open(None).await], [5, 20]);
    // What runs has come as far as its start.
    assert_eq!(open(Some((8_000_000, 12_000_000))).await, 2);
    store.append("p", vec![of_trace(span(1, None, 4, 90), 4)]).await;
    assert_eq!(open(ever).await, 4, "over a restart, too");
    store.delete("p", Some(id(8))).await.unwrap();
    assert_eq!(open(ever).await, 3);
    store.append("p", vec![of_trace(span(2, Some(1), 4, 90), 30)]).await;
    assert_eq!(open(ever).await, 4, "a root that has not come");
    let rows = |table: &str| {
        let connection = rusqlite::Connection::open(store.directory.path().join("bennu.db")).unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(rows("offer"), 6, "of each trace that runs its span and what is settled");
}
