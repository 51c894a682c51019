//! From documents to the last answer: the sentences that share most with the question.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{super::embed::terms, LABEL, query::query, results::ToolResult};

/// Sentences looked at; the work grows with the square.
const CANDIDATES: usize = 300;
/// Words of a cited sentence, at most.
const SENTENCE: usize = 60;

/// The last answer, from all that the tools said.
pub(super) fn conclude(question: &str, results: &[ToolResult]) -> String {
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

    #[test]
    fn sentences_are_those_of_prose() {
        for (text, expected) in [
            (
                "# Pools\nA pool keeps connections\nopen. It has a size of ten.",
                &["A pool keeps connections open.", "It has a size of ten."][..],
            ),
            (
                "- **Backups** are made every night\n* restores are tried too",
                &["Backups are made every night", "restores are tried too"],
            ),
            (
                "```\nlet pool = Pool::new();\n```\nUse few, e.g. as many as cores.",
                &["Use few, e.g. as many as cores."],
            ),
            ("| a | b | c | d |", &["| a | b | c | d |"]),
        ] {
            assert_eq!(sentences(text), expected);
        }
        assert!(sentences("").is_empty());
    }

    #[test]
    fn what_is_long_is_clipped() {
        assert_eq!(clip(" two\n words "), "two words");
        assert_eq!(clip(&"ä".repeat(300)).chars().count(), 201);
    }
}
