"""OpenInference's instrumentation of the OpenAI client, against a model whose answers and bills are known."""

import json

from fake_model import ANSWERING_MODEL, TOOL_ARGUMENTS, FakeModel
from openai import OpenAI
from openinference.instrumentation.openai import OpenAIInstrumentor

from . import exporters
from .server import equal, text_message, without_finish_reason

SYSTEM = "You are terse."
QUESTION = "How warm is it in Lisbon?"
CONVERSATION = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}},
    },
}
RESULT = {"temp_c": 19, "sky": "clear"}


def run(server):
    provider = exporters.provider_for(exporters.http(server), **{"service.name": "openai-calls"})
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=provider, skip_dep_check=True)
    try:
        with FakeModel() as model:
            client = OpenAI(base_url=model.base_url, api_key="not-a-secret", max_retries=0)
            for name, turn in [("chat", chat), ("stream", stream), ("tool-loop", tool_loop)]:
                model.bills.clear()
                check_turn(server, provider, client, model, name, turn)
    finally:
        instrumentor.uninstrument()


def check_turn(server, provider, client, model, name, turn):
    with provider.get_tracer("bennu.ci").start_as_current_span(f"openai.{name}") as root:
        root.set_attribute("openinference.span.kind", "CHAIN")
        expected = turn(client)
    exporters.flush(provider)
    trace_id = root.get_span_context().trace_id
    server.sent[f"openai-{name}"] = trace_id

    trace = server.trace(trace_id)
    calls = [span for span in trace["spans"] if span["kind"] == "LLM"]
    equal(len(calls), len(expected), "number of model calls")
    equal(len(trace["spans"]), len(expected) + 1, "number of spans")
    for call, (shown, returned), bill in zip(calls, expected, model.bills, strict=True):
        equal(call["model"], ANSWERING_MODEL, "model")
        equal(call["provider"], "openai", "provider")
        equal(call["parent_id"], f"{root.get_span_context().span_id:016x}", "parent of the call")
        equal([without_finish_reason(message) for message in call["input_messages"]], shown, "input messages")
        equal([without_finish_reason(message) for message in call["output_messages"]], [returned], "output messages")
        equal(call["usage"], usage_of([bill]), f"usage of a call in {name}")
    equal(trace["usage"], usage_of(model.bills), f"usage of the trace {name}")


def usage_of(bills):
    def total(read):
        return sum(read(bill) for bill in bills)

    return {
        "input": total(lambda bill: bill["prompt_tokens"]),
        "output": total(lambda bill: bill["completion_tokens"]),
        "cache_read": total(lambda bill: bill["prompt_tokens_details"]["cached_tokens"]),
        "cache_write": None,
        "reasoning": total(lambda bill: bill["completion_tokens_details"]["reasoning_tokens"]),
        "total": total(lambda bill: bill["total_tokens"]),
    }


SHOWN = [text_message("system", SYSTEM), text_message("user", QUESTION)]
ANSWER = f"You asked: {QUESTION}"


def chat(client):
    answer = client.chat.completions.create(model="fake-model", messages=CONVERSATION, temperature=0.5)
    equal(answer.choices[0].message.content, ANSWER, "what the app itself was told")
    return [(SHOWN, text_message("assistant", ANSWER))]


def stream(client):
    chunks = client.chat.completions.create(
        model="fake-model", messages=CONVERSATION, stream=True, stream_options={"include_usage": True}
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    equal("".join(pieces), ANSWER, "what the app itself was told")
    return [(SHOWN, text_message("assistant", ANSWER))]


def tool_loop(client):
    messages = list(CONVERSATION)
    first = client.chat.completions.create(model="fake-model", messages=messages, tools=[TOOL]).choices[0].message
    messages.append(first.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": json.dumps(RESULT)})
    client.chat.completions.create(model="fake-model", messages=messages, tools=[TOOL])

    call = {"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": TOOL_ARGUMENTS}
    asked = {"role": "assistant", "parts": [call]}
    result = {"role": "tool", "parts": [{"type": "tool_result", "id": "call_1", "result": RESULT}]}
    answer = f"{ANSWER} The tool said: {json.dumps(RESULT)}"
    return [(SHOWN, asked), ([*SHOWN, asked, result], text_message("assistant", answer))]
