//! OTLP's answers. What comes in is read field by field (`protobuf`), what goes out is short: messages for prost.

use prost::Message;

/// `ExportTraceServiceResponse` and `ExportLogsServiceResponse`, which are written alike.
#[derive(Clone, PartialEq, Message)]
pub struct Response {
    /// Set when there is something to say.
    #[prost(message, optional, tag = "1")]
    pub partial_success: Option<PartialSuccess>,
}

/// `ExportTracePartialSuccess` and `ExportLogsPartialSuccess`.
#[derive(Clone, PartialEq, Message)]
pub struct PartialSuccess {
    /// How many items were refused; 0 if what is said is a warning.
    #[prost(int64, tag = "1")]
    pub rejected: i64,
    /// Why, or what was mended.
    #[prost(string, tag = "2")]
    pub error_message: String,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct RpcStatus {
    /// A gRPC status code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For the developer who reads the exporter's log.
    #[prost(string, tag = "2")]
    pub message: String,
}
