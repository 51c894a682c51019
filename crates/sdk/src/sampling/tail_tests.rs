use std::time::SystemTime;

use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanId, SpanKind, Status, TraceFlags},
};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

use super::*;
use crate::sampling::{probability::say, span::size_bytes};

const SECOND: Duration = Duration::from_secs(1);

/// A tail sampler, a clock, and what was let go so far.
struct Bench {
    tail: Tail,
    now: Instant,
    out: Vec<SpanData>,
}

/// The root of a trace; odd ones are those that probability keeps.
fn context(trace: u128) -> SpanContext {
    root(trace, 1)
}

fn root(trace: u128, id: u64) -> SpanContext {
    let sampled = trace % 2 == 1;
    let rest = Threshold::of_ratio(0.5);
    let state = say(&Default::default(), sampled.then_some(rest), Some(Threshold::ALL));
    let flags = TraceFlags::default().with_sampled(sampled);
    SpanContext::new(TraceId::from(trace), SpanId::from(id), flags, false, state)
}

fn span(trace: u128, name: &'static str, parent: u64) -> SpanData {
    let start = SystemTime::UNIX_EPOCH + SECOND;
    SpanData {
        span_context: context(trace),
        parent_span_id: SpanId::from(parent),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: start,
        end_time: start + SECOND,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::default(),
    }
}

fn failed(mut span: SpanData) -> SpanData {
    span.status = Status::error("broken");
    span
}

impl Bench {
    fn new(rules: TailSampling, agrees: bool) -> Self {
        Bench { tail: Tail::new(rules, agrees), now: Instant::now(), out: Vec::new() }
    }

    fn begin(&mut self, trace: u128) {
        self.tail.begin(&context(trace), false, self.now, &mut self.out);
    }

    fn end(&mut self, span: SpanData) {
        self.tail.end(span, self.now, &mut self.out);
    }

    /// Another request of the same trace.
    fn begin_second(&mut self, trace: u128) {
        self.tail.begin(&root(trace, 7), false, self.now, &mut self.out);
    }

    fn fail_second(&mut self, trace: u128) {
        self.end(failed(SpanData { span_context: root(trace, 7), ..span(trace, "second", 0) }));
    }

    fn child(&mut self, trace: u128) {
        self.end(span(trace, "child", 1));
    }

    fn root(&mut self, trace: u128) {
        self.end(span(trace, "root", 0));
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.tail.tick(self.now, &mut self.out);
    }

    /// Asks and hears that others keep these.
    fn hear(&mut self, keep: Option<&[u128]>) -> (Vec<u128>, Vec<u128>) {
        let (news, asks) = self.tail.exchange(self.now, 100);
        let keep = keep.map(|keep| keep.iter().map(|trace| TraceId::from(*trace)).collect());
        let asked = asks.iter().map(|(_, trace)| *trace).collect();
        self.tail.heard(news.clone(), &asks, keep.as_ref(), self.now, &mut self.out);
        let number = |traces: Vec<TraceId>| {
            traces.into_iter().map(|trace| u128::from_be_bytes(trace.to_bytes())).collect()
        };
        (number(news), number(asked))
    }

    /// What was let go since this was asked last: trace, name, reason, threshold.
    fn sent(&mut self) -> Vec<String> {
        let text = |span: SpanData| {
            assert!(span.span_context.is_sampled());
            let trace = u128::from_be_bytes(span.span_context.trace_id().to_bytes());
            let said = |name: &str| span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
            let reason =
                said("sampling.reason").map(|attribute| attribute.value.to_string()).unwrap_or_default();
            let incomplete = if said("sampling.incomplete").is_some() { " incomplete" } else { "" };
            format!("{trace} {} {reason} {}{incomplete}", span.name, span.span_context.trace_state().header())
        };
        self.out.drain(..).map(text).collect()
    }
}

fn rules() -> TailSampling {
    TailSampling::keep(0.5)
}

#[test]
fn chance_decides_when_the_root_ends_about_what_nothing_keeps() {
    let mut bench = Bench::new(rules(), false);
    for trace in [2, 3] {
        bench.begin(trace);
        bench.child(trace);
    }
    assert!(bench.sent().is_empty(), "nothing is decided before the end");
    bench.root(2);
    bench.root(3);
    assert_eq!(bench.sent(), ["3 child probability ot=th:8", "3 root probability ot=th:8"]);
    let stats = bench.tail.stats();
    assert_eq!((stats.kept_probability, stats.dropped, stats.held_bytes, stats.held_spans), (1, 1, 0, 0));
}

#[test]
fn an_error_keeps_its_trace_at_once_and_as_one() {
    let mut bench = Bench::new(rules(), false);
    for trace in [2, 3] {
        bench.begin(trace);
        bench.child(trace);
        bench.end(failed(span(trace, "fails", 1)));
        let trace = trace.to_string();
        assert_eq!(bench.sent(), [trace.clone() + " child error ot=th:0", trace + " fails error ot=th:0"]);
    }
    bench.child(2);
    bench.root(2);
    assert_eq!(bench.sent(), ["2 child error ot=th:0", "2 root error ot=th:0"]);
    let mut said = span(4, "says", 1);
    said.attributes.push(KeyValue::new("error.type", "timeout"));
    bench.begin(4);
    bench.end(said);
    assert_eq!(bench.sent(), ["4 says error ot=th:0"]);
    assert_eq!((bench.tail.stats().kept_error, bench.tail.stats().dropped), (3, 0));
    // As Bennu counts errors: an exception is one where the span says nothing else, and nothing is where it says that it went well.
    let exception = opentelemetry::trace::Event::new("exception", SystemTime::UNIX_EPOCH, Vec::new(), 0);
    let mut threw = span(6, "threw", 1);
    threw.events.events.push(exception.clone());
    let mut caught = SpanData { status: Status::Ok, ..span(8, "caught", 1) };
    caught.events.events.push(exception);
    caught.attributes.push(KeyValue::new("error.type", "timeout"));
    bench.begin(6);
    bench.begin(8);
    bench.end(threw);
    bench.end(caught);
    assert_eq!(bench.sent(), ["6 threw error ot=th:0"]);
}

#[test]
fn what_is_slow_is_kept_when_it_is_known_to_be() {
    let mut bench = Bench::new(rules().slow(10 * SECOND), false);
    bench.begin(2);
    bench.child(2);
    bench.pass(9 * SECOND);
    assert!(bench.sent().is_empty());
    bench.pass(SECOND);
    assert_eq!(bench.sent(), ["2 child slow ot=th:0"]);
    bench.root(2);
    assert_eq!(bench.sent(), ["2 root slow ot=th:0"]);
    // By what the span itself says, too.
    let mut slow = span(4, "root", 0);
    slow.end_time = slow.start_time + 10 * SECOND;
    bench.begin(4);
    bench.end(slow);
    assert_eq!(bench.sent(), ["4 root slow ot=th:0"]);
    // Where nothing is slow, what never ends is let go of.
    let mut bench = Bench::new(rules().slow_is_no_reason(), false);
    bench.begin(2);
    bench.child(2);
    bench.pass(600 * SECOND);
    assert_eq!((bench.tail.stats().cut_age, bench.tail.stats().held_spans), (1, 0));
}

#[test]
fn a_flag_keeps_what_was_and_what_comes() {
    let mut bench = Bench::new(rules(), false);
    bench.begin(2);
    bench.child(2);
    assert!(bench.tail.flag(&context(2), &mut bench.out));
    bench.root(2);
    assert_eq!(bench.sent(), ["2 child flagged ot=th:0", "2 root flagged ot=th:0"]);
    assert!(bench.tail.flag(&context(2), &mut bench.out), "it is kept");
    bench.begin(4);
    bench.root(4);
    assert!(!bench.tail.flag(&context(4), &mut bench.out), "it is too late");
    assert!(!bench.tail.flag(&SpanContext::empty_context(), &mut bench.out));
}

#[test]
fn what_outlives_the_root_follows_it() {
    let mut bench = Bench::new(rules(), false);
    for trace in [2, 3] {
        bench.begin(trace);
        bench.root(trace);
        bench.end(failed(span(trace, "late", 1)));
    }
    assert_eq!(bench.sent(), ["3 root probability ot=th:8", "3 late probability ot=th:8"]);
    let stats = bench.tail.stats();
    assert_eq!((stats.late_kept, stats.late_dropped, stats.kept_error), (1, 1, 0));
}

#[test]
fn a_trace_that_comes_by_twice_is_held_until_both_have_ended() {
    let mut bench = Bench::new(rules(), false);
    bench.begin(2);
    bench.begin_second(2);
    bench.root(2);
    assert_eq!(bench.tail.stats().dropped, 0);
    bench.fail_second(2);
    assert_eq!(bench.sent(), ["2 root error ot=th:0", "2 second error ot=th:0"]);
    // One that comes again after its end is judged anew.
    bench.begin(4);
    bench.root(4);
    bench.begin(4);
    bench.end(failed(span(4, "again", 0)));
    assert_eq!(bench.sent(), ["4 again error ot=th:0"]);
}

#[test]
fn a_trace_of_several_services_waits_for_what_they_say() {
    let mut bench = Bench::new(rules().agree_within(15 * SECOND), true);
    for trace in [2, 3, 4, 5] {
        bench.tail.begin(&context(trace), true, bench.now, &mut bench.out);
        bench.root(trace);
    }
    bench.begin(6);
    bench.root(6);
    assert!(bench.sent().is_empty());
    assert_eq!(bench.tail.stats().dropped, 1, "what is here alone does not wait");
    bench.pass(14 * SECOND);
    assert_eq!(bench.hear(Some(&[])), (vec![], vec![]));
    bench.pass(SECOND);
    assert_eq!(bench.hear(Some(&[2, 3])), (vec![], vec![2, 3, 4, 5]));
    let elsewhere = ["2 root elsewhere ot=th:0", "3 root elsewhere ot=th:0", "5 root probability ot=th:8"];
    assert_eq!(bench.sent(), elsewhere);
    // What is kept for a reason of its own is told, once it is known that it goes elsewhere.
    bench.begin(8);
    bench.tail.cross(TraceId::from(8));
    bench.end(failed(span(8, "fails", 1)));
    bench.begin(10);
    bench.end(failed(span(10, "fails", 1)));
    bench.tail.cross(TraceId::from(10));
    bench.begin(12);
    bench.end(failed(span(12, "stays", 1)));
    assert_eq!(bench.hear(Some(&[])), (vec![8, 10], vec![]));
}

#[test]
fn nobody_to_ask_is_no_reason_to_wait_for_ever() {
    let mut bench = Bench::new(rules().agree_within(SECOND), true);
    bench.begin(2);
    bench.tail.cross(TraceId::from(2));
    bench.end(failed(span(2, "fails", 0)));
    bench.sent();
    for trace in [3, 4] {
        bench.tail.begin(&context(trace), true, bench.now, &mut bench.out);
        bench.root(trace);
    }
    bench.pass(SECOND);
    assert_eq!(bench.hear(None), (vec![2], vec![3, 4]));
    bench.pass(SECOND);
    assert_eq!(bench.hear(None).0, [2], "what could not be told is told again");
    bench.pass(SECOND);
    bench.hear(None);
    assert_eq!(bench.sent(), ["3 root probability ot=th:8"]);
    assert_eq!((bench.tail.stats().unasked, bench.tail.stats().held_spans), (2, 0));
    // A trace that begins anew while it waits does not wait any more.
    bench.tail.begin(&context(6), true, bench.now, &mut bench.out);
    bench.root(6);
    bench.begin(6);
    bench.pass(SECOND);
    assert_eq!(bench.hear(Some(&[6])).1, Vec::<u128>::new());
    bench.end(failed(span(6, "again", 0)));
    assert_eq!(bench.sent(), ["6 root error ot=th:0", "6 again error ot=th:0"]);
}

#[test]
fn at_a_bound_the_oldest_are_cut_and_errors_still_kept() {
    let mut bench = Bench::new(rules().max_spans(4), false);
    for trace in [2, 3, 4, 6] {
        bench.begin(trace);
        bench.child(trace);
    }
    assert!(bench.sent().is_empty());
    bench.begin(8);
    bench.child(8);
    let stats = bench.tail.stats();
    assert_eq!((stats.cut_spans, stats.cut_spans_lost, stats.held_spans), (1, 1, 4));
    // Trace 2 was cut; what keeps it comes later.
    bench.child(2);
    bench.end(failed(span(2, "fails", 1)));
    bench.root(2);
    assert_eq!(bench.sent(), ["2 fails error ot=th:0 incomplete", "2 root error ot=th:0 incomplete"]);
    assert_eq!((bench.tail.stats().kept_incomplete, bench.tail.stats().cut_spans_lost), (1, 2));
    // One that chance keeps goes last, and whole.
    for trace in [10, 12, 14, 16] {
        bench.begin(trace);
        (0..2).for_each(|_| bench.child(trace));
    }
    bench.root(3);
    assert_eq!(bench.sent(), ["3 child probability ot=th:8", "3 root probability ot=th:8"]);
}

#[test]
fn one_endless_trace_does_not_push_out_the_others() {
    let mut bench = Bench::new(rules().max_trace_spans(3), false);
    bench.begin(2);
    bench.child(2);
    bench.begin(4);
    (0..10).for_each(|_| bench.child(4));
    assert_eq!((bench.tail.stats().cut_trace_spans, bench.tail.stats().held_spans), (1, 1));
    bench.begin(5);
    (0..10).for_each(|_| bench.child(5));
    assert_eq!(bench.sent().len(), 10, "it is kept by chance, and goes on its way");
}

#[test]
fn memory_has_a_bound_whatever_is_open() {
    const MAX_BYTES: usize = 100_000;
    let mut bench = Bench::new(rules().max_bytes(MAX_BYTES), true);
    for trace in 0..100_000 {
        bench.tail.begin(&context(2 * trace), trace % 3 == 0, bench.now, &mut bench.out);
        if trace % 5 == 0 {
            bench.child(2 * trace);
        }
        if trace % 7 == 0 {
            bench.root(2 * trace);
        }
        if trace % 1_000 == 0 {
            bench.tail.held.check();
        }
    }
    let stats = bench.tail.stats();
    assert!(stats.held_bytes <= MAX_BYTES && stats.held_bytes_most <= MAX_BYTES + 10_000, "{stats:?}");
    assert!(bench.tail.due.len() <= 2 * bench.tail.held.waiting_count() + 1_025);
    assert!(stats.cut_bytes > 80_000 && stats.unasked > 0, "{stats:?}");
    bench.tail.held.check();
}

#[test]
fn at_the_end_of_the_program_what_is_open_is_decided_by_what_is_known() {
    let mut bench = Bench::new(rules().agree_within(15 * SECOND), true);
    for trace in [2, 3] {
        bench.begin(trace);
        bench.child(trace);
    }
    for trace in [4, 5, 6] {
        bench.tail.begin(&context(trace), true, bench.now, &mut bench.out);
        bench.root(trace);
    }
    bench.tail.hurry(bench.now);
    assert_eq!(bench.hear(Some(&[4])).1, [4, 6, 5]);
    bench.tail.finish(&mut bench.out);
    let expected = ["4 root elsewhere ot=th:0", "5 root probability ot=th:8", "3 child probability ot=th:8"];
    assert_eq!(bench.sent(), expected);
    assert_eq!((bench.tail.stats().cut_shutdown, bench.tail.stats().held_bytes), (2, 0));
}

#[test]
fn a_trace_that_only_a_part_is_recorded_of_stands_for_more() {
    let state = say(&Default::default(), None, Some(Threshold::of_ratio(0.25)));
    let context = SpanContext::new(TraceId::from(2), SpanId::from(1), TraceFlags::default(), false, state);
    let mut bench = Bench::new(rules(), false);
    bench.tail.begin(&context, false, bench.now, &mut bench.out);
    bench.end(SpanData { span_context: context, ..failed(span(2, "root", 0)) });
    assert_eq!(bench.sent(), ["2 root error ot=th:c"]);
}

#[test]
fn what_fails_after_a_decision_by_chance_stands_for_itself_whatever_chance_said() {
    // Again and again: each of its requests is judged by itself.
    let mut bench = Bench::new(rules(), false);
    for trace in [2, 3] {
        bench.begin(trace);
        bench.root(trace);
        bench.sent();
        bench.begin(trace);
        bench.end(failed(span(trace, "root", 0)));
        assert_eq!(bench.sent(), [format!("{trace} root error ot=th:0")]);
    }
    // Cut, and then it fails.
    let mut bench = Bench::new(rules().max_trace_spans(2), false);
    for trace in [4, 5] {
        bench.begin(trace);
        (0..3).for_each(|_| bench.child(trace));
        bench.sent();
        bench.end(failed(span(trace, "fails", 1)));
        bench.root(trace);
        let trace = trace.to_string();
        let expected =
            [trace.clone() + " fails error ot=th:0 incomplete", trace + " root error ot=th:0 incomplete"];
        assert_eq!(bench.sent(), expected);
    }
}

#[test]
fn what_was_cut_does_not_end_what_came_after_it() {
    let mut bench = Bench::new(rules().max_trace_spans(1), false);
    bench.begin(2);
    (0..2).for_each(|_| bench.child(2));
    assert_eq!(bench.tail.stats().cut_trace_spans, 1);
    // A second request of the trace begins, then the first ends, then the second fails.
    bench.begin_second(2);
    bench.root(2);
    assert_eq!(bench.tail.stats().dropped, 0);
    bench.fail_second(2);
    assert_eq!(bench.sent(), ["2 root error ot=th:0", "2 second error ot=th:0"]);
    // Dropped once, cut the next time, and then it fails.
    bench.begin(4);
    bench.root(4);
    bench.begin(4);
    (0..2).for_each(|_| bench.child(4));
    bench.end(failed(span(4, "root", 0)));
    assert_eq!(bench.sent(), ["4 root error ot=th:0 incomplete"]);
}

#[test]
fn a_quick_request_is_not_slow_because_another_one_was_long_ago() {
    let mut bench = Bench::new(rules().slow(10 * SECOND).agree_within(15 * SECOND), true);
    bench.tail.begin(&context(2), true, bench.now, &mut bench.out);
    bench.root(2);
    bench.pass(12 * SECOND);
    bench.begin(2);
    bench.pass(SECOND);
    assert!(bench.sent().is_empty(), "this one has run for a second");
    bench.begin_second(2);
    bench.pass(8 * SECOND);
    // The older of two has ended: the younger one counts.
    bench.root(2);
    bench.pass(SECOND);
    assert!(bench.sent().is_empty());
    bench.pass(SECOND);
    assert_eq!(bench.sent(), ["2 root slow ot=th:0", "2 root slow ot=th:0"]);
}

#[test]
fn durations_without_an_end_are_no_panic() {
    let mut bench = Bench::new(rules().slow(Duration::MAX).agree_within(Duration::MAX), true);
    bench.tail.begin(&context(2), true, bench.now, &mut bench.out);
    bench.root(2);
    bench.tail.tick(bench.now, &mut bench.out);
}

#[test]
fn an_old_answer_says_nothing_about_what_began_anew() {
    let mut bench = Bench::new(rules().agree_within(SECOND), true);
    bench.tail.begin(&context(2), true, bench.now, &mut bench.out);
    bench.root(2);
    bench.pass(SECOND);
    let (_, asked) = bench.tail.exchange(bench.now, 10);
    bench.begin(2);
    bench.pass(SECOND / 2);
    bench.root(2);
    bench.tail.heard(vec![], &asked, Some(&HashSet::new()), bench.now, &mut bench.out);
    assert_eq!(bench.tail.stats().dropped, 0, "its window is not over");
}

#[test]
fn what_is_flagged_after_a_cut_stands_for_itself_whatever_chance_said() {
    let mut bench = Bench::new(rules().max_trace_spans(1), true);
    for trace in [2, 3] {
        bench.tail.begin(&context(trace), true, bench.now, &mut bench.out);
        (0..2).for_each(|_| bench.child(trace));
        bench.sent();
        assert!(bench.tail.flag(&context(trace), &mut bench.out));
        bench.root(trace);
        assert_eq!(bench.sent(), [format!("{trace} root flagged ot=th:0 incomplete")]);
    }
    assert_eq!(bench.hear(Some(&[])).0, [2, 3], "the others are told");
}

#[test]
fn what_a_caller_sends_and_what_an_error_says_count_as_memory() {
    let plain = size_bytes(&span(2, "s", 1));
    let state = context(2).trace_state().insert("other", "x".repeat(200)).unwrap();
    let flags = TraceFlags::default();
    let long = SpanContext::new(TraceId::from(2), SpanId::from(1), flags, false, state);
    assert!(size_bytes(&SpanData { span_context: long, ..span(2, "s", 1) }) > plain + 200);
    let error = SpanData { status: Status::error("y".repeat(300)), ..span(2, "s", 1) };
    assert_eq!(size_bytes(&error), plain + 300);
}
