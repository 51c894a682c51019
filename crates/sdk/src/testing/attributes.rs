//! What attributes say, in OpenInference's words and in `gen_ai`'s.

use std::{borrow::Cow, collections::BTreeMap};

use bennu_semconv::{gen_ai, openinference as oi};
use serde_json::Value as Json;

use super::{
    ToolRun,
    messages::{messages, parsed, plain},
    values::{structured, typed},
};
use crate::{Document, Message, Part, ToolCall, Usage};

/// Attributes by name.
pub(super) struct Attributes(pub(super) BTreeMap<String, Json>);

impl Attributes {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(plain)
    }

    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A value that may have been written as JSON text.
    pub(super) fn json(&self, name: &str) -> Json {
        match self.0.get(name) {
            Some(Json::String(text)) => parsed(text),
            Some(other) => other.clone(),
            None => Json::Null,
        }
    }

    fn int(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| self.json(name).as_u64())
    }

    pub(super) fn kind(&self) -> String {
        let said = self.text(oi::SPAN_KIND).map(|kind| kind.to_ascii_uppercase());
        said.filter(|kind| oi::SPAN_KINDS.contains(&kind.as_str())).unwrap_or_else(|| {
            match self.text(gen_ai::OPERATION_NAME).as_deref() {
                Some("chat" | "generate_content" | "text_completion") => "LLM",
                Some("embeddings") => "EMBEDDING",
                Some("execute_tool") => "TOOL",
                Some("invoke_agent" | "create_agent") => "AGENT",
                Some("retrieval") => "RETRIEVER",
                Some("rerank") => "RERANKER",
                Some("invoke_workflow" | "plan") => "CHAIN",
                _ => "UNKNOWN",
            }
            .to_owned()
        })
    }

    /// The members of a flattened list: what follows the index, with its value.
    fn list(&self, name: &str) -> Vec<BTreeMap<&str, &Json>> {
        let prefix = format!("{name}.");
        let mut members: BTreeMap<usize, BTreeMap<&str, &Json>> = BTreeMap::new();
        for (key, value) in self.0.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix)) {
            if let Some((index, rest)) = key[prefix.len()..].split_once('.')
                && let Ok(index) = index.parse()
            {
                members.entry(index).or_default().insert(rest, value);
            }
        }
        members.into_values().collect()
    }

    pub(super) fn messages(&self, name: &str) -> Vec<Message<'static>> {
        self.list(name).into_iter().map(|member| flat_message(&member)).collect()
    }

    /// What `gen_ai` has beside the messages and OpenInference among them.
    pub(super) fn instructions(&self) -> Option<String> {
        match self.json(gen_ai::SYSTEM_INSTRUCTIONS) {
            Json::Null => None,
            Json::String(text) => Some(text),
            parts => {
                messages(&serde_json::json!([{"role": "system", "parts": parts}])).first().map(Message::text)
            }
        }
    }

    pub(super) fn documents(&self) -> Vec<Document<'static>> {
        let lists = [oi::RETRIEVAL_DOCUMENTS, oi::RERANKER_OUTPUT_DOCUMENTS];
        let flat = lists.into_iter().flat_map(|list| self.list(list)).map(|member| {
            let text = |name: &str| member.get(name).map(|value| plain(value));
            Document {
                id: text("document.id").map(Into::into),
                score: member.get("document.score").and_then(|score| score.as_f64()),
                text: text("document.content").unwrap_or_default().into(),
                metadata: text("document.metadata").map(|text| Cow::Owned(parsed(&text))),
            }
        });
        let flat: Vec<_> = flat.collect();
        if flat.is_empty() { documents(&self.json(gen_ai::RETRIEVAL_DOCUMENTS)) } else { flat }
    }

    pub(super) fn tool(&self) -> ToolRun {
        // OpenInference says whether a value is JSON; `gen_ai`'s always is, and text that is none is text.
        let value = |gen_ai: &str, value: &str, mime_type: &str| {
            let written = match self.0.get(value) {
                Some(Json::String(text)) => typed(text, self.text(mime_type).as_deref()),
                Some(other) => other.clone(),
                None => self.json(gen_ai),
            };
            Some(structured(written)).filter(|written| !written.is_null())
        };
        ToolRun {
            name: self.first(&[oi::TOOL_NAME, gen_ai::TOOL_NAME]).unwrap_or_default(),
            call_id: self.first(&[oi::TOOL_ID, gen_ai::TOOL_CALL_ID]),
            arguments: value(gen_ai::TOOL_CALL_ARGUMENTS, oi::INPUT_VALUE, oi::INPUT_MIME_TYPE)
                .unwrap_or_default(),
            result: value(gen_ai::TOOL_CALL_RESULT, oi::OUTPUT_VALUE, oi::OUTPUT_MIME_TYPE),
        }
    }

    pub(super) fn finish_reasons(&self) -> Vec<String> {
        let reasons = match self.json(gen_ai::RESPONSE_FINISH_REASONS) {
            Json::Array(reasons) => reasons.iter().map(plain).collect(),
            Json::Null => Vec::new(),
            one => vec![plain(&one)],
        };
        if reasons.is_empty() { self.text(oi::LLM_FINISH_REASON).into_iter().collect() } else { reasons }
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            input: self.int(&[oi::LLM_TOKEN_COUNT_PROMPT, gen_ai::USAGE_INPUT_TOKENS]),
            output: self.int(&[oi::LLM_TOKEN_COUNT_COMPLETION, gen_ai::USAGE_OUTPUT_TOKENS]),
            cache_read: self.int(&[oi::LLM_TOKEN_COUNT_CACHE_READ, gen_ai::USAGE_CACHE_READ]),
            cache_write: self.int(&[
                oi::LLM_TOKEN_COUNT_CACHE_WRITE,
                gen_ai::USAGE_CACHE_CREATION,
                gen_ai::USAGE_CACHE_WRITE,
            ]),
            reasoning: self.int(&[oi::LLM_TOKEN_COUNT_REASONING, gen_ai::USAGE_REASONING]),
        }
    }

    /// A total is of use where it is all that is said.
    pub(super) fn unsplit_tokens(&self) -> Option<u64> {
        let Usage { input, output, .. } = self.usage();
        let total = self.int(&[oi::LLM_TOKEN_COUNT_TOTAL, gen_ai::USAGE_TOTAL_TOKENS]);
        total.filter(|_| input.is_none() && output.is_none())
    }
}

/// A message of OpenInference's, by the names that follow its index.
fn flat_message(member: &BTreeMap<&str, &Json>) -> Message<'static> {
    let text = |name: &str| member.get(format!("message.{name}").as_str()).map(|value| plain(value));
    let mut parts: Vec<Part<'static>> =
        text("content").map(|text| Part::Text(text.into())).into_iter().collect();
    for n in 0.. {
        let part = |name: &str| text(&format!("contents.{n}.message_content.{name}"));
        let Some(kind) = part("type") else { break };
        parts.push(match (part("text"), part("image.image.url")) {
            (_, Some(url)) => Part::Image(url.into()),
            (Some(text), None) if kind == "text" => Part::Text(text.into()),
            (other, None) => Part::Other(Cow::Owned(other.map_or(Json::Null, |text| parsed(&text)))),
        });
    }
    let mut tool_calls = Vec::new();
    for n in 0.. {
        let call = |name: &str| text(&format!("tool_calls.{n}.tool_call.{name}"));
        let (id, name) = (call("id"), call("function.name"));
        if id.is_none() && name.is_none() {
            break;
        }
        tool_calls.push(ToolCall {
            id: id.unwrap_or_default().into(),
            name: name.unwrap_or_default().into(),
            arguments: call("function.arguments").unwrap_or_default().into(),
        });
    }
    Message {
        role: text("role").unwrap_or_default().into(),
        parts,
        name: text("name").map(Into::into),
        tool_call_id: text("tool_call_id").map(Into::into),
        tool_calls,
    }
}

/// Documents of a JSON array.
pub(super) fn documents(list: &Json) -> Vec<Document<'static>> {
    let documents = list.as_array().into_iter().flatten().map(Document::from_json);
    let owned = documents.map(|document| Document {
        id: document.id.map(|id| id.into_owned().into()),
        score: document.score,
        text: document.text.into_owned().into(),
        metadata: document.metadata.map(|metadata| Cow::Owned(metadata.into_owned())),
    });
    owned.collect()
}
