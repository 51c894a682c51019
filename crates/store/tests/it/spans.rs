//! What is sent comes back.

use std::sync::Arc;

use bennu_model::{
    Attribute, Event, Link, Origin, OtelKind, Resource, Span, SpanId, Status, StatusCode, TraceId, Value,
};
use bennu_store::{AttributeFilter, Error, SpanFilter};
use proptest::prelude::*;

use crate::kit::*;

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Empty),
        "\\PC{0,120}".prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-1e18..1e18).prop_map(Value::Double),
        prop::collection::vec(any::<u8>(), 0..100).prop_map(Value::Bytes),
        // JSON texts of the kinds that are cut.
        prop::collection::vec("[a-z\"\\\\]{0,90}", 0..8).prop_map(|texts| Value::Text(format!(
            "[{}]",
            texts
                .iter()
                .map(|text| format!("{{\"role\": \"user\", \"content\": {text:?}}}"))
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    ];
    scalar.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec(("[a-z.]{1,8}", inner), 0..6).prop_map(Value::Map),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let key = prop_oneof![
        "[a-z]{1,5}(\\.[a-z0-9]{1,3}){0,3}",
        "llm\\.input_messages\\.[0-9]{1,2}\\.message\\.(role|content)"
    ];
    prop::collection::vec((key, value()), 0..12)
}

/// Order within a flattened list is the one thing that may change; as sets of pairs they must be equal.
fn sorted(attributes: &[Attribute]) -> Vec<String> {
    let mut pairs: Vec<String> = attributes.iter().map(|pair| format!("{pair:?}")).collect();
    pairs.sort();
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_field_comes_back(sent in attributes(), of_event in attributes(), of_resource in attributes(), start_ns: u64, end_ns: u64) {
        let span = Span {
            trace_id: id(1),
            span_id: SpanId([1; 8]),
            parent_id: Some(SpanId([2; 8])),
            trace_state: "a=b".into(),
            flags: 257,
            name: "näme".into(),
            otel_kind: OtelKind::Client,
            start_ns,
            end_ns,
            status: Status { code: StatusCode::Error, message: "broken".into() },
            attributes: sent,
            dropped_attributes: 1,
            events: vec![Event { time_ns: u64::MAX, name: "e".into(), attributes: of_event, dropped_attributes: 2 }],
            dropped_events: 3,
            links: vec![Link { trace_id: TraceId([7; 16]), span_id: SpanId([8; 8]), trace_state: "x".into(), flags: 1, attributes: vec![text("k", "v")], dropped_attributes: 4 }],
            dropped_links: 5,
            repaired: true,
            origin: Arc::new(Origin { resource: Arc::new(Resource { attributes: of_resource, dropped_attributes: 6, schema_url: "r".into() }), scope_name: "s".into(), scope_version: "1".into(), scope_attributes: vec![text("a", "b")], scope_dropped: 7, scope_schema_url: "u".into() }),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = runtime.block_on(async {
            let store = TestStore::new();
            store.append("p", vec![(span.clone(), Default::default())]).await;
            let trace = store.trace_of("p", 1).await;
            store.all_spans(trace.row.id).await.unwrap().pop().unwrap().span
        });
        prop_assert_eq!(sorted(&read.attributes), sorted(&span.attributes));
        prop_assert_eq!(sorted(&read.events[0].attributes), sorted(&span.events[0].attributes));
        prop_assert_eq!(&read.origin, &span.origin);
        let bare = |span: &Span| Span { attributes: vec![], events: vec![], ..span.clone() };
        prop_assert_eq!(bare(&read), bare(&span));
        prop_assert_eq!((read.events[0].time_ns, read.events[0].dropped_attributes), (u64::MAX, 2));
    }
}

#[tokio::test]
async fn the_same_span_twice_is_stored_once_and_the_version_that_ended_later_stays() {
    let store = TestStore::new();
    let early = failed(span(1, None, 0, 10));
    let late = span(1, None, 0, 20);
    for order in [[early.clone(), early.clone(), late.clone()], [late.clone(), early.clone(), late.clone()]] {
        store.delete("p", None).await.unwrap();
        for span in order {
            store.append("p", vec![span]).await;
        }
        let trace = store.trace_of("p", 1).await;
        assert_eq!((trace.row.spans, trace.row.errors, trace.spans.len()), (1, 0, 1));
        assert_eq!(trace.spans[0].end_ns, 20_000_000);
    }
}

#[tokio::test]
async fn the_same_span_id_in_two_traces_is_two_spans() {
    let store = TestStore::new();
    store.append("p", vec![span(1, None, 0, 10), of_trace(span(1, None, 0, 10), 2)]).await;
    assert_eq!(store.trace_of("p", 1).await.spans.len(), 1);
    assert_eq!(store.trace_of("p", 2).await.spans.len(), 1);
    assert_eq!(
        store.find(&"01".repeat(8)).await.unwrap().len(),
        3,
        "trace 1 begins with these digits, both spans have them"
    );
}

#[tokio::test]
async fn spans_are_listed_newest_first_and_by_page() {
    let store = TestStore::new();
    let spans = (1..=25).map(|number| {
        let (mut sent, summary) = span(number, (number > 1).then_some(1), u64::from(number), 100);
        sent.attributes = vec![("n".into(), Value::Int(i64::from(number) % 2)), text("s", "x")];
        (sent, summary)
    });
    store.append("p", spans.collect()).await;
    let mut seen = Vec::new();
    let mut from = None;
    loop {
        let page = store.project_spans("p", SpanFilter::default(), from, 10).await.unwrap();
        seen.extend(page.spans.iter().map(|stored| stored.span.span_id.0[0]));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<u8>>());

    let count = async |filter| store.project_spans("p", filter, None, 100).await.unwrap().spans.len();
    let attribute = |value| SpanFilter {
        attributes: vec![AttributeFilter { key: "n".into(), value }],
        ..SpanFilter::default()
    };
    assert_eq!(count(attribute(Value::Int(1))).await, 13);
    assert_eq!(count(attribute(Value::Double(0.0))).await, 12);
    assert_eq!(count(attribute(Value::Text("1".into()))).await, 0);
    assert_eq!(count(SpanFilter { parent_id: Some(None), ..SpanFilter::default() }).await, 1);
    assert_eq!(
        count(SpanFilter { parent_id: Some(Some(SpanId([1; 8]))), ..SpanFilter::default() }).await,
        24
    );
    assert_eq!(
        count(SpanFilter { names: vec!["span 3".into(), "span 4".into()], ..SpanFilter::default() }).await,
        2
    );
    assert_eq!(
        count(SpanFilter { since_ns: Some(3_000_000), until_ns: Some(5_000_000), ..SpanFilter::default() })
            .await,
        2
    );
}

/// Everything a span can be large by counts where an answer is to be bearable.
#[tokio::test]
async fn parts_end_where_spans_are_large_by_whatever() {
    let store = TestStore::new();
    let long = || "x".repeat(100_000);
    let large: [fn(&mut Span, String); 8] = [
        |span, long| span.name = long,
        |span, long| span.status.message = long,
        |span, long| span.trace_state = long,
        |span, long| span.attributes = vec![(long, Value::Bool(true))],
        |span, _| span.attributes = vec![("a".into(), Value::Array(vec![Value::Empty; 4_000]))],
        |span, long| span.events = vec![Event { name: long, ..Event::default() }],
        |span, long| span.links = vec![Link { trace_state: long, ..Link::default() }],
        |span, long| span.origin = Arc::new(Origin { scope_version: long, ..Origin::default() }),
    ];
    let all: Vec<_> = (0..16_u8)
        .map(|at| {
            let (mut span, summary) = span(at + 1, None, u64::from(at), 20);
            large[usize::from(at / 2)](&mut span, long());
            (span, summary)
        })
        .collect();
    store.append("p", all).await;
    let trace = store.trace_of("p", 1).await.row.id;
    let mut ids = store.span_ids(trace).await.unwrap();
    ids.insert(5, SpanId([99; 8]));
    let (mut read, mut parts) = (Vec::new(), Vec::new());
    while !ids.is_empty() {
        let (spans, looked_at) = store.part_of_spans(trace, ids.clone(), 150_000, true).await.unwrap();
        parts.push(spans.len());
        read.extend(spans.into_iter().map(|stored| stored.span.span_id.0[0]));
        ids.drain(..looked_at);
    }
    assert_eq!(parts, [1; 16]);
    assert!(read.into_iter().eq(1..=16), "in the order asked for, without the one that is not there");
}

#[tokio::test]
async fn some_spans_of_a_trace_are_read_by_their_ids() {
    let store = TestStore::new();
    store.append("p", (1..=5).map(|n| span(n, None, 10 - u64::from(n), 20)).collect()).await;
    store.append("p", vec![of_trace(span(6, None, 0, 1), 2)]).await;
    let trace = store.trace_of("p", 1).await.row.id;
    let read = async |ids: &[u8]| -> Vec<u8> {
        let spans = store.spans(trace, ids.iter().map(|id| SpanId([*id; 8])).collect()).await.unwrap();
        spans.into_iter().map(|stored| stored.span.span_id.0[0]).collect()
    };
    let all: Vec<u8> = store.span_ids(trace).await.unwrap().into_iter().map(|id| id.0[0]).collect();
    assert_eq!(all, [5, 4, 3, 2, 1]);
    assert_eq!(read(&[2, 4, 2]).await, [4, 2], "by start, each once");
    assert_eq!(read(&[3, 6, 99]).await, [3], "those of other traces are not there");
    assert!(read(&[]).await.is_empty(), "none is not all");
    assert_eq!(read(&[1; 256]).await, [1]);
    let refused = store.spans(trace, vec![SpanId([1; 8]); 257]).await.unwrap_err();
    assert!(matches!(refused, Error::TooMany(256)) && !refused.is_retryable(), "{refused}");
}

#[tokio::test]
async fn a_status_is_counted_as_it_is_understood_and_comes_back_as_it_was_sent() {
    let store = TestStore::new();
    let (sent, mut summary) = span(1, None, 0, 10);
    summary.status = StatusCode::Error;
    let (fine, mut understood) = failed(span(2, None, 1, 10));
    understood.status = StatusCode::Ok;
    store.append("p", vec![(sent, summary), (fine, understood), failed(span(3, None, 2, 10))]).await;
    let trace = store.trace_of("p", 1).await;
    assert_eq!(trace.row.errors, 2);
    let understood = trace.spans.iter().map(|row| row.status).collect::<Vec<_>>();
    assert_eq!(understood, [StatusCode::Error, StatusCode::Ok, StatusCode::Error]);
    let stored = store.all_spans(trace.row.id).await.unwrap();
    let sent = stored.iter().map(|stored| stored.span.status.code).collect::<Vec<_>>();
    assert_eq!(sent, [StatusCode::Unset, StatusCode::Error, StatusCode::Error]);
    assert_eq!(stored[0].row.status, StatusCode::Error);
    let failed = SpanFilter { statuses: vec![StatusCode::Error], ..SpanFilter::default() };
    assert_eq!(store.project_spans("p", failed, None, 10).await.unwrap().spans.len(), 2);

    // The same span is the same however its status is understood.
    store.append("p", vec![span(1, None, 0, 10)]).await;
    assert_eq!(store.trace_of("p", 1).await.row.errors, 2);
}
