// Every kind of page and every state of it, by name: for the checks that go over all of them.
import { sendOrdinary } from './browser_traces.mjs';
import { newTraceId, send, span } from './otlp_json.mjs';
import { sendAgent, sendMedia, sendOdd, sendRunning, sendWide } from './tour_traces.mjs';

const LONG = 'A word_that_is_as_long_as_identifiers_get_and_then_some_more_of_it_so_that_nothing_breaks_it '.repeat(3);

// A trace with texts that have no place to break, names as long as names get, and JSON of every kind.
async function sendLong(base, project) {
  const traceId = newTraceId();
  const startMs = Date.now() - 4_000;
  const wide = 'W'.repeat(400);
  const root = span({ traceId, startMs, name: `run ${wide}`, from: 0, to: 3_000, attributes: {
    'openinference.span.kind': 'AGENT', 'input.value': wide, 'output.value': LONG, 'session.id': wide, 'user.id': wide, metadata: JSON.stringify({ [wide]: wide }), 'tag.tags': [wide, 'b'],
  } });
  const call = span({ traceId, startMs, parent: root, name: LONG, from: 100, to: 2_900, attributes: {
    'openinference.span.kind': 'LLM', 'llm.model_name': wide, 'llm.provider': wide,
    'llm.input_messages': JSON.stringify([
      { role: 'system', content: Array.from({ length: 60 }, (_, at) => `${at}. ${LONG}`).join('\n') },
      { role: 'user', name: wide, content: `${wide}\n\n| ${Array.from({ length: 14 }, (_, at) => `column ${at}`).join(' | ')} |\n|${'---|'.repeat(14)}\n| ${Array.from({ length: 14 }, () => 'cell').join(' | ')} |\n\n\`\`\`\n${wide}\n\`\`\`` },
      { role: 'assistant', content: null, tool_calls: [{ id: wide, type: 'function', function: { name: wide, arguments: JSON.stringify({ a: wide, b: [1, 2, { c: wide }] }) } }] },
    ]),
    'llm.output_messages': JSON.stringify([{ role: 'assistant', content: wide }]), 'llm.invocation_parameters': JSON.stringify({ stop: [wide], temperature: 1 }),
  } });
  const found = span({ traceId, startMs, parent: root, name: 'retrieve', from: 200, to: 400, attributes: {
    'openinference.span.kind': 'RETRIEVER', 'input.value': wide, 'retrieval.documents': JSON.stringify([{ id: wide, score: 0.123456789, text: wide, metadata: { [wide]: wide } }]),
  } });
  await send(base, { 'service.name': wide, 'openinference.project.name': project }, { name: 'ci' }, [root, call, found]);
  return { traceId, root, call, found, session: wide, user: wide };
}

// An empty project is one whose only trace was deleted.
async function sendEmpty(base, project) {
  const { traceId } = await sendOrdinary(base, project);
  const address = `/projects/${project}/traces/${traceId}/delete`;
  await fetch(base + address, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: base }, body: 'word=delete' });
}

// Sends what the pages show; returns their addresses and, for those that are refusals, the status.
export async function sites(bench) {
  const project = bench.project('sites');
  const empty = bench.project('empty');
  await sendEmpty(bench.base, empty);
  const older = await sendAgent(bench.base, project, { ago: 400 });
  const wide = await sendWide(bench.base, project, 1_200);
  const long = await sendLong(bench.base, project);
  const media = await sendMedia(bench.base, project);
  const failed = await sendAgent(bench.base, project, { fails: true, ago: 60 });
  const good = await sendAgent(bench.base, project);
  const odd = await sendOdd(bench.base, project, good);
  const alike = ['0'.repeat(4), '1'.repeat(4)].map((end) => `abcd${bench.run}${newTraceId().slice(0, 18)}${end}`.slice(0, 32));
  await send(bench.base, { 'openinference.project.name': project }, { name: 'ci' }, alike.map((traceId) => span({ traceId, startMs: Date.now() - 3_600_000, name: 'one of two', from: 0, to: 5 })));
  const running = await sendRunning(bench.base, project);
  const trace = (sent, query = '') => bench.trace(project, sent, query);
  const base = `${bench.base}/projects/${project}`;
  return {
    project, good, long,
    pages: {
      projects: `${bench.base}/`, 'an empty project': bench.list(empty), list: bench.list(project), 'a list with a range': bench.list(project, '?last=1h&status=error'),
      'a list of nothing': bench.list(project, '?name=nothing'), 'all columns': bench.list(project, '?columns=when,what,io,duration,tokens,errors,spans,user,session,service'),
      agent: trace(good), 'agent in markdown': trace(good, '?text=markdown'), 'agent with history': trace(good, '?history=all&text=raw'), 'the agent itself': trace(good, `?span=${good.agent.spanId}`),
      'a tool': trace(good, `?span=${good.tool.spanId}`), documents: trace(good, `?span=${good.dense.spanId}`), reranker: trace(good, `?span=${good.rerank.spanId}`),
      error: trace(failed), 'errors only': trace(failed, '?only=errors'), folded: trace(good, '?fold=all'), 'found in a trace': trace(good, '?find=warranty'),
      'nothing found in a trace': trace(good, '?find=no-such-word'), media: trace(media), wide: trace(wide), 'wide, folded': trace(wide, '?fold=all'), odd: trace(odd),
      'odd, skewed': trace(odd, `?span=${odd.early.spanId}`), 'long texts': trace(long, `?span=${long.call.spanId}`), 'long texts in markdown': trace(long, `?span=${long.call.spanId}&text=markdown`),
      'long names': trace(long, `?span=${long.root.spanId}&text=raw`), 'long documents': trace(long, `?span=${long.found.spanId}`),
      'a span that is not there': trace(good, '?span=00000000000000aa'), sessions: `${base}/sessions`, 'no session': `${base}/sessions?q=nothing`, 'sessions of an empty project': `${bench.base}/projects/${empty}/sessions`,
      session: `${base}/session?id=s-2026-118`, 'a long session': `${base}/session?id=${long.session}`, users: `${base}/users`,
      running: trace(running), 'a span that has not ended': trace(running, `?span=${running.agent.spanId}`), 'a span with log records': trace(running, `?span=${running.call.spanId}`),
      conventions: `${base}/conventions`, 'conventions of an empty project': `${bench.base}/projects/${empty}/conventions`,
      compare: `${base}/compare?a=${older.traceId}&b=${failed.traceId}`, 'compare, other': `${base}/compare?a=${long.traceId}&b=${failed.traceId}`,
      'several matches': `${bench.base}/open?q=abcd${bench.run}`, 'delete a trace': trace(good).concat('/delete'), 'delete a project': `${base}/delete`,
    },
    refusals: {
      'nothing to look for': [`${bench.base}/open?q=zzzz`, 404], 'no match': [`${bench.base}/open?q=ffffffffffffffff`, 404], 'no page': [`${bench.base}/nothing`, 404],
      'no trace': [bench.trace(project, { traceId: '0'.repeat(31).concat('1') }), 404], 'no project': [`${bench.base}/projects/no-such-project/traces`, 404], 'a wrong filter': [bench.list(project, '?last=1y'), 422],
      'a comparison of one': [`${base}/compare`, 422],
    },
  };
}
