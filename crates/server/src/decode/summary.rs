//! The columns of a span, from what it was sent with and what it means.

use std::borrow::Cow;

use bennu_model::{Content, Detail, Kind, LogRecord, Message, Part, Span, StatusCode, Summary};
use bennu_semconv::otel;
use serde_json::Value as Json;

use super::{fold, normalise, normalise::tree};

/// Characters of a preview.
const PREVIEW_CHARS: usize = 240;

/// The columns of a span with its meaningful log records, as the store asks for them.
pub fn derive(span: &Span, records: &[LogRecord]) -> Summary {
    summarise(span, &normalise(span, records))
}

/// What lists, filters and totals need.
pub fn summarise(span: &Span, detail: &Detail) -> Summary {
    Summary {
        kind: detail.kind,
        status: status(span, detail),
        running: is_running(span),
        model: detail.model().map(str::to_owned),
        provider: detail.provider.clone(),
        response_id: detail.response_id.clone(),
        usage: detail.usage,
        aggregated: detail.usage_repeats,
        session_id: detail.session_id.clone(),
        user_id: detail.user_id.clone(),
        service: span
            .origin
            .resource
            .attribute(otel::SERVICE_NAME)
            .and_then(|name| name.as_text())
            .map(str::to_owned),
        input_preview: input(detail),
        output_preview: output(detail),
        note: note(span, detail),
        has_messages: !detail.input_messages.is_empty() || !detail.output_messages.is_empty(),
    }
}

/// An error that only an event or `error.type` tells of is one, too, unless the client says that all went well.
fn status(span: &Span, detail: &Detail) -> StatusCode {
    let level = span.attribute("langfuse.observation.level").and_then(|level| level.as_text());
    let told = detail.error_type.is_some()
        || level == Some("ERROR")
        || span.events.iter().any(|event| event.name == otel::EXCEPTION_EVENT);
    match span.status.code {
        StatusCode::Unset if told => StatusCode::Error,
        said => said,
    }
}

/// Whether the client has only said that the span began: Logfire's pending span, or a span without an end.
fn is_running(span: &Span) -> bool {
    span.end_ns == 0 || fold::is_pending(span)
}

fn input(detail: &Detail) -> Option<String> {
    question(detail).as_deref().and_then(line)
}

fn output(detail: &Detail) -> Option<String> {
    answer(detail).as_deref().and_then(line)
}

/// What was asked, as a person would say it: the last thing the user said, else what went in.
pub fn question(detail: &Detail) -> Option<Cow<'_, str>> {
    // Anthropic's results of tools come as the user's message; they are not what was asked.
    let says = |message: &&Message| !message.parts.iter().all(|part| matches!(part, Part::ToolResult { .. }));
    let asked = detail.input_messages.iter().rev().filter(|message| message.role == "user").find(says);
    asked
        .or(detail.input_messages.last())
        .and_then(message)
        .or_else(|| detail.input.as_ref().and_then(content))
        .or_else(|| detail.query.as_deref().and_then(seen))
        .or_else(|| detail.tool.as_ref().and_then(|tool| json(tool.arguments.as_ref()?)))
}

/// What came back: the last message with something in it, else what came out.
pub fn answer(detail: &Detail) -> Option<Cow<'_, str>> {
    // Vectors are nothing to read.
    if detail.kind == Kind::Embedding {
        return None;
    }
    let answered = detail.output_messages.iter().rev().find_map(message);
    answered
        .or_else(|| detail.output.as_ref().and_then(content))
        .or_else(|| detail.tool.as_ref().and_then(|tool| json(tool.result.as_ref()?)))
        .or_else(|| detail.documents.first().and_then(|document| seen(document.text.as_deref()?)))
}

/// The figure or name at the end of the span's bar.
fn note(span: &Span, detail: &Detail) -> Option<String> {
    if status(span, detail) == StatusCode::Error {
        return Some(error(span, detail));
    }
    let counted = |count: usize, what: &str| {
        (count > 0).then(|| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    };
    match detail.kind {
        Kind::Retriever => counted(detail.documents.len(), "chunk"),
        Kind::Reranker => counted(detail.documents.len(), "document"),
        Kind::Embedding => counted(detail.embeddings.len(), "text"),
        Kind::Agent => detail.agent_name.clone().filter(|name| !span.name.contains(name.as_str())),
        _ => None,
    }
}

/// The shortest true name of what went wrong.
fn error(span: &Span, detail: &Detail) -> String {
    let exception = span.events.iter().rev().find(|event| event.name == otel::EXCEPTION_EVENT);
    let class = exception
        .and_then(|event| event.attributes.iter().find(|(key, _)| key == otel::EXCEPTION_TYPE))
        .and_then(|(_, class)| class.as_text())
        .or(detail.error_type.as_deref());
    let name = class.unwrap_or(&span.status.message);
    let mut name = name.rsplit_once('.').map_or(name, |(_, last)| if class.is_some() { last } else { name });
    name = name.lines().find(|line| !line.trim().is_empty()).unwrap_or("error");
    name.trim().chars().take(60).collect()
}

fn message(message: &Message) -> Option<Cow<'_, str>> {
    let mut texts = message.parts.iter().filter_map(Part::text);
    let text = match (texts.next(), texts.next()) {
        (Some(only), None) => Cow::from(only),
        _ => Cow::from(message.text()),
    };
    if !text.trim().is_empty() {
        return Some(text);
    }
    message.parts.iter().find_map(|part| match part {
        Part::ToolCall { name, arguments, .. } => Some(format!("→ {name} {arguments}").into()),
        Part::ToolResult { result, .. } => json(result),
        Part::Reasoning { text } => seen(text),
        _ => None,
    })
}

fn content(content: &Content) -> Option<Cow<'_, str>> {
    let text = match tree(&content.value) {
        None => Cow::from(&content.value),
        Some(Json::String(text)) => text.into(),
        Some(value) => return json(&value).map(|text| text.into_owned().into()),
    };
    (!matches!(text.trim(), "" | "null")).then_some(text)
}

/// What a person would call the text of a JSON value: an only string, a member named like a question or an answer, the last
/// message; else the JSON itself.
fn json(value: &Json) -> Option<Cow<'_, str>> {
    const NAMES: [&str; 14] = [
        "input",
        "question",
        "query",
        "prompt",
        "user_input",
        "goal",
        "output",
        "answer",
        "result",
        "response",
        "text",
        "content",
        "message",
        "messages",
    ];
    match value {
        Json::Null => None,
        Json::String(text) => seen(text),
        Json::Object(members) => {
            let only = members.values().next().filter(|_| members.len() == 1);
            // A Python function's arguments, of which one is what was asked.
            let args = members.get("args").and_then(Json::as_array).filter(|args| !args.is_empty());
            let only = only.or_else(|| args?.first().filter(|_| members.contains_key("kwargs")));
            let named = || NAMES.iter().find_map(|name| members.get(*name));
            match only.or_else(named) {
                Some(Json::String(text)) => seen(text),
                Some(Json::Array(items)) => items.last().and_then(json),
                Some(Json::Object(inner)) if inner.contains_key("content") => {
                    inner.get("content").and_then(json)
                }
                _ => Some(value.to_string().into()),
            }
        }
        _ => Some(value.to_string().into()),
    }
}

/// A text, unless there is nothing to see.
fn seen(text: &str) -> Option<Cow<'_, str>> {
    (!text.trim().is_empty()).then(|| text.into())
}

/// The beginning of a text on one line; `None` if there is nothing to see.
fn line(text: &str) -> Option<String> {
    // Most text is ASCII, where words are found byte by byte.
    if text.is_ascii() { join(text.split_ascii_whitespace()) } else { join(text.split_whitespace()) }
}

/// Words on one line, as many as a preview has room for.
fn join<'a>(words: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut preview = String::new();
    let mut chars = 0;
    for word in words {
        if preview.is_empty() {
            preview.reserve(PREVIEW_CHARS + 16);
        } else {
            preview.push(' ');
        }
        // A character is a byte at least: only a long word has to be cut.
        let end = if word.len() > PREVIEW_CHARS {
            word.char_indices().nth(PREVIEW_CHARS + 1).map_or(word.len(), |(at, _)| at)
        } else {
            word.len()
        };
        preview.push_str(&word[..end]);
        chars += word[..end].chars().count();
        if chars > PREVIEW_CHARS {
            let cut = preview.char_indices().nth(PREVIEW_CHARS).map_or(preview.len(), |(at, _)| at);
            preview.truncate(cut);
            preview.push('…');
            break;
        }
    }
    (!preview.is_empty()).then_some(preview)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_say_what_a_person_would() {
        for (value, expected) in [
            (r#""plain""#, Some("plain")),
            (r#"{"input": "a question", "history": []}"#, Some("a question")),
            (
                r#"{"messages": [{"role": "user", "content": "hi"}, {"role": "user", "content": "last"}]}"#,
                Some("last"),
            ),
            (r#"{"anything": "an only string"}"#, Some("an only string")),
            (r#"{"a": 1, "b": 2}"#, Some(r#"{"a":1,"b":2}"#)),
            ("null", None),
            (r#""  \n ""#, None),
        ] {
            assert_eq!(
                json(&serde_json::from_str(value).unwrap()).as_deref().and_then(line).as_deref(),
                expected,
                "{value}"
            );
        }
        let long = line(&"word ".repeat(500)).unwrap();
        assert!(long.ends_with('…') && long.chars().count() <= PREVIEW_CHARS + 1);
        assert_eq!(line(&"é".repeat(1000)).unwrap().chars().count(), PREVIEW_CHARS + 1);
    }
}
