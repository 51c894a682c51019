"""OpenTelemetry's own exporters, each with a provider around it."""

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from grpc import Compression as GrpcCompression


def http(server, compression=Compression.NoCompression):
    return HttpExporter(endpoint=f"{server.base_url}/v1/traces", compression=compression)


def grpc(server, compression=GrpcCompression.NoCompression):
    return GrpcExporter(endpoint=server.grpc, insecure=True, compression=compression)


def every_transport(server):
    return {
        "http": http(server),
        "http-gzip": http(server, Compression.Gzip),
        "grpc": grpc(server),
        "grpc-gzip": grpc(server, GrpcCompression.Gzip),
    }


def provider_for(exporter, **resource):
    provider = TracerProvider(resource=Resource.create(resource))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def flush(provider):
    assert provider.force_flush(10_000), "the exporter did not finish"
