"""Phoenix's own client, reading what the other checks stored."""

import urllib.parse

from phoenix.client import Client

from .phoenix_register import PROJECT
from .server import equal


def run(server):
    client = Client(base_url=server.base_url)
    sent = {name: f"{trace_id:032x}" for name, trace_id in server.sent.items()}
    projects = {project["name"]: project["id"] for project in client.projects.list()}
    assert {"default", PROJECT} <= set(projects), projects
    check_spans(client, sent)
    # A name with a slash cannot stand in a path, so the client is given the project's id.
    spans = client.spans.get_spans(project_identifier=projects[PROJECT])
    equal({span["context"]["trace_id"] for span in spans}, {sent["register-project"]}, "spans of a project by id")
    check_traces(client, sent, projects["default"])
    for listing, key in [("spans", "id"), ("traces", "trace_id")]:
        check_pages(server, listing, key)


def check_spans(client, sent):
    def found(*trace_names, **filters):
        """Names of the spans of these traces that pass the filters."""
        trace_ids = [sent[name] for name in trace_names]
        spans = client.spans.get_spans(project_identifier="default", trace_ids=trace_ids, **filters)
        assert {span["context"]["trace_id"] for span in spans} <= set(trace_ids), "spans of traces not asked for"
        return sorted(span["name"] for span in spans)

    everything = ["agent.run", "llm.chat", "retrieval", "tool.search_docs"]
    equal(found("guide-http"), everything, "trace_ids=")
    equal(found("guide-http", "guide-grpc"), sorted(everything * 2), "trace_ids= with two")
    equal(found("guide-http", name="llm.chat"), ["llm.chat"], "name=")
    equal(found("guide-http", name=["llm.chat", "retrieval"]), ["llm.chat", "retrieval"], "name= with two")
    equal(found("guide-http", span_kind="LLM"), ["llm.chat"], "span_kind=")
    equal(found("guide-http", span_kind=["TOOL", "RETRIEVER"]), ["retrieval", "tool.search_docs"], "span_kind= with two")
    equal(found("guide-http", parent_id="null"), ["agent.run"], "parent_id=null")
    equal(found("sdk-http", status_code="ERROR"), ["sdk.child"], "status_code=")
    equal(found("sdk-http", status_code="UNSET"), ["sdk.parent"], "status_code=UNSET")
    equal(found("guide-http", name="llm.chat", span_kind="TOOL"), [], "filters hold together")
    for attributes in [
        {"transport": "http"},
        {"int": 42},
        {"int.beyond.a.double": 9_007_199_254_740_993},
        {"float": 0.1},
        {"bool.true": True},
        {"text.like.a.number": "12345"},
        {"transport": "http", "int": 42},
    ]:
        equal(found("sdk-http", attributes=attributes), ["sdk.parent"], f"attributes={attributes}")
    for attributes in [{"transport": "grpc"}, {"int": 41}, {"text.like.a.number": 12345}, {"bool.true": False}]:
        equal(found("sdk-http", attributes=attributes), [], f"attributes={attributes}")

    [llm] = client.spans.get_spans(project_identifier="default", trace_ids=[sent["guide-http"]], span_kind="LLM")
    equal((llm["span_kind"], llm["status_code"]), ("LLM", "UNSET"), "kind and status of a span")
    equal(llm["attributes"]["llm.model_name"], "by-hand-2", "an attribute of a span")


def check_traces(client, sent, default_id):
    def found(**filters):
        traces = client.traces.get_traces(project_identifier="default", **filters)
        return {trace["trace_id"]: trace for trace in traces}

    here = {trace_id for name, trace_id in sent.items() if name != "register-project"}
    everything = found()
    assert here <= set(everything), f"missing: {here - set(everything)}"
    assert sent["register-project"] not in everything, "a trace of another project"
    guide = everything[sent["guide-http"]]
    equal(guide["project_id"], default_id, "project of a trace")
    tokens = [guide[f"token_count_{part}"] for part in ("prompt", "completion", "total")]
    equal(tokens, [1200, 150, 1350], "tokens of a trace")

    failed = {sent[name] for name in sent if name.startswith("sdk-")}
    equal(set(found(error=True)) & here, failed, "error=True")
    equal(set(found(error=False)) & here, here - failed, "error=False")
    equal(set(found(session_id="sdk-session")), failed, "session_id=")
    equal(set(found(min_latency_ms=900_000)) & here, failed, "min_latency_ms=")
    equal(set(found(max_latency_ms=899_999)) & here, here - failed, "max_latency_ms=")
    starts = [trace["start_time"] for trace in found(order="asc").values()]
    equal(starts, sorted(starts), "order=asc")
    spans = found(include_spans=True)[sent["guide-grpc"]]["spans"]
    equal(len(spans), 4, "include_spans=True")


def check_pages(server, listing, key):
    """The client asks for a hundred at a time; pages of three show sooner whether one follows the other."""
    path = f"/v1/projects/default/{listing}?limit="
    seen, cursor = [], ""
    while cursor is not None:
        page = server.request(f"{path}3{cursor and '&cursor=' + urllib.parse.quote(cursor)}").json
        assert 0 < len(page["data"]) <= 3, f"a page of {len(page['data'])} {listing}"
        seen += [row[key] for row in page["data"]]
        cursor = page["next_cursor"]
    whole = [row[key] for row in server.request(f"{path}1000").json["data"]]
    equal(seen, whole, f"pages of {listing} put together")
