//! Tests that ask what an application did, by its trace (feature `testing`).
//!
//! [`record`] keeps the spans of some work in memory; a [`Run`] answers and asserts. Nothing has to be started and nothing listens:
//! where the application starts tracing itself, its spans go where it sends them and are kept here besides. Tests may record in many
//! threads at once; each sees its own work, also what a server in the same process did for it.
//!
//! ```
//! use bennu_sdk::{Message, agent_span, llm_span, testing::record, tool_span};
//! use serde_json::json;
//!
//! # async fn agent(question: &str) -> String {
//! #     let agent = agent_span(question);
//! #     agent.run(async {
//! #         let call = llm_span("gpt-4o", &[Message::user(question)]);
//! #         call.record_output(&json!({"choices": [{"message": {"role": "assistant", "content": "Paris."}}],
//! #             "usage": {"prompt_tokens": 20, "completion_tokens": 2}}));
//! #         tool_span("search_docs", &json!({"query": "capital of France"})).record_output("Paris");
//! #     }).await;
//! #     agent.record_output("It is Paris.");
//! #     "It is Paris.".to_owned()
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (answer, run) = record(agent("What is the capital of France?")).await;
//!
//! assert!(answer.contains("Paris"));
//! run.assert_tool_called("search_docs", 1)
//!     .assert_tool_not_called("delete_docs")
//!     .assert_model_calls_at_most(2)
//!     .assert_tokens_at_most(3_000)
//!     .assert_no_errors();
//!
//! // What has no assert of its own.
//! let query = run.tool_calls()[0].arguments()["query"].as_str();
//! run.assert_that(query.is_some_and(|query| query.contains("France")), "the search to name the country");
//! # }
//! ```
//!
//! An assert that fails says what was expected and what was there, and shows the run:
//!
//! ```text
//! expected tool search_docs to be called twice; it was called once
//!
//!   AGENT agent.run · 310 µs
//!   ├─ LLM llm.chat gpt-4o · 84 µs · 20 + 2 tokens
//! > └─ TOOL search_docs {"query":"capital of France"} · 20 µs
//! ```
//!
//! **Cases.** A trace that Bennu has kept becomes a test: `bennu export TRACE > tests/case.json` (the JSON of `GET /v1/traces/TRACE`),
//! [`Run::load`] reads it, and [`Run::assert_same_shape`] compares what the application does now with what it did then.
//!
//! **Replay.** [`Replay`] answers from a case: the model's calls as a server of OpenAI's chat completions ([`Replay::serve`]), and
//! tools ([`Replay::tool`]). The test of an application that asks its model so then needs no model, no key and no
//! network, and says in words where the application no longer does what it did. Calls of OpenAI's Responses or
//! Anthropic's Messages are compared and not answered.
//!
//! ```no_run
//! use bennu_sdk::testing::{Replay, Run, Shape, record};
//! # struct Agent; impl Agent { async fn run(&self, _: &str) -> Result<(), String> { Ok(()) } }
//! # fn agent(_model: &str, _tools: Replay) -> Agent { Agent }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let case = Run::load("tests/case.json")?;
//! let replay = Replay::of(&case);
//! let model = replay.serve()?;
//! // The application's agent, whose tools ask `replay.tool(name, &arguments)`.
//! let agent = agent(&model.url(), replay.clone());
//!
//! let (answer, run) = record(agent.run("What is the capital of France?")).await;
//!
//! // First: it says why, where the application only knows that its model refused.
//! replay.assert_finished();
//! run.assert_same_shape(Shape::of(&case).calls_only());
//! answer?;
//! # Ok(())
//! # }
//! ```
//!
//! In this folder:
//!
//! - `recorder`, `recording`: which spans are whose, and the door to it.
//! - `span`, `read`, `attributes`, `messages`, `values`: what a span that was recorded here says.
//! - `case`: the same from a file.
//! - `run`, `asserts`, `tree`, `words`: what can be asked, and how it is answered.
//! - `shape`, `steps`, `together`, `ranks`, `reasons`, `compare`, `align`: what two runs have in common.
//! - `replay`, `chat`, `server`: answers from a case.

mod recorder;
mod recording;
mod span;
mod messages;
mod values;
mod attributes;
mod read;
mod case;
mod run;
mod words;
mod tree;
mod asserts;
mod shape;
mod reasons;
mod together;
mod ranks;
mod steps;
mod compare;
mod align;
mod replay;
mod chat;
mod server;

pub(crate) use recorder::{Recorder, is_recorded};

pub use case::CaseError;
pub use recording::{record, record_sync};
pub use replay::Replay;
pub use run::Run;
pub use server::ReplayServer;
pub use shape::Shape;
pub use span::{Span, ToolRun};
