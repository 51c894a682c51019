//! From a source to a fact. None changes a fact that an earlier row of the table has set; each tells whether it set one.

use bennu_model::{Content, Detail, Embedding, Kind, Message, Part};
use serde_json::Value as Json;

use super::{
    document, exchange,
    field::Field,
    message,
    source::{
        Shape::{self, Plain, Tree},
        Source, parse,
    },
    words,
};

/// A way to read an attribute. The names and sentences are those of `docs/dialects.md`.
pub(crate) struct Conversion {
    pub(crate) name: &'static str,
    /// What it makes of the value, for people who add a row.
    pub(crate) says: &'static str,
    /// How the attribute may be spread over the wire.
    pub(crate) shape: Shape,
    pub(crate) apply: fn(&Source<'_>, Field, &mut Detail) -> bool,
}

macro_rules! conversions {
    ($($name:ident, $text:literal, $shape:ident, $apply:expr, $says:literal;)*) => {
        $(pub(crate) const $name: Conversion =
            Conversion { name: $text, says: $says, shape: $shape, apply: $apply };)*
        /// Every conversion.
        pub(crate) const ALL: &[&Conversion] = &[$(&$name,)*];
    };
}

conversions! {
    KIND, "kind", Plain, |s, _, d| set_kind(d, s.text().and_then(|name| words::kind(&name))),
        "a span kind by any dialect's name for it";
    COMPONENT, "component", Plain, |s, _, d| set_kind(d, s.text().and_then(|class| words::component(&class))),
        "a span kind by the class of a Haystack component";
    LOGFIRE_TEMPLATE, "message template", Plain, |s, _, d| set_kind(d, s.text().and_then(|text| words::template(&text))),
        "a span kind by the template of Logfire's message";
    AI_OPERATION, "ai operation", Plain, ai_operation,
        "the kind from the AI SDK's operation; the usage of an outer operation is marked as a repetition";
    TEXT, "text", Plain, |s, f, d| set(f.text(d), || s.text()), "text or a number as it is; JSON text in quotes is unquoted";
    COUNT, "count", Plain, |s, f, d| set(f.count(d), || s.count()), "a whole number, of tokens";
    AGGREGATE, "aggregate", Plain, aggregate, "a count that repeats those of other spans: shown, never added up";
    AMOUNT, "amount", Plain, |s, f, d| set(f.amount(d), || s.amount()), "a number";
    SECONDS, "seconds", Plain, |s, f, d| set(f.amount(d), || Some(s.amount()? * 1e3)), "seconds, kept as milliseconds";
    SECONDS_OR_MS, "seconds or ms", Plain, |s, f, d| set(f.amount(d), || s.amount().map(|n| if s.is_whole() { n } else { n * 1e3 })),
        "a whole number is milliseconds, a fraction seconds";
    JSON, "json", Tree, |s, f, d| set(f.json(d), || Some(s.json()).filter(|json| !json.is_null())),
        "any value; text that is JSON is read";
    RESULT, "result", Tree, |s, f, d| set(f.json(d), || Some(message::plain_result(&s.json())).filter(|json| !json.is_null())),
        "a tool's result, without the text blocks that some dialects wrap it in";
    CONTENT, "content", Plain, content, "what went in or came out, as it is";
    MESSAGES, "messages", Tree, messages, "messages in any shape: a list, one message, or plain text";
    AI_ANSWER, "ai answer", Tree, ai_answer, "the AI SDK's answer: text, reasoning, tool calls or an object under one name";
    TOOL_CALLS, "tool calls", Tree, tool_calls, "calls of tools that belong to the answer";
    EXCHANGE, "exchange", Tree, whole, "the messages in a provider's whole request or answer";
    EVENTS, "events", Tree, |s, _, d| super::events::listed(&s.json(), d), "a list of GenAI message events";
    PROMPTS, "prompts", Tree, prompts, "a completions API's prompts or answers, one message each";
    SYSTEM, "system", Tree, system, "instructions given beside the messages: they come first among them";
    REASONS, "reasons", Tree, |s, f, d| set_texts(s, f, d, words::finish_reason), "one or more finish reasons";
    TAGS, "tags", Tree, |s, f, d| set_texts(s, f, d, str::to_owned), "one or more texts";
    TOOLS, "tools", Tree, tools, "descriptions of tools: objects, or their JSON text";
    TEMPLATE, "template", Plain, template, "a prompt template's text";
    DOCUMENTS, "documents", Tree, |s, f, d| set_list(f.documents(d), || document::documents(&s.list())),
        "documents in any shape";
    EMBEDDINGS, "embeddings", Tree, embeddings, "embedded texts and the length of their vectors";
    VALUES, "values", Tree, values, "embedded texts: a list of texts or their JSON";
}

fn set<T>(slot: Option<&mut Option<T>>, value: impl FnOnce() -> Option<T>) -> bool {
    match slot {
        Some(slot @ None) => {
            *slot = value();
            slot.is_some()
        }
        _ => false,
    }
}

fn set_list<T>(slot: Option<&mut Vec<T>>, value: impl FnOnce() -> Vec<T>) -> bool {
    match slot {
        Some(slot) if slot.is_empty() => {
            *slot = value();
            !slot.is_empty()
        }
        _ => false,
    }
}

/// Messages, unless others say something: with content switched off, libraries send messages with nothing in them.
fn set_messages(slot: &mut Vec<Message>, value: impl FnOnce() -> Vec<Message>) -> bool {
    if says_something(slot) {
        return false;
    }
    let found = value();
    if found.is_empty() || (!slot.is_empty() && !says_something(&found)) {
        return false;
    }
    *slot = found;
    true
}

fn says_something(messages: &[Message]) -> bool {
    messages.iter().any(|message| !message.parts.is_empty())
}

fn set_kind(detail: &mut Detail, kind: Option<Kind>) -> bool {
    match kind.filter(|_| detail.kind == Kind::Unknown) {
        Some(kind) => {
            detail.kind = kind;
            kind != Kind::Unknown
        }
        None => false,
    }
}

/// `ai.generateText` stands over `ai.generateText.doGenerate` and repeats its usage, wherever the inner span may be: without a
/// context manager every span is a trace of its own.
fn ai_operation(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    let Some(operation) = source.text() else { return false };
    let (kind, outer) = words::ai_operation(&operation);
    detail.usage_repeats |= outer;
    set_kind(detail, kind)
}

/// A span that counts tokens of its own says nothing of others'.
fn aggregate(source: &Source<'_>, field: Field, detail: &mut Detail) -> bool {
    if !detail.usage_repeats && !detail.usage.is_unknown() {
        return false;
    }
    let taken = set(field.count(detail), || source.count());
    detail.usage_repeats |= taken;
    taken
}

fn content(source: &Source<'_>, field: Field, detail: &mut Detail) -> bool {
    set(field.content(detail), || {
        let plain = source.text().is_some();
        let mime_type = if plain { "text/plain" } else { "application/json" };
        Some(Content { value: source.to_text(), mime_type: mime_type.into() })
            .filter(|content| !matches!(content.value.as_str(), "" | "null"))
    })
}

fn messages(source: &Source<'_>, field: Field, detail: &mut Detail) -> bool {
    let Some((slot, role)) = field.messages(detail) else { return false };
    set_messages(slot, || message::messages(&source.list(), role))
}

fn ai_answer(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    let answer = source.json();
    let text = |name: &str| {
        answer.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let said = detail.output_messages.first_mut();
    // OpenInference's exporter for the AI SDK drops the text beside a call.
    if let (Some(text), Some(first)) = (text("text"), said)
        && first.parts.iter().all(|part| matches!(part, Part::ToolCall { .. }))
    {
        first.parts.insert(0, Part::Text { text });
        return true;
    }
    set_messages(&mut detail.output_messages, || {
        let reasoning = text("reasoning").map(|text| Part::Reasoning { text });
        let said = text("text").or_else(|| text("object")).map(|text| Part::Text { text });
        let mut parts: Vec<Part> = reasoning.into_iter().chain(said).collect();
        parts.extend(calls(answer.get("toolCalls")));
        let finish_reason = text("finishReason");
        let message = Message { role: "assistant".into(), parts, finish_reason, ..Message::default() };
        Some(message).filter(|message| !message.parts.is_empty()).into_iter().collect()
    })
}

fn tool_calls(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    let asked = calls(Some(&source.list()));
    if asked.is_empty() {
        return false;
    }
    match detail.output_messages.last_mut() {
        Some(last) => message::add_unsaid(&mut last.parts, asked),
        None => {
            let message = Message { role: "assistant".into(), parts: asked, ..Message::default() };
            detail.output_messages.push(message);
        }
    }
    true
}

fn calls(json: Option<&Json>) -> Vec<Part> {
    let parsed = json.and_then(Json::as_str).map(parse);
    match parsed.as_ref().or(json) {
        Some(Json::Array(calls)) => calls.iter().filter_map(message::tool_call).collect(),
        _ => Vec::new(),
    }
}

fn whole(source: &Source<'_>, field: Field, detail: &mut Detail) -> bool {
    // What a step of an application was given is its input, whatever it holds.
    if !matches!(detail.kind, Kind::Unknown | Kind::Llm | Kind::Agent | Kind::Embedding) {
        return false;
    }
    let read = match field {
        Field::InputMessages => exchange::request,
        _ => exchange::answer,
    };
    field.messages(detail).is_some_and(|(slot, _)| set_messages(slot, || read(&source.list())))
}

fn prompts(source: &Source<'_>, field: Field, detail: &mut Detail) -> bool {
    let Some((slot, role)) = field.messages(detail) else { return false };
    let texts = match source.list() {
        Json::Array(items) => items,
        Json::Null => return false,
        one => vec![one],
    };
    let message = |item: &Json| {
        let text = ["/prompt/text", "/completion/text", "/text"].iter().find_map(|path| item.pointer(path));
        let text = text.unwrap_or(item).as_str()?.to_owned();
        Some(Message { role: role.into(), parts: vec![Part::Text { text }], ..Message::default() })
    };
    set_list(Some(slot), || texts.iter().filter_map(message).collect())
}

fn system(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    let parts = message::parts(&source.json());
    let told = detail.input_messages.first().is_some_and(|first| first.role == "system");
    if parts.is_empty() || told {
        return false;
    }
    detail.input_messages.insert(0, Message { role: "system".into(), parts, ..Message::default() });
    true
}

fn tools(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    set_list(Some(&mut detail.tools), || exchange::tools(&source.list()))
}

fn template(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    let template = detail.prompt_template.get_or_insert_default();
    if template.template.is_empty() {
        template.template = source.text().unwrap_or_default();
        return !template.template.is_empty();
    }
    false
}

fn embeddings(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    set_list(Some(&mut detail.embeddings), || source.embeddings())
}

fn values(source: &Source<'_>, _: Field, detail: &mut Detail) -> bool {
    let items = match source.json() {
        Json::Array(items) => items,
        one => vec![one],
    };
    let text = |item: Json| match item {
        Json::String(text) => match parse(&text) {
            Json::String(text) => Some(text),
            _ => Some(text),
        },
        Json::Null => None,
        other => Some(other.to_string()),
    };
    set_list(Some(&mut detail.embeddings), || {
        items.into_iter().map(|item| Embedding { text: text(item), dimensions: 0 }).collect()
    })
}

/// A list of texts, or one.
fn set_texts(source: &Source<'_>, field: Field, detail: &mut Detail, word: fn(&str) -> String) -> bool {
    set_list(field.texts(detail), || match source.json() {
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(word).collect(),
        Json::String(one) if !one.is_empty() => vec![word(&one)],
        _ => Vec::new(),
    })
}
