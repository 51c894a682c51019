//! OTLP/gRPC. A message stays bytes, so that one decoder serves both transports.
//!
//! The framing of a unary call is ours, the codes are tonic's: tonic collects and decompresses a whole message before anybody is
//! asked whether there is memory for it, and an exporter's calls need no more than five bytes around them.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
    routing::post,
};
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::Status;

use super::{
    Held, Received,
    body::{self, Compression},
    ingest, reply,
};
use crate::{
    app::App,
    decode::{Encoding, Signal},
    error::{Code, Error},
};

/// What stands before a message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

pub(crate) fn router() -> Router<App> {
    const PREFIX: &str = "/opentelemetry.proto.collector";
    Router::new()
        .route(
            &format!("{PREFIX}.trace.v1.TraceService/Export"),
            post(|app, request| take(app, Signal::Traces, request)),
        )
        .route(
            &format!("{PREFIX}.logs.v1.LogsService/Export"),
            post(|app, request| take(app, Signal::Logs, request)),
        )
        .route(
            &format!("{PREFIX}.metrics.v1.MetricsService/Export"),
            post(|| async { refuse(&super::metrics()) }),
        )
        .fallback(|| async { refuse(&Error::new(Code::Unimplemented, "this port serves OTLP/gRPC only")) })
}

async fn take(State(app): State<App>, signal: Signal, request: Request) -> Response {
    match export(&app, signal, request).await {
        Ok(reply) => respond(&reply),
        Err(error) => refuse(&error),
    }
}

async fn export(app: &App, signal: Signal, request: Request) -> Result<Bytes, Error> {
    // Before a byte of the message is read.
    app.guard.check_token(request.headers())?;
    let compression = Compression::from_header(
        request.headers().get("grpc-encoding").and_then(|encoding| encoding.to_str().ok()),
    )?;
    let project = super::project_header(request.headers());

    let mut held = Held::default();
    let limit = app.max_body_bytes.saturating_add(PREFIX_BYTES);
    let framed = body::read(request.into_body(), limit, &app.budget, &mut held).await?;
    let (is_compressed, body) = message(framed)?;
    let compression = if is_compressed { compression } else { Compression::None };
    let (body, held) = body::open(app, compression, body, held).await?;
    let report = ingest(app, Received { signal, encoding: Encoding::Protobuf, body, project, held }).await?;
    Ok(reply::export(&report).encode_to_vec().into())
}

/// The one message of a unary call.
fn message(mut framed: Bytes) -> Result<(bool, Bytes), Error> {
    let wrong = |said: &str| Err(Error::new(Code::Invalid, said));
    let Some(&[flag, a, b, c, d]) = framed.first_chunk::<PREFIX_BYTES>() else {
        return wrong("the gRPC message is missing");
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    let message = framed.split_off(PREFIX_BYTES);
    match (flag, message.len()) {
        (2.., _) => wrong("this is no gRPC message"),
        (_, found) if found < length => wrong("the gRPC message is cut off"),
        (_, found) if found > length => wrong("one gRPC message was expected, and more came"),
        _ => Ok((flag == 1, message)),
    }
}

fn respond(reply: &Bytes) -> Response {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + reply.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(reply.len()).unwrap_or_default());
    framed.put_slice(reply);
    let trailers = HeaderMap::from_iter([(Status::GRPC_STATUS, HeaderValue::from_static("0"))]);
    let body = Full::new(framed.freeze()).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    name_encodings(&mut response);
    response
}

fn refuse(error: &Error) -> Response {
    let mut response = Status::new(error.code.grpc(), error.message.clone()).into_http();
    name_encodings(&mut response);
    response
}

/// So that a sender who compressed in another way learns the ways there are.
fn name_encodings(response: &mut Response) {
    let known = HeaderValue::from_static("identity,gzip,deflate,zstd");
    response.headers_mut().insert("grpc-accept-encoding", known);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_taken_out_of_its_frame() {
        assert_eq!(
            message(Bytes::from_static(&[1, 0, 0, 0, 2, 7, 8])).unwrap(),
            (true, Bytes::from_static(&[7, 8]))
        );
        assert_eq!(message(Bytes::from_static(&[0; 5])).unwrap(), (false, Bytes::new()));
        for (framed, said) in [
            (&b""[..], "missing"),
            (&[0, 0, 0, 0], "missing"),
            (&[0, 0, 0, 0, 2, 7], "cut off"),
            (&[0, 0, 0, 0, 1, 7, 8], "more came"),
            (b"POST /v1/traces", "no gRPC"),
        ] {
            let refused = message(Bytes::copy_from_slice(framed)).unwrap_err();
            assert!(refused.message.contains(said), "{refused:?}");
        }
    }
}
