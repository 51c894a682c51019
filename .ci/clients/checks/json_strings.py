"""The guide's form, by hand: messages and documents as JSON text in one attribute each."""

import html
import json
from contextlib import contextmanager

from . import exporters
from .server import equal, span_named, text_message

PROMPT = "How does SQLite's WAL survive a crash & a power cut?"
ANSWER = "Each commit ends with a checksum; <torn> frames are \"ignored\"."
DOCUMENTS = [
    {"id": "doc-wal-7", "score": 0.8731, "text": "Frames after the last valid commit are ignored."},
    {"id": "doc-wal-2", "score": 0.4207, "text": "A checkpoint copies frames into the database file."},
]
MESSAGES = [{"role": "system", "content": "Answer from the documents."}, {"role": "user", "content": PROMPT}]


def run(server):
    for transport, exporter in [("http", exporters.http(server)), ("grpc", exporters.grpc(server))]:
        check_transport(server, transport, exporter)


def check_transport(server, transport, exporter):
    provider = exporters.provider_for(exporter, **{"service.name": "guide"})
    trace_id = send(provider.get_tracer("guide"))
    exporters.flush(provider)
    server.sent[f"guide-{transport}"] = trace_id

    trace = server.trace(trace_id)
    equal(len(trace["spans"]), 4, "number of spans")
    agent, llm = span_named(trace, "agent.run"), span_named(trace, "llm.chat")
    tool, retrieval = span_named(trace, "tool.search_docs"), span_named(trace, "retrieval")
    equal([span["kind"] for span in (agent, llm, tool, retrieval)], ["AGENT", "LLM", "TOOL", "RETRIEVER"], "kinds")
    parents = [span["parent_id"] for span in (agent, llm, tool, retrieval)]
    equal(parents, [None, agent["span_id"], agent["span_id"], tool["span_id"]], "parents")
    shown = [text_message(message["role"], message["content"]) for message in MESSAGES]
    equal(llm["input_messages"], shown, "input messages")
    equal(llm["output_messages"], [text_message("assistant", ANSWER)], "output messages")
    equal(llm["usage"]["total"], 1350, "usage of the call")
    equal(trace["usage"]["total"], 1350, "usage of the trace")
    equal(retrieval["documents"], [{**document, "metadata": None} for document in DOCUMENTS], "documents")
    equal(tool["tool"]["name"], "search_docs", "the tool's name")
    equal(tool["tool"]["arguments"], {"query": "wal crash"}, "the tool's arguments")
    # What was sent stays as it was sent, beside what it means.
    equal(llm["attributes"]["llm.input_messages"], json.dumps(MESSAGES), "the attribute itself")

    expect_on_page(server, trace_id, llm, [MESSAGES[0]["content"], PROMPT, ANSWER])
    facts = [fact for document in DOCUMENTS for fact in (document["text"], str(document["score"]), document["id"])]
    expect_on_page(server, trace_id, retrieval, facts)


def expect_on_page(server, trace_id, span, texts):
    answer = server.request(f"/projects/default/traces/{trace_id:032x}?span={span['span_id']}")
    equal(answer.status, 200, "status of the page")
    # The raw attributes at the end hold every text too, as JSON: only what stands before them counts as shown.
    readable = answer.text.split('<details class="raw">')[0]
    for text in texts:
        assert text in html.unescape(readable), f"{text!r} is not on the page of {span['name']}"
    assert "<torn>" not in answer.text, "text of a message reached the page as markup"


def send(tracer):
    @contextmanager
    def span(name, kind, **attributes):
        with tracer.start_as_current_span(name) as current:
            current.set_attribute("openinference.span.kind", kind)
            for key, value in attributes.items():
                current.set_attribute(key.replace("__", "."), value)
            yield current

    with span("agent.run", "AGENT", input__value=PROMPT, output__value=ANSWER, user__id="user-7") as agent:
        with span("tool.search_docs", "TOOL", tool__name="search_docs", input__value='{"query": "wal crash"}'):
            with span("retrieval", "RETRIEVER", input__value="wal crash") as retrieval:
                retrieval.set_attribute("retrieval.documents", json.dumps(DOCUMENTS))
        with span("llm.chat", "LLM", llm__model_name="by-hand-2") as llm:
            llm.set_attribute("llm.input_messages", json.dumps(MESSAGES))
            llm.set_attribute("llm.output_messages", json.dumps([{"role": "assistant", "content": ANSWER}]))
            llm.set_attribute("llm.token_count.prompt", 1200)
            llm.set_attribute("llm.token_count.completion", 150)
        return agent.get_span_context().trace_id
