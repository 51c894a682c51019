//! A span as tests see it: one structure for those recorded here and those of a case.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value as Json;

use crate::{Document, Message, Usage};

/// What a span says.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// Its trace's id, 32 hexadecimal digits.
    pub trace_id: String,
    /// Its own id, 16 hexadecimal digits.
    pub span_id: String,
    /// The id of the span that it is below.
    pub parent_id: Option<String>,
    /// Its name.
    pub name: String,
    /// What it does, in OpenInference's words: `LLM`, `TOOL`, `RETRIEVER`, `AGENT` and so on. `UNKNOWN` if it does not say.
    pub kind: String,
    /// When it began, counted from the beginning of its run.
    pub start: Duration,
    /// How long it took; `None` if it is still running.
    pub duration: Option<Duration>,
    /// The model that answered, else the one that was asked.
    pub model: Option<String>,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// What went in, as text.
    pub input: Option<String>,
    /// What came out, as text.
    pub output: Option<String>,
    /// What a model was shown.
    pub input_messages: Vec<Message<'static>>,
    /// What it said, a message for every choice.
    pub output_messages: Vec<Message<'static>>,
    /// What was found, or what a reranker left, the best first.
    pub documents: Vec<Document<'static>>,
    /// The tool that ran.
    pub tool: Option<ToolRun>,
    /// Why the model stopped, one reason a choice.
    pub finish_reasons: Vec<String>,
    /// Tokens, as far as this span reports them itself.
    pub usage: Usage,
    /// Tokens of which it is not said whether they went in or came out.
    pub unsplit_tokens: Option<u64>,
    /// What failed.
    pub error: Option<String>,
    /// Everything that it was written with, by the names on the wire. Empty in a case that was exported without.
    pub attributes: BTreeMap<String, Json>,
}

/// A tool that ran.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolRun {
    /// Its name.
    pub name: String,
    /// The id of the model's call that it answers.
    pub call_id: Option<String>,
    /// What it was called with; null where nothing is known. Text that is a JSON object or list is that object or list, since Bennu
    /// keeps it so.
    pub arguments: Json,
    /// What it returned, read the same way; `None` if that is null or not known.
    pub result: Option<Json>,
}

impl Span {
    /// The name of the tool that ran; empty if none did.
    pub fn tool_name(&self) -> &str {
        self.tool.as_ref().map_or("", |tool| &tool.name)
    }

    /// What a tool was called with; null if none was.
    pub fn arguments(&self) -> &Json {
        self.tool.as_ref().map_or(&Json::Null, |tool| &tool.arguments)
    }

    /// What a tool returned; null if it did not, or if that was not recorded.
    pub fn result(&self) -> &Json {
        self.tool.as_ref().and_then(|tool| tool.result.as_ref()).unwrap_or(&Json::Null)
    }

    /// What came out as one reads it: what a model said, else the output.
    pub fn text(&self) -> String {
        let said: Vec<String> = self.output_messages.iter().map(Message::text).collect();
        let said = said.join("\n");
        if said.is_empty() { self.output.clone().unwrap_or_default() } else { said }
    }

    /// Tokens in and out together, if it reports any.
    pub fn tokens(&self) -> Option<u64> {
        let all = [self.usage.input, self.usage.output, self.unsplit_tokens];
        all.into_iter().flatten().reduce(u64::saturating_add)
    }

    /// What the test of a kind reads better as.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// By what it is known: a tool by its name, everything else by the span's.
    pub(super) fn label(&self) -> &str {
        if self.is("TOOL") && !self.tool_name().is_empty() { self.tool_name() } else { &self.name }
    }
}
