//! What the span is, which model answered, how it was asked.

use bennu_semconv::{gen_ai, openinference as oi};

use super::{Dialect as D, Rule, row};
use crate::decode::normalise::{convert as c, field::Field as F};

#[rustfmt::skip]
pub(super) const ROWS: &[Rule] = &[
    row(F::Kind, oi::SPAN_KIND,                              D::OpenInference, "",              &c::KIND),
    row(F::Kind, "ai.operationId",                           D::AiSdk,         "3 to 6",        &c::AI_OPERATION),
    row(F::Kind, "mlflow.spanType",                          D::MlFlow,        "",              &c::KIND),
    row(F::Kind, "langfuse.observation.type",                D::Langfuse,      "3",             &c::KIND),
    row(F::Kind, gen_ai::OPERATION_NAME,                     D::GenAi,         "",              &c::KIND),
    row(F::Kind, "traceloop.span.kind",                      D::Traceloop,     "",              &c::KIND),
    row(F::Kind, "llm.request.type",                         D::Traceloop,     "before 0.50",   &c::KIND),
    row(F::Kind, "langsmith.span.kind",                      D::LangSmith,     "",              &c::KIND),
    row(F::Kind, "genkit:metadata:subtype",                  D::Genkit,        "",              &c::KIND),
    row(F::Kind, "genkit:type",                              D::Genkit,        "",              &c::KIND),

    row(F::ModelRequested, oi::LLM_REQUEST_MODEL_NAME,       D::OpenInference, "",              &c::TEXT),
    row(F::ModelRequested, gen_ai::REQUEST_MODEL,            D::GenAi,         "",              &c::TEXT),
    row(F::ModelRequested, "llm.request.model",              D::Traceloop,     "before 0.20",   &c::TEXT),
    row(F::ModelRequested, "ai.model.id",                    D::AiSdk,         "3 to 6",        &c::TEXT),
    row(F::ModelRequested, "mlflow.spanInputs#/model",       D::MlFlow,        "",              &c::TEXT),
    row(F::ModelRequested, "gcp.vertex.agent.llm_request#/model", D::GoogleAdk, "1",            &c::TEXT),
    row(F::ModelRequested, "request_data#/model",            D::Logfire,       "",              &c::TEXT),
    row(F::ModelRequested, "langfuse.observation.model.name", D::Langfuse,     "3",             &c::TEXT),
    row(F::ModelRequested, "model_name",                     D::PydanticAi,    "",              &c::TEXT),
    row(F::ModelAnswering, oi::LLM_RESPONSE_MODEL_NAME,      D::OpenInference, "",              &c::TEXT),
    row(F::ModelAnswering, gen_ai::RESPONSE_MODEL,           D::GenAi,         "",              &c::TEXT),
    row(F::ModelAnswering, "gen_ai.response.model_name",     D::Rig,           "before 0.46",   &c::TEXT),
    row(F::ModelAnswering, "llm.response.model",             D::Traceloop,     "before 0.20",   &c::TEXT),
    row(F::ModelAnswering, "ai.response.model",              D::AiSdk,         "3 to 6",        &c::TEXT),
    row(F::ModelAnswering, "mlflow.llm.model",               D::MlFlow,        "3.10",          &c::TEXT),
    row(F::ModelAnswering, oi::LLM_MODEL_NAME,               D::OpenInference, "",              &c::TEXT),
    row(F::ModelAnswering, oi::EMBEDDING_MODEL_NAME,         D::OpenInference, "",              &c::TEXT),
    row(F::ModelAnswering, oi::RERANKER_MODEL_NAME,          D::OpenInference, "",              &c::TEXT),

    row(F::Provider, oi::LLM_PROVIDER,                       D::OpenInference, "",              &c::TEXT),
    row(F::Provider, gen_ai::PROVIDER_NAME,                  D::GenAi,         "1.37",          &c::TEXT),
    row(F::Provider, oi::LLM_SYSTEM,                         D::OpenInference, "",              &c::TEXT),
    row(F::Provider, gen_ai::SYSTEM,                         D::GenAi,         "to 1.36",       &c::TEXT),
    row(F::Provider, "llm.vendor",                           D::Traceloop,     "before 0.10",   &c::TEXT),
    row(F::Provider, "ai.model.provider",                    D::AiSdk,         "3 to 6",        &c::TEXT),
    row(F::Provider, "mlflow.llm.provider",                  D::MlFlow,        "",              &c::TEXT),

    row(F::ResponseId, gen_ai::RESPONSE_ID,                  D::GenAi,         "",              &c::TEXT),
    row(F::ResponseId, "llm.response.id",                    D::Traceloop,     "before 0.20",   &c::TEXT),
    row(F::ResponseId, "ai.response.id",                     D::AiSdk,         "3 to 6",        &c::TEXT),
    row(F::ResponseId, "mlflow.spanOutputs#/id",             D::MlFlow,        "",              &c::TEXT),
    row(F::ResponseId, "response_data#/id",                  D::Logfire,       "",              &c::TEXT),

    row(F::FinishReasons, oi::LLM_FINISH_REASON,             D::OpenInference, "",              &c::REASONS),
    row(F::FinishReasons, gen_ai::RESPONSE_FINISH_REASONS,   D::GenAi,         "",              &c::REASONS),
    row(F::FinishReasons, "gen_ai.response.finish_reason",   D::GenAi,         "semantic-kernel", &c::REASONS),
    row(F::FinishReasons, "llm.response.finish_reason",      D::Traceloop,     "",              &c::REASONS),
    row(F::FinishReasons, "llm.response.stop_reason",        D::Traceloop,     "",              &c::REASONS),
    row(F::FinishReasons, "ai.response.finishReason",        D::AiSdk,         "3.3 to 6",      &c::REASONS),
    row(F::FinishReasons, "ai.finishReason",                 D::AiSdk,         "before 3.3",    &c::REASONS),
    row(F::FinishReasons, "anthropic.message.stop_reason",   D::GenAi,         "Anthropic's SDK", &c::REASONS),
    row(F::FinishReasons, "genkit:output#/finishReason",     D::Genkit,        "",              &c::REASONS),

    row(F::Tools, oi::LLM_TOOLS,                             D::OpenInference, "",              &c::TOOLS),
    row(F::Tools, gen_ai::TOOL_DEFINITIONS,                  D::GenAi,         "1.37",          &c::TOOLS),
    row(F::Tools, "llm.request.functions",                   D::Traceloop,     "before 0.50",   &c::TOOLS),
    row(F::Tools, "ai.prompt.tools",                         D::AiSdk,         "3.4 to 6",      &c::TOOLS),
    row(F::Tools, "mlflow.chat.tools",                       D::MlFlow,        "",              &c::TOOLS),
    row(F::Tools, "mlflow.spanInputs#/tools",                D::MlFlow,        "",              &c::TOOLS),
    row(F::Tools, "gcp.vertex.agent.llm_request#/config/tools", D::GoogleAdk,  "1",             &c::TOOLS),
    row(F::Tools, "request_data#/tools",                     D::Logfire,       "",              &c::TOOLS),
    row(F::Tools, "model_request_parameters#/function_tools", D::PydanticAi,   "",              &c::TOOLS),
    row(F::Tools, "gen_ai.request.available_tools",          D::Sentry,        "",              &c::TOOLS),
    row(F::Tools, "genkit:input#/tools",                     D::Genkit,        "",              &c::TOOLS),

    row(F::InvocationParameters, oi::LLM_INVOCATION_PARAMETERS,       D::OpenInference, "",     &c::JSON),
    row(F::InvocationParameters, oi::EMBEDDING_INVOCATION_PARAMETERS, D::OpenInference, "",     &c::JSON),
    row(F::InvocationParameters, "langfuse.observation.model.parameters", D::Langfuse,  "3",    &c::JSON),
    row(F::InvocationParameters, "ai.settings",              D::AiSdk,         "3 to 6",        &c::JSON),
    row(F::InvocationParameters, "genkit:input#/config",     D::Genkit,        "",              &c::JSON),

    row(F::PromptTemplate, oi::LLM_PROMPT_TEMPLATE,           D::OpenInference, "",             &c::TEMPLATE),
    row(F::PromptTemplate, "traceloop.prompt.template",       D::Traceloop,     "",             &c::TEMPLATE),
    row(F::PromptVariables, oi::LLM_PROMPT_TEMPLATE_VARIABLES, D::OpenInference, "",            &c::JSON),
    row(F::PromptVariables, "traceloop.prompt.template_variables", D::Traceloop, "",            &c::JSON),
    row(F::PromptVersion, oi::LLM_PROMPT_TEMPLATE_VERSION,    D::OpenInference, "",             &c::TEXT),
    row(F::PromptVersion, "traceloop.prompt.version",         D::Traceloop,     "",             &c::TEXT),
    row(F::PromptVersion, "langfuse.observation.prompt.version", D::Langfuse,   "3",            &c::TEXT),
];
