// The ordinary trace that most of the browser's checks look at.
import { newTraceId, send, span } from './otlp_json.mjs';

export const PROMPT = 'Why did the nightly import fail?';
export const ANSWER = 'The disk was full at 02:14.\nFree 3 GB and run it again.';
export const DOCUMENT = 'Imports stop when less than 1 GB is free.';

// Returns the trace's id and its spans by name.
export async function sendOrdinary(base, project, name = 'agent.run') {
  const traceId = newTraceId();
  const startMs = Date.now() - 10_000;
  const make = (fields) => span({ traceId, startMs, ...fields });
  const agent = make({ name, from: 0, to: 4_000, attributes: {
    'openinference.span.kind': 'AGENT', 'input.value': PROMPT, 'output.value': ANSWER, 'session.id': 's-1', 'user.id': 'u-1',
  } });
  const tool = make({ name: 'tool.search', parent: agent, from: 100, to: 900, attributes: {
    'openinference.span.kind': 'TOOL', 'tool.name': 'search', 'input.value': '{"q": "import"}', 'output.value': '1 hit',
  } });
  const retrieval = make({ name: 'retrieval', parent: tool, from: 150, to: 800, attributes: {
    'openinference.span.kind': 'RETRIEVER', 'input.value': 'import',
    'retrieval.documents': JSON.stringify([{ id: 'runbook-4', score: 0.9125, text: DOCUMENT }]),
  } });
  const llm = make({ name: 'llm.chat', parent: agent, from: 1_000, to: 3_900, attributes: {
    'openinference.span.kind': 'LLM', 'llm.model_name': 'browser-model-1',
    'llm.input_messages': JSON.stringify([{ role: 'user', content: PROMPT }]),
    'llm.output_messages': JSON.stringify([{ role: 'assistant', content: ANSWER }]),
    'llm.token_count.prompt': 1_200, 'llm.token_count.completion': 150,
  } });
  await send(base, { 'service.name': 'browser', 'openinference.project.name': project }, { name: 'ci' }, [agent, tool, retrieval, llm]);
  return { traceId, agent, tool, retrieval, llm };
}
