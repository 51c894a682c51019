"""`phoenix.otel.register()` as people call it: no endpoint, so OTLP/gRPC to localhost:4317, one span a request."""

from phoenix.otel import register

from .server import equal, span_named, text_message

PROJECT = "clients / \u00e9t\u00e9 & more"


def run(server):
    server.sent["register"] = chain(server, "default")
    server.sent["register-project"] = chain(server, PROJECT, project_name=PROJECT)


def chain(server, project, **settings):
    provider = register(verbose=False, set_global_tracer_provider=False, **settings)
    tracer = provider.get_tracer("bennu.ci")
    with tracer.start_as_current_span("answer", openinference_span_kind="agent") as agent:
        agent.set_input("What is a WAL?")
        with tracer.start_as_current_span("complete", openinference_span_kind="llm") as llm:
            llm.set_attribute("llm.model_name", "by-hand-1")
            llm.set_attribute("llm.input_messages.0.message.role", "user")
            llm.set_attribute("llm.input_messages.0.message.content", "What is a WAL?")
            llm.set_attribute("llm.output_messages.0.message.role", "assistant")
            llm.set_attribute("llm.output_messages.0.message.content", "A log that is written first.")
            llm.set_attribute("llm.token_count.prompt", 12)
            llm.set_attribute("llm.token_count.completion", 7)
        trace_id = agent.get_span_context().trace_id
        # The child was sent on its own when it ended; its parent is still open.
        early = server.trace(trace_id, project)
        equal([span["name"] for span in early["spans"]], ["complete"], "spans before the root has ended")
        agent.set_output("A log that is written first.")
    provider.shutdown()

    trace = server.trace(trace_id, project)
    equal(trace["project"], project, "project")
    equal((trace["name"], len(trace["spans"])), ("answer", 2), "the trace once its root has arrived")
    equal(trace["usage"]["total"], 19, "tokens of the trace")
    agent, llm = span_named(trace, "answer"), span_named(trace, "complete")
    equal((agent["kind"], agent["parent_id"]), ("AGENT", None), "agent")
    equal(agent["input"], {"value": "What is a WAL?", "mime_type": "text/plain"}, "the agent's input")
    equal(agent["output"], {"value": "A log that is written first.", "mime_type": "text/plain"}, "the agent's output")
    equal((llm["kind"], llm["parent_id"], llm["model"]), ("LLM", agent["span_id"], "by-hand-1"), "llm")
    equal(llm["input_messages"], [text_message("user", "What is a WAL?")], "input messages")
    equal(llm["output_messages"], [text_message("assistant", "A log that is written first.")], "output messages")
    equal(llm["resource"]["openinference.project.name"], project, "the project's name in the resource")
    return trace_id
