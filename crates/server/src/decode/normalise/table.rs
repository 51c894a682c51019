//! The table: which attribute means what, dialect by dialect.
//!
//! Order is precedence: a fact that a row has set is not set again by a later one.

use bennu_semconv::{gen_ai, openinference as oi, otel};

use super::{
    convert::{self, Convert},
    source::Shape::{self, Plain, Tree},
};

/// Who writes an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenInference: Phoenix's own convention.
    OpenInference,
    /// OpenTelemetry GenAI, 1.37 and later.
    GenAi,
    /// OpenTelemetry itself.
    Otel,
}

/// A row of the table.
pub(crate) struct Rule {
    /// The attribute's name; of a flattened list, the name before the index.
    pub(crate) attribute: &'static str,
    /// Who writes it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "documents the row; the tests check that names fit their dialect")
    )]
    pub(crate) dialect: Dialect,
    /// How it may be spread.
    pub(crate) shape: Shape,
    /// What it means.
    pub(crate) convert: Convert,
}

const fn oi(attribute: &'static str, shape: Shape, convert: Convert) -> Rule {
    Rule { attribute, dialect: Dialect::OpenInference, shape, convert }
}

const fn gen_ai(attribute: &'static str, shape: Shape, convert: Convert) -> Rule {
    Rule { attribute, dialect: Dialect::GenAi, shape, convert }
}

const fn otel(attribute: &'static str, convert: Convert) -> Rule {
    Rule { attribute, dialect: Dialect::Otel, shape: Plain, convert }
}

/// Every attribute that is understood.
#[rustfmt::skip]
pub(crate) const TABLE: &[Rule] = &[
    // What the span does.
    oi(oi::SPAN_KIND,                       Plain, convert::kind),
    gen_ai(gen_ai::OPERATION_NAME,          Plain, convert::operation),
    // The model.
    oi(oi::LLM_REQUEST_MODEL_NAME,          Plain, |s, d| convert::text(s, &mut d.model_requested)),
    gen_ai(gen_ai::REQUEST_MODEL,           Plain, |s, d| convert::text(s, &mut d.model_requested)),
    oi(oi::LLM_RESPONSE_MODEL_NAME,         Plain, |s, d| convert::text(s, &mut d.model_answering)),
    gen_ai(gen_ai::RESPONSE_MODEL,          Plain, |s, d| convert::text(s, &mut d.model_answering)),
    oi(oi::LLM_MODEL_NAME,                  Plain, |s, d| convert::text(s, &mut d.model_answering)),
    oi(oi::EMBEDDING_MODEL_NAME,            Plain, |s, d| convert::text(s, &mut d.model_answering)),
    oi(oi::RERANKER_MODEL_NAME,             Plain, |s, d| convert::text(s, &mut d.model_answering)),
    oi(oi::LLM_PROVIDER,                    Plain, |s, d| convert::text(s, &mut d.provider)),
    gen_ai(gen_ai::PROVIDER_NAME,           Plain, |s, d| convert::text(s, &mut d.provider)),
    oi(oi::LLM_SYSTEM,                      Plain, |s, d| convert::text(s, &mut d.provider)),
    gen_ai(gen_ai::SYSTEM,                  Plain, |s, d| convert::text(s, &mut d.provider)),
    gen_ai(gen_ai::RESPONSE_ID,             Plain, |s, d| convert::text(s, &mut d.response_id)),
    // What it was shown and what it returned.
    oi(oi::LLM_INPUT_MESSAGES,              Tree,  |s, d| convert::messages(s, &mut d.input_messages)),
    gen_ai(gen_ai::INPUT_MESSAGES,          Tree,  |s, d| convert::messages(s, &mut d.input_messages)),
    oi(oi::LLM_PROMPTS,                     Tree,  |s, d| convert::prompts(s, "user", &mut d.input_messages)),
    gen_ai(gen_ai::SYSTEM_INSTRUCTIONS,     Tree,  convert::system_instructions),
    oi(oi::LLM_OUTPUT_MESSAGES,             Tree,  |s, d| convert::messages(s, &mut d.output_messages)),
    gen_ai(gen_ai::OUTPUT_MESSAGES,         Tree,  |s, d| convert::messages(s, &mut d.output_messages)),
    oi(oi::LLM_CHOICES,                     Tree,  |s, d| convert::prompts(s, "assistant", &mut d.output_messages)),
    oi(oi::LLM_FINISH_REASON,               Plain, convert::finish_reasons),
    gen_ai(gen_ai::RESPONSE_FINISH_REASONS, Plain, convert::finish_reasons),
    // How it was asked.
    oi(oi::LLM_TOOLS,                       Tree,  convert::tools),
    gen_ai(gen_ai::TOOL_DEFINITIONS,        Tree,  convert::tools),
    oi(oi::LLM_INVOCATION_PARAMETERS,       Tree,  |s, d| convert::json(s, &mut d.invocation_parameters)),
    oi(oi::EMBEDDING_INVOCATION_PARAMETERS, Tree,  |s, d| convert::json(s, &mut d.invocation_parameters)),
    oi(oi::LLM_PROMPT_TEMPLATE,             Plain, convert::template),
    oi(oi::LLM_PROMPT_TEMPLATE_VARIABLES,   Tree,  |s, d| convert::json(s, &mut d.prompt_template.get_or_insert_default().variables)),
    oi(oi::LLM_PROMPT_TEMPLATE_VERSION,     Plain, |s, d| convert::text(s, &mut d.prompt_template.get_or_insert_default().version)),
    // Tokens and cost.
    oi(oi::LLM_TOKEN_COUNT_PROMPT,          Plain, |s, d| convert::count(s, &mut d.usage.input)),
    gen_ai(gen_ai::USAGE_INPUT_TOKENS,      Plain, |s, d| convert::count(s, &mut d.usage.input)),
    oi(oi::LLM_TOKEN_COUNT_COMPLETION,      Plain, |s, d| convert::count(s, &mut d.usage.output)),
    gen_ai(gen_ai::USAGE_OUTPUT_TOKENS,     Plain, |s, d| convert::count(s, &mut d.usage.output)),
    oi(oi::LLM_TOKEN_COUNT_CACHE_READ,      Plain, |s, d| convert::count(s, &mut d.usage.cache_read)),
    gen_ai(gen_ai::USAGE_CACHE_READ,        Plain, |s, d| convert::count(s, &mut d.usage.cache_read)),
    oi(oi::LLM_TOKEN_COUNT_CACHE_WRITE,     Plain, |s, d| convert::count(s, &mut d.usage.cache_write)),
    gen_ai(gen_ai::USAGE_CACHE_CREATION,    Plain, |s, d| convert::count(s, &mut d.usage.cache_write)),
    gen_ai(gen_ai::USAGE_CACHE_WRITE,       Plain, |s, d| convert::count(s, &mut d.usage.cache_write)),
    oi(oi::LLM_TOKEN_COUNT_REASONING,       Plain, |s, d| convert::count(s, &mut d.usage.reasoning)),
    gen_ai(gen_ai::USAGE_REASONING,         Plain, |s, d| convert::count(s, &mut d.usage.reasoning)),
    // `finish` splits a total or keeps it as it is.
    oi(oi::LLM_TOKEN_COUNT_TOTAL,           Plain, |s, d| convert::count(s, &mut d.usage.unsplit)),
    gen_ai(gen_ai::USAGE_TOTAL_TOKENS,      Plain, |s, d| convert::count(s, &mut d.usage.unsplit)),
    oi(oi::LLM_COST_PROMPT,                 Plain, |s, d| convert::amount(s, &mut d.cost.input_usd)),
    oi(oi::LLM_COST_COMPLETION,             Plain, |s, d| convert::amount(s, &mut d.cost.output_usd)),
    oi(oi::LLM_COST_TOTAL,                  Plain, |s, d| convert::amount(s, &mut d.cost.total_usd)),
    // Retrieval and embeddings.
    oi(oi::RETRIEVAL_DOCUMENTS,             Tree,  |s, d| convert::documents(s, &mut d.documents)),
    oi(oi::RERANKER_OUTPUT_DOCUMENTS,       Tree,  |s, d| convert::documents(s, &mut d.documents)),
    gen_ai(gen_ai::RETRIEVAL_DOCUMENTS,     Tree,  |s, d| convert::documents(s, &mut d.documents)),
    oi(oi::RERANKER_INPUT_DOCUMENTS,        Tree,  |s, d| convert::documents(s, &mut d.input_documents)),
    oi(oi::RERANKER_QUERY,                  Plain, |s, d| convert::text(s, &mut d.query)),
    gen_ai(gen_ai::RETRIEVAL_QUERY,         Plain, |s, d| convert::text(s, &mut d.query)),
    oi(oi::EMBEDDING_EMBEDDINGS,            Tree,  convert::embeddings),
    // Tools and agents.
    oi(oi::TOOL_NAME,                       Plain, |s, d| convert::text(s, &mut d.tool.get_or_insert_default().name)),
    gen_ai(gen_ai::TOOL_NAME,               Plain, |s, d| convert::text(s, &mut d.tool.get_or_insert_default().name)),
    oi(oi::TOOL_DESCRIPTION,                Plain, |s, d| convert::text(s, &mut d.tool.get_or_insert_default().description)),
    gen_ai(gen_ai::TOOL_DESCRIPTION,        Plain, |s, d| convert::text(s, &mut d.tool.get_or_insert_default().description)),
    oi(oi::TOOL_ID,                         Plain, |s, d| convert::text(s, &mut d.tool.get_or_insert_default().call_id)),
    gen_ai(gen_ai::TOOL_CALL_ID,            Plain, |s, d| convert::text(s, &mut d.tool.get_or_insert_default().call_id)),
    gen_ai(gen_ai::TOOL_CALL_ARGUMENTS,     Tree,  |s, d| convert::json(s, &mut d.tool.get_or_insert_default().arguments)),
    gen_ai(gen_ai::TOOL_CALL_RESULT,        Tree,  |s, d| convert::json(s, &mut d.tool.get_or_insert_default().result)),
    oi(oi::AGENT_NAME,                      Plain, |s, d| convert::text(s, &mut d.agent_name)),
    gen_ai(gen_ai::AGENT_NAME,              Plain, |s, d| convert::text(s, &mut d.agent_name)),
    // Who and what about.
    oi(oi::SESSION_ID,                      Plain, |s, d| convert::text(s, &mut d.session_id)),
    gen_ai(gen_ai::CONVERSATION_ID,         Plain, |s, d| convert::text(s, &mut d.session_id)),
    oi(oi::USER_ID,                         Plain, |s, d| convert::text(s, &mut d.user_id)),
    otel(otel::ENDUSER_ID,                  |s, d| convert::text(s, &mut d.user_id)),
    oi(oi::TAG_TAGS,                        Tree,  convert::tags),
    oi(oi::METADATA,                        Tree,  |s, d| convert::json(s, &mut d.metadata)),
    // In and out; `finish` adds the media types.
    oi(oi::INPUT_VALUE,                     Tree,  |s, d| convert::content(s, &mut d.input)),
    oi(oi::OUTPUT_VALUE,                    Tree,  |s, d| convert::content(s, &mut d.output)),
    otel(otel::ERROR_TYPE,                  |s, d| convert::text(s, &mut d.error_type)),
];

/// Whether an attribute, or the list or tree it belongs to, is understood.
pub(crate) fn is_understood(key: &str) -> bool {
    let exceptions = [otel::SERVICE_NAME];
    TABLE
        .iter()
        .map(|rule| rule.attribute)
        .chain(exceptions)
        .any(|known| key.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_fits_its_dialect_and_stands_once() {
        let mut seen = std::collections::HashSet::new();
        for rule in TABLE {
            assert!(seen.insert(rule.attribute), "{} stands twice", rule.attribute);
            assert_eq!(
                rule.dialect == Dialect::GenAi,
                rule.attribute.starts_with("gen_ai."),
                "{}",
                rule.attribute
            );
        }
    }
}
