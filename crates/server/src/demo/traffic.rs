//! Many requests of several people over a week, so that every page has something to show.
//!
//! Real runs of the stack's agent with the offline stand-in: some questions it finds nothing for, some are slow, some fail. Their
//! times alone are made up (`past`).

use std::{
    io::{IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bennu_sdk::{using_prompt_template, using_session};
use bennu_stack::{Stack, offline, settings::Settings};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// How far back it goes.
pub(super) const SPAN: Duration = Duration::from_secs(7 * 86_400);
/// Conversations at a time.
const AT_ONCE: usize = 8;

const PEOPLE: [&str; 6] = ["ada", "barbara", "edsger", "grace", "ken", "margaret"];
const QUESTIONS: [&str; 12] = [
    "Compare Postgres and SQLite for a small Django app's database.",
    "How do I back up a SQLite database while it is written to?",
    "When does a connection pool help, and how large should it be?",
    "Postgres or SQLite for full-text search?",
    "How are migrations run without downtime?",
    "What should be cached in a small web app?",
    "How do several writers share one SQLite file?",
    "What has to be recorded of an AI service to find out what went wrong?",
    "Which settings does Django need for Postgres?",
    "How is a web app deployed on one machine?",
    // The documents hold nothing of these.
    "Which wine goes with grilled trout?",
    "How tall is the tallest lighthouse in Portugal?",
];
const SLOW: &str = "How do I choose a database, slow please?";
const FAILS: &str = "What does the documentation say, fail please?";
/// What answers are asked for with, before and after somebody changed it.
const PROMPTS: [(&str, &str); 2] = [("v1", "{question}"), ("v2", "{question} Name the trade-off.")];

/// One person's questions in a row.
struct Conversation {
    person: &'static str,
    session: String,
    model: usize,
    prompt: usize,
    questions: Vec<&'static str>,
}

/// Conversations of so many questions together, always the same.
fn plan(requests: usize) -> Vec<Conversation> {
    let mut conversations = Vec::new();
    let mut left = requests;
    let mut number = 0_usize;
    while left > 0 {
        let turns = (1 + number * 7 % 4).min(left);
        let question = |turn: usize| match number * 5 + turn * 3 {
            n if n % 19 == 7 => FAILS,
            n if n % 23 == 11 => SLOW,
            n => QUESTIONS[n % QUESTIONS.len()],
        };
        conversations.push(Conversation {
            person: PEOPLE[number * 5 % PEOPLE.len()],
            session: format!("demo-{number}"),
            model: usize::from(number % 3 == 2),
            prompt: usize::from(number % 2 == 1),
            questions: (0..turns).map(question).collect(),
        });
        left -= turns;
        number += 1;
    }
    conversations
}

/// Makes the traffic; spans go where tracing sends them.
pub(super) async fn make(requests: usize) -> anyhow::Result<()> {
    let offline_only = Settings::from_variables(|_| None);
    let other = Settings { model: format!("{}-large", offline::MODEL), ..offline_only.clone() };
    let stacks = Arc::new([Stack::start(offline_only).await?, Stack::start(other).await?]);
    let done = AtomicUsize::new(0);
    bar(0, requests);
    stream::iter(plan(requests))
        .for_each_concurrent(AT_ONCE, |conversation| {
            let (stacks, done) = (stacks.clone(), &done);
            async move {
                let mut history: Vec<Value> = Vec::new();
                for question in &conversation.questions {
                    ask(&stacks[conversation.model], &conversation, question, &mut history).await;
                    bar(done.fetch_add(1, Relaxed) + 1, requests);
                }
            }
        })
        .await;
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
    Ok(())
}

async fn ask(stack: &Stack, conversation: &Conversation, question: &str, history: &mut Vec<Value>) {
    let (version, template) = PROMPTS[conversation.prompt];
    let asked = template.replace("{question}", question);
    let run = using_prompt_template(template, &json!({"question": question}), version)
        .run(stack.agent.run(&asked, history));
    let run = using_session(&conversation.session).user(conversation.person).tags(["demo"]).run(run);
    // What fails is for the pages to show.
    if let Ok(answer) = run.await {
        history.push(json!({"role": "user", "content": asked}));
        history.push(json!({"role": "assistant", "content": answer.text}));
    }
}

/// A line that is written over; for people only.
fn bar(done: usize, all: usize) {
    const WIDTH: usize = 40;
    let mut out = std::io::stderr().lock();
    if out.is_terminal() {
        let full = WIDTH * done / all.max(1);
        let _ = write!(out, "\r  [{}{}] {done}/{all} requests", "#".repeat(full), " ".repeat(WIDTH - full));
        let _ = out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_as_many_questions_as_were_asked_for_and_something_of_everything() {
        for requests in [0, 1, 2, 17, 200] {
            let asked: usize = plan(requests).iter().map(|conversation| conversation.questions.len()).sum();
            assert_eq!(asked, requests);
        }
        let plan = plan(100);
        let all: Vec<&str> = plan.iter().flat_map(|conversation| conversation.questions.clone()).collect();
        for question in QUESTIONS.iter().chain([&SLOW, &FAILS]) {
            assert!(all.contains(question), "{question}");
        }
        for person in PEOPLE {
            assert!(plan.iter().any(|conversation| conversation.person == person), "{person}");
        }
        assert!(plan.iter().any(|conversation| conversation.model == 1 && conversation.prompt == 1));
    }
}
