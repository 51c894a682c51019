//! What follows from the facts together.

use bennu_model::{Content, Detail, Kind, Message, Part, Span, Usage};
use bennu_semconv::{gen_ai, openinference};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{
    message,
    source::{Attributes, Source, parse},
};

/// Completes the detail once every row of the table has been applied.
pub(crate) fn finish(span: &Span, attributes: &Attributes<'_>, detail: &mut Detail) {
    detail.usage = split_total(detail.usage);
    mime(attributes, openinference::INPUT_MIME_TYPE, &mut detail.input);
    mime(attributes, openinference::OUTPUT_MIME_TYPE, &mut detail.output);
    if detail.invocation_parameters.is_none() {
        detail.invocation_parameters = request_parameters(attributes);
    }
    if detail.kind == Kind::Unknown {
        detail.kind = infer_kind(detail);
    }
    if detail.kind == Kind::Llm {
        finish_call(detail);
    }
    // OpenInference tells the model that answered; the one asked for, all there is when a call fails, is a parameter.
    if detail.model_requested.is_none() {
        let asked =
            detail.invocation_parameters.as_ref().and_then(|parameters| parameters.get("model")?.as_str());
        detail.model_requested = asked.map(str::to_owned);
    }
    // Names and ids of tools stand on spans of other kinds too; only a tool's own span ran it.
    if detail.kind == Kind::Tool {
        finish_tool(span, attributes, detail);
    } else {
        detail.tool = None;
    }
    if detail.kind == Kind::Retriever && detail.query.is_none() {
        detail.query = detail.input.as_ref().map(|input| input.value.clone());
    }
    if detail
        .prompt_template
        .as_ref()
        .is_some_and(|prompt| prompt.template.is_empty() && prompt.variables.is_none())
    {
        detail.prompt_template = None;
    }
}

/// A reported total, which the table put in `unsplit`, completes the one part that is missing; with both parts known it
/// adds nothing, with none it stays.
fn split_total(usage: Usage) -> Usage {
    let Some(total) = usage.unsplit else { return usage };
    match (usage.input, usage.output) {
        (None, None) => usage,
        (Some(_), Some(_)) => Usage { unsplit: None, ..usage },
        (Some(input), None) => Usage { output: total.checked_sub(input), unsplit: None, ..usage },
        (None, Some(output)) => Usage { input: total.checked_sub(output), unsplit: None, ..usage },
    }
}

fn mime(attributes: &Attributes<'_>, name: &str, content: &mut Option<Content>) {
    let given = attributes.get(name).and_then(|value| value.as_text());
    if let (Some(content), Some(mime)) = (content, given) {
        content.mime_type = mime.to_owned();
    }
}

/// `gen_ai.request.temperature` and its like as one object, the form OpenInference sends.
fn request_parameters(attributes: &Attributes<'_>) -> Option<Json> {
    let parameters: Map<String, Json> = attributes
        .under(gen_ai::REQUEST_PREFIX)
        .filter(|(name, _)| *name != "model")
        .map(|(name, value)| (name.to_owned(), value.to_json()))
        .collect();
    (!parameters.is_empty()).then_some(Json::Object(parameters))
}

/// For spans that do not say: what only one kind has.
fn infer_kind(detail: &Detail) -> Kind {
    let has_tool = detail.tool.as_ref().is_some_and(|tool| tool.name.is_some());
    match () {
        () if !detail.input_messages.is_empty() || !detail.output_messages.is_empty() => Kind::Llm,
        () if !detail.input_documents.is_empty() => Kind::Reranker,
        () if !detail.documents.is_empty() => Kind::Retriever,
        () if !detail.embeddings.is_empty() => Kind::Embedding,
        () if has_tool => Kind::Tool,
        () if detail.model().is_some() && !detail.usage.is_unknown() => Kind::Llm,
        () => Kind::Unknown,
    }
}

/// OpenInference keeps the provider's whole answer as the span's output: its id is found there, and the message where no
/// attribute has it.
fn finish_call(detail: &mut Detail) {
    #[derive(Deserialize)]
    struct Answer {
        id: Option<String>,
    }
    let Some(output) = &detail.output else { return };
    if detail.response_id.is_none() && output.value.starts_with('{') {
        detail.response_id = serde_json::from_str::<Answer>(&output.value).ok().and_then(|answer| answer.id);
    }
    if !detail.output_messages.is_empty() {
        return;
    }
    detail.output_messages = match parse(&output.value) {
        Json::String(text) => {
            vec![Message { role: "assistant".into(), parts: vec![Part::Text { text }], ..Message::default() }]
        }
        Json::Object(answer) => match answer.get("choices") {
            Some(choices) => message::messages(choices),
            None if answer.contains_key("role") => message::messages(&Json::Object(answer)),
            None => Vec::new(),
        },
        _ => Vec::new(),
    };
}

/// OpenInference gives a tool's arguments and result as the span's input and output.
fn finish_tool(span: &Span, attributes: &Attributes<'_>, detail: &mut Detail) {
    let tool = detail.tool.get_or_insert_default();
    if tool.name.is_none() {
        let name = span.name.strip_prefix("execute_tool ").or_else(|| span.name.strip_prefix("tool."));
        tool.name = Some(name.unwrap_or(&span.name).to_owned());
    }
    if tool.arguments.is_none() {
        let parameters =
            || attributes.get(openinference::TOOL_PARAMETERS).map(|value| Source::Value(value).json());
        tool.arguments = detail.input.as_ref().map(|input| parse(&input.value)).or_else(parameters);
    }
    if tool.result.is_none() {
        tool.result = detail.output.as_ref().map(|output| parse(&output.value));
    }
}
