//! OTLP/gRPC: unary calls over a connection of its own.

use anyhow::{Context, bail};
use bytes::{Buf, BufMut, Bytes};
use tonic::{
    Code, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};

use super::{Answer, Connection, check};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

pub(super) struct Grpc {
    url: String,
    /// Each connection has a thread, and so its own small runtime.
    runtime: tokio::runtime::Runtime,
    client: tonic::client::Grpc<Channel>,
}

impl Grpc {
    pub(super) fn connect(url: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let endpoint = Endpoint::from_shared(url.to_owned()).context("--grpc is no URL")?;
        let channel = runtime
            .block_on(endpoint.connect())
            .with_context(|| format!("there is no gRPC server at {url}"))?;
        Ok(Grpc { url: url.into(), runtime, client: tonic::client::Grpc::new(channel) })
    }
}

impl Connection for Grpc {
    fn export(&mut self, body: &Bytes) -> anyhow::Result<Answer> {
        let client = &mut self.client;
        let answer = self.runtime.block_on(async {
            client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
            let path = tonic::codegen::http::uri::PathAndQuery::from_static(EXPORT);
            client.unary(tonic::Request::new(body.clone()), path, Raw).await
        });
        match answer {
            Ok(reply) => check(&reply.into_inner()).map(|()| Answer::Taken),
            Err(status) if status.code() == Code::Unavailable || is_full(&status) => Ok(Answer::Full(None)),
            Err(status) => bail!(
                "{} answered {:?} to a request of {} bytes: {}",
                self.url,
                status.code(),
                body.len(),
                status.message()
            ),
        }
    }
}

/// The same code says that a message is too large, which will not pass.
fn is_full(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && !status.message().contains("larger than max")
}

/// Messages as they are: they were encoded before the clock started.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;
    fn encoder(&mut self) -> Raw {
        Raw
    }
    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
