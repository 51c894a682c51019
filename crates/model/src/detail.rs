//! What a span means, in one vocabulary whatever the dialect.

use serde::Serialize;
use serde_json::Value as Json;

use crate::{Kind, Message, Usage};

/// The meaning of a span, derived from its attributes by the normaliser.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detail {
    /// What it does.
    pub kind: Kind,
    /// The model that was asked.
    pub model_requested: Option<String>,
    /// The model that answered.
    pub model_answering: Option<String>,
    /// Who served the model.
    pub provider: Option<String>,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// What the model was shown.
    pub input_messages: Vec<Message>,
    /// What it returned.
    pub output_messages: Vec<Message>,
    /// Tools offered to the model, as their JSON descriptions.
    pub tools: Vec<Json>,
    /// Parameters of the request, a JSON object.
    pub invocation_parameters: Option<Json>,
    /// The template the prompt came from.
    pub prompt_template: Option<PromptTemplate>,
    /// What was searched for.
    pub query: Option<String>,
    /// Documents retrieved, or returned by a reranker.
    pub documents: Vec<Document>,
    /// Documents a reranker was given.
    pub input_documents: Vec<Document>,
    /// Texts embedded.
    pub embeddings: Vec<Embedding>,
    /// The tool that ran.
    pub tool: Option<Tool>,
    /// The agent's name.
    pub agent_name: Option<String>,
    /// Why the model stopped, one reason a choice.
    pub finish_reasons: Vec<String>,
    /// Tokens reported.
    pub usage: Usage,
    /// Whether the usage repeats, by its dialect's definition, what other spans report.
    pub usage_repeats: bool,
    /// Cost reported by the client.
    pub cost: Cost,
    /// From the start of the call to the first token of its answer, milliseconds.
    pub time_to_first_token_ms: Option<f64>,
    /// Session.
    pub session_id: Option<String>,
    /// User.
    pub user_id: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Metadata, a JSON object.
    pub metadata: Option<Json>,
    /// What went in.
    pub input: Option<Content>,
    /// What came out.
    pub output: Option<Content>,
    /// The class of the error, if the span says one.
    pub error_type: Option<String>,
}

impl Detail {
    /// The model to show: the one that answered, else the one asked.
    pub fn model(&self) -> Option<&str> {
        self.model_answering.as_deref().or(self.model_requested.as_deref())
    }
}

/// A value with its media type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    /// The text.
    pub value: String,
    /// `text/plain` unless the span says otherwise.
    pub mime_type: String,
}

/// A prompt template with what filled it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PromptTemplate {
    /// The template's text.
    pub template: String,
    /// The variables, a JSON object.
    pub variables: Option<Json>,
    /// The version.
    pub version: Option<String>,
}

/// A document or chunk.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Document {
    /// Its id.
    pub id: Option<String>,
    /// Its score, in the retriever's own measure.
    pub score: Option<f64>,
    /// Its text.
    pub text: Option<String>,
    /// Its metadata.
    pub metadata: Option<Json>,
}

/// One embedded text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Embedding {
    /// The text.
    pub text: Option<String>,
    /// The vector's length.
    pub dimensions: usize,
}

/// A tool that ran.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The id of the call it answers.
    pub call_id: Option<String>,
    /// The arguments; text when they are not JSON.
    pub arguments: Option<Json>,
    /// The result; text when it is not JSON.
    pub result: Option<Json>,
}

/// Cost as the client reported it, US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Cost {
    /// Of the input.
    pub input_usd: Option<f64>,
    /// Of the output.
    pub output_usd: Option<f64>,
    /// Of the call.
    pub total_usd: Option<f64>,
}
