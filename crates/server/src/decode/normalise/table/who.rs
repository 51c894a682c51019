//! Session, user, tags, metadata, errors.

use bennu_semconv::{gen_ai, openinference as oi, otel};

use super::{Dialect as D, Rule, row};
use crate::decode::normalise::{convert as c, field::Field as F};

#[rustfmt::skip]
pub(super) const ROWS: &[Rule] = &[
    row(F::SessionId, oi::SESSION_ID,                                    D::OpenInference, "",   &c::TEXT),
    row(F::SessionId, "langfuse.session.id",                             D::Langfuse,      "",   &c::TEXT),
    row(F::SessionId, "langsmith.trace.session_id",                      D::LangSmith,     "",   &c::TEXT),
    row(F::SessionId, "traceloop.association.properties#/session_id",    D::Traceloop,     "",   &c::TEXT),
    row(F::SessionId, "traceloop.association.properties#/sessionId",     D::Traceloop,     "",   &c::TEXT),
    row(F::SessionId, "ai.telemetry.metadata#/sessionId",                D::AiSdk,         "3 to 6", &c::TEXT),
    row(F::SessionId, "ai.telemetry.metadata#/session_id",               D::AiSdk,         "3 to 6", &c::TEXT),
    row(F::SessionId, "metadata#/session_id",                            D::OpenInference, "",   &c::TEXT),
    row(F::SessionId, "metadata#/sessionId",                             D::OpenInference, "",   &c::TEXT),
    row(F::SessionId, "mlflow.trace.session",                            D::MlFlow,        "3",  &c::TEXT),
    row(F::SessionId, gen_ai::CONVERSATION_ID,                           D::GenAi,         "",   &c::TEXT),
    row(F::SessionId, "gcp.vertex.agent.session_id",                     D::GoogleAdk,     "1",  &c::TEXT),
    row(F::SessionId, "langsmith.metadata.session_id",                   D::LangSmith,     "",   &c::TEXT),
    row(F::SessionId, "traceloop.association.properties#/chat_id",       D::Traceloop,     "",   &c::TEXT),
    row(F::SessionId, "traceloop.association.properties#/conversation_id", D::Traceloop,   "",   &c::TEXT),
    row(F::SessionId, "traceloop.association.properties#/thread_id",     D::Traceloop,     "",   &c::TEXT),
    row(F::SessionId, "ai.telemetry.metadata#/chatId",                   D::AiSdk,         "3 to 6", &c::TEXT),
    row(F::SessionId, "ai.telemetry.metadata#/conversationId",           D::AiSdk,         "3 to 6", &c::TEXT),
    row(F::SessionId, "ai.telemetry.metadata#/threadId",                 D::AiSdk,         "3 to 6", &c::TEXT),
    row(F::SessionId, "langsmith.metadata.thread_id",                    D::LangSmith,     "",   &c::TEXT),
    row(F::SessionId, "metadata#/conversation_id",                       D::OpenInference, "",   &c::TEXT),
    row(F::SessionId, "metadata#/thread_id",                             D::OpenInference, "",   &c::TEXT),
    row(F::SessionId, "sessionId",                                       D::GenAi,         "Mastra", &c::TEXT).of("@mastra/"),
    row(F::UserId, oi::USER_ID,                                          D::OpenInference, "",   &c::TEXT),
    row(F::UserId, otel::ENDUSER_ID,                                     D::Otel,          "",   &c::TEXT),
    row(F::UserId, "langfuse.user.id",                                   D::Langfuse,      "",   &c::TEXT),
    row(F::UserId, "traceloop.association.properties#/user_id",          D::Traceloop,     "",   &c::TEXT),
    row(F::UserId, "traceloop.association.properties#/userId",           D::Traceloop,     "",   &c::TEXT),
    row(F::UserId, "ai.telemetry.metadata#/userId",                      D::AiSdk,         "3 to 6", &c::TEXT),
    row(F::UserId, "ai.telemetry.metadata#/user_id",                     D::AiSdk,         "3 to 6", &c::TEXT),
    row(F::UserId, "metadata#/user_id",                                  D::OpenInference, "",   &c::TEXT),
    row(F::UserId, "metadata#/userId",                                   D::OpenInference, "",   &c::TEXT),
    row(F::UserId, "mlflow.trace.user",                                  D::MlFlow,        "3",  &c::TEXT),
    row(F::UserId, "langsmith.metadata.user_id",                         D::LangSmith,     "",   &c::TEXT),
    row(F::UserId, "llm.user",                                           D::Traceloop,     "before 0.50", &c::TEXT),
    row(F::UserId, "gen_ai.request.user",                                D::LiteLlm,       "",   &c::TEXT),
    row(F::UserId, "userId",                                             D::GenAi,         "Mastra", &c::TEXT).of("@mastra/"),

    row(F::Tags, oi::TAG_TAGS,                                           D::OpenInference, "",   &c::TAGS),
    row(F::Tags, "langfuse.trace.tags",                                  D::Langfuse,      "",   &c::TAGS),
    row(F::Tags, "tags",                                                 D::Strands,       "",   &c::TAGS).of("strands."),
    row(F::Tags, "logfire.tags",                                         D::Logfire,       "",   &c::TAGS),
    row(F::Tags, "ai.telemetry.metadata#/tags",                          D::AiSdk,         "3 to 6", &c::TAGS),
    row(F::Tags, "langsmith.span.tags",                                  D::LangSmith,     "",   &c::TAGS),
    row(F::Metadata, oi::METADATA,                                       D::OpenInference, "",   &c::JSON),
    row(F::Metadata, "traceloop.association.properties",                 D::Traceloop,     "",   &c::JSON),
    row(F::Metadata, "ai.telemetry.metadata",                            D::AiSdk,         "3 to 6", &c::JSON),
    row(F::Metadata, "langfuse.observation.metadata",                    D::Langfuse,      "3",  &c::JSON),
    row(F::Metadata, "langfuse.trace.metadata",                          D::Langfuse,      "3",  &c::JSON),
    row(F::Metadata, "langsmith.metadata",                               D::LangSmith,     "",   &c::JSON),

    row(F::ErrorType, otel::ERROR_TYPE,                                  D::Otel,          "",   &c::TEXT),
];
