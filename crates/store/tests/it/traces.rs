//! Trace rows and their list.

use bennu_model::{Kind, StatusCode};
use bennu_store::{TraceFilter, TraceRow};

use crate::kit::*;

#[tokio::test]
async fn a_trace_grows_over_many_requests_with_its_root_last() {
    let store = TestStore::new();
    store.append("p", vec![span(3, Some(2), 20, 30)]).await;
    let trace = store.trace_of("p", 1).await;
    assert_eq!((trace.row.name.as_str(), trace.row.has_root), ("span 3", false));
    store.append("p", vec![failed(span(2, Some(1), 10, 40))]).await;
    assert_eq!(store.trace_of("p", 1).await.row.name, "span 2", "the outermost so far");
    let (root, mut summary) = span(1, None, 5, 50);
    summary.kind = Kind::Agent;
    store.append("p", vec![(root, summary)]).await;
    // Long after its end, a child that starts later still belongs to it.
    store.append("p", vec![span(4, Some(1), 90, 95)]).await;
    let trace = store.trace_of("p", 1).await;
    let row = &trace.row;
    assert_eq!((row.name.as_str(), row.kind, row.has_root), ("span 1", Kind::Agent, true));
    assert_eq!((row.spans, row.errors, row.start_ns, row.end_ns), (4, 1, 5_000_000, 95_000_000));
    assert_eq!(store.projects().await.unwrap()[0].spans, 4);
}

#[tokio::test]
async fn skewed_clocks_widen_the_trace_and_lose_nothing() {
    let store = TestStore::new();
    store.append("p", vec![span(1, None, 50, 60), span(2, Some(1), 10, 20), span(3, Some(1), 70, 65)]).await;
    let row = store.trace_of("p", 1).await.row;
    assert_eq!((row.start_ns, row.end_ns, row.name.as_str()), (10_000_000, 70_000_000, "span 1"));
}

#[tokio::test]
async fn one_trace_id_in_two_projects_is_two_traces_that_know_of_each_other() {
    let store = TestStore::new();
    store.append("a", vec![span(1, None, 0, 10)]).await;
    store.append("b", vec![span(2, Some(1), 2, 8)]).await;
    let trace = store.trace_of("b", 1).await;
    assert_eq!((trace.spans.len(), &trace.also_in[..]), (1, &["a".to_owned()][..]));
    assert_eq!(store.trace(None, id(1)).await.unwrap().unwrap().row.project, "a", "where it began");
    assert_eq!(store.trace(Some("c"), id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn the_list_is_newest_first_by_page_and_filtered() {
    let store = TestStore::new();
    for number in 1..=60 {
        let (span, mut summary) = of_trace(span(number, None, u64::from(number), 100), number);
        summary.session_id = Some(format!("s{}", number % 3));
        summary.user_id = (number % 2 == 0).then(|| "alice".to_owned());
        summary.service = Some("svc".into());
        summary.kind = if number % 5 == 0 { Kind::Tool } else { Kind::Llm };
        let span = (span, summary);
        store.append("p", vec![if number % 10 == 0 { failed(span) } else { span }]).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.traces("p", TraceFilter::default(), after, 25).await.unwrap();
        seen.extend(page.traces.iter().map(|row| row.trace_id.0[0]));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=60).rev().collect::<Vec<u8>>());

    let count = async |filter| store.traces("p", filter, None, 100).await.unwrap().traces.len();
    let all = TraceFilter::default;
    assert_eq!(count(TraceFilter { errors: Some(true), ..all() }).await, 6);
    assert_eq!(count(TraceFilter { errors: Some(false), ..all() }).await, 54);
    assert_eq!(count(TraceFilter { kind: Some(Kind::Tool), ..all() }).await, 12);
    assert_eq!(count(TraceFilter { name: Some("SPAN 6".into()), ..all() }).await, 2);
    assert_eq!(count(TraceFilter { name: Some("%".into()), ..all() }).await, 0);
    assert_eq!(count(TraceFilter { session_ids: vec!["s0".into(), "s1".into()], ..all() }).await, 40);
    assert_eq!(count(TraceFilter { user_id: Some("alice".into()), ..all() }).await, 30);
    assert_eq!(count(TraceFilter { service: Some("other".into()), ..all() }).await, 0);
    assert_eq!(
        count(TraceFilter { since_ns: Some(10_000_000), until_ns: Some(20_000_000), ..all() }).await,
        10
    );
    assert_eq!(count(TraceFilter { min_duration_ns: Some(90_000_000), ..all() }).await, 10);
    assert_eq!(store.services("p").await.unwrap(), ["svc"]);
    assert_eq!(store.projects().await.unwrap()[0].errors, 6);
}

#[tokio::test]
async fn ids_are_found_by_their_beginning() {
    let store = TestStore::new();
    store.append("p", vec![span(0xab, None, 0, 1), of_trace(span(0xac, None, 0, 1), 0x12)]).await;
    let found = async |digits: &str| store.find(digits).await.unwrap().len();
    assert_eq!(found("0101").await, 1);
    assert_eq!(found(&"01".repeat(16)).await, 1);
    assert_eq!(found("abab").await, 1);
    assert_eq!(found("121").await, 1);
    assert_eq!(found("ffff").await, 0);
}

#[tokio::test]
async fn a_row_says_which_spans_its_previews_are_from() {
    let store = TestStore::new();
    let said = |(span, summary), input: Option<&str>, output: Option<&str>| {
        let (input_preview, output_preview) = (input.map(str::to_owned), output.map(str::to_owned));
        (span, bennu_model::Summary { input_preview, output_preview, ..summary })
    };
    let from = async || {
        let row = store.trace_of("p", 1).await.row;
        assert_eq!(
            (row.input.is_some(), row.output.is_some()),
            (row.input_span.is_some(), row.output_span.is_some())
        );
        (row.input_span.map(|id| id.0[0]), row.output_span.map(|id| id.0[0]))
    };
    store.append("p", vec![span(1, None, 0, 50)]).await;
    assert_eq!(from().await, (None, None), "the root says nothing");
    store.append("p", vec![said(span(3, Some(1), 20, 30), Some("in"), Some("out"))]).await;
    assert_eq!(from().await, (Some(3), Some(3)));
    store.append("p", vec![said(span(2, Some(1), 5, 10), Some("in"), Some("out"))]).await;
    assert_eq!(from().await, (Some(2), Some(3)), "what began first, what ended last");
    let listed = store.traces("p", TraceFilter::default(), None, 1).await.unwrap().traces.remove(0);
    assert_eq!(listed, store.trace_of("p", 1).await.row);
}

/// Traces of many shapes, some of them by a version that knew no shapes.
async fn of_many_shapes() -> TestStore {
    let mut store = TestStore::new();
    for number in 0..150_u64 {
        let kind = [Kind::Llm, Kind::Tool, Kind::Guardrail, Kind::Chain][number as usize % 4];
        let start = (number * 37) % 200;
        let (mut span, mut summary) = span(1, None, start, start + (number * number) % 9_000);
        span.trace_id = bennu_model::TraceId((number as u128 + 1).to_be_bytes());
        span.name = format!("{} {}", ["Ask", "answer", "find"][number as usize % 3], number % 5);
        summary.kind = kind;
        summary.service = (number % 3 > 0).then(|| format!("service-{}", number % 3));
        if number % 7 == 0 {
            summary.status = StatusCode::Error;
        }
        store.append("p", vec![(span, summary)]).await;
        if number == 60 {
            let path = store.directory.path().join("bennu.db");
            store.reopen();
            rusqlite::Connection::open(path).unwrap().execute("UPDATE trace SET shape = 0", []).unwrap();
        }
    }
    store
}

#[tokio::test]
async fn a_filter_by_shape_lists_what_looking_at_every_trace_would() {
    let store = of_many_shapes().await;
    let all = store.traces("p", TraceFilter::default(), None, 1_000).await.unwrap().traces;
    assert_eq!(all.len(), 150);
    let ms = |ms: i64| Some(ms * 1_000_000);
    let filters = [
        TraceFilter { kind: Some(Kind::Guardrail), ..Default::default() },
        TraceFilter { kind: Some(Kind::Agent), ..Default::default() },
        TraceFilter { errors: Some(true), ..Default::default() },
        TraceFilter { errors: Some(false), name: Some("ASK".into()), ..Default::default() },
        TraceFilter { exact_name: Some("Ask 0".into()), ..Default::default() },
        TraceFilter { service: Some("service-2".into()), kind: Some(Kind::Tool), ..Default::default() },
        TraceFilter { min_duration_ns: ms(3_000), ..Default::default() },
        TraceFilter { min_duration_ns: ms(1_100), max_duration_ns: ms(2_000), ..Default::default() },
        TraceFilter {
            errors: Some(false),
            since_ns: Some(all[100].start_ns),
            until_ns: Some(all[20].start_ns),
            ..Default::default()
        },
    ];
    for filter in filters {
        for ascending in [false, true] {
            let filter = TraceFilter { ascending, ..filter.clone() };
            let contains =
                |name: &str, part: &str| name.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
            let mut expected: Vec<TraceRow> = Vec::new();
            for row in &all {
                let trace = store.trace(Some("p"), row.trace_id).await.unwrap().unwrap();
                let duration = row.end_ns - row.start_ns;
                let matches = filter.kind.is_none_or(|kind| trace.spans[0].kind == kind)
                    && filter.errors.is_none_or(|errors| errors == (row.errors > 0))
                    && filter.name.as_ref().is_none_or(|name| contains(&row.name, name))
                    && filter.exact_name.as_ref().is_none_or(|name| row.name == *name)
                    && filter.service.as_ref().is_none_or(|service| row.service.as_ref() == Some(service))
                    && filter.min_duration_ns.is_none_or(|least| duration >= least)
                    && filter.max_duration_ns.is_none_or(|most| duration <= most)
                    && filter.since_ns.is_none_or(|since| row.start_ns >= since)
                    && filter.until_ns.is_none_or(|until| row.start_ns < until);
                expected.extend(matches.then(|| row.clone()));
            }
            if ascending {
                expected.reverse();
            }
            let charts = store.charts("p", filter.clone(), 10).await.unwrap();
            assert_eq!(charts.scanned, expected.len() as u64, "{filter:?}");
            for limit in [7, 1_000] {
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let page = store.traces("p", filter.clone(), after, limit).await.unwrap();
                    assert!(page.traces.len() <= limit);
                    found.extend(page.traces);
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(found, expected, "{filter:?}");
            }
        }
    }
}
