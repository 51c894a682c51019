//! What is kept of some work, and of nothing else.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Barrier,
    time::Duration,
};

use axum::{Router, routing::get};
use bennu_sdk::{
    Conventions, Message, ToolSpan, TraceLayer, agent_span, carry, chain_span, embedding_span, extract,
    init_tracing, inject, llm_span, retrieval_span,
    testing::{Run, record, record_sync},
    tool_span, tracing_layer, using_session,
};
use opentelemetry::{
    KeyValue,
    trace::{Status, TraceContextExt},
};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;

use crate::collector::{Collector, begin, turn};

fn names(run: &Run) -> Vec<&str> {
    run.spans().iter().map(|span| span.name.as_str()).collect()
}

fn response(tokens: u64) -> serde_json::Value {
    json!({
        "id": "r1", "model": "gpt-4o-2024",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Because."}}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
    })
}

#[test]
fn threads_that_record_at_the_same_time_see_their_own_spans_alone() {
    const THREADS: usize = 16;
    let _turn = turn();
    let all_begin = Barrier::new(THREADS);
    let work = |thread: usize| {
        all_begin.wait();
        for round in 0..20 {
            let name = format!("{thread}.{round}");
            let ((), run) = record_sync(|| {
                tool_span(&name, "").in_scope(|| {
                    std::thread::yield_now();
                    drop(chain_span(&name, ""));
                });
            });
            assert_eq!(names(&run), [&format!("tool.{name}"), &name]);
            assert_eq!(run.spans()[1].parent_id.as_ref(), Some(&run.spans()[0].span_id));
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || work(thread));
            // Nobody records this one.
            scope.spawn(|| drop(tool_span("other", "")));
        }
    });
}

#[test]
fn tasks_belong_to_who_carries_them_and_nested_recordings_to_both() {
    let _turn = turn();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let work = |name: &'static str| async move {
        let agent = agent_span(name);
        let tasks = (0..5).map(|n| {
            tokio::spawn(carry(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                drop(tool_span(&format!("{name}.{n}"), ""));
            }))
        });
        let tasks: Vec<_> = agent.in_scope(|| tasks.collect());
        for task in tasks {
            task.await.unwrap();
        }
    };
    runtime.block_on(async {
        let ((), outer) = record(async {
            let both = [tokio::spawn(carry(record(work("a")))), tokio::spawn(carry(record(work("b"))))];
            for (task, name) in both.into_iter().zip(["a", "b"]) {
                let ((), run) = task.await.unwrap();
                assert_eq!(run.tool_calls().len(), 5);
                assert!(
                    run.tool_calls().iter().all(|call| call.tool_name().starts_with(name)),
                    "{}",
                    run.tree()
                );
                run.assert_span_count("agent.run", 1).assert_all_ended();
            }
            // Not carried: it is nobody's.
            tokio::spawn(async { drop(tool_span("lost", "")) }).await.unwrap();
        })
        .await;
        outer.assert_span_count("agent.run", 2).assert_tool_not_called("lost");
        assert_eq!(outer.spans().len(), 12);
    });
}

#[test]
fn a_server_of_this_process_that_is_sent_a_traceparent_belongs_to_the_recording() {
    let _turn = turn();
    // The server's own threads, which have no part in the recording.
    let serving = tokio::runtime::Runtime::new().unwrap();
    let address = serving.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler = get(|| async {
            retrieval_span("why", 1).record_documents(&[bennu_sdk::Document::new("x").id("doc-7")]);
            "fine"
        });
        let router = Router::new().route("/search", handler).layer(TraceLayer::new());
        tokio::spawn(async { axum::serve(listener, router).await });
        address
    });
    let ask = async |with_parent: bool| {
        let agent = agent_span("goal");
        let mut headers = http::HeaderMap::new();
        agent.in_scope(|| inject(&mut headers));
        let parent = headers["traceparent"].to_str().unwrap();
        let parent = if with_parent { format!("traceparent: {parent}\r\n") } else { String::new() };
        let request = format!("GET /search HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{parent}\r\n");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.ends_with("fine"), "{said}");
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let ((), run) = record(ask(true)).await;
        assert_eq!(names(&run), ["agent.run", "GET /search", "retrieval"]);
        run.assert_retrieved("doc-7").assert_all_ended();
        assert_eq!(run.tree().matches("└─ ").count(), 2, "{}", run.tree());
        let ((), run) = record(ask(false)).await;
        assert_eq!(names(&run), ["agent.run"], "a request without a traceparent is a trace of its own");
    });
}

#[test]
fn whose_a_span_is_its_trace_decides_before_its_place() {
    let _turn = turn();
    let (inner, outer) = record_sync(|| {
        let agent = agent_span("goal");
        let mut headers = http::HeaderMap::new();
        agent.in_scope(|| inject(&mut headers));
        let headers = &headers;
        // A server that another test started, which records as well.
        let elsewhere = move || {
            record_sync(|| {
                drop(chain_span("its own", ""));
                let _guard = extract(headers).attach();
                drop(tool_span("asked for", ""));
            })
        };
        std::thread::scope(|scope| scope.spawn(elsewhere).join().unwrap()).1
    });
    assert_eq!((names(&outer), names(&inner)), (vec!["agent.run", "tool.asked for"], vec!["its own"]));
}

#[test]
fn what_has_not_ended_is_still_running() {
    let _turn = turn();
    let (open, run) = record_sync(|| tool_span("slow", &json!({"n": 1})));
    drop(open);
    assert_eq!(run.tree(), "  TOOL slow {\"n\":1} · still running\n");
    let said = super::said(|| _ = run.assert_all_ended());
    assert_eq!(
        said,
        "expected every span to have ended; still running: slow\n\n> TOOL slow {\"n\":1} · still running\n"
    );
    // Who ends a little later is waited for.
    let ((), run) = record_sync(|| {
        let span = tool_span("late", "");
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            drop(span);
        });
    });
    run.assert_all_ended();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ((), run) = runtime.block_on(record(async {
        let span = tool_span("late", "");
        tokio::spawn(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(span);
        });
    }));
    run.assert_all_ended();
}

#[test]
fn tracing_that_is_started_goes_on_as_it_is_and_one_that_has_ended_stays_so() {
    let _turn = turn();
    let collector = Collector::start();
    let work = || {
        using_session("s1").in_scope(|| drop(tool_span("kept", "")));
    };
    let check = |run: &Run| {
        run.assert_tool_called("kept", 1);
        assert_eq!(run.spans()[0].attributes["session.id"], "s1");
    };
    let guard = begin(&collector, |builder| builder);
    let ((), run) = record_sync(work);
    check(&run);
    drop(guard);
    assert_eq!(collector.span("tool.kept").get("session.id"), "s1", "it is sent as well");

    let ((), run) = record_sync(work);
    check(&run);
    assert_eq!(
        (collector.spans().len(), bennu_sdk::stats()),
        (1, bennu_sdk::Stats::default()),
        "it is sent nowhere"
    );

    // An application that starts tracing in what is tested.
    let (guard, run) = record_sync(|| {
        drop(tool_span("before", ""));
        let guard = begin(&collector, |builder| builder);
        drop(tool_span("after", ""));
        guard
    });
    drop(guard);
    assert_eq!(names(&run), ["tool.before", "tool.after"]);
    assert_eq!(collector.spans().len(), 2);
}

#[test]
fn what_is_recorded_is_sampled_and_below_nothing() {
    let _turn = turn();
    let _guard = init_tracing("test").endpoint("http://127.0.0.1:9").sample_ratio(0.0).start().unwrap();
    let around = chain_span("around", "");
    let ((), run) = around.in_scope(|| record_sync(|| drop(tool_span("some", ""))));
    run.assert_tool_called("some", 1).assert_all_ended();
    assert_eq!(run.spans()[0].parent_id, None);
    let ((), run) = record_sync(|| {});
    assert_eq!(
        run.tree(),
        "  (no spans: nothing that was recorded began one; a task needs `carry`, a request to a server a span that it is sent from)\n"
    );
}

/// What every kind says, whatever it is written in.
#[test]
fn spans_mean_the_same_in_all_conventions() {
    let _turn = turn();
    for conventions in [Conventions::OpenInference, Conventions::GenAi, Conventions::Both] {
        let guard = init_tracing("test")
            .endpoint("http://127.0.0.1:9")
            .conventions(conventions)
            .timeout(Duration::from_millis(1));
        let guard = guard.start().unwrap();
        let ((), run) = record_sync(|| {
            let agent = agent_span("Why?");
            agent.in_scope(|| {
                let wish = json!({"role": "assistant", "content": null,
                    "tool_calls": [{"id": "c1", "function": {"name": "now", "arguments": "{\"zone\":\"UTC\"}"}}]});
                let messages = [Message::system("Be brief."), Message::user("Why?"), Message::from_json(&wish), Message::tool("c1", "12:00")];
                llm_span("gpt-4o", &messages).record_output(&response(12));
                tool_span("now", &json!({"zone": "UTC"})).call_id("c1").record_output(&json!({"time": "12:00"}));
                embedding_span("embedder", &["a"]).record_tokens(7);
                retrieval_span("why", 1).record_documents(&[bennu_sdk::Document::new("x").id("d1").score(0.5)]);
                let failed: Result<(), &str> = tool_span("fails", "").trace_sync(|_| Err("broken"));
                assert!(failed.is_err());
            });
            agent.record_output("Because.");
        });
        drop(guard);
        let kinds: Vec<_> = run.spans().iter().map(|span| span.kind.as_str()).collect();
        assert_eq!(kinds, ["AGENT", "LLM", "TOOL", "EMBEDDING", "RETRIEVER", "TOOL"], "{conventions:?}");
        let call = run.model_calls()[0];
        assert_eq!(call.model.as_deref(), Some("gpt-4o-2024"));
        assert_eq!(call.input_messages[..2], [Message::system("Be brief."), Message::user("Why?")]);
        assert_eq!(call.input_messages[2].tool_calls[0].arguments, "{\"zone\":\"UTC\"}");
        assert_eq!(call.input_messages[3], Message::tool("c1", "12:00"));
        assert_eq!((call.text().as_str(), &call.finish_reasons[..]), ("Because.", &["stop".to_owned()][..]));
        assert_eq!((call.usage.cache_read, call.response_id.as_deref()), (Some(8), Some("r1")));
        let tool = run.tool_calls()[0];
        assert_eq!((tool.arguments(), tool.result()), (&json!({"zone": "UTC"}), &json!({"time": "12:00"})));
        assert_eq!(run.tool_calls()[1].error.as_deref(), Some("broken"));
        assert_eq!(run.retrieved()[0].score, Some(0.5));
        run.assert_tokens_at_most(22).assert_answer_contains("Because.").assert_retrieved("d1");
        assert_eq!((run.tokens(), run.usage().input), (22, Some(19)));
    }
}

/// Rust applications hand tools the text that the model wrote. Bennu keeps that as the object that it is.
#[test]
fn json_in_text_is_what_a_case_has_of_it() {
    let _turn = turn();
    let case = |arguments: serde_json::Value, result: serde_json::Value| {
        let did = super::tool("search", arguments, result);
        super::case(&[super::span("a", "", "TOOL tool.search", [0, 1], did)])
    };
    let object = case(json!({"query": "a"}), json!(["d1"]));
    let text = case(json!("a"), json!("42"));
    for conventions in [Conventions::OpenInference, Conventions::GenAi, Conventions::Both] {
        let guard = init_tracing("test").endpoint("http://127.0.0.1:9").conventions(conventions);
        let guard = guard.timeout(Duration::from_millis(1)).start().unwrap();
        let record = |arguments: &str, result: &str| {
            let ((), run) = record_sync(|| tool_span("search", arguments).record_output(result));
            run
        };
        let run = record(r#" {"query": "a"}"#, r#"["d1"]"#);
        run.assert_same_shape(&object)
            .assert_tool_called_with("search", &json!({"query": "a"}))
            .assert_tool_called_with("search", &json!(r#"{"query":"a"}"#));
        assert_eq!(run.tool_calls()[0].result(), &json!(["d1"]), "{conventions:?}");
        let run = record("a", "42");
        run.assert_same_shape(&text);
        assert_eq!(run.tool_calls()[0].result(), &json!("42"), "{conventions:?}");
        let ((), run) = record_sync(|| tool_span("add", &json!([40, 2])).record_output(&42));
        assert_eq!(run.tool_calls()[0].result(), &json!(42), "{conventions:?}");
        drop(guard);
    }
}

/// As Bennu has it: who says that all went well is believed; else an exception or its class is a failure.
#[test]
fn what_failed_is_what_bennu_would_say_failed() {
    let _turn = turn();
    let failed = |work: fn(&ToolSpan)| {
        let ((), run) = record_sync(|| work(&tool_span("t", "")));
        run.spans()[0].error.clone()
    };
    let exception = |span: &ToolSpan| {
        let message = KeyValue::new("exception.message", "no clock");
        span.context().span().add_event("exception", vec![message]);
    };
    assert_eq!(failed(exception).as_deref(), Some("no clock"));
    assert_eq!(
        failed(|span| span.context().span().add_event("exception", Vec::new())).as_deref(),
        Some("failed")
    );
    assert_eq!(failed(|span| span.set_attribute("error.type", "Timeout")).as_deref(), Some("Timeout"));
    assert_eq!(failed(|span| span.set_attribute("error.type", "")), None);
    assert_eq!(failed(|span| span.context().span().set_status(Status::error(""))).as_deref(), Some("failed"));
    let well = |span: &ToolSpan| {
        span.record_failure("Timeout", "retried");
        span.context().span().set_status(Status::Ok);
    };
    assert_eq!(failed(well), None);
}

/// Spans of libraries that write `gen_ai` through `tracing`, which knows no lists.
#[test]
fn json_texts_of_other_libraries_are_read() {
    let _turn = turn();
    let ((), run) = record_sync(|| {
        let subscriber = tracing_subscriber::registry().with(tracing_layer());
        tracing::subscriber::with_default(subscriber, || {
            let _call = tracing::info_span!(
                "genai.chat",
                otel.name = "chat gpt-4o",
                gen_ai.operation.name = "chat",
                gen_ai.request.model = "gpt-4o",
                gen_ai.system_instructions = r#"[{"type":"text","content":"Be brief."}]"#,
                gen_ai.input.messages = r#"[{"role":"user","parts":[{"type":"text","content":"Why?"}]}]"#,
                gen_ai.output.messages =
                    r#"[{"role":"assistant","parts":[{"type":"text","content":"Because."}]}]"#,
                gen_ai.response.finish_reasons = r#"["stop"]"#,
                gen_ai.usage.input_tokens = 10_i64,
                gen_ai.usage.output_tokens = "20",
            )
            .entered();
            // The application's own span around the same call would be above it; here it is below.
            drop(tool_span("inside", ""));
        });
    });
    let call = run.model_calls()[0];
    assert_eq!(call.input_messages, [Message::system("Be brief."), Message::user("Why?")]);
    assert_eq!(
        (call.text().as_str(), call.finish_reasons[0].as_str(), run.tokens()),
        ("Because.", "stop", 30)
    );
    assert_eq!(run.tree().lines().count(), 2, "{}", run.tree());
}
