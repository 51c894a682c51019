//! Why models stop, in the words of OpenAI's chat completions: clients with types read no others.

use super::Span;

/// What is said of an answer that was not heard to its end.
pub(super) const CUT_OFF: &str = "cancelled";

/// Why a choice ended: what was recorded, in OpenAI's words; `cancelled` if it was cut off. `None` if that was not recorded.
pub(super) fn reason(span: &Span, choice: usize) -> Option<&'static str> {
    let said = span.finish_reasons.get(choice)?;
    let calls = span.output_messages.get(choice).is_some_and(|message| !message.tool_calls.is_empty());
    Some(openai(said, calls))
}

/// The word for a provider's. `calls` says whether the answer asks for tools: some providers have one word for all that went well.
fn openai(said: &str, calls: bool) -> &'static str {
    match said.to_ascii_lowercase().replace('-', "_").as_str() {
        // As OpenAI writes it: with calls as well, where a tool was demanded.
        "stop" if said == "stop" => "stop",
        "length"
        | "max_tokens"
        | "max_output_tokens"
        | "model_length"
        | "incomplete"
        | "model_context_window_exceeded" => "length",
        "tool_calls" | "tool_call" | "tool_use" => "tool_calls",
        "function_call" => "function_call",
        "content_filter"
        | "content_filtered"
        | "refusal"
        | "safety"
        | "recitation"
        | "blocklist"
        | "prohibited_content"
        | "spii"
        | "guardrail_intervened" => "content_filter",
        "cancelled" | "canceled" | "aborted" | "abort" | "interrupted" | "in_progress" | "failed" => CUT_OFF,
        // `end_turn`, `completed`, `stop_sequence`, Gemini's `STOP` and whatever comes.
        _ if calls => "tool_calls",
        _ => "stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_one_of_openais() {
        for (said, expected) in [
            ("stop", "stop"),
            ("STOP", "stop"),
            ("end_turn", "stop"),
            ("completed", "stop"),
            ("max_output_tokens", "length"),
            ("tool_use", "tool_calls"),
            ("tool-calls", "tool_calls"),
            ("function_call", "function_call"),
            ("content-filter", "content_filter"),
            ("refusal", "content_filter"),
            ("cancelled", CUT_OFF),
        ] {
            assert_eq!(openai(said, false), expected, "{said}");
        }
        assert_eq!(
            ["completed", "STOP", "stop"].map(|said| openai(said, true)),
            ["tool_calls", "tool_calls", "stop"]
        );
    }
}
