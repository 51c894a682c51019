//! What the stand-in answers: rules, no language model.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::embed::{is_stop_word, terms};

/// Ends every answer.
pub(super) const LABEL: &str = "(offline stand-in, no language model)";

/// Words of a question, besides stop words, that are of no use to a search.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "advise", "also", "am", "best", "better", "between", "choose", "difference", "differences", "either",
    "explain", "find", "get", "give", "good", "help", "just", "know", "let", "like", "more", "must",
    "need", "pick", "please", "prefer", "recommend", "show", "some", "suggest", "take", "tell", "use",
    "using", "versus", "vs", "want", "whether",
];
/// Words that announce a comparison.
const COMPARING: &[&str] = &["compare", "compared", "comparing", "comparison", "between"];
/// What a question about the time says.
#[rustfmt::skip]
const TIME: &[&str] = &[
    "what time", "what date", "what day", "what is the time", "what is the date", "what s the time",
    "what s the date", "time is it", "date is it", "day is it", "current time", "current date",
    "time now", "date now", "time is now", "date today", "today s date", "date of today",
];
/// Words of a side of a comparison, at most.
const SIDE: usize = 3;
/// Sentences looked at; the work grows with the square.
const CANDIDATES: usize = 300;
/// Words of a cited sentence, at most.
const SENTENCE: usize = 60;

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
            let queries = sides(&question).map_or_else(|| vec![query(&question)], Vec::from);
            let call =
                |query: String| Call { name: "search_docs", arguments: json!({"query": query, "top_k": 4}) };
            return Reply::Calls(queries.into_iter().map(call).collect());
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

fn calls(messages: &[Value]) -> impl Iterator<Item = &Value> {
    messages.iter().filter_map(|message| message["tool_calls"].as_array()).flatten()
}

fn has_called(messages: &[Value], name: &str) -> bool {
    calls(messages).any(|call| call["function"]["name"] == name)
}

/// What a tool answered.
struct ToolResult {
    name: String,
    arguments: Value,
    content: Value,
    /// Whether it is of the last round.
    is_last: bool,
}

fn results(messages: &[Value]) -> Vec<ToolResult> {
    let called: HashMap<&str, &Value> =
        calls(messages).filter_map(|call| Some((call["id"].as_str()?, &call["function"]))).collect();
    let round = last(messages, "assistant").unwrap_or(0);
    let tools = messages.iter().enumerate().filter(|(_, message)| message["role"] == "tool");
    let result = |(at, message): (usize, &Value)| {
        let call = message["tool_call_id"].as_str().and_then(|id| called.get(id));
        let name = call.and_then(|call| call["name"].as_str()).or_else(|| message["name"].as_str());
        let arguments = call.and_then(|call| serde_json::from_str(call["arguments"].as_str()?).ok());
        let said = text(message);
        ToolResult {
            name: name.unwrap_or("of an unknown name").to_owned(),
            arguments: arguments.unwrap_or_default(),
            content: serde_json::from_str(&said).unwrap_or(Value::String(said)),
            is_last: at >= round,
        }
    };
    tools.map(result).collect()
}

/// The id of the best result, if the last round was a search that found something.
fn best(results: &[ToolResult]) -> Option<&Value> {
    let searches = results.iter().filter(|result| result.is_last && result.name == "search_docs");
    let found = searches.filter_map(|result| result.content.as_array()).flatten();
    let mut best: Option<(&Value, f64)> = None;
    for item in found.filter(|item| item["id"].is_string() || item["id"].is_number()) {
        let score = item["score"].as_f64().unwrap_or(0.0);
        // Only better ones, so that the first of equals stays.
        if best.is_none_or(|(_, known)| score > known) {
            best = Some((&item["id"], score));
        }
    }
    best.map(|(id, _)| id)
}

fn asks_time(question: &str) -> bool {
    let lower = question.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let spaced = format!(" {} ", words.join(" "));
    TIME.iter().any(|phrase| spaced.contains(&format!(" {phrase} ")))
}

/// A word of a question.
struct Word<'a> {
    text: &'a str,
    lower: String,
    /// Whether punctuation follows that ends a phrase.
    ends: bool,
}

impl Word<'_> {
    fn compares(&self) -> bool {
        COMPARING.contains(&&*self.lower)
    }

    fn says_something(&self) -> bool {
        !self.compares() && !is_stop_word(&self.lower) && !FILLERS.contains(&&*self.lower)
    }
}

fn words(question: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    for raw in question.split_whitespace() {
        let tail = raw.trim_start_matches(|c: char| !c.is_alphanumeric());
        // C++ and C# keep their signs.
        let text = tail.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '#'));
        if (text.is_empty() || raw.starts_with('('))
            && let Some(word) = words.last_mut()
        {
            word.ends = true;
        }
        if text.is_empty() {
            continue;
        }
        let ends = tail[text.len()..].contains([',', ';', ':', '.', '?', '!', ')']);
        let text = text.strip_suffix("'s").or_else(|| text.strip_suffix("’s")).unwrap_or(text);
        words.push(Word { text, lower: text.to_lowercase(), ends });
    }
    words
}

/// The question without its filler words.
fn query(question: &str) -> String {
    let words: Vec<_> =
        words(question).into_iter().filter(Word::says_something).map(|word| word.text).collect();
    if words.is_empty() { question.trim().to_owned() } else { words.join(" ") }
}

/// A query for each side of a comparison, in the context of the rest of the question.
fn sides(question: &str) -> Option<[String; 2]> {
    let words = words(question);
    let compares = words.iter().any(Word::compares);
    let joins = |word: &Word<'_>| match &*word.lower {
        "or" | "vs" | "versus" => true,
        "and" | "with" | "to" => compares,
        _ => false,
    };
    for at in (0..words.len()).filter(|at| joins(&words[*at])) {
        // "Postgres compared to SQLite": the side is before the word that compares.
        let end = words[..at].iter().rposition(|word| !word.compares()).map_or(0, |at| at + 1);
        let mut left = end..end;
        while left.start > 0 && left.len() < SIDE && words[left.start - 1].says_something() {
            // "a small app, Postgres or SQLite": the comma ends the side.
            if !left.is_empty() && words[left.start - 1].ends {
                break;
            }
            left.start -= 1;
        }
        let start = words[at + 1..].iter().position(|word| !matches!(&*word.lower, "a" | "an" | "the"));
        let start = start.map_or(words.len(), |skipped| at + 1 + skipped);
        let mut right = start..start;
        while right.end < words.len() && right.len() < SIDE && words[right.end].says_something() {
            right.end += 1;
            if words[right.end - 1].ends {
                break;
            }
        }
        if !compares {
            // Nothing says where the sides end: as long as the shorter one.
            let length = left.len().min(right.len());
            (left, right) = (end - length..end, start..start + length);
        }
        if left.is_empty() || right.is_empty() {
            continue;
        }
        let rest = words
            .iter()
            .enumerate()
            .filter(|(at, word)| word.says_something() && !left.contains(at) && !right.contains(at));
        let rest: Vec<&str> = rest.map(|(_, word)| word.text).collect();
        let side = |side: &[Word<'_>]| {
            side.iter().map(|word| word.text).chain(rest.iter().copied()).collect::<Vec<_>>().join(" ")
        };
        return Some([side(&words[left.clone()]), side(&words[right.clone()])]);
    }
    None
}

/// A text from the documents.
struct Passage {
    id: String,
    text: String,
}

/// Every text in what a tool answered, however deep; `id` is that of a text that names none.
fn passages(value: &Value, id: &str, found: &mut Vec<Passage>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| passages(item, id, found)),
        Value::Object(fields) => {
            if let Some(text) = value["text"].as_str() {
                found.push(Passage {
                    id: fields.get("id").map_or(id.to_owned(), plain),
                    text: text.to_owned(),
                });
            }
            fields.values().for_each(|field| passages(field, id, found));
        }
        _ => {}
    }
}

/// A value as one would say it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.len() == 1 => fields.values().map(plain).collect(),
        other => other.to_string(),
    }
}

/// The last answer, from all that the tools said.
fn conclude(question: &str, results: &[ToolResult]) -> String {
    let asked = clip(question);
    let (mut found, mut other) = (Vec::new(), Vec::new());
    for result in results {
        let (name, content) = (&result.name, &result.content);
        if let Some(error) = content.get("error").filter(|error| !error.is_null()) {
            other.push(format!("The tool {name} failed: {}.", clip(&plain(error)).trim_end_matches('.')));
            continue;
        }
        let id = result.arguments.get("id").map_or("?".to_owned(), plain);
        match (&**name, content) {
            ("fetch_chunk", Value::String(text)) => found.push(Passage { id, text: text.clone() }),
            ("search_docs" | "fetch_chunk", _) => passages(content, &id, &mut found),
            _ => {
                let said = clip(&plain(content));
                other.push(format!("The tool {name} says: {}.", said.trim_end_matches('.')));
            }
        }
    }
    let quotes = quotes(question, &found);
    let mut parts = Vec::new();
    if !quotes.is_empty() {
        parts.push(format!("On \"{asked}\" the documents say:"));
        parts.extend(quotes);
    } else if results.is_empty() {
        parts.push(format!("You asked \"{asked}\", and this stand-in has looked nothing up to quote from."));
    } else if other.is_empty() {
        parts.push(format!("The documents say nothing on \"{asked}\"."));
    }
    parts.extend(other);
    parts.push(LABEL.to_owned());
    parts.join(" ")
}

/// Two to four sentences, each with where it is from: those that share most with the question.
fn quotes(question: &str, found: &[Passage]) -> Vec<String> {
    let wanted: HashSet<String> = terms(&query(question)).into_iter().collect();
    struct Candidate<'a> {
        id: &'a str,
        sentence: String,
        key: String,
        /// The words that it shares with the question, in order: sums are to be the same every time.
        shared: Vec<String>,
    }
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let all = found
        .iter()
        .flat_map(|passage| sentences(&passage.text).into_iter().map(move |text| (&*passage.id, text)));
    for (id, sentence) in all.take(CANDIDATES) {
        let mut shared = terms(&sentence);
        let key = shared.join(" ");
        shared.sort_unstable();
        shared.dedup();
        shared.retain(|term| wanted.contains(term));
        // A result of the search may be a piece of the chunk that was read whole, cut in a sentence: the
        // longer stays.
        if candidates.iter().any(|known| known.key.contains(&key)) {
            continue;
        }
        candidates.retain(|known| !key.contains(&known.key));
        candidates.push(Candidate { id, sentence, key, shared });
    }
    let mut holding: HashMap<&str, u32> = HashMap::new();
    for term in candidates.iter().flat_map(|candidate| &candidate.shared) {
        *holding.entry(term).or_default() += 1;
    }
    let count = candidates.len() as f64;
    let mut covered: HashSet<&str> = HashSet::new();
    let (mut chosen, mut most) = (Vec::<usize>::new(), 0.0);
    while chosen.len() < 4 {
        let mut next: Option<(usize, f64)> = None;
        for (at, candidate) in candidates.iter().enumerate().filter(|(at, _)| !chosen.contains(at)) {
            // Rare words count more, and words that were answered to already less: the other side of a
            // comparison gets its sentence.
            let weight = |term: &String| {
                let rare = (1.0 + count / f64::from(holding.get(&**term).copied().unwrap_or(1))).ln();
                if covered.contains(&**term) { rare / 3.0 } else { rare }
            };
            let gain = candidate.shared.iter().map(weight).sum::<f64>();
            if next.is_none_or(|(_, known)| gain > known) {
                next = Some((at, gain));
            }
        }
        let Some((at, gain)) = next else { break };
        if chosen.len() >= 2 && (gain <= 0.0 || gain < most / 3.0) {
            break;
        }
        most = f64::max(most, gain);
        covered.extend(candidates[at].shared.iter().map(String::as_str));
        chosen.push(at);
    }
    chosen.into_iter().map(|at| format!("{} [{}]", candidates[at].sentence, candidates[at].id)).collect()
}

/// The sentences of a text in Markdown, without headings, tables and code.
fn sentences(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut in_code = false;
    for line in text.lines().map(str::trim) {
        let fence = line.starts_with("```");
        in_code ^= fence;
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        if fence || in_code || line.is_empty() || line.starts_with(['#', '|']) {
            paragraphs.push(String::new());
        } else if let Some(item) = item {
            paragraphs.push(item.to_owned());
        } else if let Some(paragraph) = paragraphs.last_mut() {
            paragraph.push(' ');
            paragraph.push_str(line);
        }
    }
    let mut sentences = Vec::new();
    for paragraph in &paragraphs {
        let mut words = Vec::new();
        for word in paragraph.split_whitespace() {
            words.push(word);
            let bare = word.trim_end_matches(['"', '\'', ')', '*', '_', '`', '”']);
            if bare.ends_with(['.', '!', '?', '…'])
                && !matches!(bare, "e.g." | "(e.g." | "i.e." | "(i.e." | "vs.")
            {
                sentences.push(std::mem::take(&mut words));
            }
        }
        sentences.push(words);
    }
    // Shorter ones are captions and leftovers.
    sentences.retain(|words| words.len() >= 4);
    if sentences.is_empty() {
        sentences.push(text.split_whitespace().collect());
    }
    let whole = |words: Vec<&str>| {
        let mut sentence = words[..words.len().min(SENTENCE)].join(" ").replace("**", "");
        if words.len() > SENTENCE {
            sentence.push('…');
        }
        sentence
    };
    sentences.into_iter().map(whole).filter(|sentence| !terms(sentence).is_empty()).collect()
}

/// In one line, and not too long to repeat.
fn clip(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut clipped: String = line.chars().take(200).collect();
    if clipped.len() < line.len() {
        clipped.push('…');
    }
    clipped
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
        let queries = |question: &str| -> Vec<Value> {
            called(&ask(question)).into_iter().map(|(_, arguments)| arguments["query"].clone()).collect()
        };
        let expected = ["Postgres small Django app database", "SQLite small Django app database"];
        assert_eq!(queries("Compare Postgres and SQLite for a small Django app's database."), expected);
        assert_eq!(
            queries("Should I use Postgres or SQLite for a small Django app as its database?"),
            expected
        );
        assert_eq!(queries("Postgres vs SQLite, for a small Django app: which database?"), expected);
        let expected = ["Postgres", "SQLite"];
        assert_eq!(queries("How does Postgres compare to SQLite?"), expected);
        assert_eq!(queries("What is the difference between Postgres and the SQLite?"), expected);
        assert_eq!(queries("Use Postgres or not?"), ["Postgres"]);
        assert_eq!(queries("Backups and restores in C++"), ["Backups restores C++"]);

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
