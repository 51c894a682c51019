"""A model server that speaks OpenAI's chat completions, for checks only: same question, same answer, same bill.

It asks for the first tool it is offered until a tool has answered; otherwise it repeats the last user message. What it
billed is kept in `bills`, so that a check can compare an observer's token counts with the truth.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERING_MODEL = "fake-model-2026-11-01"
TOOL_ARGUMENTS = {"city": "Lisbon", "unit": "celsius"}


def answer_text(messages):
    asked = [message["content"] for message in messages if message["role"] == "user"][-1]
    results = [message["content"] for message in messages if message["role"] == "tool"]
    return f"You asked: {asked}" + "".join(f" The tool said: {result}" for result in results)


def bill_for(messages, answer):
    """Counts that depend on the content, so that no two different calls can be mistaken for each other."""
    prompt = 100 + len(json.dumps(messages)) // 4
    completion = 40 + len(json.dumps(answer)) // 4
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": prompt // 2},
        "completion_tokens_details": {"reasoning_tokens": completion // 3},
    }


def answer_to(request):
    """The message and the reason why it ends."""
    messages = request["messages"]
    tools = request.get("tools") or []
    if tools and not any(message["role"] == "tool" for message in messages):
        function = {"name": tools[0]["function"]["name"], "arguments": json.dumps(TOOL_ARGUMENTS)}
        call = {"id": "call_1", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    return {"role": "assistant", "content": answer_text(messages)}, "stop"


def deltas_of(message):
    """The message in pieces: text by words, the arguments of a call in two halves, as real servers cut them."""
    yield {"role": "assistant", "content": None if message.get("tool_calls") else ""}
    for word in (message["content"] or "").split(" "):
        if word:
            yield {"content": word if message["content"].startswith(word) else f" {word}"}
    for call in message.get("tool_calls", []):
        arguments = call["function"]["arguments"]
        half = len(arguments) // 2
        first = {**call, "index": 0, "function": {**call["function"], "arguments": arguments[:half]}}
        yield {"tool_calls": [first]}
        yield {"tool_calls": [{"index": 0, "function": {"arguments": arguments[half:]}}]}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        message, finish_reason = answer_to(request)
        bill = bill_for(request["messages"], message)
        bills = self.server.bills
        bills.append(bill)
        head = {"id": f"chatcmpl-{len(bills)}", "created": 1_795_221_728, "model": ANSWERING_MODEL}
        if request.get("stream"):
            self.send_stream(request, head, message, finish_reason, bill)
            return
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        answer = {**head, "object": "chat.completion", "choices": [choice], "usage": bill}
        self.send_body("application/json", json.dumps(answer))

    def send_stream(self, request, head, message, finish_reason, bill):
        head = {**head, "object": "chat.completion.chunk"}
        deltas = [(delta, None) for delta in deltas_of(message)] + [({}, finish_reason)]
        chunks = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} for delta, reason in deltas
        ]
        if (request.get("stream_options") or {}).get("include_usage"):
            chunks.append({**head, "choices": [], "usage": bill})
        lines = [json.dumps(chunk) for chunk in chunks] + ["[DONE]"]
        self.send_body("text/event-stream", "".join(f"data: {line}\n\n" for line in lines))

    def send_body(self, content_type, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: the checks say what matters."""


class FakeModel:
    """Runs while the `with` block lasts."""

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.bills = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    @property
    def bills(self):
        return self.server.bills


if __name__ == "__main__":
    with FakeModel() as model:
        print(model.base_url, flush=True)
        threading.Event().wait()
