//! The agent against a recorded run of its own: no model, no index, no network.
//!
//! `case.json` is a run of `stack run "What does CONN_MAX_AGE do in Django?"` as `GET /v1/traces/{id}` of Bennu had it, without each
//! span's `attributes` and `sources`, which only repeat what the other members say.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bennu_sdk::testing::{Replay, Run, Shape, record};
use bennu_stack::{
    agent::{Agent, Answer, Event},
    llm::{Error, Llm},
    settings::Settings,
    tools::{Registry, Tool},
};
use serde_json::{Value, json};

const QUESTION: &str = "What does CONN_MAX_AGE do in Django?";
const CASE: &str = include_str!("case.json");

/// The agent as it is in production, but for its model's address and its tools' functions.
fn agent(replay: &Replay, model: String) -> Agent {
    Agent::new(Arc::new(llm(model)), tools(replay))
}

fn llm(model: String) -> Llm {
    Llm::new(Settings {
        base_url: Some(model),
        api_key: None,
        model: "offline-stand-in".into(),
        embedding_model: "none".into(),
        timeout: Duration::from_secs(5),
    })
}

fn tools(replay: &Replay) -> Registry {
    let mut tools = Registry::default();
    for name in ["now", "search_docs", "fetch_chunk"] {
        let replay = replay.clone();
        tools.register(Tool::new(
            name,
            "Answers from the recording.",
            json!({"type": "object"}),
            move |arguments: Value| std::future::ready(replay.tool(name, &arguments)),
        ));
    }
    tools
}

async fn ask(replay: &Replay) -> (Result<Answer, Error>, Run) {
    let model = replay.serve().unwrap();
    record(agent(replay, model.url()).run(QUESTION, &[])).await
}

/// What an assert says when it fails.
fn said(assert: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assert)).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

/// The same without how long anything took, which is never the same.
fn timeless(said: &str) -> String {
    let is_duration = |part: &&str| [" µs", " ms", " s"].iter().any(|unit| part.ends_with(unit));
    let line = |line: &str| {
        line.split(" · ").filter(|part| !is_duration(part)).collect::<Vec<_>>().join(" · ") + "\n"
    };
    said.lines().map(line).collect()
}

/// The case with its spans changed.
fn edited(edit: impl FnOnce(&mut Vec<Value>)) -> Run {
    let mut case: Value = serde_json::from_str(CASE).unwrap();
    edit(case["spans"].as_array_mut().unwrap());
    Run::from_json(&case.to_string()).unwrap()
}

#[tokio::test]
async fn the_agent_does_what_it_did() {
    let case = Run::load("tests/case.json").unwrap();
    let replay = Replay::of(&case);
    let (answer, run) = ask(&replay).await;

    assert_eq!(Some(answer.unwrap().text), case.answer());
    run.assert_same_shape(Shape::of(&case).calls_only())
        .assert_tools_called_in_order(&["search_docs", "fetch_chunk"])
        .assert_tool_called_with("fetch_chunk", &json!({"id": "django-database-settings#1"}))
        .assert_model_calls(3)
        .assert_tokens_at_most(3_000)
        .assert_answer_contains("[django-database-settings#1]")
        .assert_no_errors()
        .assert_all_ended();
    case.assert_retrieved("django-database-settings#1");
    replay.assert_finished();
}

#[tokio::test]
async fn it_does_the_same_when_its_answers_are_streamed() {
    let case = Run::load("tests/case.json").unwrap();
    let replay = Replay::of(&case);
    let model = replay.serve().unwrap();
    let (mut heard, mut pieces) = (String::new(), 0);
    let agent = agent(&replay, model.url());
    let hear = |event: Event<'_>| {
        if let Event::Text(text) = event {
            heard.push_str(text);
            pieces += 1;
        }
    };
    let (answer, run) = record(agent.run_with(QUESTION, &[], Some(hear))).await;

    assert_eq!(answer.unwrap().text, heard);
    assert!(pieces > 10, "{pieces}");
    run.assert_same_shape(Shape::of(&case).calls_only()).assert_no_errors();
    assert_eq!(run.usage(), bennu_sdk::Usage { input: run.usage().input, ..sum_of_calls(&case) });
    replay.assert_finished();
}

/// Tokens of the model calls alone: nothing is embedded in a replay.
fn sum_of_calls(case: &Run) -> bennu_sdk::Usage {
    let sum = |part: fn(&bennu_sdk::Usage) -> Option<u64>| {
        case.model_calls().iter().map(|call| part(&call.usage)).sum()
    };
    bennu_sdk::Usage {
        input: sum(|usage| usage.input),
        output: sum(|usage| usage.output),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_tool_call_that_the_agent_no_longer_makes_is_named() {
    let case = Run::load("tests/case.json").unwrap();
    // A model that answers right after its search.
    let quicker = edited(|spans| {
        spans.retain(|span| span["name"] != "tool.fetch_chunk");
        let calls: Vec<usize> = (0..spans.len()).filter(|at| spans[*at]["kind"] == "LLM").collect();
        let answer = spans.remove(calls[2]);
        for member in ["output_messages", "finish_reasons", "usage"] {
            spans[calls[1]][member] = answer[member].clone();
        }
    });
    let (answer, run) = ask(&Replay::of(&quicker)).await;
    answer.unwrap();

    let said = said(|| _ = run.assert_same_shape(Shape::of(&case).calls_only()));
    let expected = r#"
the run does not have the shape of the recorded one:
- after tool call 1 (search_docs) the recorded run made model call 2 and called tool fetch_chunk {"id":"django-database-settings#1"}; the new run did not and went on to its model call 2

the recorded run:

  AGENT agent.run
  ├─ LLM llm.chat offline-stand-in · 175 + 14 tokens · wants search_docs
  ├─ TOOL search_docs {"query":"CONN_MAX_AGE Django","top_k":4}
> ├─ LLM llm.chat offline-stand-in · 763 + 10 tokens · wants fetch_chunk
> ├─ TOOL fetch_chunk {"id":"django-database-settings#1"}
  └─ LLM llm.chat offline-stand-in · 972 + 88 tokens · stop

the new run:

  AGENT agent.run
  ├─ LLM llm.chat offline-stand-in · 175 + 14 tokens · wants search_docs
  ├─ TOOL search_docs {"query":"CONN_MAX_AGE Django","top_k":4}
  └─ LLM llm.chat offline-stand-in · 972 + 88 tokens · stop
"#;
    assert_eq!(timeless(&said), expected.trim_start());
}

#[tokio::test]
async fn a_tool_that_is_no_longer_asked_is_named() {
    let case = Run::load("tests/case.json").unwrap();
    let replay = Replay::of(&case);
    let model = replay.serve().unwrap();
    // As if somebody had put a cache before it.
    let cached = json!({"id": "django-database-settings#1", "text": "CONN_MAX_AGE keeps a connection open."});
    let mut tools = tools(&replay);
    tools.register(Tool::new(
        "fetch_chunk",
        "Answers by itself.",
        json!({"type": "object"}),
        move |_: Value| std::future::ready(Ok::<_, String>(cached.clone())),
    ));
    let agent = Agent::new(Arc::new(llm(model.url())), tools);
    let (answer, run) = record(agent.run(QUESTION, &[])).await;

    answer.unwrap();
    run.assert_same_shape(Shape::of(&case).calls_only());
    let said = said(|| replay.assert_finished());
    let first = said.split("\n\n").next().unwrap();
    assert_eq!(
        first,
        "the run did not ask for what was recorded:\n\
         - the recorded run called tool fetch_chunk {\"id\":\"django-database-settings#1\"} as its 2nd tool call; this run never did"
    );
    assert!(said.contains("\n> ├─ TOOL fetch_chunk"), "{said}");
}

#[tokio::test]
async fn a_question_that_was_not_recorded_is_refused_in_words() {
    let case = Run::load("tests/case.json").unwrap();
    let replay = Replay::of(&case);
    let model = replay.serve().unwrap();
    let history =
        [json!({"role": "user", "content": "Hello!"}), json!({"role": "assistant", "content": "Hello."})];
    let (answer, run) = record(agent(&replay, model.url()).run(QUESTION, &history)).await;

    let complaint = "the recorded run's model call 1 followed 2 messages; this request has 4, and ends with a user message as well";
    assert_eq!(answer.unwrap_err().to_string(), format!("the model's server answered 400: {complaint}"));
    assert_eq!(replay.complaints(), [complaint]);
    let said = said(|| _ = run.assert_no_errors());
    assert!(
        said.starts_with("expected no errors; 2 spans failed: agent.run (the model's server answered 400"),
        "{said}"
    );
}
