//! From a source to a fact. Each keeps a fact that an earlier row of the table has set.

use bennu_model::{Content, Detail, Document, Embedding, Kind, Message, Part};
use serde_json::Value as Json;

use super::{
    document, message,
    source::{Source, parse},
};

/// A conversion of the table.
pub(crate) type Convert = fn(&Source<'_>, &mut Detail);

pub(crate) fn kind(source: &Source<'_>, detail: &mut Detail) {
    detail.kind = source.text().and_then(|name| Kind::from_name(&name)).unwrap_or_default();
}

/// `gen_ai.operation.name`, where OpenInference's kind is not given.
pub(crate) fn operation(source: &Source<'_>, detail: &mut Detail) {
    if detail.kind != Kind::Unknown {
        return;
    }
    detail.kind = match source.text().unwrap_or_default().as_str() {
        "chat" | "generate_content" | "text_completion" => Kind::Llm,
        "embeddings" => Kind::Embedding,
        "retrieval" => Kind::Retriever,
        "execute_tool" => Kind::Tool,
        "invoke_agent" | "create_agent" => Kind::Agent,
        "invoke_workflow" | "plan" | "agent_step" => Kind::Chain,
        _ => Kind::Unknown,
    };
}

pub(crate) fn text(source: &Source<'_>, slot: &mut Option<String>) {
    if slot.is_none() {
        *slot = source.text();
    }
}

pub(crate) fn count(source: &Source<'_>, slot: &mut Option<u64>) {
    if slot.is_none() {
        *slot = source.count();
    }
}

pub(crate) fn amount(source: &Source<'_>, slot: &mut Option<f64>) {
    if slot.is_none() {
        *slot = source.amount();
    }
}

pub(crate) fn json(source: &Source<'_>, slot: &mut Option<Json>) {
    if slot.is_none() {
        *slot = Some(source.json()).filter(|json| !json.is_null());
    }
}

pub(crate) fn content(source: &Source<'_>, slot: &mut Option<Content>) {
    if slot.is_none() {
        let plain = source.text().is_some();
        let mime_type = if plain { "text/plain" } else { "application/json" };
        *slot = Some(Content { value: source.to_text(), mime_type: mime_type.into() })
            .filter(|content| !content.value.is_empty());
    }
}

pub(crate) fn messages(source: &Source<'_>, slot: &mut Vec<Message>) {
    if slot.is_empty() {
        *slot = message::messages(&source.json());
    }
}

/// A completions API's prompts or answers: one message each.
pub(crate) fn prompts(source: &Source<'_>, role: &str, slot: &mut Vec<Message>) {
    if !slot.is_empty() {
        return;
    }
    let texts = match source.json() {
        Json::Array(items) => items,
        Json::Null => return,
        one => vec![one],
    };
    for item in &texts {
        let text = ["/prompt/text", "/completion/text", "/text"].iter().find_map(|path| item.pointer(path));
        if let Some(text) = text.unwrap_or(item).as_str() {
            slot.push(Message {
                role: role.into(),
                parts: vec![Part::Text { text: text.to_owned() }],
                ..Message::default()
            });
        }
    }
}

/// Instructions given beside the messages come first among them.
pub(crate) fn system_instructions(source: &Source<'_>, detail: &mut Detail) {
    let parts = message::parts(&source.json());
    if !parts.is_empty() {
        detail.input_messages.insert(0, Message { role: "system".into(), parts, ..Message::default() });
    }
}

pub(crate) fn finish_reasons(source: &Source<'_>, detail: &mut Detail) {
    if detail.finish_reasons.is_empty() {
        detail.finish_reasons = strings(&source.json());
    }
}

pub(crate) fn tools(source: &Source<'_>, detail: &mut Detail) {
    if !detail.tools.is_empty() {
        return;
    }
    let Json::Array(tools) = source.json() else { return };
    detail.tools = tools
        .into_iter()
        .map(|tool| {
            // OpenInference: {"tool": {"json_schema": "{…}"}}; AI SDK: JSON text in an array.
            let schema = tool.pointer("/tool/json_schema").or_else(|| tool.get("tool")).unwrap_or(&tool);
            schema.as_str().map_or_else(|| schema.clone(), parse)
        })
        .collect();
}

pub(crate) fn template(source: &Source<'_>, detail: &mut Detail) {
    if let Some(text) = source.text() {
        detail.prompt_template.get_or_insert_default().template = text;
    }
}

pub(crate) fn documents(source: &Source<'_>, slot: &mut Vec<Document>) {
    if slot.is_empty() {
        *slot = document::documents(&source.json());
    }
}

pub(crate) fn embeddings(source: &Source<'_>, detail: &mut Detail) {
    let Json::Array(items) = source.json() else { return };
    detail.embeddings = items
        .iter()
        .map(|item| item.get("embedding").unwrap_or(item))
        .map(|item| Embedding {
            text: item.get("text").and_then(Json::as_str).map(str::to_owned),
            dimensions: item.get("vector").and_then(Json::as_array).map_or(0, Vec::len),
        })
        .collect();
}

pub(crate) fn tags(source: &Source<'_>, detail: &mut Detail) {
    if detail.tags.is_empty() {
        detail.tags = strings(&source.json());
    }
}

/// A list of strings, or one.
fn strings(json: &Json) -> Vec<String> {
    match json {
        Json::Array(items) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Json::String(one) if !one.is_empty() => vec![one.clone()],
        _ => Vec::new(),
    }
}
