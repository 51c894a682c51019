//! Every token is owned once.

use std::sync::Arc;

use bennu_model::{Kind, Origin, Usage};

use crate::kit::*;

fn llm(number: u8, parent: Option<u8>, input: u64) -> (bennu_model::Span, bennu_model::Summary) {
    reports(span(number, parent, u64::from(number), 90), Kind::Llm, usage(input, 10))
}

#[tokio::test]
async fn an_agent_repeats_its_calls_and_owns_nothing() {
    let store = TestStore::new();
    let agent = reports(span(1, None, 0, 100), Kind::Agent, usage(500, 50));
    store.append("p", vec![llm(3, Some(2), 100), span(2, Some(1), 1, 99), agent, llm(4, Some(2), 200)]).await;
    let trace = store.trace_of("p", 1).await;
    assert_eq!([1, 3, 4].map(|span| owned(&trace, span)), [(0, 0), (100, 10), (200, 10)]);
    assert_eq!(
        trace.row.usage.total(),
        Some(320),
        "200 more were reported by the agent and belong to nobody"
    );
    assert_eq!(trace.spans[0].usage.total(), Some(550), "what it reported is kept");
}

#[tokio::test]
async fn an_agent_alone_owns_what_it_reports_until_a_call_below_reports() {
    let store = TestStore::new();
    store.append("p", vec![reports(span(1, None, 0, 100), Kind::Agent, usage(500, 50))]).await;
    assert_eq!(store.trace_of("p", 1).await.row.usage.total(), Some(550));
    store.append("p", vec![llm(3, Some(2), 100)]).await;
    assert_eq!(
        store.trace_of("p", 1).await.row.usage.total(),
        Some(660),
        "its place in the tree is not known yet"
    );
    store.append("p", vec![span(2, Some(1), 1, 99)]).await;
    assert_eq!(store.trace_of("p", 1).await.row.usage.total(), Some(110));
}

#[tokio::test]
async fn a_wrapping_call_owns_what_the_wrapped_one_does_not_report() {
    let store = TestStore::new();
    let inner = reports(span(2, Some(1), 1, 90), Kind::Llm, Usage { output: None, ..usage(100, 0) });
    store.append("p", vec![llm(1, None, 120), inner]).await;
    let trace = store.trace_of("p", 1).await;
    assert_eq!((owned(&trace, 1), owned(&trace, 2)), ((20, 10), (100, 0)));
}

#[tokio::test]
async fn two_traces_of_one_call_share_its_tokens_and_deleting_one_leaves_them_to_the_other() {
    let mut store = TestStore::new();
    let call = |trace: u8, messages: bool| {
        let (mut span, mut summary) = of_trace(llm(trace, None, 100), trace);
        // Each library has a scope of its own.
        span.origin = Arc::new(Origin { scope_name: format!("library {messages}"), ..Origin::default() });
        summary.response_id = Some("msg_1".into());
        summary.has_messages = messages;
        (span, summary)
    };
    store.append("p", vec![call(1, false)]).await;
    assert_eq!(store.trace_of("p", 1).await.row.usage.total(), Some(110));
    // Over a restart too.
    store.reopen();
    store.append("p", vec![call(2, true)]).await;
    assert_eq!(store.trace_of("p", 1).await.row.usage.total(), None);
    assert_eq!(store.trace_of("p", 2).await.row.usage.total(), Some(110));
    assert_eq!(store.projects().await.unwrap()[0].tokens, 110);
    // In another project it is another call.
    store.append("q", vec![call(3, true)]).await;
    assert_eq!(store.trace_of("p", 2).await.row.usage.total(), Some(110));

    store.delete("p", Some(id(2))).await.unwrap();
    assert_eq!(store.trace_of("p", 1).await.row.usage.total(), Some(110));
    assert_eq!(store.projects().await.unwrap().iter().find(|row| row.name == "p").unwrap().tokens, 110);
}

#[tokio::test]
async fn calls_under_one_constant_response_id_all_count() {
    let store = TestStore::new();
    for number in 1..=40 {
        let (mut span, mut summary) =
            reports(span(number, None, u64::from(number), 100), Kind::Llm, usage(10, 0));
        summary.response_id = Some("chatcmpl-0".into());
        span.name = "from a fake server".into();
        store.append("p", vec![(span, summary)]).await;
    }
    assert_eq!(store.trace_of("p", 1).await.row.usage.total(), Some(400));
}

/// Of a constant id only so many calls are remembered; what was judged before stays.
#[tokio::test]
async fn a_newer_version_of_a_call_that_is_forgotten_owns_what_it_owned() {
    let store = TestStore::new();
    let call = |trace: u8, library: u8, end: u64| {
        let (mut span, mut summary) =
            of_trace(reports(span(trace, None, u64::from(trace) * 100, end), Kind::Llm, usage(10, 0)), trace);
        span.trace_id = id(trace + 100 * (library - 1));
        span.start_ns = u64::from(trace) * 100_000_000;
        span.origin = Arc::new(Origin { scope_name: format!("library {library}"), ..Origin::default() });
        summary.response_id = Some("chatcmpl-0".into());
        summary.has_messages = library == 1;
        (span, summary)
    };
    let owned = async |trace| store.trace_of("p", trace).await.row.usage.total();
    store.append("p", vec![call(1, 1, 150), call(1, 2, 150)]).await;
    assert_eq!((owned(1).await, owned(101).await), (Some(10), None));
    for trace in 2..90 {
        store.append("p", vec![call(trace, 1, u64::from(trace) * 100 + 50)]).await;
    }
    store.append("p", vec![call(1, 2, 160), call(1, 1, 160)]).await;
    assert_eq!((owned(1).await, owned(101).await), (Some(10), None));
    assert_eq!(store.projects().await.unwrap()[0].tokens, 890);
}

#[tokio::test]
async fn a_newer_version_takes_its_tokens_and_its_claim_along() {
    let early = {
        let (span, mut summary) = reports(span(2, None, 1, 10), Kind::Llm, usage(10, 0));
        summary.response_id = Some("a".into());
        (span, summary)
    };
    let late = reports(span(2, Some(1), 1, 20), Kind::Llm, usage(30, 0));
    let agent = reports(span(1, None, 0, 100), Kind::Agent, usage(30, 0));
    let other = {
        let (mut span, mut summary) = reports(span(3, Some(1), 2, 9), Kind::Llm, usage(10, 0));
        span.origin = Arc::new(Origin { scope_name: "other".into(), ..Origin::default() });
        summary.response_id = Some("a".into());
        (span, summary)
    };
    let all = [early, late, agent, other];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        let store = TestStore::new();
        for at in order {
            store.append("p", vec![all[at].clone()]).await;
        }
        assert_eq!(store.trace_of("p", 1).await.row.usage.total(), Some(40), "{order:?}");
    }
}

#[tokio::test]
async fn a_circle_of_parents_ends() {
    let store = TestStore::new();
    let circle = vec![llm(1, Some(3), 1), llm(2, Some(1), 2), llm(3, Some(2), 3), llm(4, Some(4), 4)];
    store.append("p", circle).await;
    assert_eq!(store.trace_of("p", 1).await.row.spans, 4);
}

#[tokio::test]
async fn absurd_counts_do_not_overflow() {
    let store = TestStore::new();
    let absurd = Usage { input: Some(u64::MAX), ..Usage::default() };
    let spans = (1..20).map(|number| reports(span(number, None, 0, 1), Kind::Llm, absurd)).collect();
    store.append("p", spans).await;
    assert!(store.trace_of("p", 1).await.row.usage.total().unwrap() > 1 << 40);
}

fn aggregated(number: u8, parent: Option<u8>, input: u64) -> (bennu_model::Span, bennu_model::Summary) {
    let (span, summary) = llm(number, parent, input);
    (span, bennu_model::Summary { aggregated: true, response_id: Some("r".into()), ..summary })
}

#[tokio::test]
async fn aggregated_usage_is_shown_and_never_owned() {
    let all = [
        // A wrapper alone: its call lies in another trace.
        aggregated(1, None, 100),
        // A call over a wrapper over two calls.
        llm(2, None, 120),
        aggregated(3, Some(2), 500),
        llm(4, Some(3), 30),
        llm(5, Some(3), 40),
        // An agent over a wrapper alone: what it reports is reported elsewhere, too.
        reports(span(6, None, 6, 90), Kind::Agent, usage(300, 30)),
        aggregated(7, Some(6), 300),
        // A call over a wrapper alone keeps its own.
        llm(8, None, 70),
        aggregated(9, Some(8), 300),
    ];
    for rotated in 0..all.len() {
        let store = TestStore::new();
        for at in 0..all.len() {
            store.append("p", vec![all[(at + rotated) % all.len()].clone()]).await;
        }
        let trace = store.trace_of("p", 1).await;
        let owns = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|span| owned(&trace, span).0);
        assert_eq!(owns, [0, 50, 0, 30, 40, 0, 0, 70, 0], "from {rotated}");
        assert_eq!(trace.spans.iter().filter(|row| row.usage.is_unknown()).count(), 0, "all is shown");
        assert_eq!(trace.row.usage.input, Some(190));
    }
}

#[tokio::test]
async fn aggregated_usage_claims_no_answer() {
    let store = TestStore::new();
    let mut call = reports(of_trace(span(4, None, 1, 90), 2), Kind::Llm, usage(100, 10));
    call.1.response_id = Some("r".into());
    call.0.origin = Arc::new(Origin { scope_name: "other".into(), ..Origin::default() });
    // The wrapper began first and has messages: it would win a claim.
    let mut wrapper = aggregated(1, None, 100);
    wrapper.1.has_messages = true;
    store.append("p", vec![wrapper, call]).await;
    assert_eq!(store.trace_of("p", 2).await.row.usage.total(), Some(110));
    assert_eq!(store.trace_of("p", 1).await.row.usage.total(), None);
}
