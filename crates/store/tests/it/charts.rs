//! What the charts over a list show.

use bennu_model::Kind;
use bennu_store::{Charts, TraceFilter};

use crate::kit::*;

fn traces(charts: &Charts) -> Vec<u64> {
    charts.bins.iter().map(|bin| bin.traces).collect()
}

#[tokio::test]
async fn traces_are_counted_where_they_begin() {
    let store = TestStore::new();
    for number in 1..=40_u8 {
        // Lasts as many milliseconds as its number says.
        let start = u64::from(number);
        let span = of_trace(span(number, None, start, start * 2), number);
        let span = reports(span, Kind::Llm, usage(10, 1));
        store.append("p", vec![if number % 8 == 0 { failed(span) } else { span }]).await;
    }
    let all = TraceFilter::default;
    let charts = store.charts("p", all(), 4).await.unwrap();
    assert_eq!((charts.since_ns, charts.until_ns), (1_000_000, 40_000_001));
    assert_eq!(traces(&charts), [10, 10, 10, 10]);
    assert_eq!((charts.scanned, charts.complete), (40, true));
    let errors: Vec<u64> = charts.bins.iter().map(|bin| bin.errors).collect();
    assert_eq!(errors, [1, 1, 1, 2]);
    assert_eq!(charts.bins[0].tokens, 110);
    assert_eq!(charts.bins[3].p95_ns, Some(40_000_000), "the tenth of ten");

    // A bin is what the list shows for its time.
    let (since, until) = (charts.bin_start_ns(1), charts.bin_start_ns(2));
    let within = TraceFilter { since_ns: Some(since), until_ns: Some(until), ..all() };
    assert_eq!(store.traces("p", within, None, 100).await.unwrap().traces.len(), 10);

    let given = TraceFilter { since_ns: Some(0), until_ns: Some(80_000_000), ..all() };
    let charts = store.charts("p", given, 2).await.unwrap();
    assert_eq!((traces(&charts), charts.since_ns, charts.until_ns), (vec![39, 1], 0, 80_000_000));
    assert_eq!(charts.bins[0].p95_ns, Some(38_000_000), "rank 38 of 39");
    let errors = TraceFilter { errors: Some(true), ascending: true, ..all() };
    assert_eq!(traces(&store.charts("p", errors, 1).await.unwrap()), [5]);
    let long = TraceFilter { min_duration_ns: Some(39_000_000), name: Some("SPAN".into()), ..all() };
    assert_eq!(traces(&store.charts("p", long, 2).await.unwrap()), [1, 1]);
}

#[tokio::test]
async fn nothing_has_no_bins() {
    let store = TestStore::new();
    assert_eq!(store.charts("nobody", TraceFilter::default(), 40).await.unwrap().bins, []);
    store.append("p", vec![span(1, None, 5, 6)]).await;
    let never = TraceFilter { since_ns: Some(9), until_ns: Some(3), ..TraceFilter::default() };
    let charts = store.charts("p", never, 40).await.unwrap();
    assert_eq!((charts.bins.len(), charts.scanned, charts.complete), (0, 0, true));
}

#[tokio::test]
async fn extreme_times_do_no_harm() {
    let store = TestStore::new();
    let at = |number: u8, start_ns, end_ns| {
        let (mut span, summary) = of_trace(span(number, None, 0, 0), number);
        (span.start_ns, span.end_ns) = (start_ns, end_ns);
        (span, summary)
    };
    store.append("p", vec![at(1, u64::MAX, 0)]).await;
    let charts = store.charts("p", TraceFilter::default(), 40).await.unwrap();
    assert_eq!(traces(&charts), [1], "one moment is one bin");
    store.append("p", vec![at(2, 0, u64::MAX)]).await;
    let charts = store.charts("p", TraceFilter::default(), 40).await.unwrap();
    assert_eq!((traces(&charts), charts.outside), (vec![1], 1));
    assert_eq!(charts.bins[0].p95_ns, Some(i64::MAX as u64));
    let wide = TraceFilter { since_ns: Some(i64::MIN), until_ns: Some(i64::MAX), ..TraceFilter::default() };
    let charts = store.charts("p", wide, usize::MAX).await.unwrap();
    assert_eq!((charts.bins.len(), charts.bins[500].traces, charts.outside), (1000, 1, 0));
    assert_eq!(traces(&store.charts("p", TraceFilter::default(), 0).await.unwrap()), [1]);
    // Wrong clocks do not hide the others.
    let now = 1_795_000_000_000_000_000;
    store.append("p", (3..6).map(|number| at(number, now + u64::from(number), now + 10)).collect()).await;
    let charts = store.charts("p", TraceFilter::default(), 3).await.unwrap();
    assert_eq!((traces(&charts), charts.scanned, charts.outside), (vec![1, 1, 1], 3, 2));
}

#[tokio::test]
async fn of_many_traces_the_newest_are_counted() {
    let store = TestStore::new();
    let spans = (0..20_010_u64).map(|number| {
        let (mut sent, summary) = span(1, None, number, number + 1);
        sent.trace_id.0[8..].copy_from_slice(&number.to_be_bytes());
        (sent, summary)
    });
    store.append("p", spans.collect()).await;
    let since = TraceFilter { since_ns: Some(0), ..TraceFilter::default() };
    let charts = store.charts("p", since, 10).await.unwrap();
    assert_eq!((charts.scanned, charts.complete, charts.since_ns), (20_000, false, 10_000_000));
    assert_eq!(traces(&charts), [2_000; 10]);
}
