"""What must be refused, and told why: a client that is silently ignored is never repaired."""

import json

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from .server import equal

PROTOBUF, JSON = "application/x-protobuf", "application/json"


def logs_payload():
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.time_unix_nano = 1_795_221_728_430_903_417
    record.severity_number = 9
    record.severity_text = "INFO"
    record.body.string_value = "a line of a log"
    return request


def run(server):
    def refused(status, path, body=None, content_type=None, mentions=""):
        answer = server.request(path, body, content_type)
        equal(answer.status, status, f"{path} {content_type} {answer.text!r}")
        assert mentions in answer.text, f"{mentions!r} is not in {answer.text!r}"

    refused(415, "/v1/traces", b"hello", "text/plain", "text/plain")
    refused(400, "/v1/traces", b'{"resourceSpans": [', JSON)
    refused(400, "/v1/traces", b"[]", JSON)
    refused(400, "/v1/traces", b"\xff\xff\xff not protobuf", PROTOBUF)

    logs = logs_payload()
    as_json = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "a line"}}]}]}]})
    # Not a refusal of the request: OTLP counts what was refused of it.
    refused(200, "/v1/logs", logs.SerializeToString(), PROTOBUF, "log records of traces only")
    refused(200, "/v1/logs", as_json.encode(), JSON, "log records of traces only")
    refused(501, "/v1/metrics", b"{}", JSON, "metrics")
    refused(400, "/v1/traces", logs.SerializeToString(), PROTOBUF, "logs")
    refused(400, "/v1/traces", as_json.encode(), JSON, "logs")

    for path in ["/v1/projects", "/v1/projects/default/spans", "/v1/projects/default/traces"]:
        refused(422, f"{path}?colour=blue", mentions="colour")
    refused(422, f"/v1/traces/{server.sent['guide-http']:032x}?colour=blue", mentions="colour")
    refused(422, "/v1/projects/default/traces?sort=latency_ms", mentions="latency_ms")
    refused(404, "/v1/traces/" + "f" * 32)

    with grpc.insecure_channel(server.grpc) as channel:
        partial = LogsServiceStub(channel).Export(logs, timeout=10).partial_success
        equal(partial.rejected_log_records, 1, "log records without a trace over gRPC")
        assert "log records of traces only" in partial.error_message, partial.error_message
