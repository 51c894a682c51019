//! Cases that can be read, and those that cannot.

use bennu_sdk::{Message, testing::Run};
use serde_json::{Value, json};

use super::{case, herons, span};

#[test]
fn a_case_says_what_a_recording_says() {
    let run = case(&herons());
    let call = run.model_calls()[1];
    assert_eq!(call.input_messages[0], Message::user("What do herons eat?"));
    assert_eq!(call.input_messages[2], Message::tool("c1", r#"["d7"]"#));
    assert_eq!(call.output_messages[0].tool_calls[0].name, "fetch_doc");
    assert_eq!((call.start.as_millis(), call.duration.unwrap().as_millis()), (460, 440));
    assert_eq!(run.tool_calls()[0].result(), &json!(["d7"]));
    assert_eq!(run.tool_calls()[2].error.as_deref(), Some("no such document"));
    assert_eq!(run.retrieved()[0].text, "Fish.");
    assert_eq!((run.usage().input, run.usage().output), (Some(790), Some(50)));
    let running =
        case(&[span("a", "", "TOOL slow", [5, 5], json!({"running": true, "usage": {"total": 9}}))]);
    assert_eq!((running.spans()[0].duration, running.spans()[0].tokens()), (None, Some(9)));
}

/// Bennu keeps what is no object or list as text; what stands beside it says what it was.
#[test]
fn what_tools_were_given_and_returned_is_what_it_was() {
    let read = |mut said: Value, arguments: Value, result: Value| {
        said["tool"] = json!({"name": "t", "arguments": arguments, "result": result});
        let run = case(&[span("a", "", "TOOL t", [0, 1], said)]);
        (run.spans()[0].arguments().clone(), run.spans()[0].tool.as_ref().unwrap().result.clone())
    };
    let content = |text: &str, mime: &str| json!({"value": text, "mime_type": mime});
    let json = |text| content(text, "application/json");
    let plain = |text| content(text, "text/plain");
    let said = json!({"input": json("42"), "output": json("null")});
    assert_eq!(read(said, json!("42"), json!("null")), (json!(42), None));
    let said = json!({"input": plain("42"), "output": plain("true")});
    assert_eq!(read(said, json!("42"), json!("true")), (json!("42"), Some(json!("true"))));
    let said =
        json!({"attributes": {"gen_ai.tool.call.arguments": "42", "gen_ai.tool.call.result": "\"7\""}});
    assert_eq!(read(said, json!("42"), json!("7")), (json!(42), Some(json!("7"))));
    let texts = read(json!({}), json!("{\"a\":1}"), json!("[1]"));
    assert_eq!(texts, (json!({"a": 1}), Some(json!([1]))));
}

#[test]
fn an_exception_says_what_failed_where_the_status_does_not() {
    let event = json!({"name": "exception", "attributes": {"exception.message": "no clock"}});
    let run = case(&[span(
        "a",
        "",
        "TOOL t",
        [0, 1],
        json!({"status": "ERROR", "status_message": "", "events": [event]}),
    )]);
    assert_eq!(run.spans()[0].error.as_deref(), Some("no clock"));
}

#[test]
fn what_is_no_case_is_refused_with_its_place_and_what_to_do() {
    const ADVICE: &str = "A case is what `bennu export TRACE` prints, the JSON of GET /v1/traces/TRACE.";
    let spans = |spans: Value| json!({"trace_id": "t", "spans": spans}).to_string();
    let with = |name: &str, value: Value| {
        let mut second = span("b", "", "TOOL now", [0, 1], json!({}));
        second[name] = value;
        spans(json!([span("a", "", "TOOL now", [0, 1], json!({})), second]))
    };
    for (text, expected) in [
        ("{".to_owned(), "this is no JSON: EOF while parsing an object at line 1 column 1"),
        ("[]".to_owned(), "there is no \"spans\" in it"),
        (
            r#"{"resourceSpans": []}"#.to_owned(),
            "this is a trace as OTLP, which says nothing of what its spans mean",
        ),
        (
            r#"{"detail": "the trace t was not found"}"#.to_owned(),
            "this is the server's answer \"the trace t was not found\"",
        ),
        (spans(json!([])), "\"spans\" is empty, so there is nothing to compare with"),
        (spans(json!({"a": 1})), "spans: expected a list, found {\"a\":1}"),
        (spans(json!([7])), "spans[0].start_ns is missing"),
        (with("start_ns", json!(7)), "spans[1].start_ns: expected a text, found 7"),
        (with("end_ns", json!("soon")), "spans[1].end_ns: expected nanoseconds since 1970, found \"soon\""),
        (with("name", Value::Null), "spans[1].name is missing"),
        (with("usage", json!({"input": -1})), "spans[1].usage.input: expected a number of tokens, found -1"),
        (with("tool", json!("now")), "spans[1].tool: expected an object, found \"now\""),
        (with("tool", json!({"name": [1]})), "spans[1].tool.name: expected a text, found [1]"),
        (with("documents", json!("d1")), "spans[1].documents: expected a list, found \"d1\""),
    ] {
        let error = Run::from_json(&text).unwrap_err();
        assert_eq!(error.to_string(), format!("{expected}. {ADVICE}"), "{text}");
        assert_eq!(format!("{error:?}"), error.to_string(), "what an unwrap shows");
    }
}

#[test]
fn the_file_is_named() {
    let error = Run::load("tests/nowhere.json").unwrap_err().to_string();
    assert!(error.starts_with("tests/nowhere.json: No such file or directory"), "{error}");
    let error = Run::load("Cargo.toml").unwrap_err().to_string();
    assert!(error.starts_with("Cargo.toml: this is no JSON: "), "{error}");
}

/// A file that was cut off, or that somebody has edited.
#[test]
fn whatever_a_file_says_it_is_read_or_refused() {
    let whole = json!({"trace_id": "1", "name": "n", "spans": [
        {"span_id": "a", "parent_id": null, "name": "tool.t", "kind": "TOOL", "start_ns": "1", "end_ns": "2", "status": "OK",
         "tool": {"name": "t", "arguments": {"a": 1}}, "output": {"text": "x"}},
        {"span_id": "b", "parent_id": "a", "name": "llm.chat", "kind": "LLM", "start_ns": "1", "end_ns": "2",
         "output_messages": [{"role": "assistant", "parts": [{"type": "text", "text": "x"}]}], "usage": {"input": 1}},
    ]});
    let text = whole.to_string();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(Run::from_json(&text[..end]).is_err());
    }
    // Every value in turn is something else.
    for odd in [json!(null), json!(-1), json!("odd"), json!([[]]), json!({"odd": {}})] {
        for pointer in pointers(&whole, "") {
            let mut edited = whole.clone();
            *edited.pointer_mut(&pointer).unwrap() = odd.clone();
            if let Ok(run) = Run::from_json(&edited.to_string()) {
                let _ = (
                    run.tree(),
                    run.usage(),
                    run.answer(),
                    bennu_sdk::testing::Shape::of(&run).differences(&run),
                );
            }
        }
    }
}

fn pointers(json: &Value, at: &str) -> Vec<String> {
    let below = |name: String, value: &Value| {
        let at = format!("{at}/{name}");
        let mut all = pointers(value, &at);
        all.push(at);
        all
    };
    match json {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| below(name.clone(), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(n, value)| below(n.to_string(), value)).collect()
        }
        _ => Vec::new(),
    }
}
