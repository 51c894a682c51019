//! Words that dialects have for the same thing.

use bennu_model::Kind;

/// What a span does, by any dialect's name for it: OpenInference's kinds, `gen_ai.operation.name`, `traceloop.span.kind`,
/// `mlflow.spanType`, `llm.request.type`, Langfuse's observation types, Genkit's subtypes.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let name = name.trim().trim_matches('"').to_ascii_lowercase();
    Some(match name.as_str() {
        "chat" | "generate_content" | "text_completion" | "completion" | "chat_model" | "generation"
        | "model" | "responses" | "llm_call" => Kind::Llm,
        "embeddings" | "embedding" | "embed" | "embedder" => Kind::Embedding,
        "retrieval" | "vector_db_retrieve" | "search" | "retriever" | "search_memory" => Kind::Retriever,
        "rerank" | "reranker" => Kind::Reranker,
        "execute_tool" | "tool" | "tool_call" | "function" => Kind::Tool,
        "invoke_agent" | "create_agent" | "agent" | "subagent" => Kind::Agent,
        "invoke_workflow"
        | "plan"
        | "agent_step"
        | "execute_task"
        | "execute_event_loop_cycle"
        | "workflow"
        | "task"
        | "chain"
        | "span"
        | "parser"
        | "flow"
        | "util"
        | "create_memory"
        | "update_memory"
        | "upsert_memory"
        | "delete_memory"
        | "memory" => Kind::Chain,
        "guardrail" | "guardrails" | "moderation" => Kind::Guardrail,
        "evaluator" | "evaluation" => Kind::Evaluator,
        other => return Kind::from_name(other),
    })
}

/// What a span of Logfire's own is, by the template of its message.
pub(super) fn template(template: &str) -> Option<Kind> {
    Some(match template {
        "Function: {name}" => Kind::Tool,
        "Agent run: {name!r}" | "OpenAI Agents trace: {name}" => Kind::Agent,
        "Guardrail {name!r} {triggered=}" => Kind::Guardrail,
        _ => return None,
    })
}

/// What `ai.operationId` says: the kind, and whether it is an outer operation, whose usage repeats the inner one's.
pub(super) fn ai_operation(name: &str) -> (Option<Kind>, bool) {
    let name = name.trim();
    if name == "ai.toolCall" {
        return (Some(Kind::Tool), false);
    }
    let Some(operation) = name.strip_prefix("ai.") else { return (None, false) };
    let inner = operation.contains(".do");
    let kind = match (operation.starts_with("embed"), operation.starts_with("rerank"), inner) {
        (true, _, true) => Kind::Embedding,
        (_, true, true) => Kind::Reranker,
        (true, _, false) | (_, true, false) => Kind::Chain,
        (_, _, true) => Kind::Llm,
        (_, _, false) => Kind::Agent,
    };
    (Some(kind), !inner)
}

/// What a component of Haystack does, by its class's name.
pub(super) fn component(class: &str) -> Option<Kind> {
    let ends = |ending: &str| class.ends_with(ending);
    Some(match () {
        () if ends("Generator") => Kind::Llm,
        () if ends("Embedder") => Kind::Embedding,
        () if ends("Retriever") => Kind::Retriever,
        () if ends("Ranker") => Kind::Reranker,
        () if ends("Agent") => Kind::Agent,
        () if ends("Evaluator") => Kind::Evaluator,
        () if class.is_empty() => return None,
        () => Kind::Chain,
    })
}

/// A finish reason without the name of its type: semantic-kernel sends Python's `FinishReason.TOOL_CALLS`.
pub(super) fn finish_reason(reason: &str) -> String {
    match reason.strip_prefix("FinishReason.") {
        Some(name) => name.to_ascii_lowercase(),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_a_word_for_a_model_call() {
        for name in ["LLM", "chat", "generate_content", "\"CHAT_MODEL\"", "completion", "GENERATION"] {
            assert_eq!(kind(name), Some(Kind::Llm), "{name}");
        }
        assert_eq!(kind("something else"), None);
        assert_eq!(ai_operation("ai.streamText.doStream"), (Some(Kind::Llm), false));
        assert_eq!(ai_operation("ai.embedMany"), (Some(Kind::Chain), true));
        assert_eq!(finish_reason("FinishReason.TOOL_CALLS"), "tool_calls");
    }
}
