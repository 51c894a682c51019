//! OTLP/gRPC with tonic's own client.

use bennu_bench::{Generator, Shape};
use bytes::{Buf, BufMut, Bytes};
use tonic::{
    Code, Status,
    client::Grpc,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};

use crate::kit::*;

/// Messages as they are.
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

pub(crate) async fn client(server: &TestServer) -> Grpc<Channel> {
    let address = server.addresses.grpc.unwrap();
    Grpc::new(Endpoint::from_shared(url(address, "")).unwrap().connect().await.unwrap())
}

pub(crate) async fn export(
    client: &mut Grpc<Channel>,
    service: &str,
    body: Vec<u8>,
) -> Result<Bytes, Status> {
    export_with(client, service, body, &[]).await
}

async fn export_with(
    client: &mut Grpc<Channel>,
    service: &str,
    body: Vec<u8>,
    metadata: &[(&'static str, &str)],
) -> Result<Bytes, Status> {
    let mut request = tonic::Request::new(Bytes::from(body));
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    client.ready().await.unwrap();
    let path = format!("/opentelemetry.proto.collector.{service}/Export").parse().unwrap();
    client.unary(request, path, Raw).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn spans_are_stored_plain_and_compressed() {
    let server = TestServer::start();
    let mut generator = Generator::new(1, Shape::Chat);
    let mut plain = client(&server).await;
    let reply = export(&mut plain, "trace.v1.TraceService", generator.request(3).body).await.unwrap();
    assert!(reply.is_empty());
    let mut gzip = client(&server).await.send_compressed(CompressionEncoding::Gzip);
    export(&mut gzip, "trace.v1.TraceService", generator.request(2).body).await.unwrap();
    let page =
        tokio::task::spawn_blocking(move || server.get("/v1/projects/default/spans").json()).await.unwrap();
    assert_eq!(page["data"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn messages_larger_than_tonics_default_are_taken() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let body = Generator::new(1, Shape::Chat).request(3_000).body;
    assert!(body.len() > 5 << 20);
    export(&mut client, "trace.v1.TraceService", body).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_taken_has_a_code_and_a_sentence() {
    let server = TestServer::with(&["--token", "secret-token", "--max-body-bytes", "100000"]);
    let mut client = client(&server).await;
    let bearer = [("authorization", "Bearer secret-token")];
    let refused = async |client: &mut Grpc<Channel>, service: &str, body: Vec<u8>| {
        export_with(client, service, body, &bearer).await.unwrap_err()
    };
    for (service, body, code, said) in [
        ("metrics.v1.MetricsService", vec![], Code::Unimplemented, "OTEL_METRICS_EXPORTER=none"),
        ("trace.v1.Other", vec![], Code::Unimplemented, "OTLP/gRPC"),
        ("trace.v1.TraceService", vec![0xff, 0xff], Code::InvalidArgument, "protobuf"),
    ] {
        let status = refused(&mut client, service, body).await;
        assert_eq!(status.code(), code, "{status:?}");
        assert!(status.message().contains(said), "{status:?}");
    }
    let status = export(&mut client, "trace.v1.TraceService", vec![]).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let status = refused(&mut client, "trace.v1.TraceService", vec![0; 200_000]).await;
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
    assert!(export_with(&mut client, "trace.v1.TraceService", vec![], &bearer).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_takes_its_part_of_the_queue_as_it_arrives() {
    let server = TestServer::with(&["--max-queue-bytes", "100000"]);
    let mut plain = client(&server).await;
    let mut gzip = client(&server).await.send_compressed(CompressionEncoding::Gzip);
    // An attribute of zeros: three thousand bytes compressed.
    let large = crate::wire::request(&[crate::wire::span(
        1,
        &[crate::wire::attribute("k", crate::wire::text(vec![b'0'; 1_000_000]))],
    )]);
    for client in [&mut plain, &mut gzip] {
        for service in ["trace.v1.TraceService", "logs.v1.LogsService"] {
            let status = export(client, service, large.clone()).await.unwrap_err();
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            assert!(status.message().contains("sent again"), "{status:?}");
        }
        let small = crate::wire::request(&[crate::wire::span(1, &[])]);
        assert!(export(client, "trace.v1.TraceService", small).await.unwrap().is_empty());
    }
}
