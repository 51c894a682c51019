"""The server under test, seen from outside: reading back, and sending what no client library would."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

# A proxy of the machine must not stand between the checks and the server beside them.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Answer:
    status: int
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Server:
    """`sent` collects the trace ids by check, so that the client's check can look for what the others stored."""

    base_url: str
    grpc: str = "localhost:4317"
    sent: dict = field(default_factory=dict)

    def request(self, path, body=None, content_type=None):
        headers = {} if content_type is None else {"content-type": content_type}
        request = urllib.request.Request(self.base_url + path, data=body, headers=headers)
        try:
            with DIRECT.open(request, timeout=10) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    def trace(self, trace_id, project=None):
        """A trace that was acknowledged is there at once: one request, no waiting."""
        query = "" if project is None else "?" + urllib.parse.urlencode({"project": project})
        answer = self.request(f"/v1/traces/{trace_id:032x}{query}")
        assert answer.status == 200, (answer.status, answer.text)
        return answer.json


def span_named(trace, name):
    found = [span for span in trace["spans"] if span["name"] == name]
    assert len(found) == 1, f"{len(found)} spans named {name!r} among {[span['name'] for span in trace['spans']]}"
    return found[0]


def text_message(role, text):
    return {"role": role, "parts": [{"type": "text", "text": text}]}


def without_finish_reason(message):
    """Some libraries say on the message why it ended and some do not; the checks of content do not care."""
    return {name: value for name, value in message.items() if name != "finish_reason"}


def equal(actual, expected, what):
    assert actual == expected, f"{what}:\n  got      {actual!r}\n  expected {expected!r}"
