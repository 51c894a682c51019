//! What the model was shown and what it returned.

use bennu_semconv::{gen_ai, openinference as oi};

use super::{Dialect as D, Rule, row};
use crate::decode::normalise::{convert as c, field::Field as F};

#[rustfmt::skip]
pub(super) const ROWS: &[Rule] = &[
    row(F::InputMessages, oi::LLM_INPUT_MESSAGES,                 D::OpenInference, "",            &c::MESSAGES),
    row(F::InputMessages, gen_ai::INPUT_MESSAGES,                 D::GenAi,         "1.37",        &c::MESSAGES),
    row(F::InputMessages, "gen_ai.prompt",                        D::Traceloop,     "before 0.50; LangSmith", &c::EXCHANGE),
    row(F::InputMessages, "llm.prompts",                          D::Traceloop,     "before 0.20", &c::PROMPTS),
    row(F::InputMessages, "ai.prompt.messages",                   D::AiSdk,         "3 to 6",      &c::MESSAGES),
    row(F::InputMessages, "ai.prompt",                            D::AiSdk,         "3 to 6",      &c::EXCHANGE),
    row(F::InputMessages, "pydantic_ai.all_messages",             D::PydanticAi,    "1.0",         &c::MESSAGES),
    row(F::InputMessages, "all_messages_events",                  D::PydanticAi,    "instrumentation 1", &c::EVENTS).of("pydantic-ai"),
    row(F::InputMessages, "events",                               D::PydanticAi,    "instrumentation 1", &c::EVENTS).of("pydantic-ai"),
    row(F::InputMessages, "events",                               D::Logfire,       "OpenAI Agents", &c::EVENTS).of("logfire.openai_agents"),
    row(F::InputMessages, "raw_input",                            D::Logfire,       "OpenAI Agents", &c::MESSAGES).of("logfire.openai_agents"),
    row(F::InputMessages, "haystack.component.input#/messages",   D::Haystack,      "2",           &c::MESSAGES),
    row(F::InputMessages, "haystack.component.input#/prompt",     D::Haystack,      "2",           &c::EXCHANGE),
    row(F::InputMessages, "haystack.agent.input#/messages",       D::Haystack,      "2",           &c::MESSAGES),
    row(F::InputMessages, "request_data",                         D::Logfire,       "",            &c::EXCHANGE).of("logfire."),
    row(F::InputMessages, "gcp.vertex.agent.llm_request",         D::GoogleAdk,     "1",           &c::EXCHANGE),
    row(F::InputMessages, "gen_ai.request.messages",              D::Sentry,        "",            &c::MESSAGES),
    row(F::InputMessages, "lk.chat_ctx#/items",                   D::LiveKit,       "1",           &c::MESSAGES),
    row(F::InputMessages, "genkit:input#/messages",               D::Genkit,        "",            &c::MESSAGES),
    row(F::InputMessages, gen_ai::SYSTEM_INSTRUCTIONS,            D::GenAi,         "1.37",        &c::SYSTEM),

    row(F::OutputMessages, oi::LLM_OUTPUT_MESSAGES,               D::OpenInference, "",            &c::MESSAGES),
    row(F::OutputMessages, gen_ai::OUTPUT_MESSAGES,               D::GenAi,         "1.37",        &c::MESSAGES),
    row(F::OutputMessages, "gen_ai.completion",                   D::Traceloop,     "before 0.50; LangSmith", &c::EXCHANGE),
    row(F::OutputMessages, oi::LLM_CHOICES,                       D::OpenInference, "",            &c::PROMPTS),
    row(F::OutputMessages, "message.tool_calls",                  D::OpenInference, "Google GenAI", &c::TOOL_CALLS).of("openinference."),
    row(F::OutputMessages, "llm.completions",                     D::Traceloop,     "before 0.20", &c::MESSAGES),
    row(F::OutputMessages, "ai.response",                         D::AiSdk,         "3.3 to 6",    &c::AI_ANSWER),
    row(F::OutputMessages, "ai.result",                           D::AiSdk,         "before 3.3",  &c::AI_ANSWER),
    row(F::OutputMessages, "haystack.component.output#/replies",  D::Haystack,      "2",           &c::MESSAGES),
    row(F::OutputMessages, "haystack.agent.output#/last_message", D::Haystack,      "2",           &c::MESSAGES),
    row(F::OutputMessages, "response",                            D::Logfire,       "OpenAI Agents", &c::EXCHANGE).of("logfire.openai_agents"),
    row(F::OutputMessages, "response_data",                       D::Logfire,       "",            &c::EXCHANGE).of("logfire."),
    row(F::OutputMessages, "gcp.vertex.agent.llm_response",       D::GoogleAdk,     "1",           &c::EXCHANGE),
    row(F::OutputMessages, "gen_ai.response.text",                D::Sentry,        "",            &c::MESSAGES),
    row(F::OutputMessages, "gen_ai.response.tool_calls",          D::Sentry,        "",            &c::TOOL_CALLS),
    row(F::OutputMessages, "lk.response.text",                    D::LiveKit,       "1",           &c::MESSAGES),
    row(F::OutputMessages, "genkit:output#/message",              D::Genkit,        "",            &c::MESSAGES),
];
