//! OpenInference, `spec/semantic_conventions.md` (semantic conventions 0.1.42).
//!
//! Lists of objects are flattened: `llm.input_messages.0.message.role`. The names of lists are given without the index.

crate::names! {
    /// What a span does; one of [`SPAN_KINDS`].
    SPAN_KIND = "openinference.span.kind";
    /// Resource attribute: the project a trace belongs to.
    PROJECT_NAME = "openinference.project.name";
    /// What went into the operation.
    INPUT_VALUE = "input.value";
    /// `text/plain` or `application/json`.
    INPUT_MIME_TYPE = "input.mime_type";
    /// What came out of the operation.
    OUTPUT_VALUE = "output.value";
    /// `text/plain` or `application/json`.
    OUTPUT_MIME_TYPE = "output.mime_type";
    /// The model that answered (or was asked, where the instrumentor does not tell them apart).
    LLM_MODEL_NAME = "llm.model_name";
    /// The model that was asked.
    LLM_REQUEST_MODEL_NAME = "llm.request.model_name";
    /// The model that answered.
    LLM_RESPONSE_MODEL_NAME = "llm.response.model_name";
    /// The hosting provider, `azure`.
    LLM_PROVIDER = "llm.provider";
    /// The AI product, `openai`.
    LLM_SYSTEM = "llm.system";
    /// Messages sent to the model (list).
    LLM_INPUT_MESSAGES = "llm.input_messages";
    /// Messages the model returned (list).
    LLM_OUTPUT_MESSAGES = "llm.output_messages";
    /// Prompts of a completions API (list of `prompt.text`).
    LLM_PROMPTS = "llm.prompts";
    /// Answers of a completions API (list of `completion.text`).
    LLM_CHOICES = "llm.choices";
    /// Tools offered to the model (list of `tool.json_schema`).
    LLM_TOOLS = "llm.tools";
    /// JSON object of the request's parameters.
    LLM_INVOCATION_PARAMETERS = "llm.invocation_parameters";
    /// Why the model stopped.
    LLM_FINISH_REASON = "llm.finish_reason";
    /// Prompt template text.
    LLM_PROMPT_TEMPLATE = "llm.prompt_template.template";
    /// JSON object of the template's variables.
    LLM_PROMPT_TEMPLATE_VARIABLES = "llm.prompt_template.variables";
    /// Template version.
    LLM_PROMPT_TEMPLATE_VERSION = "llm.prompt_template.version";
    /// Input tokens, cached ones included.
    LLM_TOKEN_COUNT_PROMPT = "llm.token_count.prompt";
    /// Output tokens, reasoning included.
    LLM_TOKEN_COUNT_COMPLETION = "llm.token_count.completion";
    /// Sum of both.
    LLM_TOKEN_COUNT_TOTAL = "llm.token_count.total";
    /// Input tokens read from the provider's cache.
    LLM_TOKEN_COUNT_CACHE_READ = "llm.token_count.prompt_details.cache_read";
    /// Input tokens written to the provider's cache.
    LLM_TOKEN_COUNT_CACHE_WRITE = "llm.token_count.prompt_details.cache_write";
    /// Output tokens spent on reasoning.
    LLM_TOKEN_COUNT_REASONING = "llm.token_count.completion_details.reasoning";
    /// Reported cost of the input, USD.
    LLM_COST_PROMPT = "llm.cost.prompt";
    /// Reported cost of the output, USD.
    LLM_COST_COMPLETION = "llm.cost.completion";
    /// Reported cost of the call, USD.
    LLM_COST_TOTAL = "llm.cost.total";
    /// Retrieved documents (list).
    RETRIEVAL_DOCUMENTS = "retrieval.documents";
    /// Documents given to a reranker (list).
    RERANKER_INPUT_DOCUMENTS = "reranker.input_documents";
    /// Documents returned by a reranker (list).
    RERANKER_OUTPUT_DOCUMENTS = "reranker.output_documents";
    /// The reranker's query.
    RERANKER_QUERY = "reranker.query";
    /// The reranker's model.
    RERANKER_MODEL_NAME = "reranker.model_name";
    /// Embedded texts and their vectors (list).
    EMBEDDING_EMBEDDINGS = "embedding.embeddings";
    /// The embedding model.
    EMBEDDING_MODEL_NAME = "embedding.model_name";
    /// JSON object of the embedding request's parameters.
    EMBEDDING_INVOCATION_PARAMETERS = "embedding.invocation_parameters";
    /// The tool's name.
    TOOL_NAME = "tool.name";
    /// What the tool is for.
    TOOL_DESCRIPTION = "tool.description";
    /// The tool's parameters (some instrumentors write the arguments here).
    TOOL_PARAMETERS = "tool.parameters";
    /// The id of the tool call that this span answers.
    TOOL_ID = "tool.id";
    /// The agent's name.
    AGENT_NAME = "agent.name";
    /// Session id.
    SESSION_ID = "session.id";
    /// User id.
    USER_ID = "user.id";
    /// Tags (array of strings).
    TAG_TAGS = "tag.tags";
    /// JSON object of metadata.
    METADATA = "metadata";
}

/// Values of [`SPAN_KIND`].
pub const SPAN_KINDS: [&str; 11] = [
    "LLM",
    "EMBEDDING",
    "CHAIN",
    "RETRIEVER",
    "RERANKER",
    "TOOL",
    "AGENT",
    "GUARDRAIL",
    "EVALUATOR",
    "PROMPT",
    "DECISION",
];
