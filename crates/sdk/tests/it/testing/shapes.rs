//! Runs that have a recorded one's shape, and what is said of those that do not.

use bennu_sdk::testing::{Run, Shape};
use serde_json::{Value, json};

use super::{call, case, herons, said, span, tool};

fn edited(edit: impl FnOnce(&mut Vec<Value>)) -> Run {
    let mut spans = herons();
    edit(&mut spans);
    case(&spans)
}

fn differences(edit: impl FnOnce(&mut Vec<Value>)) -> Vec<String> {
    Shape::of(&case(&herons())).differences(&edited(edit))
}

#[test]
fn ids_times_texts_values_and_tokens_are_no_part_of_it() {
    let recorded = case(&herons());
    let other = edited(|spans| {
        for (n, span) in spans.iter_mut().enumerate() {
            for id in ["span_id", "parent_id"] {
                span[id] = span[id].as_str().map(|id| format!("other {id}")).into();
            }
            for time in ["start_ns", "end_ns"] {
                span[time] = json!(span[time].as_str().unwrap().replace("17000000", "18000000"));
            }
            span["usage"] = json!({"input": n});
            span["input_messages"] = json!([]);
        }
        spans[2]["tool"]["arguments"]["query"] = json!("something else");
        spans[0]["output"]["value"] = json!("Frogs.");
    });
    other.assert_same_shape(&recorded);
}

#[test]
fn what_ran_at_the_same_time_has_no_order() {
    let recorded = case(&herons());
    // The other search begins first now, and the two no longer overlap.
    let swapped = edited(|spans| {
        for (at, [start, end]) in [(4, [400, 410]), (5, [401, 409]), (2, [410, 420]), (3, [411, 419])] {
            let moved = span("x", "", "A a", [start, end], json!({}));
            spans[at]["start_ns"] = moved["start_ns"].clone();
            spans[at]["end_ns"] = moved["end_ns"].clone();
        }
    });
    swapped.assert_same_shape(&recorded);
    recorded.assert_same_shape(&swapped);
    // What ran one after the other does.
    let one_by_one = |names: [&str; 2]| {
        let spans = names.iter().enumerate().map(|(n, name)| {
            let at = 10 * n as u64;
            span(name, "", &format!("TOOL {name}"), [at, at + 5], tool(name, json!({}), json!(1)))
        });
        case(&spans.collect::<Vec<_>>())
    };
    let said = Shape::of(&one_by_one(["a", "b"])).differences(&one_by_one(["b", "a"]));
    assert_eq!(
        said,
        [
            "at the beginning the recorded run called tool a {}; the new run did not and went on to its tool call 1 (b)",
            "after tool call 2 (b) the new run called tool a {}; the recorded run did not",
        ]
    );
}

/// An agent that makes numbered calls at the same time; one may be called with something else.
fn fan_out(names: impl Fn(u64) -> String, order: impl Iterator<Item = u64>, odd: u64) -> Run {
    let mut spans = vec![span("a", "", "AGENT agent.run", [0, 9_000], json!({}))];
    spans.extend(order.enumerate().map(|(at, n)| {
        let name = names(n);
        let argument = if n == odd { "odd" } else { "n" };
        let did = tool(&name, json!({argument: n}), json!(n));
        span(&n.to_string(), "a", &format!("TOOL tool.{name}"), [at as u64, 5_000], did)
    }));
    // What came after them keeps its place.
    spans.push(span("z", "a", "LLM llm.chat", [6_000, 7_000], json!({})));
    case(&spans)
}

#[test]
fn a_thousand_calls_at_the_same_time_are_soon_compared() {
    const NONE: u64 = u64::MAX;
    for names in [|_| "fetch".to_owned(), |n: u64| format!("fetch_{}", n % 7), |n| format!("fetch_{n}")] {
        let recorded = fan_out(names, 0..1_000, NONE);
        let swapped = fan_out(names, (0..1_000).rev(), NONE);
        swapped.assert_same_shape(&recorded);
        let fewer = fan_out(names, (0..1_000).filter(|n| *n != 500).rev(), NONE);
        assert_eq!(Shape::of(&recorded).differences(&fewer).len(), 1);
        let changed = fan_out(names, 0..1_000, 500);
        assert_eq!(Shape::of(&recorded).differences(&changed).len(), 1);
    }
}

#[test]
fn why_a_model_stopped_is_compared_in_one_vocabulary() {
    let stopped =
        |reason: &str| case(&[span("a", "", "LLM llm.chat", [0, 1], json!({"finish_reasons": [reason]}))]);
    stopped("stop").assert_same_shape(&stopped("end_turn"));
    assert_eq!(
        Shape::of(&stopped("completed")).differences(&stopped("max_tokens")),
        ["model call 1 ended with stop in the recorded run; it ended with length in the new one"]
    );
}

#[test]
fn calls_alone_leave_out_what_is_below_a_tool_and_between() {
    let recorded = case(&herons());
    let bare = edited(|spans| spans.retain(|span| span["kind"] != "RETRIEVER"));
    bare.assert_same_shape(Shape::of(&recorded).calls_only());
    assert_eq!(Shape::of(&recorded).differences(&bare).len(), 2);
    // A step of the application's own between the agent and its calls is no call.
    let wrapped = edited(|spans| {
        spans.insert(1, span("w", "a", "CHAIN turn", [0, 2_300], json!({})));
        spans
            .iter_mut()
            .skip(2)
            .filter(|span| span["parent_id"] == "a")
            .for_each(|span| span["parent_id"] = json!("w"));
    });
    wrapped.assert_same_shape(Shape::of(&recorded).calls_only());
    assert_eq!(
        Shape::of(&recorded).differences(&wrapped),
        ["at the beginning of AGENT agent.run the new run had the span CHAIN turn; the recorded run did not"]
    );
    let moved = edited(|spans| spans[7]["parent_id"] = json!("g"));
    assert_eq!(
        Shape::of(&recorded).differences(&moved),
        [
            "tool call 3 (fetch_doc) is below AGENT agent.run in the recorded run; it is below model call 2 in the new one"
        ]
    );
}

#[test]
fn differences_are_said_in_words() {
    let check = |edit: fn(&mut Vec<Value>), expected: &[&str]| assert_eq!(differences(edit), expected);
    check(
        |spans| _ = spans.remove(7),
        &[
            r#"after model call 2 the recorded run called tool fetch_doc {"id":"d9"}; the new run did not and went on to its model call 3"#,
        ],
    );
    check(
        |spans| spans.truncate(7),
        &[
            r#"after model call 2 the recorded run called tool fetch_doc {"id":"d9"} and made model call 3; the new run did not and ended"#,
        ],
    );
    check(
        |spans| {
            spans.insert(7, span("x", "a", "TOOL tool.now", [899, 900], tool("now", json!({}), json!(1))))
        },
        &["after model call 2 the new run called tool now {}; the recorded run did not"],
    );
    check(
        |spans| spans[7] = span("x", "a", "TOOL tool.now", [900, 902], tool("now", json!({}), json!(1))),
        &[
            r#"after model call 2 the recorded run called tool fetch_doc {"id":"d9"}; the new run called tool now {} instead"#,
        ],
    );
    check(
        |spans| spans[7]["tool"]["arguments"] = json!({"id": "d9", "whole": true}),
        &["tool call 3 (fetch_doc) was given id in the recorded run; it is given id, whole in the new one"],
    );
    check(
        |spans| spans[7]["status"] = json!("OK"),
        &["tool call 3 (fetch_doc) failed in the recorded run: no such document; it did not in the new one"],
    );
    check(
        |spans| {
            spans[6]["status"] = json!("ERROR");
            spans[6]["finish_reasons"] = json!(["length"]);
        },
        &[
            "model call 2 ended with tool_calls in the recorded run; it ended with length in the new one",
            "model call 2 failed in the new run: failed",
        ],
    );
    check(
        |spans| spans[5]["documents"] = json!([{"id": "d7"}, {"id": "d1"}]),
        &["RETRIEVER retrieval found d9 in the recorded run; the new run found d1 instead"],
    );
}

#[test]
fn the_whole_message_shows_both_runs() {
    let recorded = case(&[
        span("a", "", "AGENT agent.run", [0, 900], json!({})),
        span(
            "b",
            "a",
            "LLM llm.chat",
            [0, 400],
            call(&[("c1", "search_docs", json!({"query": "herons"}))], "", [20, 5]),
        ),
        span(
            "c",
            "a",
            "TOOL tool.search_docs",
            [400, 410],
            tool("search_docs", json!({"query": "herons"}), json!(["d7"])),
        ),
        span("d", "a", "LLM llm.chat", [410, 900], call(&[], "Fish.", [40, 3])),
    ]);
    let new = case(&[
        span("a", "", "AGENT agent.run", [0, 700], json!({})),
        span(
            "b",
            "a",
            "LLM llm.chat",
            [0, 300],
            call(&[("c1", "search_docs", json!({"query": "herons"}))], "", [20, 5]),
        ),
        span("d", "a", "LLM llm.chat", [310, 700], call(&[], "I do not know.", [20, 6])),
    ]);
    let expected = r#"the run does not have the shape of the recorded one:
- after model call 1 the recorded run called tool search_docs {"query":"herons"}; the new run did not and went on to its model call 2

the recorded run:

  AGENT agent.run · 900 ms
  ├─ LLM llm.chat gpt-4o · 400 ms · 20 + 5 tokens · wants search_docs
> ├─ TOOL search_docs {"query":"herons"} · 10 ms
  └─ LLM llm.chat gpt-4o · 490 ms · 40 + 3 tokens · stop

the new run:

  AGENT agent.run · 700 ms
  ├─ LLM llm.chat gpt-4o · 300 ms · 20 + 5 tokens · wants search_docs
  └─ LLM llm.chat gpt-4o · 390 ms · 20 + 6 tokens · stop
"#;
    assert_eq!(said(|| _ = new.assert_same_shape(&recorded)), expected);
}
