//! What the other spans of a trace say about one of them: which messages the call before was shown already, which spans ran the
//! tools it asked for, what became of the documents it found.
//!
//! Only spans near in time are read, and few: a trace may have fifty thousand.

use std::collections::HashSet;

use bennu_model::{Detail, Kind, Message, Part, SpanId, StatusCode};
use bennu_store::{SpanRow, Trace};

use super::{SpanDetail, spans_with};
use crate::{app::App, error::Error};

/// Tool spans looked at around a call.
const MAX_TOOLS: usize = 24;
/// Model calls looked at before a tool or after a retrieval.
const MAX_CALLS: usize = 4;
/// Words in a row that an answer has in common with a document, to be called a quote.
const QUOTE_WORDS: usize = 6;
/// Characters of a document that must stand in a prompt for it to have been used: retrievers hand on the beginning.
const USED_CHARS: usize = 120;

/// Documents that are looked for in prompts and answers, and how far into each.
const MAX_DOCUMENTS: usize = 40;
const MAX_DOCUMENT_BYTES: usize = 20_000;
/// How much of the prompts, and of the answers, they are looked for in.
const MAX_COMPARED_BYTES: usize = 1_000_000;

/// What surrounds a span.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Context {
    /// The call whose messages this one repeats.
    pub(crate) history: Option<History>,
    /// Spans that ran tools this call asked for, then or earlier.
    pub(crate) runs: Vec<Run>,
    /// The call that asked for this tool.
    pub(crate) asked_by: Option<SpanId>,
    /// What became of each document of this retrieval, in their order; empty when no call came after it.
    pub(crate) uses: Vec<Use>,
}

/// Messages that were there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct History {
    /// The earlier call.
    pub(crate) span_id: SpanId,
    /// How many of this call's messages are its messages or its answer, from the first on.
    pub(crate) messages: usize,
}

/// A tool that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// The call's id, or, where the tool's span does not tell, the name and which of the calls by that name it is.
    pub(crate) call: Call,
    pub(crate) span_id: SpanId,
    pub(crate) duration_ns: u64,
    pub(crate) failed: bool,
}

/// How a run is matched with the call that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Id(String),
    Named(String, usize),
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Use {
    /// A later call was shown its text.
    pub(crate) in_prompt: bool,
    /// A later answer has words of it.
    pub(crate) quoted: bool,
}

/// Spans near one of a trace, read for what they say about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    before: Vec<SpanDetail>,
    tools: Vec<SpanDetail>,
    /// When the next call of the same parent begins: what runs later was not asked for here.
    next_call_ns: Option<i64>,
    asking: Vec<SpanDetail>,
    using: Vec<SpanDetail>,
}

/// Reads what surrounds a span. These are hints: one that cannot be had is left out, and the span is shown without it.
pub(crate) async fn around(app: &App, trace: &Trace, found: &SpanDetail) -> Around {
    let (row, detail) = (&found.stored.row, &found.detail);
    let read = async |ids| hint(spans_with(app, &trace.row, ids).await).unwrap_or_default();
    let mut around = Around::default();
    if !detail.input_messages.is_empty() {
        let before = app.store.previous_call(trace.row.id, row.span_id).await;
        let before = hint(before.map_err(Error::from)).flatten();
        around.before =
            hint(spans_with(app, &trace.row, before.into_iter().collect()).await).unwrap_or_default();
    }
    if asks_for_tools(detail) {
        around.tools = read(near(&trace.spans, row, MAX_TOOLS, |span| span.kind == Kind::Tool)).await;
        let later = trace.spans.iter().filter(|span| {
            span.kind == Kind::Llm && span.parent_id == row.parent_id && span.start_ns >= row.end_ns
        });
        around.next_call_ns = later.map(|span| span.start_ns).min();
    }
    if detail.tool.is_some() {
        let before = |span: &SpanRow| span.kind == Kind::Llm && span.end_ns <= row.start_ns;
        around.asking = read(near(&trace.spans, row, MAX_CALLS, before)).await;
    }
    if !detail.documents.is_empty() {
        let after = |span: &SpanRow| span.kind == Kind::Llm && span.start_ns >= row.end_ns;
        around.using = read(near(&trace.spans, row, MAX_CALLS, after)).await;
    }
    around
}

fn hint<T>(read: Result<T, Error>) -> Option<T> {
    read.inspect_err(|error| tracing::warn!(code = ?error.code, "what surrounds a span could not be read"))
        .ok()
}

impl Around {
    /// What they say. Compares texts, so it belongs away from the threads that answer others.
    pub(crate) fn context(&self, found: &SpanDetail) -> Context {
        let (row, detail) = (&found.stored.row, &found.detail);
        let asks = |call: &&SpanDetail| {
            let tool = detail.tool.as_ref();
            calls_of(&call.detail.output_messages).any(|(id, name)| {
                match (tool.and_then(|tool| tool.call_id.as_ref()), id) {
                    (Some(run), Some(asked)) => run == asked,
                    _ => tool.and_then(|tool| tool.name.as_deref()) == Some(name),
                }
            })
        };
        let asked_by = self.asking.iter().filter(asks).max_by_key(|call| call.stored.row.end_ns);
        Context {
            history: self.before.first().and_then(|before| history(before, detail)),
            runs: runs(row, &self.tools, self.next_call_ns),
            asked_by: asked_by.map(|call| call.stored.row.span_id),
            uses: uses(detail, &self.using),
        }
    }
}

/// The nearest spans in time that pass a test.
fn near(spans: &[SpanRow], to: &SpanRow, limit: usize, test: impl Fn(&SpanRow) -> bool) -> Vec<SpanId> {
    let mut passing: Vec<&SpanRow> =
        spans.iter().filter(|span| span.span_id != to.span_id && test(span)).collect();
    passing.sort_by_key(|span| span.start_ns.abs_diff(to.end_ns));
    passing.iter().take(limit).map(|span| span.span_id).collect()
}

fn history(before: &SpanDetail, detail: &Detail) -> Option<History> {
    let earlier = before.detail.input_messages.iter().chain(&before.detail.output_messages);
    let same = |(a, b): &(&Message, &Message)| a.role == b.role && a.parts == b.parts;
    let messages = earlier.zip(&detail.input_messages).take_while(same).count();
    (messages > 0).then_some(History { span_id: before.stored.row.span_id, messages })
}

fn calls_of(messages: &[Message]) -> impl Iterator<Item = (Option<&String>, &str)> {
    messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::ToolCall { id, name, .. } => Some((id.as_ref(), name.as_str())),
        _ => None,
    })
}

fn asks_for_tools(detail: &Detail) -> bool {
    let messages = detail.input_messages.iter().chain(&detail.output_messages);
    messages
        .flat_map(|message| &message.parts)
        .any(|part| matches!(part, Part::ToolCall { .. } | Part::ToolResult { .. }))
}

/// Runs by their call's id; those without one that began between the call and the next one, by name and order.
fn runs(call: &SpanRow, tools: &[SpanDetail], next_call_ns: Option<i64>) -> Vec<Run> {
    let mut tools: Vec<&SpanDetail> = tools.iter().collect();
    tools.sort_by_key(|tool| tool.stored.row.start_ns);
    let mut named: Vec<&str> = Vec::new();
    let mut runs = Vec::new();
    for found in tools {
        let (row, tool) = (&found.stored.row, found.detail.tool.as_ref());
        let matched = match tool.and_then(|tool| tool.call_id.clone()) {
            Some(id) => Call::Id(id),
            None if row.start_ns >= call.end_ns && next_call_ns.is_none_or(|next| row.start_ns < next) => {
                let Some(name) = tool.and_then(|tool| tool.name.as_deref()) else { continue };
                named.push(name);
                Call::Named(name.to_owned(), named.iter().filter(|other| **other == name).count() - 1)
            }
            None => continue,
        };
        runs.push(Run {
            call: matched,
            span_id: row.span_id,
            duration_ns: found.stored.span.duration_ns(),
            failed: row.status == StatusCode::Error,
        });
    }
    runs
}

fn uses(detail: &Detail, calls: &[SpanDetail]) -> Vec<Use> {
    if calls.is_empty() {
        return Vec::new();
    }
    let text = |of: fn(&Detail) -> &Vec<Message>| -> String {
        let mut text = String::new();
        for message in calls.iter().flat_map(|call| of(&call.detail)) {
            text.push_str(&everything(message));
            text.push('\n');
            if text.len() > MAX_COMPARED_BYTES {
                break;
            }
        }
        text
    };
    let prompts = text(|detail| &detail.input_messages);
    let answers = text(|detail| &detail.output_messages);
    let said: HashSet<Vec<&str>> = runs_of_words(&answers).collect();
    let documents = detail.documents.iter().take(MAX_DOCUMENTS);
    documents
        .map(|document| {
            let whole = document.text.as_deref().unwrap_or_default();
            let text = one_line(&whole[..whole.floor_char_boundary(MAX_DOCUMENT_BYTES)]);
            let beginning: String = text.chars().take(USED_CHARS).collect();
            Use {
                in_prompt: !beginning.is_empty() && prompts.contains(&beginning),
                quoted: runs_of_words(&text).any(|words| said.contains(&words)),
            }
        })
        .collect()
}

/// A message's words on one line: its texts, and what tools returned in it.
fn everything(message: &Message) -> String {
    let texts = message.parts.iter().map(|part| match part {
        Part::Text { text } => one_line(text),
        Part::ToolResult { result: serde_json::Value::String(text), .. } => one_line(text),
        // Within JSON a line break is written "\n", which are not words of the document.
        Part::ToolResult { result, .. } => {
            one_line(&result.to_string().replace("\\n", " ").replace("\\\"", "\""))
        }
        _ => String::new(),
    });
    texts.collect::<Vec<_>>().join(" ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn runs_of_words(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let last = words.len().saturating_sub(QUOTE_WORDS - 1);
    (0..last).map(move |at| words[at..at + QUOTE_WORDS].to_vec())
}
