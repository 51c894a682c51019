//! What the stand-in answers: rules, no language model.
//!
//! - `results`: what the tools said so far.
//! - `query`: from a question to searches.
//! - `quote`: from documents to the last answer.

mod results;
mod query;
mod quote;

use serde_json::{Value, json};

use query::{asks_time, queries};
use quote::conclude;
use results::{best, has_called, results};

/// Ends every answer.
pub(super) const LABEL: &str = "(offline stand-in, no language model)";

/// What the assistant says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    /// It wants tools called.
    Calls(Vec<Call>),
    /// It answers.
    Text(String),
}

/// A tool to call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// The tool's name.
    pub(super) name: &'static str,
    /// What it is called with.
    pub(super) arguments: Value,
}

/// The reply to a request: searches, then reads the best result whole, then quotes.
pub(super) fn reply(request: &Value) -> Reply {
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let question = question(messages);
    let since = &messages[last(messages, "user").map_or(messages.len(), |at| at + 1)..];
    let results = results(since);
    let offers = |name: &str| {
        let mut tools = request["tools"].as_array().into_iter().flatten();
        request["tool_choice"] != "none" && tools.any(|tool| tool["function"]["name"] == name)
    };

    if results.is_empty() && !question.trim().is_empty() {
        if asks_time(&question) && offers("now") {
            return Reply::Calls(vec![Call { name: "now", arguments: json!({}) }]);
        }
        if offers("search_docs") {
            let call =
                |query: String| Call { name: "search_docs", arguments: json!({"query": query, "top_k": 4}) };
            return Reply::Calls(queries(&question).into_iter().map(call).collect());
        }
    }
    if offers("fetch_chunk")
        && !has_called(since, "fetch_chunk")
        && let Some(id) = best(&results)
    {
        return Reply::Calls(vec![Call { name: "fetch_chunk", arguments: json!({"id": id}) }]);
    }
    Reply::Text(conclude(&question, &results))
}

/// What the user said last.
pub(super) fn question(messages: &[Value]) -> String {
    last(messages, "user").map(|at| text(&messages[at])).unwrap_or_default()
}

/// A message's text, be it a string or parts.
pub(super) fn text(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn last(messages: &[Value], role: &str) -> Option<usize> {
    messages.iter().rposition(|message| message["role"] == role)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> Value {
        let names = ["search_docs", "fetch_chunk", "now"];
        names.map(|name| json!({"type": "function", "function": {"name": name}})).to_vec().into()
    }

    fn ask(question: &str) -> Value {
        let messages = json!([{"role": "system", "content": "Cite."}, {"role": "user", "content": question}]);
        json!({"model": "m", "messages": messages, "tools": tools()})
    }

    fn add(request: &mut Value, calls: &[(&str, Value, Value)]) {
        let Some(messages) = request["messages"].as_array_mut() else { panic!("no messages") };
        let id = |at: usize| format!("call_{}_{at}", calls[at].0);
        let asked: Vec<Value> = (calls.iter().enumerate())
            .map(|(at, (name, arguments, _))| {
                let function = json!({"name": name, "arguments": arguments.to_string()});
                json!({"id": id(at), "type": "function", "function": function})
            })
            .collect();
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": asked}));
        for (at, (_, _, result)) in calls.iter().enumerate() {
            messages.push(json!({"role": "tool", "tool_call_id": id(at), "content": result.to_string()}));
        }
    }

    fn called(request: &Value) -> Vec<(&'static str, Value)> {
        match reply(request) {
            Reply::Calls(calls) => calls.into_iter().map(|call| (call.name, call.arguments)).collect(),
            Reply::Text(text) => panic!("no calls: {text}"),
        }
    }

    fn said(request: &Value) -> String {
        match reply(request) {
            Reply::Text(text) => text,
            Reply::Calls(calls) => panic!("no text: {calls:?}"),
        }
    }

    fn found() -> Value {
        let pools = "A pool keeps connections open for reuse. Start small…";
        let size = "# Size\nThe size of a pool follows the cores of the database.";
        json!([
            {"id": "pool-1", "title": "Pools", "score": 0.4, "text": pools},
            {"id": "pool-2", "title": "Size", "score": 0.9, "text": size},
        ])
    }

    #[test]
    fn searches_then_reads_then_quotes() {
        let mut request = ask("How should I size the connection pool, please?");
        assert_eq!(called(&request), [("search_docs", json!({"query": "size connection pool", "top_k": 4}))]);

        add(&mut request, &[("search_docs", json!({"query": "size connection pool"}), found())]);
        assert_eq!(called(&request), [("fetch_chunk", json!({"id": "pool-2"}))]);

        let whole =
            "# Size\nThe size of a pool follows the cores of the database.\nTwice the cores is a fair start.";
        let chunk = json!({"id": "pool-2", "title": "Size", "text": whole});
        add(&mut request, &[("fetch_chunk", json!({"id": "pool-2"}), chunk)]);
        let text = said(&request);
        assert!(
            text.starts_with("On \"How should I size the connection pool, please?\" the documents say:"),
            "{text}"
        );
        assert!(text.contains("A pool keeps connections open for reuse. [pool-1]"), "{text}");
        let quote = "The size of a pool follows the cores of the database. [pool-2]";
        assert_eq!(text.matches(quote).count(), 1, "{text}");
        assert!(text.ends_with(LABEL), "{text}");
        assert_eq!(text, said(&request));
    }

    #[test]
    fn a_new_question_is_searched_anew() {
        let mut request = ask("How large is a pool?");
        add(&mut request, &[("search_docs", json!({}), found())]);
        if let Some(messages) = request["messages"].as_array_mut() {
            messages.push(json!({"role": "assistant", "content": "Large."}));
            messages.push(json!({"role": "user", "content": [{"type": "text", "text": "And backups?"}]}));
        }
        assert_eq!(called(&request), [("search_docs", json!({"query": "backups", "top_k": 4}))]);
    }

    #[test]
    fn a_comparison_is_two_searches() {
        let queries: Vec<Value> =
            called(&ask("Compare Postgres and SQLite for a small Django app's database."))
                .into_iter()
                .map(|(_, arguments)| arguments["query"].clone())
                .collect();
        assert_eq!(queries, ["Postgres small Django app database", "SQLite small Django app database"]);

        let mut request = ask("Compare pools and sizes");
        add(&mut request, &[("search_docs", json!({}), json!([])), ("search_docs", json!({}), found())]);
        assert_eq!(called(&request), [("fetch_chunk", json!({"id": "pool-2"}))]);
    }

    #[test]
    fn the_time_is_asked_for() {
        let mut request = ask("What's the time?");
        assert_eq!(called(&request), [("now", json!({}))]);
        assert_eq!(called(&ask("How long is the timeout of a runtime?"))[0].0, "search_docs");
        add(&mut request, &[("now", json!({}), json!({"now": "2026-01-02T03:04:05Z"}))]);
        assert_eq!(said(&request), format!("The tool now says: 2026-01-02T03:04:05Z. {LABEL}"));
    }

    #[test]
    fn nothing_found_nothing_offered_nothing_working() {
        let mut request = ask("What of pools?");
        add(&mut request, &[("search_docs", json!({}), json!([]))]);
        assert_eq!(said(&request), format!("The documents say nothing on \"What of pools?\". {LABEL}"));

        let mut request = ask("What of pools?");
        add(&mut request, &[("search_docs", json!({}), json!({"error": "no index."}))]);
        assert_eq!(said(&request), format!("The tool search_docs failed: no index. {LABEL}"));

        let mut request = ask("What of pools?");
        request["tool_choice"] = json!("none");
        assert!(said(&request).starts_with("You asked \"What of pools?\""));
    }

    #[test]
    fn odd_conversations_are_answered() {
        for messages in
            [json!([{"role": "system"}]), json!([{"role": "user", "content": 3}]), json!([1, null])]
        {
            assert!(said(&json!({"messages": messages, "tools": tools()})).ends_with(LABEL));
        }
        assert!(said(&json!({"messages": "none", "tools": 3})).ends_with(LABEL));
    }
}
