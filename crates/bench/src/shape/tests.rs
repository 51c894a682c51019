use super::*;
use crate::otlp::Any;

const END_NS: u64 = 1_800_000_000_000_000_000;
const SHAPES: [Shape; 7] =
    [Shape::Chat, Shape::Agent, Shape::AgentJson, Shape::Rag, Shape::Huge, Shape::Wide, Shape::Trickle];

fn generator(shape: Shape) -> Generator {
    Generator::ending(7, shape, END_NS)
}

fn spans(request: &Request) -> Vec<otlp::Span> {
    let read = otlp::Request::decode(&request.body[..]).unwrap();
    read.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for shape in SHAPES {
        let [mut one, mut other] = [generator(shape), generator(shape)];
        for _ in 0..3 {
            assert_eq!(one.request(120).body, other.request(120).body, "{shape:?}");
        }
        assert_eq!(one.sample().traces, other.sample().traces);
        assert_ne!(
            one.request(120).body,
            Generator::ending(8, shape, END_NS).request(120).body,
            "{shape:?} of another seed"
        );
    }
}

#[test]
fn another_shape_time_or_project_has_other_ids() {
    let later = Generator::ending(7, Shape::Chat, END_NS + 1);
    let elsewhere = generator(Shape::Chat).in_project(Some("p".into()));
    let mut ids = std::collections::HashSet::new();
    for mut generator in [generator(Shape::Chat), generator(Shape::Rag), later, elsewhere] {
        assert!(spans(&generator.request(50)).iter().all(|span| ids.insert(span.span_id.clone())));
        let known = generator.sample().traces[0].trace_id.clone();
        assert!(spans(&generator.request(50)).iter().all(|span| hex(&span.trace_id) != known));
    }
}

#[test]
fn spans_are_as_large_as_promised() {
    for (shape, count, low, high) in [
        (Shape::Chat, 20_000, 2_400, 2_600),
        (Shape::Trickle, 20_000, 2_400, 2_600),
        (Shape::Rag, 10_000, 3_500, 4_500),
        (Shape::Agent, 51 * 20, 30_000, 40_000),
        (Shape::AgentJson, 51 * 20, 27_000, 37_000),
        (Shape::Huge, 10_000, 8_000, 30_000),
        (Shape::Wide, 60_000, 300, 700),
    ] {
        let mut generator = generator(shape);
        let bytes: usize = (0..count / 100).map(|_| generator.request(100).body.len()).sum();
        let mean = bytes / (count / 100 * 100);
        assert!((low..=high).contains(&mean), "{shape:?}: {mean} bytes a span");
    }
}

#[test]
fn every_span_is_whole_and_within_its_parent() {
    for shape in SHAPES {
        let mut generator = generator(shape).with_turns(9);
        let spans = spans(&generator.request(if shape == Shape::Wide { 60_000 } else { 3_000 }));
        let by_id: std::collections::HashMap<_, _> =
            spans.iter().map(|span| (span.span_id.clone(), span)).collect();
        assert_eq!(by_id.len(), spans.len(), "{shape:?}: ids differ");
        let mut parents = 0;
        for span in &spans {
            assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
            assert!(span.start_time_unix_nano < span.end_time_unix_nano);
            if let Some(parent) = by_id.get(&span.parent_span_id) {
                parents += 1;
                assert_eq!(parent.trace_id, span.trace_id);
                assert!(parent.start_time_unix_nano <= span.start_time_unix_nano);
                assert!(parent.end_time_unix_nano >= span.end_time_unix_nano);
            }
        }
        assert!(parents > spans.len() / 2, "{shape:?}: {parents} of {} have a parent", spans.len());
    }
}

#[test]
fn some_traces_fail_and_say_why() {
    let mut generator = generator(Shape::Chat);
    let spans = spans(&generator.request(20_000));
    let failed: Vec<_> = spans.iter().filter(|s| s.status.as_ref().is_some_and(|s| s.code == 2)).collect();
    assert!((80..=160).contains(&failed.len()), "{} of 4,000 traces", failed.len());
    assert!(failed.iter().all(|span| span.events[0].name == "exception"));
    let sample = generator.sample();
    assert!(sample.traces.iter().any(|trace| trace.failed));
}

#[test]
fn traces_are_spread_over_the_days_in_the_order_of_sending() {
    let mut generator = generator(Shape::Chat).over_days(30.0, 5_000);
    let mut roots: Vec<u64> = Vec::new();
    for _ in 0..10 {
        let spans = spans(&generator.request(500));
        let mut starts: Vec<u64> = spans
            .iter()
            .filter(|span| span.parent_span_id.is_empty())
            .map(|span| span.start_time_unix_nano)
            .collect();
        // Within a request spans stand by service.
        starts.sort_unstable();
        assert!(roots.last() < starts.first());
        roots.extend(starts);
    }
    let begin_ns = END_NS - LEAD_NS - 30 * DAY_NS;
    assert!(roots[0] - begin_ns < DAY_NS / 10 && END_NS - roots[roots.len() - 1] < DAY_NS / 10);
    let first_half = roots.iter().filter(|start| **start < begin_ns + 15 * DAY_NS).count();
    assert!((490..=510).contains(&first_half), "{first_half} of {}", roots.len());
}

#[test]
fn outliers_are_1_to_20_mb() {
    let mut generator = generator(Shape::Huge);
    let spans = spans(&generator.request(2_000));
    let large: Vec<usize> = spans.iter().map(Message::encoded_len).filter(|bytes| *bytes > 100_000).collect();
    assert_eq!(large.len(), 4);
    assert!(large.iter().all(|bytes| (900_000..21_000_000).contains(bytes)), "{large:?}");
}

#[test]
fn sessions_have_several_traces_of_one_user() {
    let mut generator = generator(Shape::Rag);
    let spans = spans(&generator.request(10_000));
    let mut users = std::collections::HashMap::<String, Vec<String>>::new();
    for span in spans.iter().filter(|span| span.parent_span_id.is_empty()) {
        let said = |key: &str| match &span.attributes.iter().find(|at| at.key == key).unwrap().value {
            Some(otlp::AnyValue { value: Some(Any::Text(text)) }) => text.clone(),
            other => panic!("{other:?}"),
        };
        users.entry(said("session.id")).or_default().push(said("user.id"));
    }
    assert!(users.len() > 300, "{} sessions", users.len());
    assert!(users.values().all(|users| users.len() <= 8 && users.iter().all(|user| *user == users[0])));
}

#[test]
fn only_traces_that_were_wholly_sent_are_remembered() {
    let mut generator = generator(Shape::Chat);
    let request = generator.request(12);
    assert_eq!(generator.sample().traces.len(), 2);
    assert_eq!(generator.sample().seen, 2);
    let (trace_id, span_id) = &request.last_span;
    assert_eq!((trace_id.len(), span_id.len()), (32, 16));
    assert!(generator.sample().traces.iter().all(|trace| trace.trace_id != *trace_id && trace.spans == 5));
}
