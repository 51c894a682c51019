//! Names from OpenTelemetry itself that LLM traces carry.

/// The service a resource describes.
pub const SERVICE_NAME: &str = "service.name";
/// The class of an error, on a span.
pub const ERROR_TYPE: &str = "error.type";
/// The event that carries an exception.
pub const EXCEPTION_EVENT: &str = "exception";
/// The exception's type, on that event.
pub const EXCEPTION_TYPE: &str = "exception.type";
/// The exception's message, on that event.
pub const EXCEPTION_MESSAGE: &str = "exception.message";
/// The exception's stack trace, on that event.
pub const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";
/// The user (also OpenInference's name).
pub const USER_ID: &str = "user.id";
/// The older name of the user.
pub const ENDUSER_ID: &str = "enduser.id";
