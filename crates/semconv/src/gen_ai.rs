//! OpenTelemetry GenAI, `semantic-conventions-genai` (1.37 and later; still in development upstream).

crate::names! {
    /// `chat`, `embeddings`, `execute_tool`, `invoke_agent` and others.
    OPERATION_NAME = "gen_ai.operation.name";
    /// The provider, `openai`.
    PROVIDER_NAME = "gen_ai.provider.name";
    /// The provider's older name.
    SYSTEM = "gen_ai.system";
    /// The model that was asked.
    REQUEST_MODEL = "gen_ai.request.model";
    /// Every request parameter starts with this.
    REQUEST_PREFIX = "gen_ai.request.";
    /// The model that answered.
    RESPONSE_MODEL = "gen_ai.response.model";
    /// The provider's id of the answer; two spans that share it describe one call.
    RESPONSE_ID = "gen_ai.response.id";
    /// Array of reasons, one a choice.
    RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons";
    /// System instructions given beside the messages: parts, or plain text.
    SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions";
    /// Messages sent: role and typed parts.
    INPUT_MESSAGES = "gen_ai.input.messages";
    /// Messages returned: role, typed parts and finish reason.
    OUTPUT_MESSAGES = "gen_ai.output.messages";
    /// Tools offered.
    TOOL_DEFINITIONS = "gen_ai.tool.definitions";
    /// Input tokens, cached ones included.
    USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens";
    /// Output tokens, reasoning included.
    USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
    /// Sum, where a library sends one.
    USAGE_TOTAL_TOKENS = "gen_ai.usage.total_tokens";
    /// Input tokens read from the cache.
    USAGE_CACHE_READ = "gen_ai.usage.cache_read.input_tokens";
    /// Input tokens written to the cache (the convention's name).
    USAGE_CACHE_CREATION = "gen_ai.usage.cache_creation.input_tokens";
    /// Input tokens written to the cache (the name the published instrumentations send).
    USAGE_CACHE_WRITE = "gen_ai.usage.cache_write.input_tokens";
    /// Output tokens spent on reasoning.
    USAGE_REASONING = "gen_ai.usage.reasoning.output_tokens";
    /// The conversation, which is a session.
    CONVERSATION_ID = "gen_ai.conversation.id";
    /// The agent's name.
    AGENT_NAME = "gen_ai.agent.name";
    /// The tool's name.
    TOOL_NAME = "gen_ai.tool.name";
    /// What the tool is for.
    TOOL_DESCRIPTION = "gen_ai.tool.description";
    /// The id of the tool call.
    TOOL_CALL_ID = "gen_ai.tool.call.id";
    /// The arguments.
    TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments";
    /// The result.
    TOOL_CALL_RESULT = "gen_ai.tool.call.result";
    /// Retrieved documents: id, score and more.
    RETRIEVAL_DOCUMENTS = "gen_ai.retrieval.documents";
    /// What was searched for.
    RETRIEVAL_QUERY = "gen_ai.retrieval.query.text";
}
