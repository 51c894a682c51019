//! A trace knows who points at it.

use bennu_model::{Link, Span, SpanId, Summary};
use bennu_store::LinkFrom;

use crate::kit::*;

/// A span that points at spans of traces.
fn linking((span, summary): (Span, Summary), to: &[(u8, u8)]) -> (Span, Summary) {
    let link = |(trace, span): &(u8, u8)| Link {
        trace_id: id(*trace),
        span_id: SpanId([*span; 8]),
        ..Link::default()
    };
    (Span { links: to.iter().map(link).collect(), ..span }, summary)
}

/// The links to a trace: from (trace, span) to span.
async fn to(store: &TestStore, trace: u8) -> Vec<(u8, u8, u8)> {
    let links = store.links_to(id(trace)).await.unwrap();
    links.iter().map(|link| (link.trace_id.0[0], link.span_id.0[0], link.to_span.0[0])).collect()
}

#[tokio::test]
async fn links_are_found_from_the_other_end() {
    let store = TestStore::new();
    assert_eq!(to(&store, 9).await, []);
    let first = linking(of_trace(span(1, None, 5, 6), 2), &[(9, 7), (9, 7), (9, 8), (3, 1)]);
    let root = of_trace(span(2, None, 1, 9), 2);
    store.append("p", vec![first.clone(), root]).await;
    store.append("q", vec![linking(of_trace(span(1, None, 20, 30), 3), &[(9, 9), (3, 2)])]).await;
    assert_eq!(to(&store, 9).await, [(3, 1, 9), (2, 1, 8), (2, 1, 7)], "the newest first, each once");
    assert_eq!(to(&store, 3).await, [(2, 1, 1)], "what stays within its trace is no link to it");
    let expected = LinkFrom {
        project: "p".into(),
        trace_id: id(2),
        span_id: SpanId([1; 8]),
        span_name: "span 1".into(),
        trace_name: "span 2".into(),
        start_ns: 5_000_000,
        to_span: SpanId([1; 8]),
    };
    assert_eq!(store.links_to(id(3)).await.unwrap(), [expected]);

    // The same again changes nothing, an older version neither, a newer one takes the place of the old one.
    store.append("p", vec![first, linking(of_trace(span(1, None, 4, 5), 2), &[(9, 1)])]).await;
    assert_eq!(to(&store, 9).await, [(3, 1, 9), (2, 1, 8), (2, 1, 7)]);
    store.append("p", vec![linking(of_trace(span(1, None, 25, 40), 2), &[(9, 5)])]).await;
    assert_eq!(to(&store, 9).await, [(2, 1, 5), (3, 1, 9)]);
    assert_eq!(to(&store, 3).await, []);

    store.delete("p", Some(id(2))).await.unwrap();
    assert_eq!(to(&store, 9).await, [(3, 1, 9)]);
    store.delete("q", None).await.unwrap();
    assert_eq!(to(&store, 9).await, []);
}

#[tokio::test]
async fn a_span_keeps_all_its_links_and_some_can_be_found() {
    let store = TestStore::new();
    let many: Vec<(u8, u8)> = (1..=200).map(|number| (100, number)).collect();
    store.append("p", vec![linking(span(1, None, 0, 1), &many)]).await;
    let trace = store.trace_of("p", 1).await.row.id;
    assert_eq!(store.all_spans(trace).await.unwrap()[0].span.links.len(), 200);
    let path = store.directory.path().join("bennu.db");
    let connection = rusqlite::Connection::open(path).unwrap();
    let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM link"), 128);
    assert_eq!(to(&store, 100).await.len(), 50, "an answer is bounded");
    store.delete("p", None).await.unwrap();
    assert_eq!(count("SELECT count(*) FROM link"), 0);
}

#[tokio::test]
async fn a_file_of_version_1_is_taken_over_without_its_old_links() {
    let mut store = TestStore::new();
    store.append("p", vec![linking(of_trace(span(1, None, 0, 1), 2), &[(9, 1)])]).await;
    store.reopen_from_version(1);
    let trace = store.trace_of("p", 2).await.row.id;
    assert_eq!(store.all_spans(trace).await.unwrap()[0].span.links.len(), 1, "nothing is lost");
    assert_eq!(to(&store, 9).await, [], "the old link is not known from here");
    store.append("p", vec![linking(of_trace(span(2, None, 0, 1), 2), &[(9, 1)])]).await;
    assert_eq!(to(&store, 9).await, [(2, 2, 1)]);
    // A new version of the old span brings its links along.
    store.append("p", vec![linking(of_trace(span(1, None, 0, 2), 2), &[(9, 1)])]).await;
    assert_eq!(to(&store, 9).await.len(), 2);
}
