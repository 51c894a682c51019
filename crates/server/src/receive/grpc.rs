//! OTLP/gRPC. tonic does the framing; the message stays bytes, so that one decoder serves both transports.

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderValue,
    response::Response,
    routing::post,
};
use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use tonic::{
    Status,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, UnaryService},
};

use super::{Held, ingest, reply};
use crate::{
    app::App,
    decode::Encoding,
    error::{Code, Error},
};

pub(crate) fn router() -> Router<App> {
    const PREFIX: &str = "/opentelemetry.proto.collector";
    Router::new()
        .route(&format!("{PREFIX}.trace.v1.TraceService/Export"), post(traces))
        .route(
            &format!("{PREFIX}.logs.v1.LogsService/Export"),
            post(|| async { refuse(other_signal("logs", "LOGS")) }),
        )
        .route(
            &format!("{PREFIX}.metrics.v1.MetricsService/Export"),
            post(|| async { refuse(other_signal("metrics", "METRICS")) }),
        )
        .fallback(|| async { refuse(Error::new(Code::Unimplemented, "this port serves OTLP/gRPC only")) })
}

/// What is said to exporters of signals that are not stored.
pub(super) fn other_signal(signal: &str, variable: &str) -> Error {
    Error::new(
        Code::Unimplemented,
        format!(
            "bennu stores traces only for now; set OTEL_{variable}_EXPORTER=none to stop sending {signal}"
        ),
    )
}

async fn traces(State(app): State<App>, request: Request) -> Response {
    // Before a byte of the message is read.
    if let Err(error) = app.guard.check_token(request.headers()) {
        return refuse(error);
    }
    let limit = app.max_body_bytes;
    let mut response = Grpc::new(BytesCodec)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(limit)
        .unary(Export(app), request)
        .await
        .map(axum::body::Body::new);
    // tonic says OUT_OF_RANGE of a message that is too large, which OTLP exporters would send again for ever.
    if response.headers().get(Status::GRPC_STATUS) == Some(&code(tonic::Code::OutOfRange)) {
        response.headers_mut().insert(Status::GRPC_STATUS, code(Code::TooLarge.grpc()));
    }
    response
}

fn code(code: tonic::Code) -> HeaderValue {
    HeaderValue::from(code as i32)
}

struct Export(App);

impl UnaryService<Bytes> for Export {
    type Response = Bytes;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<tonic::Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let app = self.0.clone();
        Box::pin(async move { export(&app, request).await.map_err(|error| status(&error)) })
    }
}

async fn export(app: &App, request: tonic::Request<Bytes>) -> Result<tonic::Response<Bytes>, Error> {
    let project = super::project_header(request.metadata().as_ref());
    let body = request.into_inner();
    let mut held = Held::default();
    app.budget.take(&mut held, body.len())?;
    let rejected = ingest(app, Encoding::Protobuf, body, project, held).await?;
    Ok(tonic::Response::new(reply::export(&rejected).encode_to_vec().into()))
}

fn status(error: &Error) -> Status {
    Status::new(error.code.grpc(), error.message.clone())
}

fn refuse(error: Error) -> Response {
    status(&error).into_http()
}

/// Messages as they are.
#[derive(Debug, Clone, Copy, Default)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = BytesCodec;
    type Decoder = BytesCodec;

    fn encoder(&mut self) -> BytesCodec {
        BytesCodec
    }

    fn decoder(&mut self) -> BytesCodec {
        BytesCodec
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
