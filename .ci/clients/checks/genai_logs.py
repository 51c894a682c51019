"""OpenTelemetry's own instrumentation of the OpenAI client, which writes messages as log records, over both transports."""

import os

# Read by the instrumentation when it starts.
os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "EVENT_ONLY"
os.environ["OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"] = "true"

from fake_model import FakeModel  # noqa: E402
from openai import OpenAI  # noqa: E402
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter  # noqa: E402
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter  # noqa: E402
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor  # noqa: E402
from opentelemetry.sdk._logs import LoggerProvider  # noqa: E402
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: E402

from . import exporters  # noqa: E402
from .openai_calls import ANSWER, CONVERSATION, SHOWN, usage_of  # noqa: E402
from .server import equal, span_named, text_message, without_finish_reason  # noqa: E402


def run(server):
    transports = {
        "http": (exporters.http(server), HttpLogExporter(endpoint=f"{server.base_url}/v1/logs")),
        "grpc": (exporters.grpc(server), GrpcLogExporter(endpoint=server.grpc, insecure=True)),
    }
    for name, (spans, logs) in transports.items():
        # Whichever comes first: the records before their spans, then the other way round.
        check(server, spans, logs, logs_first=name == "http")


def check(server, spans, logs, logs_first):
    provider = exporters.provider_for(spans, **{"service.name": "genai-logs"})
    logger_provider = LoggerProvider()
    logger_provider.add_log_record_processor(BatchLogRecordProcessor(logs))
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=provider, logger_provider=logger_provider, skip_dep_check=True)
    try:
        with FakeModel() as model, provider.get_tracer("bennu.ci").start_as_current_span("genai-logs") as root:
            client = OpenAI(base_url=model.base_url, api_key="not-a-secret", max_retries=0)
            client.chat.completions.create(model="fake-model", messages=CONVERSATION)
            bills = list(model.bills)
    finally:
        instrumentor.uninstrument()
    flushes = [lambda: logger_provider.force_flush(10_000), lambda: exporters.flush(provider)]
    for flush in flushes if logs_first else reversed(flushes):
        flush()

    trace = server.trace(root.get_span_context().trace_id)
    call = span_named(trace, "chat fake-model")
    equal([without_finish_reason(message) for message in call["input_messages"]], SHOWN, "input messages")
    answer = [without_finish_reason(message) for message in call["output_messages"]]
    equal(answer, [text_message("assistant", ANSWER)], "output messages")
    equal(call["sources"]["input_messages"][0]["place"], "log record", "where the messages came from")
    equal(call["usage"]["total"], usage_of(bills)["total"], "tokens")
