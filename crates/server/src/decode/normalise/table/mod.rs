//! The table: which attribute means what, in every dialect. `docs/dialects.md` is written from it.
//!
//! To teach Bennu a name, add a row and a fixture. Rows of one field are tried in their order: the first that finds something
//! sets the field, and no later row changes it. `name#/pointer` is a part of a JSON value.
//!
//! - `call`: what the span is, which model, how it was asked.
//! - `messages`: what the model was shown and what it returned.
//! - `usage`: tokens, cost, time to the first token.
//! - `work`: retrieval, embeddings, tools, agents, what went in and out.
//! - `who`: session, user, tags, metadata, errors.

mod call;
mod messages;
mod usage;
mod work;
mod who;
mod index;

use bennu_model::Attribute;
use bennu_semconv::{gen_ai, openinference, otel};

use super::{Meaning, Place, convert::Conversion, field::Field, source::Attributes};

/// Who writes an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Dialect {
    OpenInference,
    GenAi,
    Otel,
    Traceloop,
    AiSdk,
    Logfire,
    PydanticAi,
    MlFlow,
    Langfuse,
    LangSmith,
    LiteLlm,
    GoogleAdk,
    Strands,
    Haystack,
    Genkit,
    LiveKit,
    Sentry,
    OpenLit,
    CrewAi,
    Rig,
    ClaudeCode,
}

impl Dialect {
    /// The name people know it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Dialect::OpenInference => "OpenInference",
            Dialect::GenAi => "OpenTelemetry GenAI",
            Dialect::Otel => "OpenTelemetry",
            Dialect::Traceloop => "OpenLLMetry",
            Dialect::AiSdk => "Vercel AI SDK",
            Dialect::Logfire => "Logfire",
            Dialect::PydanticAi => "Pydantic AI",
            Dialect::MlFlow => "MLflow",
            Dialect::Langfuse => "Langfuse",
            Dialect::LangSmith => "LangSmith",
            Dialect::LiteLlm => "LiteLLM",
            Dialect::GoogleAdk => "Google ADK",
            Dialect::Strands => "Strands",
            Dialect::Haystack => "Haystack",
            Dialect::Genkit => "Genkit",
            Dialect::LiveKit => "LiveKit",
            Dialect::Sentry => "Sentry",
            Dialect::OpenLit => "OpenLIT",
            Dialect::CrewAi => "CrewAI",
            Dialect::Rig => "Rig",
            Dialect::ClaudeCode => "Claude Code",
        }
    }
}

/// A row of the table.
pub(crate) struct Rule {
    /// The attribute's name; of a flattened list, the name before the index; after `#`, a JSON pointer into its value.
    pub(crate) attribute: &'static str,
    /// Who writes it.
    pub(crate) dialect: Dialect,
    /// Since or until which version it is written, as far as that matters; empty for all.
    pub(crate) versions: &'static str,
    /// What it says something about.
    pub(crate) field: Field,
    /// How it is read.
    pub(crate) conversion: &'static Conversion,
    /// Whose spans it counts on: how the name of their instrumentation scope begins. Empty for all; names that any
    /// application might use for something else need one.
    pub(crate) scope: &'static str,
}

impl Rule {
    /// The same row for spans of one scope.
    const fn of(self, scope: &'static str) -> Rule {
        Rule { scope, ..self }
    }

    /// The attribute's name without a pointer.
    pub(crate) fn name(&self) -> &'static str {
        self.attribute.split_once('#').map_or(self.attribute, |(name, _)| name)
    }
}

/// A row, short enough to be read as one.
const fn row(
    field: Field,
    attribute: &'static str,
    dialect: Dialect,
    versions: &'static str,
    conversion: &'static Conversion,
) -> Rule {
    Rule { attribute, dialect, versions, field, conversion, scope: "" }
}

/// Every row, in the order of precedence.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    PARTS.iter().copied().flatten()
}

/// The attributes that have a row, each once.
pub fn attribute_names() -> Vec<&'static str> {
    let names: std::collections::BTreeSet<&str> = rules().map(Rule::name).collect();
    names.into_iter().collect()
}

const PARTS: &[&[Rule]] = &[call::ROWS, messages::ROWS, usage::ROWS, work::ROWS, who::ROWS];

/// Takes in what attributes that this scope wrote say, where nothing said it before.
pub(super) fn apply(attributes: &[Attribute], scope: &str, place: Place, meaning: &mut Meaning) {
    let attributes = Attributes::new(attributes);
    for rule in index::candidates(attributes.names()) {
        if scope.starts_with(rule.scope)
            && let Some(source) = attributes.source(rule.attribute, rule.conversion.shape)
            && (rule.conversion.apply)(&source, rule.field, &mut meaning.detail)
        {
            meaning.learn(super::Fact {
                field: rule.field,
                attribute: rule.attribute.into(),
                dialect: Some(rule.dialect),
                place,
            });
        }
    }
}

/// Attributes without a row that something is made from nevertheless.
const ACTED_ON: [&str; 9] = [
    otel::SERVICE_NAME,
    openinference::INPUT_MIME_TYPE,
    openinference::OUTPUT_MIME_TYPE,
    openinference::TOOL_PARAMETERS,
    "ai.usage.inputTokenDetails.noCacheTokens",
    "langfuse.observation.level",
    "logfire.span_type",
    "logfire.pending_parent_id",
    "gen_ai.event.content",
];

/// Whether an attribute that this scope wrote, or the list or tree it belongs to, is understood.
pub(crate) fn is_understood(key: &str, scope: &str) -> bool {
    // Every parameter of the request is one of the invocation's.
    ACTED_ON.contains(&key) || key.starts_with(gen_ai::REQUEST_PREFIX) || index::is_known(key, scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::normalise::convert;

    #[test]
    fn no_row_stands_twice() {
        let mut seen = std::collections::HashSet::new();
        for rule in rules() {
            assert!(
                seen.insert((rule.attribute, rule.field, rule.conversion.name, rule.scope)),
                "{} stands twice for {}",
                rule.attribute,
                rule.field.path()
            );
        }
    }

    #[test]
    fn every_conversion_and_every_field_has_a_row() {
        for conversion in convert::ALL {
            assert!(rules().any(|rule| rule.conversion.name == conversion.name), "{}", conversion.name);
        }
        for field in Field::ALL {
            assert!(rules().any(|rule| rule.field == *field), "{}", field.path());
        }
    }

    #[test]
    fn attributes_of_lists_and_trees_are_understood() {
        for key in
            ["llm.input_messages.3.message.role", "gen_ai.request.model", "ai.telemetry.metadata.anything"]
        {
            assert!(is_understood(key, ""), "{key}");
        }
        for key in ["llm.input_messages_count", "app.region", "gen_ai", ""] {
            assert!(!is_understood(key, ""), "{key}");
        }
        assert!(is_understood("input", "logfire.openai_agents") && !is_understood("input", "my.own.app"));
    }
}
