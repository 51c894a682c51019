//! What follows from the facts together.

use bennu_model::{Content, Detail, Kind, Span, Usage};
use bennu_semconv::{gen_ai, openinference};
use serde_json::{Map, Value as Json};

use super::{
    Meaning, Place,
    bounded::{members, plain, tree},
    document, events, exchange,
    field::Field,
    message,
    source::{Attributes, Shape, Source, parse},
};

/// Completes the meaning once every row of the table has been applied.
pub(super) fn finish(span: &Span, attributes: &Attributes<'_>, meaning: &mut Meaning) {
    let detail = &mut meaning.detail;
    mime(attributes, openinference::INPUT_MIME_TYPE, &mut detail.input);
    mime(attributes, openinference::OUTPUT_MIME_TYPE, &mut detail.output);
    if detail.invocation_parameters.is_none() {
        detail.invocation_parameters = request_parameters(attributes);
        if detail.invocation_parameters.is_some() {
            meaning.tell(Field::InvocationParameters, "gen_ai.request.*", Place::Span);
        }
    }
    if meaning.detail.kind == Kind::Unknown
        && let Some((kind, reason)) = infer_kind(&meaning.detail)
    {
        meaning.detail.kind = kind;
        meaning.tell(Field::Kind, reason, Place::Derived);
    }
    if matches!(meaning.detail.kind, Kind::Llm | Kind::Embedding) {
        complete_call(meaning);
    }
    if meaning.detail.kind == Kind::Agent {
        finish_agent(meaning);
    }
    if meaning.detail.finish_reasons.is_empty() {
        let reasons =
            meaning.detail.output_messages.iter().filter_map(|message| message.finish_reason.clone());
        meaning.detail.finish_reasons = reasons.collect();
        if !meaning.detail.finish_reasons.is_empty() {
            meaning.tell(Field::FinishReasons, "output_messages", Place::Derived);
        }
    }
    let google = is_google(&meaning.detail);
    meaning.detail.usage = split_total(whole_input(meaning.detail.usage, attributes), google);
    if meaning.detail.time_to_first_token_ms.is_none()
        && let Some((ms, event)) = events::first_token_ms(span.start_ns, &span.events)
    {
        meaning.detail.time_to_first_token_ms = Some(ms);
        meaning.tell(Field::TimeToFirstToken, event, Place::Event);
    }
    // OpenInference tells the model that answered; the one asked for, all there is when a call fails, is a parameter.
    let detail = &mut meaning.detail;
    if detail.model_requested.is_none()
        && let Some(model) =
            detail.invocation_parameters.as_ref().and_then(|given| given.get("model")?.as_str())
    {
        detail.model_requested = Some(model.to_owned());
        meaning.tell(Field::ModelRequested, "invocation_parameters.model", Place::Derived);
    }
    finish_tool(span, attributes, meaning);
    if meaning.detail.kind == Kind::Retriever {
        finish_retrieval(meaning);
    }
    let empty =
        |prompt: &bennu_model::PromptTemplate| prompt.template.is_empty() && prompt.variables.is_none();
    if meaning.detail.prompt_template.as_ref().is_some_and(empty) {
        meaning.detail.prompt_template = None;
    }
}

/// Input tokens with the cached ones, which some dialects count beside them: the AI SDK before version 6 for Anthropic and
/// Bedrock, and whoever passes on what these providers answer. Parts that exceed the whole cannot be parts of it.
fn whole_input(usage: Usage, attributes: &Attributes<'_>) -> Usage {
    if let Some(whole) = disjoint(usage) {
        return whole;
    }
    let cached = usage.cache_read.unwrap_or(0).saturating_add(usage.cache_write.unwrap_or(0));
    let (Some(input), true) = (usage.input, cached > 0) else { return usage };
    let beside = |provider: &'static str| attributes.source(provider, Shape::Plain).is_some();
    let counted_beside = attributes.get("ai.usage.inputTokenDetails.noCacheTokens").is_none()
        && (beside("ai.response.providerMetadata#/anthropic")
            || beside("ai.response.providerMetadata#/bedrock"));
    if counted_beside || cached > input {
        return Usage { input: Some(input.saturating_add(cached)), ..usage };
    }
    usage
}

/// Counts that add up to the total only with the cached and reasoning ones are counted beside those: Langfuse keeps buckets.
fn disjoint(usage: Usage) -> Option<Usage> {
    let (input, output, total) = (usage.input?, usage.output?, usage.unsplit?);
    let cached = usage.cache_read.unwrap_or(0).checked_add(usage.cache_write.unwrap_or(0))?;
    let reasoning = usage.reasoning.unwrap_or(0);
    let (input, output) = (input.checked_add(cached)?, output.checked_add(reasoning)?);
    ((cached > 0 || reasoning > 0) && input.checked_add(output)? == total).then_some(Usage {
        input: Some(input),
        output: Some(output),
        ..usage
    })
}

/// Whether Google's API answered, whichever library asked it.
fn is_google(detail: &Detail) -> bool {
    let provider = detail.provider.iter().any(|name| {
        let name = name.to_ascii_lowercase();
        ["google", "gemini", "vertex", "gcp"].iter().any(|known| name.contains(known))
    });
    provider || detail.model().is_some_and(|model| model.contains("gemini"))
}

/// A reported total, which the table put in `unsplit`, completes the one part that is missing; with none known it stays. What
/// Google's total has beyond both parts is reasoning: Gemini counts a model's thoughts beside its answer, and libraries pass
/// that on. Of others it is not known what a larger total counts.
fn split_total(usage: Usage, google: bool) -> Usage {
    let Some(total) = usage.unsplit else { return usage };
    match (usage.input, usage.output) {
        (None, None) => usage,
        (Some(input), Some(output)) => match total.checked_sub(input.saturating_add(output)) {
            Some(thoughts)
                if google && thoughts > 0 && usage.reasoning.is_none_or(|known| known == thoughts) =>
            {
                Usage {
                    output: Some(output.saturating_add(thoughts)),
                    reasoning: Some(thoughts),
                    unsplit: None,
                    ..usage
                }
            }
            _ => Usage { unsplit: None, ..usage },
        },
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
    const NOT_PARAMETERS: [&str; 4] = ["model", "messages", "available_tools", "user"];
    let parameters: Map<String, Json> = attributes
        .under(gen_ai::REQUEST_PREFIX)
        .filter(|(name, _)| !NOT_PARAMETERS.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_json()))
        .collect();
    (!parameters.is_empty()).then_some(Json::Object(parameters))
}

/// For spans that do not say: what only one kind has.
fn infer_kind(detail: &Detail) -> Option<(Kind, &'static str)> {
    let has_tool = detail.tool.as_ref().is_some_and(|tool| tool.name.is_some());
    Some(match () {
        () if !detail.output_messages.is_empty() => (Kind::Llm, "output_messages"),
        () if !detail.input_messages.is_empty() && detail.model().is_some() => (Kind::Llm, "input_messages"),
        () if !detail.input_documents.is_empty() => (Kind::Reranker, "input_documents"),
        () if !detail.documents.is_empty() => (Kind::Retriever, "documents"),
        () if !detail.embeddings.is_empty() => (Kind::Embedding, "embeddings"),
        () if has_tool => (Kind::Tool, "tool.name"),
        () if detail.model().is_some() && !detail.usage.is_unknown() => (Kind::Llm, "usage"),
        () if detail.agent_name.is_some() && detail.model().is_none() => (Kind::Agent, "agent_name"),
        () => return None,
    })
}

/// What instrumentors keep of the provider's whole request and answer completes what no attribute told: messages, the answer's
/// id, its model, its usage.
fn complete_call(meaning: &mut Meaning) {
    let is_call = meaning.detail.kind == Kind::Llm;
    if is_call && meaning.detail.input_messages.is_empty() {
        // Plain text may be anything, even the name of a Python object.
        let said = meaning.detail.input.as_ref().and_then(|input| tree(&input.value));
        let said = said.filter(|json| !json.is_string());
        meaning.detail.input_messages = said.as_ref().map(exchange::request).unwrap_or_default();
        if !meaning.detail.input_messages.is_empty() {
            meaning.tell(Field::InputMessages, "input", Place::Derived);
        }
    }
    let Some(output) = &meaning.detail.output else { return };
    let said = (is_call && meaning.detail.output_messages.is_empty())
        .then(|| match tree(&output.value) {
            Some(json) => exchange::answer(&json),
            None => message::said(&output.value, "assistant"),
        })
        .filter(|said| !said.is_empty());
    let answer = members(&output.value, &["id", "model", "usage", "llm_output", "generations"]);
    let detail = &mut meaning.detail;
    let mut told = Vec::new();
    if let Some(said) = said {
        detail.output_messages = said;
        told.push(Field::OutputMessages);
    }
    let text = |json: Option<&Json>| json?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    // LangChain keeps the provider's id in `llm_output`, or with the message; its own runs have other ids.
    let message = || answer.get("generations")?.pointer("/0/0/message/kwargs/response_metadata/id");
    let id = text(answer.get("id"))
        .or_else(|| text(answer.get("llm_output")?.get("id")))
        .or_else(|| text(message()));
    if let (None, Some(id)) = (&detail.response_id, id) {
        detail.response_id = Some(id);
        told.push(Field::ResponseId);
    }
    if let (None, Some(model)) = (&detail.model_answering, text(answer.get("model"))) {
        detail.model_answering = Some(model);
        told.push(Field::ModelAnswering);
    }
    if let (true, Some(usage)) = (detail.usage.is_unknown(), answer.get("usage")) {
        detail.usage = exchange::usage(usage);
        if !detail.usage.is_unknown() {
            told.extend([Field::UsageInput, Field::UsageOutput]);
        }
    }
    for field in told {
        meaning.tell(field, "output", Place::Derived);
    }
}

/// An agent's run: what it was asked, and what it answered in the end, in whichever way its library keeps them.
fn finish_agent(meaning: &mut Meaning) {
    let detail = &mut meaning.detail;
    if !detail.output_messages.is_empty() {
        return;
    }
    // A transcript of the whole run ends with the answer.
    if detail.input_messages.len() > 1
        && detail.input_messages.last().is_some_and(|last| last.role == "assistant")
    {
        detail.output_messages.extend(detail.input_messages.pop());
        meaning.tell(Field::OutputMessages, "input_messages", Place::Derived);
        return;
    }
    let said = |content: &Option<Content>, speaker| {
        plain(&content.as_ref()?.value).map(|text| message::said(&text, speaker))
    };
    let mut told = Vec::new();
    if let (true, Some(asked)) = (detail.input_messages.is_empty(), said(&detail.input, "user")) {
        detail.input_messages = asked;
        told.push((Field::InputMessages, "input"));
    }
    if let Some(answered) = said(&detail.output, "assistant") {
        detail.output_messages = answered;
        told.push((Field::OutputMessages, "output"));
    }
    for (field, from) in told {
        meaning.tell(field, from, Place::Derived);
    }
}

/// Frameworks without a convention of their own for retrieval have the query as input and the documents as output.
fn finish_retrieval(meaning: &mut Meaning) {
    let detail = &mut meaning.detail;
    let mut told = Vec::new();
    if let (None, Some(input)) = (&detail.query, &detail.input) {
        let only = match tree(&input.value) {
            Some(Json::Object(members)) if members.len() == 1 => {
                members.values().next().and_then(Json::as_str).map(str::to_owned)
            }
            _ => None,
        };
        detail.query = Some(only.unwrap_or_else(|| input.value.clone()));
        told.push((Field::Query, "input"));
    }
    if let (true, Some(output)) = (detail.documents.is_empty(), &detail.output)
        && let Some(json) = tree(&output.value)
        && (json.is_array() || json.get("documents").is_some())
    {
        detail.documents = document::documents(&json);
        told.extend(detail.documents.first().map(|_| (Field::Documents, "output")));
    }
    for (field, from) in told {
        meaning.tell(field, from, Place::Derived);
    }
}

/// Names and ids of tools stand on spans of other kinds too; only a tool's own span ran it. Most dialects give its arguments and
/// result as the span's input and output.
fn finish_tool(span: &Span, attributes: &Attributes<'_>, meaning: &mut Meaning) {
    let detail = &mut meaning.detail;
    if detail.kind != Kind::Tool {
        detail.tool = None;
        return;
    }
    let mut told = Vec::new();
    let tool = detail.tool.get_or_insert_default();
    if tool.name.is_none() {
        let name = span.name.strip_prefix("execute_tool ").or_else(|| span.name.strip_prefix("tool."));
        let name = name.or_else(|| span.name.strip_suffix(".tool"));
        tool.name = Some(name.unwrap_or(&span.name).to_owned());
        told.push((Field::ToolName, "name of the span"));
    }
    if tool.arguments.is_none() {
        let parameters =
            || attributes.get(openinference::TOOL_PARAMETERS).map(|value| Source::Value(value).json());
        tool.arguments =
            detail.input.as_ref().map(|input| called_with(parse(&input.value))).or_else(parameters);
        told.extend(tool.arguments.as_ref().map(|_| (Field::ToolArguments, "input")));
    }
    if tool.result.is_none() {
        tool.result = detail.output.as_ref().map(|output| parse(&output.value));
        told.extend(tool.result.as_ref().map(|_| (Field::ToolResult, "output")));
    }
    for (field, from) in told {
        meaning.tell(field, from, Place::Derived);
    }
}

/// What a decorated Python function was called with: Traceloop and Langfuse write `{"args": […], "kwargs": {…}}`.
fn called_with(json: Json) -> Json {
    let (Some(Json::Array(args)), Some(Json::Object(kwargs)), 2) =
        (json.get("args"), json.get("kwargs"), json.as_object().map_or(0, Map::len))
    else {
        return json;
    };
    match (args.as_slice(), kwargs.is_empty()) {
        ([], _) => Json::Object(kwargs.clone()),
        ([only], true) => only.clone(),
        _ => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64, total: u64) -> Usage {
        Usage { input: Some(input), output: Some(output), unsplit: Some(total), ..Usage::default() }
    }

    #[test]
    fn totals_complete_what_is_missing_and_hold_what_was_left_out() {
        let split = |usage: Usage| {
            let Usage { input, output, reasoning, unsplit, .. } = split_total(usage, true);
            (input, output, reasoning, unsplit)
        };
        assert_eq!(split(usage(10, 5, 15)), (Some(10), Some(5), None, None));
        assert_eq!(split(usage(10, 5, 63)), (Some(10), Some(53), Some(48), None), "thoughts");
        assert_eq!(split_total(usage(10, 5, 63), false).output, Some(5), "not Google's");
        assert_eq!(split(usage(10, 5, 3)), (Some(10), Some(5), None, None), "nonsense");
        assert_eq!(split(Usage { input: None, ..usage(0, 5, 15) }), (Some(10), Some(5), None, None));
        assert_eq!(
            split(Usage { input: None, output: None, ..usage(0, 0, 15) }),
            (None, None, None, Some(15))
        );
    }

    #[test]
    fn cached_tokens_are_part_of_the_input_whatever_the_dialect_meant() {
        let bare = Attributes::new(&[]);
        let whole = |usage: Usage| {
            let whole = whole_input(usage, &bare);
            (whole.input, whole.output)
        };
        let cached = |usage: Usage| Usage { cache_read: Some(24), reasoning: Some(64), ..usage };
        assert_eq!(whole(cached(usage(72, 146, 218))), (Some(72), Some(146)), "part of it already");
        assert_eq!(whole(cached(usage(48, 82, 218))), (Some(72), Some(146)), "kept in buckets");
        assert_eq!(whole(cached(usage(10, 5, 15))), (Some(34), Some(5)), "more cached than there were");
        let mut endless = cached(usage(72, 146, 218));
        endless.reasoning = Some(u64::MAX);
        assert_eq!(whole(endless), (Some(72), Some(146)), "no sum");
    }
}
