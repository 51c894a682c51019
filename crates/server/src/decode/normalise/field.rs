//! The facts that the table can tell: where each is kept in a [`Detail`], and what it is called in answers and documents.

use bennu_model::{Content, Detail, Document, Message};
use serde_json::Value as Json;

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {
        /// A fact about a span.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Field { $($(#[$doc])* $name,)* }

        impl Field {
            /// Every field, in the order they are shown.
            pub(crate) const ALL: &[Field] = &[$(Field::$name,)*];

            /// The path in JSON answers.
            pub(crate) fn path(self) -> &'static str {
                match self { $(Field::$name => $path,)* }
            }
        }
    };
}

fields! {
    Kind = "kind";
    ModelRequested = "model_requested";
    ModelAnswering = "model_answering";
    Provider = "provider";
    ResponseId = "response_id";
    InputMessages = "input_messages";
    OutputMessages = "output_messages";
    FinishReasons = "finish_reasons";
    Tools = "tools";
    InvocationParameters = "invocation_parameters";
    PromptTemplate = "prompt_template.template";
    PromptVariables = "prompt_template.variables";
    PromptVersion = "prompt_template.version";
    UsageInput = "usage.input";
    UsageOutput = "usage.output";
    CacheRead = "usage.cache_read";
    CacheWrite = "usage.cache_write";
    Reasoning = "usage.reasoning";
    UsageTotal = "usage.total";
    CostInput = "cost.input_usd";
    CostOutput = "cost.output_usd";
    CostTotal = "cost.total_usd";
    TimeToFirstToken = "time_to_first_token_ms";
    Query = "query";
    Documents = "documents";
    InputDocuments = "input_documents";
    Embeddings = "embeddings";
    ToolName = "tool.name";
    ToolDescription = "tool.description";
    ToolCallId = "tool.call_id";
    ToolArguments = "tool.arguments";
    ToolResult = "tool.result";
    AgentName = "agent_name";
    SessionId = "session_id";
    UserId = "user_id";
    Tags = "tags";
    Metadata = "metadata";
    Input = "input";
    Output = "output";
    ErrorType = "error_type";
}

/// Where each kind of fact is kept; `None` for a field of another kind, which the table's test keeps from happening.
impl Field {
    pub(crate) fn text(self, detail: &mut Detail) -> Option<&mut Option<String>> {
        Some(match self {
            Field::ModelRequested => &mut detail.model_requested,
            Field::ModelAnswering => &mut detail.model_answering,
            Field::Provider => &mut detail.provider,
            Field::ResponseId => &mut detail.response_id,
            Field::PromptVersion => &mut detail.prompt_template.get_or_insert_default().version,
            Field::Query => &mut detail.query,
            Field::ToolName => &mut detail.tool.get_or_insert_default().name,
            Field::ToolDescription => &mut detail.tool.get_or_insert_default().description,
            Field::ToolCallId => &mut detail.tool.get_or_insert_default().call_id,
            Field::AgentName => &mut detail.agent_name,
            Field::SessionId => &mut detail.session_id,
            Field::UserId => &mut detail.user_id,
            Field::ErrorType => &mut detail.error_type,
            _ => return None,
        })
    }

    pub(crate) fn count(self, detail: &mut Detail) -> Option<&mut Option<u64>> {
        let usage = &mut detail.usage;
        Some(match self {
            Field::UsageInput => &mut usage.input,
            Field::UsageOutput => &mut usage.output,
            Field::CacheRead => &mut usage.cache_read,
            Field::CacheWrite => &mut usage.cache_write,
            Field::Reasoning => &mut usage.reasoning,
            Field::UsageTotal => &mut usage.unsplit,
            _ => return None,
        })
    }

    pub(crate) fn amount(self, detail: &mut Detail) -> Option<&mut Option<f64>> {
        Some(match self {
            Field::CostInput => &mut detail.cost.input_usd,
            Field::CostOutput => &mut detail.cost.output_usd,
            Field::CostTotal => &mut detail.cost.total_usd,
            Field::TimeToFirstToken => &mut detail.time_to_first_token_ms,
            _ => return None,
        })
    }

    pub(crate) fn json(self, detail: &mut Detail) -> Option<&mut Option<Json>> {
        Some(match self {
            Field::InvocationParameters => &mut detail.invocation_parameters,
            Field::PromptVariables => &mut detail.prompt_template.get_or_insert_default().variables,
            Field::ToolArguments => &mut detail.tool.get_or_insert_default().arguments,
            Field::ToolResult => &mut detail.tool.get_or_insert_default().result,
            Field::Metadata => &mut detail.metadata,
            _ => return None,
        })
    }

    pub(crate) fn content(self, detail: &mut Detail) -> Option<&mut Option<Content>> {
        Some(match self {
            Field::Input => &mut detail.input,
            Field::Output => &mut detail.output,
            _ => return None,
        })
    }

    /// The list, and the role of a message that does not name one.
    pub(crate) fn messages(self, detail: &mut Detail) -> Option<(&mut Vec<Message>, &'static str)> {
        Some(match self {
            Field::InputMessages => (&mut detail.input_messages, "user"),
            Field::OutputMessages => (&mut detail.output_messages, "assistant"),
            _ => return None,
        })
    }

    pub(crate) fn documents(self, detail: &mut Detail) -> Option<&mut Vec<Document>> {
        Some(match self {
            Field::Documents => &mut detail.documents,
            Field::InputDocuments => &mut detail.input_documents,
            _ => return None,
        })
    }

    pub(crate) fn texts(self, detail: &mut Detail) -> Option<&mut Vec<String>> {
        Some(match self {
            Field::FinishReasons => &mut detail.finish_reasons,
            Field::Tags => &mut detail.tags,
            _ => return None,
        })
    }
}
