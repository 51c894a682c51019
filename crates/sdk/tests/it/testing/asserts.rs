//! What asserts say when they fail. The trees are read here as a user reads them.

use bennu_sdk::testing::Run;
use serde_json::json;

use super::{case, herons, said, span};

const TREE: &str = r#"
  AGENT agent.run · 2.30 s
  ├─ LLM llm.chat gpt-4o · 400 ms · 120 + 30 tokens · wants search_docs, search_docs
  ├─ TOOL search_docs {"query":"heron food"} · 60 ms
  │  └─ RETRIEVER retrieval · 54 ms · 1 document: d7
  ├─ TOOL search_docs {"query":"heron hunting"} · 49 ms
  │  └─ RETRIEVER retrieval · 47 ms · 2 documents: d7, d9
  ├─ LLM llm.chat gpt-4o · 440 ms · 310 + 12 tokens · wants fetch_doc
  ├─ TOOL fetch_doc {"id":"d9"} · 2.0 ms · ERROR no such document
  └─ LLM llm.chat gpt-4o · 1.39 s · 360 + 8 tokens · stop
"#;

#[test]
fn what_holds_goes_on_to_the_next() {
    let run = case(&herons());
    run.assert_tool_called("search_docs", 2)
        .assert_tool_called_with("search_docs", &json!({"query": "heron hunting"}))
        .assert_tool_not_called("delete_doc")
        .assert_tools_called_in_order(&["search_docs", "fetch_doc"])
        .assert_model_calls(3)
        .assert_model_calls_at_most(3)
        .assert_tokens_at_most(840)
        .assert_retrieved("d9")
        .assert_not_retrieved("d8")
        .assert_answer_contains("Fish")
        .assert_span_count("retrieval", 2)
        .assert_all_ended()
        .assert_that(run.tree() == TREE[1..], "the tree to be what is read here");
}

#[test]
fn a_failure_says_what_was_expected_what_was_there_and_shows_where() {
    let said = said(|| _ = case(&herons()).assert_tool_called("search_docs", 1));
    let expected = r#"expected tool search_docs to be called once; it was called twice

  AGENT agent.run · 2.30 s
  ├─ LLM llm.chat gpt-4o · 400 ms · 120 + 30 tokens · wants search_docs, search_docs
> ├─ TOOL search_docs {"query":"heron food"} · 60 ms
  │  └─ RETRIEVER retrieval · 54 ms · 1 document: d7
> ├─ TOOL search_docs {"query":"heron hunting"} · 49 ms
  │  └─ RETRIEVER retrieval · 47 ms · 2 documents: d7, d9
  ├─ LLM llm.chat gpt-4o · 440 ms · 310 + 12 tokens · wants fetch_doc
  ├─ TOOL fetch_doc {"id":"d9"} · 2.0 ms · ERROR no such document
  └─ LLM llm.chat gpt-4o · 1.39 s · 360 + 8 tokens · stop
"#;
    assert_eq!(said, expected);
}

#[test]
fn every_assert_has_its_words() {
    let run = case(&herons());
    let silent = case(&[span("a", "", "LLM llm.chat", [0, 1], json!({}))]);
    let bare = case(&[span("a", "gone", "UNKNOWN work", [0, 1], json!({}))]);
    let check = |fails: &dyn Fn(), expected: &str| {
        let said = said(fails);
        assert_eq!(said.split("\n\n").next().unwrap(), expected, "{said}");
        assert!(said.contains("\n\n  ") || said.contains("\n\n> "), "{said}");
    };
    check(
        &|| _ = run.assert_tool_called("now", 1),
        "expected tool now to be called once; it was never called (called were search_docs, fetch_doc)",
    );
    check(
        &|| _ = bare.assert_tool_called("now", 3),
        "expected tool now to be called 3 times; it was never called (no tool was)",
    );
    check(
        &|| _ = run.assert_tool_called_with("fetch_doc", &json!({"id": "d7"})),
        r#"expected tool fetch_doc to be called with {"id":"d7"}; it was called once, never so"#,
    );
    check(
        &|| _ = run.assert_tool_not_called("fetch_doc"),
        "expected tool fetch_doc not to be called; it was called once",
    );
    check(
        &|| _ = run.assert_tools_called_in_order(&["fetch_doc", "search_docs"]),
        "expected tools to be called in the order fetch_doc, search_docs; the calls were search_docs, search_docs, fetch_doc",
    );
    check(&|| _ = run.assert_model_calls_at_most(1), "expected at most 1 model call; there are 3");
    check(&|| _ = bare.assert_model_calls(2), "expected 2 model calls; there is none");
    check(&|| _ = run.assert_tokens_at_most(839), "expected at most 839 tokens; there are 840");
    check(
        &|| _ = silent.assert_tokens_at_most(839),
        "expected at most 839 tokens, and 1 of 1 model call does not say how many it took. A streamed answer says it when the \
         request has stream_options.include_usage; record_usage records it",
    );
    check(&|| _ = run.assert_no_errors(), "expected no errors; 1 span failed: fetch_doc (no such document)");
    check(&|| _ = run.assert_retrieved("d8"), "expected document d8 to be retrieved; retrieved were d7, d9");
    check(
        &|| _ = bare.assert_retrieved("d8"),
        "expected document d8 to be retrieved; nothing with an id was",
    );
    check(&|| _ = run.assert_not_retrieved("d7"), "expected document d7 not to be retrieved; it was, twice");
    check(
        &|| _ = run.assert_answer_contains("Frogs"),
        r#"expected the answer to contain "Frogs"; it is "Fish, mostly.""#,
    );
    check(
        &|| _ = bare.assert_answer_contains("Frogs"),
        r#"expected the answer to contain "Frogs"; there is no answer"#,
    );
    check(&|| _ = run.assert_span_count("rerank", 1), r#"expected 1 span named "rerank"; there is none"#);
    check(&|| _ = run.assert_that(false, "two herons"), "expected two herons");
    assert_eq!(bare.tree(), "  SPAN work · 1.0 ms · below gone, which is not in this run\n");
}

#[test]
fn a_failure_is_where_the_assert_stands() {
    let hook = std::panic::take_hook();
    let place = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let seen = place.clone();
    // The hook is the process's: other tests panic through it, too.
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str().is_some_and(|text| text.starts_with("expected this very thing")) {
            *seen.lock().unwrap() =
                info.location().map(|location| location.file().to_owned()).unwrap_or_default();
        } else {
            hook(info);
        }
    }));
    let run: Run = case(&herons());
    said(|| _ = run.assert_that(false, "this very thing"));
    assert!(place.lock().unwrap().ends_with("asserts.rs"), "{place:?}");
    assert!(place.lock().unwrap().contains("tests/it"), "{place:?}");
}
