//! Any order and any splitting of a trace's spans and log records gives the same trace row and the same ownership.

use std::sync::Arc;

use bennu_model::{Kind, LogRecord, Origin, Span, SpanId, StatusCode, Summary, Tokens, Usage};
use bennu_store::{Options, StoredSpan, TraceFilter};
use proptest::prelude::*;

use crate::kit::*;

/// A random tree of spans: parents before or after, errors, kinds, usage, sessions, response ids that repeat, some parents
/// missing, some in rings.
fn spans() -> impl Strategy<Value = Vec<(Span, Summary)>> {
    let one = (
        any::<prop::sample::Index>(),
        0_u64..50,
        0_u64..50,
        prop::sample::select(vec![Kind::Llm, Kind::Agent, Kind::Chain, Kind::Tool, Kind::Unknown]),
        prop::option::of((0_u64..100, 0_u64..100)),
        prop::option::of(0_u8..3),
        (0_u8..10, prop::option::of(0_u8..3), any::<bool>()),
    );
    prop::collection::vec(one, 1..14).prop_map(|specs| {
        let count = specs.len();
        specs
            .into_iter()
            .enumerate()
            .map(|(at, (parent, start, length, kind, tokens, response, (luck, value, messages)))| {
                let number = at as u8 + 1;
                // Libraries, told apart by their scopes.
                let scope = format!("library {}", start % 3);
                // The parent is an earlier span, none, one that never comes, or any.
                let parent = match luck {
                    0 => None,
                    1 => Some(200),
                    5 | 6 => Some(parent.index(count) as u8 + 1),
                    _ if at == 0 => None,
                    _ => Some(parent.index(at) as u8 + 1),
                };
                let (mut span, mut summary) = span(number, parent, start, start + length);
                span.origin = Arc::new(Origin { scope_name: scope, ..Origin::default() });
                if luck == 2 {
                    span.status.code = StatusCode::Error;
                }
                // Others failed, too, and do not say so in their status.
                if luck == 2 || luck == 3 {
                    summary.status = StatusCode::Error;
                }
                summary.aggregated = luck == 4;
                summary.kind = kind;
                summary.usage = tokens.map_or_else(Usage::default, |(input, output)| usage(input, output));
                summary.response_id = response.map(|response| format!("response-{response}"));
                summary.has_messages = messages;
                summary.session_id = value.map(|value| format!("session-{value}"));
                summary.user_id = value.map(|value| format!("user-{value}"));
                summary.input_preview = value.map(|value| format!("in {value} of {number}"));
                summary.output_preview = value.map(|value| format!("out {value} of {number}"));
                // Other versions are other spans.
                span.attributes = vec![text("all", &format!("{summary:?}"))];
                (span, summary)
            })
            .collect()
    })
}

/// What is sent.
#[derive(Debug, Clone)]
enum Item {
    Span(Box<(Span, Summary)>),
    Log(LogRecord),
}

/// Versions that only say that a span began, with other times and parents than the finished ones.
fn pending_spans() -> impl Strategy<Value = Vec<(Span, Summary)>> {
    spans().prop_map(|spans| spans.into_iter().map(pending).collect())
}

/// Log records of these spans, of some that never come, and of none; some of them meaningful. Each has a time of its own: those of
/// one time stand in the order in which they came.
fn logs() -> impl Strategy<Value = Vec<LogRecord>> {
    let one = (0_u8..16, 0_u64..20, any::<bool>(), 0_u8..4);
    prop::collection::vec(one, 0..20).prop_map(|specs| {
        let record = |(number, (span, at, meaningful, says)): (usize, (u8, u64, bool, u8))| LogRecord {
            span_id: (span > 0).then_some(SpanId([span; 8])),
            ..log(span, at * 32 + number as u64, if meaningful { "event" } else { "" }, &says.to_string())
        };
        specs.into_iter().enumerate().map(record).collect()
    })
}

/// A meaning that is made of everything it is given, and that loses values as records come.
fn derive(span: &Span, records: &[LogRecord]) -> Summary {
    let says: Vec<&str> = records.iter().filter_map(|record| record.body.as_text()).collect();
    let last = says.last().copied().unwrap_or("none");
    let value = |what: &str, odd: usize| {
        (records.len() % 2 == odd).then(|| format!("{what} {} of {}", says.join(" "), span.name))
    };
    Summary {
        kind: [Kind::Llm, Kind::Agent, Kind::Tool][records.len() % 3],
        status: if last == "1" { StatusCode::Error } else { StatusCode::Unset },
        // Nothing a derivation says of this counts.
        running: last == "2",
        usage: if last == "3" { Usage::default() } else { usage(10 * records.len() as u64, 1) },
        aggregated: says.contains(&"0") && last == "2",
        response_id: value("response", 0).map(|_| format!("response-{last}")),
        has_messages: records.len() > 1,
        session_id: value("session", 0),
        user_id: value("user", 1),
        input_preview: value("in", 1),
        output_preview: value("out", 0),
        note: Some(format!("{} {}", span.end_ns, span.status.code.as_str())),
        ..Summary::default()
    }
}

type Shown = (bennu_store::TraceRow, Vec<StoredSpan>, Vec<Kind>);

/// Stores what is sent in this order, split into requests of these sizes, over a restart in between, and reads the trace.
fn store(items: &[Item], order: &[usize], sizes: &[usize]) -> Shown {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut store = TestStore::with(Options { derive: Some(derive), ..Options::default() });
        let mut rest = order;
        let mut sizes = sizes.iter().cycle();
        let mut restarted = false;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            let (mut spans, mut logs) = (Vec::new(), Vec::new());
            for at in now {
                match items[*at].clone() {
                    Item::Span(span) => spans.push(*span),
                    Item::Log(log) => logs.push(log),
                }
            }
            store.append_all("p", spans, logs).await;
            rest = later;
            if !restarted && rest.len() * 2 < order.len() {
                restarted = true;
                store.reopen();
            }
        }
        let mut trace = store.trace_of("p", 1).await;
        trace.row.id = 0;
        let mut spans = store.spans_of("p", 1).await;
        spans.iter_mut().for_each(|stored| stored.row.id = 0);
        spans.sort_by_key(|stored| stored.row.span_id);
        let mut kinds = Vec::new();
        for kind in Kind::ALL {
            let filter = TraceFilter { kind: Some(kind), ..TraceFilter::default() };
            if !store.traces("p", filter, None, 1).await.unwrap().traces.is_empty() {
                kinds.push(kind);
            }
        }
        (trace.row, spans, kinds)
    })
}

/// The rule of ownership, computed over the whole tree at once.
fn expected_tokens(shown: &Shown) -> Tokens {
    let mut sum = Tokens::default();
    for stored in &shown.1 {
        sum.iter_mut().zip(stored.row.usage_owned.tokens()).for_each(|(sum, owned)| *sum += owned);
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Spans that are sent again, changed: which version stays does not depend on which came first.
    #[test]
    fn any_order_of_versions_gives_the_same_trace(
        spans in spans(),
        changed in spans(),
        seed in prop::collection::vec(any::<u32>(), 28),
        sizes in prop::collection::vec(1_usize..6, 1..4),
    ) {
        // `changed` has other times, parents, usage and claims under the same ids.
        let all: Vec<Item> =
            spans.into_iter().chain(changed).map(|span| Item::Span(Box::new(span))).collect();
        let straight: Vec<usize> = (0..all.len()).collect();
        let mut shuffled = straight.clone();
        shuffled.sort_by_key(|at| seed[*at]);
        let first = store(&all, &straight, &[all.len()]);
        prop_assert_eq!(&first, &store(&all, &shuffled, &sizes));
        prop_assert_eq!(first.0.usage.tokens(), expected_tokens(&first));
    }

    /// Spans that are pending first or only, and log records before, with and after their spans.
    #[test]
    fn any_order_of_pending_spans_and_log_records_gives_the_same_trace(
        spans in spans(),
        changed in prop::option::of(spans()),
        pending in prop::option::of(pending_spans()),
        pending_too in prop::option::of(pending_spans()),
        logs in logs(),
        seed in prop::collection::vec(any::<u32>(), 90),
        sizes in prop::collection::vec(1_usize..9, 1..4),
        again in prop::collection::vec(any::<prop::sample::Index>(), 6),
    ) {
        let versions = [Some(spans), changed, pending, pending_too].into_iter().flatten().flatten();
        let versions = versions.map(|span| Item::Span(Box::new(span)));
        let all: Vec<Item> = versions.chain(logs.into_iter().map(Item::Log)).collect();
        let straight: Vec<usize> = (0..all.len()).collect();
        let mut shuffled = straight.clone();
        shuffled.sort_by_key(|at| seed[*at]);
        shuffled.extend(again.iter().map(|again| again.index(all.len())));
        let first = store(&all, &straight, &[all.len()]);
        prop_assert_eq!(&first, &store(&all, &shuffled, &sizes));
        prop_assert_eq!(first.0.usage.tokens(), expected_tokens(&first));
        let count = |test: fn(&StoredSpan) -> bool| first.1.iter().filter(|stored| test(stored)).count() as u64;
        prop_assert_eq!(first.0.running, count(|stored| stored.row.running));
        prop_assert_eq!(first.0.errors, count(|stored| stored.row.status == StatusCode::Error));
        prop_assert_eq!(first.0.spans, first.1.len() as u64);
    }

    #[test]
    fn any_order_and_splitting_gives_the_same_trace(
        spans in spans(),
        seed in prop::collection::vec(any::<u32>(), 14),
        sizes in prop::collection::vec(1_usize..6, 1..4),
        again in any::<prop::sample::Index>(),
    ) {
        let count = spans.len() as u64;
        let spans: Vec<Item> = spans.into_iter().map(|span| Item::Span(Box::new(span))).collect();
        let straight: Vec<usize> = (0..spans.len()).collect();
        let mut shuffled = straight.clone();
        shuffled.sort_by_key(|at| seed[*at]);
        // A retry: some span is sent twice.
        shuffled.push(again.index(spans.len()));

        let first = store(&spans, &straight, &[spans.len()]);
        let second = store(&spans, &shuffled, &sizes);
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(first.0.usage.tokens(), expected_tokens(&first), "the row is the sum of what its spans own");
        prop_assert_eq!(first.0.spans, count);
    }
}
