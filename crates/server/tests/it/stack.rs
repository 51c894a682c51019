//! The library and the stack over it, against this server.

use std::{
    net::SocketAddr,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::{Json, Router, routing::post};
use bennu_sdk::testing::{Run, Shape, record};
use bennu_sdk::{
    Document, Guard, Message, Protocol, Usage, agent_span, init_tracing, llm_span, retrieval_span,
};
use bennu_stack::{
    Stack,
    server::{Users, routes},
    settings::Settings,
};
use serde_json::{Value, json};

use crate::kit::{Answer, TestServer, post as send};

/// Tracing is one to a process.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn names(trace: &Value) -> Vec<&str> {
    trace["spans"].as_array().unwrap().iter().map(|span| span["name"].as_str().unwrap()).collect()
}

fn span<'a>(trace: &'a Value, name: &str) -> &'a Value {
    trace["spans"].as_array().unwrap().iter().find(|span| span["name"] == name).unwrap()
}

/// Serves a router in the background of this runtime.
async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

fn offline() -> Settings {
    Settings::from_variables(|_| None)
}

async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[test]
fn what_the_library_writes_is_understood_over_http_and_grpc() {
    let _turn = turn();
    let server = TestServer::start();
    let grpc = format!("http://{}", server.addresses.grpc.unwrap());
    for (endpoint, protocol) in [(server.url(""), Protocol::Http), (grpc, Protocol::Grpc)] {
        let guard = init_tracing("sdk").endpoint(endpoint).protocol(protocol).project("p").start().unwrap();
        let agent = agent_span("What do herons eat?").name("helper");
        agent.in_scope(|| {
            retrieval_span("food", 1)
                .record_documents(&[Document::new("Herons eat fish.").id("d1").score(0.5)]);
            let llm =
                llm_span("gpt-4o", &[Message::system("Be brief."), Message::user("What do herons eat?")]);
            llm.record_messages(&[Message::assistant("Fish.")], &["stop"]);
            llm.record_usage(&Usage { input: Some(9), output: Some(2), ..Usage::default() });
        });
        agent.record_output("Fish.");
        let id = agent.trace_id();
        drop(agent);
        drop(guard);
        let trace = server.trace(&id);
        assert_eq!(trace["project"], "p", "{protocol:?}");
        let llm = span(&trace, "llm.chat");
        assert_eq!((&llm["kind"], &llm["model"]), (&json!("LLM"), &json!("gpt-4o")));
        assert_eq!(llm["input_messages"][1]["parts"][0]["text"], "What do herons eat?");
        assert_eq!(llm["output_messages"][0]["parts"][0]["text"], "Fish.");
        assert_eq!((&llm["usage"]["input"], &llm["usage"]["output"]), (&json!(9), &json!(2)));
        let document = &span(&trace, "retrieval")["documents"][0];
        assert_eq!(
            (&document["id"], &document["score"], &document["text"]),
            (&json!("d1"), &json!(0.5), &json!("Herons eat fish."))
        );
        assert_eq!(span(&trace, "agent.run")["agent_name"], "helper");
    }
}

/// Everything over HTTP, as `curl` would ask it.
#[test]
fn every_response_of_the_stack_opens_its_trace() {
    let _turn = turn();
    let server = TestServer::start();
    let guard = init_tracing("stack").endpoint(server.url("")).start().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let answers: Vec<Answer> = runtime.block_on(async {
        let stack = Stack::start(offline()).await.unwrap();
        let panics = async || if true { panic!("a bug") } else { "never" };
        let app =
            routes(stack, Users::default()).route("/panic", post(panics)).layer(bennu_sdk::TraceLayer::new());
        let address = serve(app).await;
        blocking(move || {
            let ask = |path: &str, accept: &str, body: &str| {
                let headers =
                    [("x-user-id", "ada"), ("accept", accept), ("content-type", "application/json")];
                send(&format!("http://{address}{path}"), &headers, body.as_bytes())
            };
            let question = r#"{"message": "How do I back up SQLite?", "session_id": "s1"}"#;
            vec![
                ask("/chat", "application/json", question),
                ask("/chat", "text/event-stream", question),
                ask("/chat", "application/json", "{"),
                ask("/chat", "application/json", r#"{"message": "fail please"}"#),
                ask("/panic", "*/*", ""),
                ask("/nowhere", "*/*", ""),
            ]
        })
        .await
    });
    runtime.shutdown_background();
    drop(guard);

    assert_eq!(
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>(),
        [200, 200, 400, 502, 500, 404]
    );
    let traces: Vec<Value> =
        answers.iter().map(|answer| server.trace(answer.header("x-trace-id").unwrap())).collect();
    let said = answers[0].json();
    assert_eq!((&said["session_id"], &said["stop_reason"]), (&json!("s1"), &json!("final")));
    assert_eq!(said["trace_id"], traces[0]["trace_id"]);
    for trace in &traces[..2] {
        assert_eq!(
            (&trace["session_id"], &span(trace, "POST /chat")["user_id"]),
            (&json!("s1"), &json!("ada"))
        );
        for name in ["agent.run", "llm.chat", "tool.search_docs", "retrieval", "embedding", "rerank"] {
            assert!(names(trace).contains(&name), "{name} in {:?}", names(trace));
        }
        let retrieval = span(trace, "retrieval");
        assert!(retrieval["documents"][0]["score"].as_f64().is_some_and(|score| score > 0.0));
        assert_eq!(span(trace, "agent.run")["metadata"]["user_source"], "X-User-Id, not verified");
    }
    assert!(span(&traces[1], "llm.chat")["time_to_first_token_ms"].is_number());
    let events = &answers[1].text;
    for event in ["event: tool\ndata: \"search_docs\"", "event: text\n", "event: done\n"] {
        assert!(events.contains(event), "{event} in {events}");
    }
    assert!(answers[2].json()["error"].as_str().unwrap().starts_with("send {"));
    assert_eq!(span(&traces[3], "llm.chat")["status"], "ERROR");
    assert!(span(&traces[3], "llm.chat")["status_message"].as_str().unwrap().contains("answered 500"));
    assert_eq!(span(&traces[4], "POST /panic")["status_message"], "a bug");
}

/// A server of the same API that is not ours.
fn other_model() -> Router {
    let chat = async |headers: axum::http::HeaderMap, Json(request): Json<Value>| {
        assert_eq!(headers["authorization"], "Bearer k");
        let asked = request["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        Json(json!({
            "id": "other-1", "model": "llama-4", "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": format!("You asked: {asked}")}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}
        }))
    };
    let embed = async |Json(request): Json<Value>| {
        let count = request["input"].as_array().unwrap().len();
        // Last first: the index says which is which.
        let data: Vec<Value> =
            (0..count).rev().map(|n| json!({"index": n, "embedding": [n as f64, 1.0]})).collect();
        Json(json!({"data": data, "usage": {"prompt_tokens": count}}))
    };
    Router::new().route("/v1/chat/completions", post(chat)).route("/v1/embeddings", post(embed))
}

#[test]
fn another_model_is_named_by_the_environment_alone() {
    let _turn = turn();
    let server = TestServer::start();
    let guard: Guard = init_tracing("stack").endpoint(server.url("")).start().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let address = serve(other_model()).await;
        let settings = Settings::from_variables(|name| match name {
            "OPENAI_BASE_URL" => Some(format!("http://{address}/v1/")),
            "OPENAI_API_KEY" => Some("k".to_owned()),
            "MODEL" => Some("llama".to_owned()),
            _ => None,
        });
        let stack = Stack::start(settings).await.unwrap();
        stack.agent.run("Anything?", &[]).await.unwrap()
    });
    runtime.shutdown_background();
    drop(guard);
    assert_eq!(answer.text, r#"You asked: "Anything?""#);
    let trace = server.trace(&answer.trace_id);
    let call = span(&trace, "llm.chat");
    assert_eq!((&call["model_requested"], &call["model_answering"]), (&json!("llama"), &json!("llama-4")));
}

/// From a trace that was kept, by `bennu export`, to a test of what the agent does now.
#[test]
fn a_trace_becomes_a_test() {
    const QUESTION: &str = "What does CONN_MAX_AGE do in Django?";
    let _turn = turn();
    let server = TestServer::start();
    let guard = init_tracing("stack").endpoint(server.url("")).start().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stack = runtime.block_on(Stack::start(offline())).unwrap();
    let answer = runtime.block_on(stack.agent.run(QUESTION, &[])).unwrap();
    bennu_sdk::flush();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("case.json");
    let exported = Command::new(env!("CARGO_BIN_EXE_bennu"))
        .args(["export", &answer.trace_id, "--url", &server.url(""), "--output", file.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let case = Run::load(&file).unwrap();
    assert_eq!(case.answer(), Some(answer.text));

    let (again, run) = runtime.block_on(record(stack.agent.run(QUESTION, &[])));
    again.unwrap();
    run.assert_same_shape(&case)
        .assert_tool_called("search_docs", 1)
        .assert_retrieved("django-database-settings#1")
        .assert_no_errors();
    assert_eq!(run.usage(), case.usage());
    let other = runtime.block_on(record(stack.agent.run("How do I back up SQLite?", &[]))).1;
    let differs = Shape::of(&case).differences(&other);
    assert!(differs.iter().any(|line| line.contains("RETRIEVER retrieval found")), "{differs:?}");
    runtime.shutdown_background();
    drop(guard);
}

fn demo(arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bennu"));
    for name in ["OPENAI_BASE_URL", "OPENAI_API_KEY", "MODEL", "EMBEDDING_MODEL"] {
        command.env_remove(name);
    }
    let output = command.args(["demo", "--once"]).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_demo_prints_the_tree_of_its_trace() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let (ended, said) =
        demo(&["--data-dir", path, "--port", "0", "--grpc-port", "off", "--otlp-port", "off"]);
    assert!(ended, "{said}");
    let tree: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("agent.run")).collect();
    let found = |line: &str| tree.iter().any(|printed| printed.starts_with(line));
    for line in [
        "agent.run ",
        "  llm.chat ",
        "  tool.search_docs ",
        "    retrieval ",
        "      embedding ",
        "  tool.fetch_chunk ",
    ] {
        assert!(found(line), "{line} in {said}");
    }
    assert!(
        tree.last().is_some_and(|line| line.starts_with("Trace ") && line.contains("/traces/")),
        "{said}"
    );
}

#[test]
fn the_demo_uses_a_bennu_that_listens_already() {
    let server = TestServer::start();
    let port = server.addresses.http.port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let (ended, said) =
        demo(&["--data-dir", directory.path().to_str().unwrap(), "--port", &port, "--grpc-port", "off"]);
    assert!(ended && said.contains("is bennu already"), "{said}");
    let id = said.lines().last().unwrap().rsplit('/').next().unwrap();
    let trace = server.trace(id);
    assert_eq!(trace["project"], "demo");
    let calls: Vec<&Value> =
        trace["spans"].as_array().unwrap().iter().filter(|span| span["kind"] == "LLM").collect();
    assert!(calls.len() >= 3 && calls.iter().all(|call| call["usage"]["input"].is_u64()));
    let last = calls.iter().max_by_key(|call| call["start_ns"].as_str()).unwrap();
    assert!(last["output_messages"][0]["parts"][0]["text"].as_str().unwrap().contains("Postgres"));
    assert!(span(&trace, "tool.search_docs")["tool"]["arguments"]["query"].is_string());
    let page = server.get(&format!("/projects/demo/traces/{id}"));
    assert!(page.status == 200 && page.text.contains("tool.search_docs"));
}

#[test]
fn a_week_of_traffic_has_something_for_every_page() {
    let server = TestServer::start();
    let port = server.addresses.http.port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let flags = ["--data-dir", directory.path().to_str().unwrap(), "--port", &port, "--grpc-port", "off"];
    let (ended, said) = demo(&[&flags[..], &["--traffic", "40"]].concat());
    assert!(ended && said.contains("40 requests of six people"), "{said}");
    let traces = server.get("/v1/projects/demo/traces?limit=100").json();
    let starts: Vec<&str> = traces["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trace| trace["start_time"].as_str().unwrap())
        .collect();
    // The question that is shown, and three indexes of the documents.
    assert_eq!(starts.len(), 40 + 1 + 3);
    let days: std::collections::BTreeSet<&str> = starts.iter().map(|start| &start[..10]).collect();
    assert!(days.len() >= 3, "{days:?}");
    for (page, shows) in [("users", "grace"), ("sessions", "demo-1"), ("traces?status=error", "fail please")]
    {
        let page = server.get(&format!("/projects/demo/{page}"));
        assert!(page.status == 200 && page.text.contains(shows), "{shows}");
    }
}
