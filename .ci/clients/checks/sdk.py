"""The OpenTelemetry SDK over every transport: whatever it can say comes back, to the nanosecond."""

import time

from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, set_span_in_context

from . import exporters
from .server import equal, span_named

PARENT_ATTRIBUTES = {
    "text": "quotes \" ' & <b>, a line\nbreak, Portugu\u00eas, \u65e5\u672c\u8a9e, \U0001f600",
    "text.empty": "",
    "text.like.a.number": "12345",
    "int": 42,
    "int.beyond.a.double": 9_007_199_254_740_993,
    "int.negative": -9_223_372_036_854_775_808,
    "float": 0.1,
    "float.whole": 3.0,
    "float.small": 5e-324,
    "bool.true": True,
    "bool.false": False,
    "list.text": ["a", "b", ""],
    "list.int": [1, -2, 9_007_199_254_740_993],
    "list.float": [0.5, 1.25],
    "list.bool": [True, False],
    "list.empty": [],
    "session.id": "sdk-session",
}
LINKED = SpanContext(
    trace_id=0x0AF7651916CD43DD8448EB211C80319C,
    span_id=0xB7AD6B7169203331,
    is_remote=True,
    trace_flags=TraceFlags(TraceFlags.SAMPLED),
)


def run(server):
    for transport, exporter in exporters.every_transport(server).items():
        check_transport(server, transport, exporter)


def check_transport(server, transport, exporter):
    provider = exporters.provider_for(exporter, **{"service.name": f"sdk-{transport}", "service.instance": 7})
    tracer = provider.get_tracer("bennu.ci", "1.2.3")
    # The last digits are below a microsecond, where a careless conversion would lose them.
    start = time.time_ns() // 1_000_000 * 1_000_000 + 123_457
    parent = tracer.start_span(
        "sdk.parent", start_time=start, kind=SpanKind.SERVER, attributes={**PARENT_ATTRIBUTES, "transport": transport}
    )
    child = tracer.start_span(
        "sdk.child",
        context=set_span_in_context(parent),
        kind=SpanKind.CLIENT,
        links=[Link(LINKED, {"reason": "retry", "attempt": 2})],
        start_time=start + 1_000_001,
    )
    child.add_event("cache.miss", {"key": "user:1", "size": 3}, timestamp=start + 1_500_003)
    try:
        raise ValueError("the index is empty")
    except ValueError as error:
        child.record_exception(error, timestamp=start + 2_000_007)
    child.set_status(Status(StatusCode.ERROR, "search failed"))
    child.end(start + 3_000_011)
    parent.end(start + 900_000_000_013)
    exporters.flush(provider)

    context = parent.get_span_context()
    server.sent[f"sdk-{transport}"] = context.trace_id
    trace = server.trace(context.trace_id)
    equal(trace["project"], "default", "project")
    equal(trace["name"], "sdk.parent", "the trace has its root's name")
    equal((trace["status"], trace["errors"]), ("ERROR", 1), "status of the trace")
    equal(trace["session_id"], "sdk-session", "session")
    equal(trace["service"], f"sdk-{transport}", "service")
    equal(len(trace["spans"]), 2, "number of spans")

    stored = span_named(trace, "sdk.parent")
    equal(stored["span_id"], f"{context.span_id:016x}", "span id")
    equal(stored["parent_id"], None, "a root has no parent")
    equal(stored["otel_kind"], "SERVER", "kind of the parent")
    equal((stored["start_ns"], stored["end_ns"]), (str(start), str(start + 900_000_000_013)), "times of the parent")
    equal(stored["status"], "UNSET", "status of the parent")
    check_attributes(stored["attributes"], {**PARENT_ATTRIBUTES, "transport": transport})
    equal(stored["scope"], {"name": "bennu.ci", "version": "1.2.3"}, "scope")
    equal(stored["resource"]["service.instance"], 7, "a resource attribute")
    equal(stored["resource"]["telemetry.sdk.language"], "python", "the SDK's own resource attribute")
    equal(stored["dropped"], {"attributes": 0, "events": 0, "links": 0}, "dropped")

    stored = span_named(trace, "sdk.child")
    equal(stored["parent_id"], f"{context.span_id:016x}", "the child's parent")
    equal(stored["otel_kind"], "CLIENT", "kind of the child")
    equal(
        (stored["start_ns"], stored["end_ns"]), (str(start + 1_000_001), str(start + 3_000_011)), "times of the child"
    )
    equal((stored["status"], stored["status_message"]), ("ERROR", "search failed"), "status of the child")
    check_events(stored["events"], start)
    expected = {
        "trace_id": f"{LINKED.trace_id:032x}",
        "span_id": f"{LINKED.span_id:016x}",
        "attributes": {"reason": "retry", "attempt": 2},
    }
    equal(stored["links"], [expected], "links")


def check_attributes(actual, expected):
    equal(actual, expected, "attributes")
    # Equality alone would let 3.0 come back as 3 and True as 1.
    for name, value in expected.items():
        equal(type(actual[name]), type(value), f"type of {name}")


def check_events(events, start):
    miss, exception = events
    expected = {"name": "cache.miss", "time_ns": str(start + 1_500_003), "attributes": {"key": "user:1", "size": 3}}
    equal(miss, expected, "a plain event")
    equal((exception["name"], exception["time_ns"]), ("exception", str(start + 2_000_007)), "the exception event")
    equal(exception["attributes"]["exception.type"], "ValueError", "exception type")
    equal(exception["attributes"]["exception.message"], "the index is empty", "exception message")
    stack = exception["attributes"]["exception.stacktrace"]
    assert "Traceback" in stack and 'raise ValueError("the index is empty")' in stack, stack
