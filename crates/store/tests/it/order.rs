//! Any order and any splitting of a trace's spans gives the same trace row and the same ownership.

use std::sync::Arc;

use bennu_model::{Kind, Origin, Span, SpanId, StatusCode, Summary, Tokens, Usage};
use proptest::prelude::*;

use crate::kit::*;

/// A random tree of spans: parents before or after, errors, kinds, usage, sessions, response ids that repeat, some parents
/// missing.
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
        specs
            .into_iter()
            .enumerate()
            .map(|(at, (parent, start, length, kind, tokens, response, (luck, value, messages)))| {
                let number = at as u8 + 1;
                // Libraries, told apart by their scopes.
                let scope = format!("library {}", start % 3);
                // The parent is an earlier span, none, or one that never comes.
                let parent = match luck {
                    0 => None,
                    1 => Some(200),
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
                (span, summary)
            })
            .collect()
    })
}

type Shown = (bennu_store::TraceRow, Vec<(SpanId, Usage, Tokens)>);

/// Stores the spans in this order, split into requests of these sizes, and reads the trace.
fn store(spans: &[(Span, Summary)], order: &[usize], sizes: &[usize]) -> Shown {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = TestStore::new();
        let mut rest = order;
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            store.append("p", now.iter().map(|at| spans[*at].clone()).collect()).await;
            rest = later;
        }
        let trace = store.trace_of("p", 1).await;
        let mut owned: Vec<(SpanId, Usage, Tokens)> =
            trace.spans.iter().map(|row| (row.span_id, row.usage, row.usage_owned.tokens())).collect();
        owned.sort_by_key(|(id, ..)| *id);
        (trace.row, owned)
    })
}

/// The rule of ownership, computed over the whole tree at once.
fn expected_tokens(shown: &Shown) -> Tokens {
    let mut sum = Tokens::default();
    for (_, _, owned) in &shown.1 {
        sum.iter_mut().zip(owned).for_each(|(sum, owned)| *sum += owned);
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
        let all: Vec<(Span, Summary)> = spans.into_iter().chain(changed).collect();
        let straight: Vec<usize> = (0..all.len()).collect();
        let mut shuffled = straight.clone();
        shuffled.sort_by_key(|at| seed[*at]);
        let first = store(&all, &straight, &[all.len()]);
        prop_assert_eq!(&first, &store(&all, &shuffled, &sizes));
        prop_assert_eq!(first.0.usage.tokens(), expected_tokens(&first));
    }

    #[test]
    fn any_order_and_splitting_gives_the_same_trace(
        spans in spans(),
        seed in prop::collection::vec(any::<u32>(), 14),
        sizes in prop::collection::vec(1_usize..6, 1..4),
        again in any::<prop::sample::Index>(),
    ) {
        let straight: Vec<usize> = (0..spans.len()).collect();
        let mut shuffled = straight.clone();
        shuffled.sort_by_key(|at| seed[*at]);
        // A retry: some span is sent twice.
        shuffled.push(again.index(spans.len()));

        let first = store(&spans, &straight, &[spans.len()]);
        let second = store(&spans, &shuffled, &sizes);
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(first.0.usage.tokens(), expected_tokens(&first), "the row is the sum of what its spans own");
        prop_assert_eq!(first.0.spans, spans.len() as u64);
    }
}
