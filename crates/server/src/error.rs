//! What a caller is told when something fails, over HTTP and gRPC alike.

use axum::http::StatusCode;
use bennu_store::Error as StoreError;

/// A class of failure; one table says what it is on each transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// The request cannot be understood.
    Invalid,
    /// A parameter is not supported or has a value that is not.
    Unprocessable,
    /// No token, or the wrong one.
    Unauthenticated,
    /// Not from there.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// Larger than the limit.
    TooLarge,
    /// A content type or encoding that is not known.
    UnsupportedType,
    /// Come back later.
    Busy,
    /// The question took too long.
    TimedOut,
    /// A signal that is not stored.
    Unimplemented,
    /// The program's fault.
    Internal,
}

impl Code {
    /// (HTTP status, gRPC code).
    fn table(self) -> (StatusCode, tonic::Code) {
        match self {
            Code::Invalid => (StatusCode::BAD_REQUEST, tonic::Code::InvalidArgument),
            Code::Unprocessable => (StatusCode::UNPROCESSABLE_ENTITY, tonic::Code::InvalidArgument),
            Code::Unauthenticated => (StatusCode::UNAUTHORIZED, tonic::Code::Unauthenticated),
            Code::Forbidden => (StatusCode::FORBIDDEN, tonic::Code::PermissionDenied),
            Code::NotFound => (StatusCode::NOT_FOUND, tonic::Code::NotFound),
            // OTLP exporters do not retry RESOURCE_EXHAUSTED without RetryInfo: the same message would be too large again.
            Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, tonic::Code::ResourceExhausted),
            Code::UnsupportedType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, tonic::Code::Unimplemented),
            Code::Busy => (StatusCode::SERVICE_UNAVAILABLE, tonic::Code::Unavailable),
            Code::TimedOut => (StatusCode::GATEWAY_TIMEOUT, tonic::Code::DeadlineExceeded),
            Code::Unimplemented => (StatusCode::NOT_IMPLEMENTED, tonic::Code::Unimplemented),
            Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, tonic::Code::Internal),
        }
    }

    pub(crate) fn http(self) -> StatusCode {
        self.table().0
    }

    pub(crate) fn grpc(self) -> tonic::Code {
        self.table().1
    }
}

/// A failure with a sentence for the caller. What the caller should not see was logged where it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Seconds after which to try again.
    pub(crate) retry_after_s: Option<u32>,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let retry_after_s = (code == Code::Busy).then_some(1);
        Error { code, message: message.into(), retry_after_s }
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Error::new(Code::NotFound, format!("{what} was not found"))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::DiskFull => {
                tracing::error!(%error, "the store failed");
                Error { retry_after_s: Some(30), ..Error::new(Code::Busy, error.to_string()) }
            }
            StoreError::TimedOut(_) => Error::new(Code::TimedOut, error.to_string()),
            StoreError::TooLarge(_) | StoreError::TooMany(_) => Error::new(Code::TooLarge, error.to_string()),
            StoreError::Closed => Error::new(Code::Busy, error.to_string()),
            _ => {
                tracing::error!(%error, "the store failed");
                Error::new(Code::Internal, "the store failed; the server's log says why")
            }
        }
    }
}
