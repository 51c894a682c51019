//! Which traces are sent, over the wire.

use std::{net::TcpListener, time::Duration};

use bennu_sdk::{
    Message, TailSampling, agent_span, carry, chain_span, extract, flush, inject, keep_trace, llm_span,
    sampling_stats, stats, tool_span,
};
use http::HeaderMap;

use crate::collector::{Collector, begin, traced, traced_async, turn, until};

/// Keeps what there is a reason for, and nothing else.
fn reasons() -> TailSampling {
    TailSampling::keep(0.0).alone()
}

/// Name and reason of what was sent.
fn sent(collector: &Collector) -> Vec<(String, String)> {
    let mut sent: Vec<_> = collector
        .spans()
        .iter()
        .map(|span| (span.name.clone(), span.get("sampling.reason").to_owned()))
        .collect();
    sent.sort();
    sent
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, reason)| ((*name).to_owned(), (*reason).to_owned())).collect()
}

#[test]
fn a_head_sampler_keeps_a_part_and_says_which() {
    let collector = traced(
        |builder| builder.sample_ratio(0.5).max_queued_spans(10_000),
        || {
            for _ in 0..1_000 {
                chain_span("root", "").in_scope(|| drop(tool_span("t", "")));
            }
        },
    );
    let spans = collector.spans();
    let roots = spans.iter().filter(|span| span.name == "root");
    let roots: Vec<_> = roots.map(|span| (&span.trace_id, &span.trace_state)).collect();
    // Eleven standard deviations.
    assert!((330..670).contains(&roots.len()), "{}", roots.len());
    assert_eq!(spans.len(), 2 * roots.len());
    for (id, state) in roots {
        assert!("89abcdef".contains(&id[18..19]) && state == "ot=th:8", "{id} {state}");
    }
}

#[test]
fn errors_slow_and_flagged_traces_are_sent_whole_and_nothing_else() {
    let collector = traced(
        |builder| builder.tail_sampling(reasons()),
        || {
            agent_span("well").in_scope(|| drop(tool_span("well", "")));
            chain_span("error", "").in_scope(|| {
                drop(tool_span("before", ""));
                let _ = tool_span("fails", "").trace_sync(|_| Err::<(), _>("broken"));
                drop(tool_span("after", ""));
            });
            chain_span("flagged", "").in_scope(|| {
                drop(tool_span("seen", ""));
                assert!(keep_trace());
            });
            assert!(!keep_trace(), "nothing is current");
            let stats = sampling_stats();
            assert_eq!((stats.kept_error, stats.kept_flagged, stats.dropped, stats.held_spans), (1, 1, 1, 0));
        },
    );
    let expected = [
        ("error", "error"),
        ("flagged", "flagged"),
        ("tool.after", "error"),
        ("tool.before", "error"),
        ("tool.fails", "error"),
        ("tool.seen", "flagged"),
    ];
    assert_eq!(sent(&collector), pairs(&expected));
    for span in collector.spans() {
        assert_eq!(span.trace_state, "ot=th:0", "{}", span.name);
        assert_eq!(span.get("sampling.probability"), if span.parent_id.is_empty() { "1" } else { "" });
        assert_eq!(span.resource["service.name"], "test");
    }
}

#[test]
fn what_is_slow_is_sent_before_it_ends() {
    let collector = traced(
        |builder| builder.tail_sampling(reasons().slow(Duration::from_millis(100))),
        || {
            chain_span("slow", "").in_scope(|| {
                drop(tool_span("quick", ""));
                until("it is known to be slow", || sampling_stats().kept_slow == 1);
                flush();
                until("what was held is sent", || stats().exported == 1);
            });
        },
    );
    assert_eq!(sent(&collector), pairs(&[("slow", "slow"), ("tool.quick", "slow")]));
}

#[test]
fn a_panic_and_a_future_that_is_dropped_end_their_traces() {
    let collector = traced_async(
        |builder| builder.tail_sampling(reasons()),
        || async {
            let panics = tokio::spawn(chain_span("panics", "").trace(async |_| {
                if true {
                    panic!("on purpose");
                }
                Ok::<(), String>(())
            }));
            assert!(panics.await.is_err());
            let never =
                chain_span("dropped", "").trace(async |_| std::future::pending::<Result<(), String>>().await);
            assert!(tokio::time::timeout(Duration::from_millis(5), never).await.is_err());
            let mut call = llm_span("m", &[Message::user("q")]).stream();
            call.push_text("beg");
            drop(call);
            let stats = sampling_stats();
            assert_eq!((stats.dropped, stats.kept_error, stats.held_spans), (2, 1, 0));
        },
    );
    assert_eq!(sent(&collector), pairs(&[("panics", "error")]));
}

async fn call_later(name: &'static str) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(tool_span(name, ""));
}

#[test]
fn what_outlives_its_root_goes_where_the_root_went() {
    let collector = traced_async(
        |builder| builder.tail_sampling(reasons()),
        || async {
            for (name, late, fails) in [("kept", "with it", true), ("dropped", "gone", false)] {
                let root = chain_span(name, "");
                let work = call_later(late);
                let task = root.in_scope(|| tokio::spawn(carry(work)));
                if fails {
                    root.record_error(&"broken");
                }
                drop(root);
                task.await.unwrap();
            }
            let stats = sampling_stats();
            assert_eq!((stats.late_kept, stats.late_dropped), (1, 1));
        },
    );
    assert_eq!(sent(&collector), pairs(&[("kept", "error"), ("tool.with it", "error")]));
}

/// What a caller sends.
fn from(traceparent: &str, tracestate: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", traceparent.parse().unwrap());
    headers.insert("tracestate", tracestate.parse().unwrap());
    headers
}

#[test]
fn a_caller_that_may_still_keep_its_trace_is_recorded_and_one_that_does_not_is_followed() {
    // High enough for any ratio, low enough for none.
    let (high, low) = ("ffffffffffffff", "00000000000000");
    let collector = traced(
        |builder| builder.tail_sampling(TailSampling::keep(0.5).alone()),
        || {
            let calls = [
                ("00", low, "bennu=th:0", "fails, called by one that samples by the tail"),
                ("01", low, "ot=th:8", "fails, called by one that keeps a half"),
                ("00", low, "other=1", "fails, called by one that keeps nothing of it"),
                ("01", low, "ot=th:8", "well, below the threshold"),
                ("01", high, "bennu=th:0,ot=th:c", "well, above the threshold"),
            ];
            for (n, (flags, end, state, name)) in calls.into_iter().enumerate() {
                let headers = from(&format!("00-{n:017x}a{end}-00f067aa0ba902b7-{flags}"), state);
                let _guard = extract(&headers).attach();
                let span = chain_span(name, "");
                let mut onward = HeaderMap::new();
                span.in_scope(|| inject(&mut onward));
                if name.starts_with("fails") {
                    span.record_error(&"broken");
                }
                // What is sent on says what is known when it is sent: the coin, and that more may come.
                let state = onward.get("tracestate").map_or("", |state| state.to_str().unwrap());
                assert_eq!(state.contains("bennu=th:"), !name.contains("nothing"), "{name}: {state}");
            }
        },
    );
    let mut sent: Vec<_> =
        collector.spans().into_iter().map(|span| (span.name.clone(), span.trace_state.clone())).collect();
    sent.sort();
    let expected = [
        ("fails, called by one that keeps a half", "ot=th:8"),
        ("fails, called by one that samples by the tail", "ot=th:0"),
        ("well, above the threshold", "ot=th:8"),
    ];
    assert_eq!(sent, pairs(&expected));
}

#[test]
fn a_trace_that_is_longer_than_the_queue_arrives_whole() {
    let collector = traced(
        |builder| builder.tail_sampling(reasons()).max_queued_spans(100),
        || {
            let root = chain_span("root", "");
            root.in_scope(|| (0..2_000).for_each(|_| drop(tool_span("t", ""))));
            root.record_error(&"broken");
            drop(root);
            flush();
            until("all of it arrives", || stats().exported == 2_001);
            assert_eq!(stats().lost, 0);
        },
    );
    assert_eq!(collector.spans().len(), 2_001);
}

#[test]
fn what_is_kept_while_nobody_takes_it_has_a_bound_too() {
    const MAX_BYTES: usize = 1 << 20;
    let _turn = turn();
    let collector = Collector::start();
    collector.delay(Duration::from_secs(2));
    let guard = begin(&collector, |builder| {
        builder.tail_sampling(reasons().max_bytes(MAX_BYTES)).max_queued_spans(10)
    });
    let text = "x".repeat(10_000);
    for _ in 0..1_000 {
        chain_span("fails", &text).record_error(&"broken");
    }
    let (sampling, sent) = (sampling_stats(), stats());
    assert!(sampling.sending_bytes < MAX_BYTES + 20_000, "{sampling:?}");
    assert!(sent.lost > 800, "what there is no room for is lost, and counted: {sent:?}");
    collector.delay(Duration::ZERO);
    drop(guard);
    assert_eq!(collector.spans().len() as u64, 1_000 - sent.lost);
}

#[test]
fn behind_another_backend_nothing_waits_for_an_answer() {
    let _turn = turn();
    // It answers, but not to this.
    let collector = Collector::start();
    let guard = begin(&collector, |builder| builder.tail_sampling(TailSampling::keep(0.0)));
    let goes_elsewhere = || {
        let span = chain_span("goes elsewhere", "");
        span.in_scope(|| inject(&mut HeaderMap::new()));
    };
    until("it is known for a stranger", || {
        goes_elsewhere();
        sampling_stats().held_spans == 0
    });
    let before = sampling_stats().dropped;
    goes_elsewhere();
    assert_eq!((sampling_stats().dropped, sampling_stats().held_spans), (before + 1, 0));
    drop(guard);
}

#[test]
fn a_server_to_agree_at_has_an_address() {
    let _turn = turn();
    for (server, token, why) in [
        ("no address", None, "no address"),
        ("ftp://a", None, "such as http://localhost:6006"),
        ("https://a", None, "feature `tls`"),
        ("http://a", Some("a\nb"), "its token is none"),
    ] {
        let tail = reasons().agree_at(server, token);
        let error = bennu_sdk::init_tracing("t").endpoint("http://127.0.0.1:1").tail_sampling(tail).start();
        let error = error.unwrap_err().to_string();
        assert!(error.contains(server) && error.contains(why), "{error}");
    }
}

#[test]
fn the_end_of_the_program_decides_about_what_is_open() {
    let _turn = turn();
    let collector = Collector::start();
    // Nobody answers about the other services.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sampling = TailSampling::keep(1.0).agree_at(format!("http://{nobody}"), None);
    let guard = begin(&collector, |builder| builder.tail_sampling(sampling));
    let open = chain_span("open", "");
    open.in_scope(|| drop(tool_span("done", "")));
    // A trace that waits for the other services does not make the program wait.
    let waits = chain_span("waits", "");
    waits.in_scope(|| inject(&mut HeaderMap::new()));
    drop(waits);
    assert_eq!(sampling_stats().held_spans, 2);
    let (_, stats) = guard.shutdown();
    drop(open);
    assert_eq!((stats.cut_shutdown, stats.unasked, stats.held_spans), (1, 1, 0));
    assert_eq!(sent(&collector), pairs(&[("tool.done", "probability"), ("waits", "probability")]));
}

#[test]
fn a_flood_of_open_traces_stays_within_its_bound_and_errors_get_through() {
    const MAX_BYTES: usize = 1 << 20;
    let collector = traced(
        |builder| builder.tail_sampling(reasons().max_bytes(MAX_BYTES)).max_queued_spans(10_000),
        || {
            let text = "x".repeat(1_000);
            let open: Vec<_> = (0..5_000)
                .map(|_| {
                    let root = chain_span("open", &text);
                    root.in_scope(|| drop(tool_span("t", &text)));
                    root
                })
                .collect();
            let stats = sampling_stats();
            assert!(stats.held_bytes_most < MAX_BYTES + 10_000, "{stats:?}");
            assert!(stats.cut_bytes > 3_000 && stats.cut_spans_lost > 3_000, "{stats:?}");
            for (n, root) in open.into_iter().enumerate() {
                if n % 100 == 0 {
                    root.record_error(&"broken");
                }
            }
            let stats = sampling_stats();
            assert_eq!(stats.kept_error, 50);
            assert_eq!(stats.kept_error + stats.dropped + (stats.cut_bytes - stats.kept_incomplete), 5_000);
            assert_eq!((stats.held_bytes, stats.held_spans), (0, 0));
        },
    );
    let roots = collector.spans().into_iter().filter(|span| span.name == "open");
    assert_eq!(roots.map(|root| root.error).collect::<Vec<_>>(), vec![Some("broken".to_owned()); 50]);
}
