//! OTLP's answers, in the encoding of the request.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use prost::Message;

use crate::{
    decode::{
        Encoding, Report, Signal,
        wire::proto::{PartialSuccess, Response as Export, RpcStatus},
    },
    error::Error,
};

/// The message of a successful export; what was refused is counted and named in it, what was mended is named.
pub(crate) fn export(report: &Report) -> Export {
    let partial_success = (!report.is_empty()).then(|| PartialSuccess {
        rejected: i64::try_from(report.rejected.count()).unwrap_or(i64::MAX),
        error_message: report.message(),
    });
    Export { partial_success }
}

/// 200 with the export's message.
pub(crate) fn success(signal: Signal, encoding: Encoding, report: &Report) -> Response<Body> {
    let export = export(report);
    let body = match encoding {
        Encoding::Protobuf => export.encode_to_vec(),
        Encoding::Json => match export.partial_success {
            None => b"{}".to_vec(),
            Some(PartialSuccess { rejected, error_message }) => {
                let count = match signal {
                    Signal::Traces => "rejectedSpans",
                    Signal::Logs => "rejectedLogRecords",
                };
                serde_json::json!({"partialSuccess": {count: rejected.to_string(), "errorMessage": error_message}})
                    .to_string()
                    .into_bytes()
            }
        },
    };
    respond(StatusCode::OK, encoding, body)
}

/// The status of a failure, with `google.rpc.Status` as OTLP/HTTP asks, and `Retry-After` where it helps.
pub(crate) fn failure(encoding: Encoding, error: &Error) -> Response<Body> {
    let status = RpcStatus { code: error.code.grpc() as i32, message: error.message.clone() };
    let body = match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => {
            serde_json::json!({"code": status.code, "message": status.message}).to_string().into_bytes()
        }
    };
    let mut response = respond(error.code.http(), encoding, body);
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn respond(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let content_type = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
