// About seventy spans, each an attack of its own: a trace that holds them, and traces whose session, user or project is one.
import { newTraceId, send, span } from './otlp_json.mjs';
import { CHARACTERS, EVERYTHING, LANGUAGES, MARKDOWN, MARKUP, SCRIPT_URL, SHORT } from './hostile_texts.mjs';

export const IDS = ['a/b', '..', '.', '../../x', 'a b', ' leads', 'trails ', 'a?b=c&d#e', '%2e%2e%2f', 'a+b', '100%', "';--", '"><script>window.__pwned=1</script>', '\u202Ereversed', 'nul\u0000l', 'x'.repeat(900), 'ü€😀', '[object Object]', '__proto__'];

const kind = (name) => ({ 'openinference.span.kind': name });
const message = (role, content, more = {}) => ({ role, content, ...more });
const call = (messages, more = {}) => ({ ...kind('LLM'), 'llm.input_messages': JSON.stringify(messages), 'llm.output_messages': JSON.stringify([message('assistant', 'ok')]), ...more });
const image = (url) => ({ type: 'image_url', image_url: { url } });
const deep = (depth, open, close) => open.repeat(depth) + close.repeat(depth);
const attributes = Object.fromEntries(Object.entries({ ...MARKUP, ...LANGUAGES, ...CHARACTERS }).map(([, text], at) => [`${text} ${at}`, text]));
const object = { [SHORT]: SHORT, url: SCRIPT_URL, nested: { [SHORT]: [SHORT, { [SHORT]: null }] } };

const DATA_URLS = [
  `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" onload="top.__pwned=1"/>')}`,
  `data:image/svg+xml;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>top.__pwned=1</script></svg>').toString('base64')}`,
  'data:text/html,<script>top.__pwned=1</script>', 'data:text/html;base64,PHNjcmlwdD50b3AuX19wd25lZD0xPC9zY3JpcHQ+',
  'data:image/png;base64,AA" onerror="window.__pwned=1', 'data:image/png"onerror=window.__pwned=1;base64,AA', 'data:image/png,not base64',
  SCRIPT_URL, 'https://attacker.invalid/pixel.png', '//attacker.invalid/x', '/projects', 'blob:null/1', 'file:///etc/passwd', SHORT, '',
];
const SAFE_TYPE = [`data:image/png;base64,${Buffer.from('<html><script>top.__pwned=1</script>').toString('base64')}`, `data:image/gif;base64,${Buffer.from('GIF89a/*<script>top.__pwned=1</script>*/').toString('base64')}`, 'data:image/webp;base64,', 'data:image/jpeg;base64,@@@@'];

// Spans in which the place of the attack is what matters: `[name, attributes, more]`.
const PLACES = [
  ['session and user', { ...kind('CHAIN'), 'session.id': EVERYTHING, 'user.id': EVERYTHING, 'tag.tags': [SHORT, EVERYTHING], metadata: JSON.stringify(object) }],
  ['attribute keys', { ...kind('CHAIN'), ...attributes }],
  ['a kind', { 'openinference.span.kind': SHORT }],
  ['images by data URL', call([message('user', DATA_URLS.map(image))])],
  // Content that is not what its type says shows as a broken image.
  ['images of a safe type', call([message('user', SAFE_TYPE.map(image))])],
  ['audio', call([message('user', [...DATA_URLS, 'data:audio/wav;base64," autoplay onerror="window.__pwned=1', 'data:audio/svg+xml;base64,AA'].map((data) => ({ type: 'input_audio', input_audio: { data, format: SHORT } })))])],
  ['roles and names', call([message(SHORT, SHORT, { name: EVERYTHING }), message('user', EVERYTHING, { name: SHORT, finish_reason: SHORT }), message('assistant', [{ type: SHORT, [SHORT]: EVERYTHING }, { type: 'thinking', thinking: EVERYTHING }, { type: 'refusal', refusal: SHORT }])], { 'llm.finish_reason': SHORT })],
  ['tool calls', call([message('assistant', null, { tool_calls: [{ id: EVERYTHING, type: 'function', function: { name: EVERYTHING, arguments: JSON.stringify(object) } }, { id: SHORT, type: 'function', function: { name: SHORT, arguments: `{"broken": "${SHORT}` } }] }), message('tool', EVERYTHING, { tool_call_id: EVERYTHING })])],
  ['tools offered', call([message('user', 'x')], { 'llm.tools': JSON.stringify([{ type: 'function', function: { name: EVERYTHING, description: EVERYTHING, parameters: object } }, SHORT, null, 7]) })],
  ['model and parameters', call([message('user', 'x')], { 'llm.model_name': EVERYTHING, 'llm.provider': SHORT, 'llm.invocation_parameters': JSON.stringify({ ...object, temperature: SHORT }) })],
  ['a template', call([message('user', 'x')], { 'llm.prompt_template.template': `${EVERYTHING} {x} {{${SHORT}}} \${__proto__} {constructor}`, 'llm.prompt_template.version': SHORT, 'llm.prompt_template.variables': JSON.stringify({ x: EVERYTHING, [SHORT]: SHORT, constructor: SHORT }) })],
  ['messages that are none', { ...kind('LLM'), 'llm.input_messages': `[{"role": "user", "content": ${SHORT}`, 'llm.output_messages': '{"__proto__": {"__pwned": 1}}' }],
  ['a tool', { ...kind('TOOL'), 'tool.name': EVERYTHING, 'tool.id': SHORT, 'tool.description': EVERYTHING, 'tool.parameters': EVERYTHING, 'input.value': EVERYTHING, 'output.value': JSON.stringify(object) }],
  ['documents', { ...kind('RETRIEVER'), 'input.value': `<script> onerror window ${SHORT}`, 'retrieval.documents': JSON.stringify([{ id: EVERYTHING, score: 0.5, text: EVERYTHING, metadata: object }, { id: SHORT, score: 1e308, text: SHORT }, { score: -1e308, metadata: { url: SCRIPT_URL } }, SHORT, null]) }],
  ['a reranker', { ...kind('RERANKER'), 'reranker.query': EVERYTHING, 'reranker.model_name': SHORT, 'reranker.input_documents': JSON.stringify([{ id: SHORT, text: EVERYTHING }, { id: 'b', text: SHORT }]), 'reranker.output_documents': JSON.stringify([{ id: 'b', text: SHORT, score: 2 }, { id: SHORT, text: EVERYTHING, score: 1 }]) }],
  ['embeddings', { ...kind('EMBEDDING'), 'embedding.model_name': SHORT, 'embedding.embeddings': JSON.stringify([{ text: EVERYTHING, vector: [0.1] }, { text: SHORT, vector: SHORT }]) }],
  ['keys of prototypes', { ...kind('TOOL'), 'input.value': '{"__proto__":{"__pwned":1},"constructor":{"prototype":{"__pwned":1}},"toString":"x","hasOwnProperty":1,"":{"":""}}', 'output.value': '[{"__proto__":null},{"valueOf":"y"}]' }],
  ['very deep JSON', { ...kind('TOOL'), 'input.value': deep(5_000, '[', ']'), 'output.value': `${'{"a":'.repeat(100)}1${'}'.repeat(100)}` }],
  ['wide JSON', { ...kind('TOOL'), 'input.value': JSON.stringify(Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`${SHORT}${at}`, at]))), 'output.value': JSON.stringify(Array.from({ length: 3_000 }, (_, at) => at)) }],
  ['numbers', { ...kind('LLM'), 'llm.token_count.prompt': 9_007_199_254_740_991, 'llm.token_count.completion': 0, 'input.value': '[1e999,-0,1E400,123456789012345678901234567890]' }],
  ['an exception', kind('TOOL'), { status: { code: 2, message: EVERYTHING }, events: [{ name: 'exception', at: 1, attributes: { 'exception.type': EVERYTHING, 'exception.message': EVERYTHING, 'exception.stacktrace': EVERYTHING } }, { name: SHORT, at: 2, attributes }] }],
  ['links', kind('CHAIN'), { links: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: { [SHORT]: EVERYTHING, url: SCRIPT_URL } }] }],
];

export const HOSTILE_PROJECT = `"><img src=x onerror=window.__pwned=1>/..?a=b#c&%2e'\u202E`;
const resource = (project) => ({ 'service.name': SHORT, 'openinference.project.name': project, [SHORT]: EVERYTHING });

// A call that says the text wherever a call says anything.
const said = (text) => ({
  ...call([message('system', text), message('user', [{ type: 'text', text }])], { 'llm.output_messages': JSON.stringify([message('assistant', text)]), 'llm.model_name': text }),
  'input.value': text, 'output.value': text, [text.slice(0, 2_000)]: text,
});

export async function sendHostile(base) {
  const traceId = newTraceId();
  const session = `${SHORT} ${traceId}`;
  const startMs = Date.now() - 5_000;
  const texts = Object.entries({ ...MARKUP, ...LANGUAGES, ...CHARACTERS, ...MARKDOWN });
  const all = [
    ...texts.map(([about, text]) => [about, said(text), { name: text }]),
    ...PLACES.map(([about, fields, more]) => [about, fields, { name: about, ...more }]),
    ['a name of a megabyte', kind('CHAIN'), { name: `<script>window.__pwned=1</script>${'<b>&"\u202E'.repeat(120_000)}` }],
    ['a name of nothing', kind('CHAIN'), { name: '' }],
  ];
  const root = span({ traceId, startMs, name: `${SHORT} ${EVERYTHING}`, from: 0, to: 4_000, attributes: { ...kind('AGENT'), 'agent.name': EVERYTHING, 'session.id': session, 'user.id': SHORT, 'input.value': EVERYTHING, 'output.value': EVERYTHING } });
  const spans = all.map(([, attributes, more], at) => span({ traceId, startMs, parent: root, from: at * 10, to: at * 10 + 500, attributes, ...more }));
  await send(base, resource(HOSTILE_PROJECT), { name: SHORT, version: EVERYTHING }, [root, ...spans]);
  // Another run of it, to be compared: the same steps, each saying something else.
  const other = newTraceId();
  const again = span({ traceId: other, startMs: startMs + 1_000, name: `${SHORT} ${EVERYTHING}`, from: 0, to: 3_000, attributes: { ...kind('AGENT'), 'input.value': EVERYTHING, 'session.id': session, 'output.value': `${EVERYTHING}\n${SHORT}` } });
  const changed = all.slice(0, 40).map(([, attributes, more], at) => span({ traceId: other, startMs: startMs + 1_000, parent: again, from: at * 10, to: at * 10 + 300, attributes: { ...attributes, 'output.value': SHORT }, ...more }));
  await send(base, resource(HOSTILE_PROJECT), { name: SHORT, version: EVERYTHING }, [again, ...changed]);
  return { traceId, session, root, spans: all.map(([about], at) => ({ about, spanId: spans[at].spanId })), other: { traceId: other, spans: changed } };
}

// Each of the ids as a session and as a user.
export async function sendIds(base, project) {
  for (const id of IDS) {
    const one = span({ traceId: newTraceId(), startMs: Date.now() - 3_000, name: 'a turn', from: 0, to: 100, attributes: { ...kind('AGENT'), 'session.id': id, 'user.id': id, 'input.value': `I am ${id}`, 'output.value': 'Hello.' } });
    await send(base, { 'openinference.project.name': project }, { name: 'ci' }, [one]);
  }
}
