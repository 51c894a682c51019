// Node's OTLP/JSON exporter to each port that takes OTLP/HTTP: `check_node.mjs PAGES_URL OTLP_URL`.
// What was sent is read back from the pages' port.
import assert from 'node:assert/strict';
import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const [pages, otlp] = process.argv.slice(2);
assert(pages && otlp, 'usage: check_node.mjs PAGES_URL OTLP_URL');

const PROMPT = 'Qual \u00e9 a capital de Portugal? \u{1F1F5}\u{1F1F9} <b>';
const ANSWER = 'Lisboa.\nIt has been since 1255.';
const TOOL_ARGUMENTS = { country: 'PT' };

for (const endpoint of [otlp, pages]) await check(endpoint);

async function check(endpoint) {
  const failures = [];
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
  const send = exporter.export.bind(exporter);
  // The processor would only log a failed export; here it fails the check.
  exporter.export = (spans, done) => send(spans, (result) => {
    if (result.error) failures.push(result.error);
    done(result);
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'node-client', 'openinference.project.name': 'node' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const seconds = Math.floor(Date.now() / 1000);
  const { traceId, agentId } = record(provider.getTracer('bennu.ci', '4.5.6'), seconds);
  await provider.forceFlush();
  assert.deepEqual(failures, [], `export to ${endpoint}`);
  await expectTrace(traceId, agentId, seconds);
  await provider.shutdown();
  console.log(`ok      node to ${endpoint}`);
}

function record(tracer, seconds) {
  const agent = tracer.startSpan('agent', {
    startTime: [seconds, 123_456_789],
    attributes: { 'openinference.span.kind': 'AGENT', 'input.value': PROMPT, 'session.id': 'node-session', 'user.id': 'ana' },
  });
  const inside = trace.setSpan(context.active(), agent);
  const llm = tracer.startSpan('llm', {
    kind: SpanKind.CLIENT,
    startTime: [seconds, 223_456_789],
    attributes: {
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'node-model-1',
      'llm.input_messages.0.message.role': 'user',
      'llm.input_messages.0.message.content': PROMPT,
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.content': ANSWER,
      'llm.output_messages.0.message.tool_calls.0.tool_call.id': 'call_9',
      'llm.output_messages.0.message.tool_calls.0.tool_call.function.name': 'lookup',
      'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments': JSON.stringify(TOOL_ARGUMENTS),
      'llm.token_count.prompt': 31,
      'llm.token_count.completion': 11,
      'llm.invocation_parameters': '{"temperature": 0.25}',
      'app.ratio': 0.75,
      'app.flags': [true, false],
      'app.names': ['a', 'b'],
    },
  }, inside);
  llm.addEvent('first.token', { index: 1 }, [seconds, 300_000_001]);
  llm.setStatus({ code: SpanStatusCode.OK });
  llm.end([seconds, 523_456_790]);
  agent.recordException(new RangeError('too far'), [seconds, 600_000_007]);
  agent.setStatus({ code: SpanStatusCode.ERROR, message: 'gave up' });
  agent.end([seconds + 2, 3]);
  const { traceId, spanId } = agent.spanContext();
  return { traceId, agentId: spanId };
}

async function expectTrace(traceId, agentId, seconds) {
  const response = await fetch(`${pages}/v1/traces/${traceId}`);
  assert.equal(response.status, 200);
  const found = await response.json();
  assert.equal(found.project, 'node');
  assert.equal(found.spans.length, 2);
  assert.deepEqual([found.session_id, found.user_id, found.service], ['node-session', 'ana', 'node-client']);
  assert.equal(found.usage.total, 42);

  const agent = found.spans.find((span) => span.name === 'agent');
  assert.deepEqual([agent.span_id, agent.parent_id, agent.kind], [agentId, null, 'AGENT']);
  assert.deepEqual([agent.start_ns, agent.end_ns], [`${seconds}123456789`, `${seconds + 2}000000003`]);
  assert.deepEqual([agent.status, agent.status_message], ['ERROR', 'gave up']);
  assert.equal(agent.input.value, PROMPT);
  const [exception] = agent.events;
  assert.deepEqual([exception.name, exception.time_ns], ['exception', `${seconds}600000007`]);
  assert.equal(exception.attributes['exception.type'], 'RangeError');
  assert.equal(exception.attributes['exception.message'], 'too far');

  const llm = found.spans.find((span) => span.name === 'llm');
  assert.deepEqual([llm.parent_id, llm.kind, llm.otel_kind, llm.status], [agentId, 'LLM', 'CLIENT', 'OK']);
  assert.deepEqual([llm.start_ns, llm.end_ns], [`${seconds}223456789`, `${seconds}523456790`]);
  assert.equal(llm.model, 'node-model-1');
  assert.deepEqual(llm.input_messages, [{ role: 'user', parts: [{ type: 'text', text: PROMPT }] }]);
  assert.deepEqual(llm.output_messages, [{
    role: 'assistant',
    parts: [
      { type: 'text', text: ANSWER },
      { type: 'tool_call', id: 'call_9', name: 'lookup', arguments: TOOL_ARGUMENTS },
    ],
  }]);
  assert.deepEqual([llm.usage.input, llm.usage.output, llm.usage.total], [31, 11, 42]);
  assert.deepEqual(llm.invocation_parameters, { temperature: 0.25 });
  assert.deepEqual(llm.events, [{ name: 'first.token', time_ns: `${seconds}300000001`, attributes: { index: 1 } }]);
  assert.equal(llm.attributes['app.ratio'], 0.75);
  assert.deepEqual(llm.attributes['app.flags'], [true, false]);
  assert.deepEqual(llm.attributes['app.names'], ['a', 'b']);
  assert.deepEqual(llm.scope, { name: 'bennu.ci', version: '4.5.6' });
}
