// A small shop's assistant, with everything that pages show: what the tour's pictures and the browser's checks look at.
import { deflateSync, crc32 } from 'node:zlib';
import { newSpanId, newTraceId, send, span } from './otlp_json.mjs';

// A picture made here: `size` by `size`, a colour for every point.
export function png(size, colour) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const head = Buffer.alloc(4);
    const tail = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    tail.writeUInt32BE(crc32(body));
    return Buffer.concat([head, body, tail]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(size * (size * 3 + 1));
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) rows.set(colour(x / size, y / size), y * (size * 3 + 1) + 1 + x * 3);
  }
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]).toString('base64');
}

// A second of a tone, as WAV.
export function wav() {
  const rate = 8_000;
  const data = Buffer.alloc(rate);
  for (let at = 0; at < rate; at += 1) data[at] = 128 + Math.round(60 * Math.sin((at / rate) * 2 * Math.PI * 440));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0); head.writeUInt32LE(36 + rate, 4); head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22); head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28); head.writeUInt16LE(1, 32); head.writeUInt16LE(8, 34); head.write('data', 36); head.writeUInt32LE(rate, 40);
  return Buffer.concat([head, data]).toString('base64');
}

const chart = (x, y) => {
  const bar = Math.floor(x * 8);
  const height = [0.3, 0.45, 0.4, 0.6, 0.55, 0.75, 0.7, 0.9][bar];
  const inside = (x * 8) % 1 > 0.15 && 1 - y < height;
  return inside ? [31 + bar * 12, 111, 209] : [246, 247, 248];
};

const SYSTEM = `You are the assistant of a small hardware shop. Answer from the shop's documents and say which you used.

Rules:
1. Look things up before you answer. Never guess a price or a stock level.
2. Say when the documents disagree.
3. Answer in the language of the question.
${Array.from({ length: 24 }, (_, at) => `${at + 4}. Department ${at + 1} is reached at extension ${2000 + at * 7}; hand over what is not yours.`).join('\n')}`;
const TOOLS = [
  { type: 'function', function: { name: 'search_docs', description: 'Searches the shop\'s documents', parameters: { type: 'object', properties: { query: { type: 'string' }, top_k: { type: 'integer' } }, required: ['query'] } } },
  { type: 'function', function: { name: 'stock', description: 'Stock of an article', parameters: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] } } },
];
const DOCUMENTS = [
  { id: 'heat-pumps.md#3', score: 0.8731, text: 'The AX-200 heat pump draws 1.9 kW at 7 °C and is sold with a warranty of five years. Installation needs two persons and a flat base of 90 by 60 cm.', metadata: { source: 'heat-pumps.md', section: 3, updated: '2026-09-02' } },
  { id: 'prices.csv#ax200', score: 0.8402, text: 'AX-200; heat pump; 3,490.00; incl. VAT; valid from 2026-10-01', metadata: { source: 'prices.csv', row: 118 } },
  { id: 'returns.md#1', score: 0.6115, text: 'Articles that were installed cannot be returned. The warranty of the manufacturer applies.', metadata: { source: 'returns.md' } },
  { id: 'blog/2024-03.md', score: 0.4029, text: 'Why we love wood stoves: a short history of warmth.', metadata: { source: 'blog' } },
];
const ANSWER = `The **AX-200 heat pump** costs **3,490.00** including VAT[^1], draws 1.9 kW at 7 °C and is sold with a warranty of five years.

| | AX-200 |
|---|---|
| price | 3,490.00 |
| in stock | 4 |
| warranty | 5 years |

- Installation needs two persons and a flat base of 90 by 60 cm.
- Once installed it cannot be returned.

\`\`\`json
{"sku": "AX-200", "reserved": false}
\`\`\``;

// An agent's run of three calls, two tools and a retrieval with a reranker. `slow` stretches it, `fails` breaks the second tool.
export async function sendAgent(base, project, { question = 'What does the AX-200 cost, and is it in stock?', user = 'alice', session = 's-2026-118', ago = 90, slow = 1, fails = false, model = 'gpt-5-mini', answer = ANSWER } = {}) {
  const traceId = newTraceId();
  const startMs = Date.now() - ago * 1000;
  const make = ({ from, to, ...fields }) => span({ traceId, startMs, from: Math.round(from * slow), to: Math.round(to * slow), ...fields });
  const kind = (name) => ({ 'openinference.span.kind': name });
  const agent = make({ name: 'shop.assistant', from: 0, to: fails ? 6_900 : 9_400, attributes: { ...kind('AGENT'), 'agent.name': 'assistant', 'input.value': question, ...(fails ? {} : { 'output.value': answer }), 'session.id': session, 'user.id': user }, ...(fails ? { status: { code: 2, message: 'stock service did not answer' } } : {}) });
  const system = { role: 'system', content: SYSTEM };
  const asked = { role: 'user', content: question };
  const search = { role: 'assistant', content: null, tool_calls: [{ id: 'call_7f1', type: 'function', function: { name: 'search_docs', arguments: '{"query":"AX-200 heat pump price warranty","top_k":4}' } }] };
  const found = { role: 'tool', tool_call_id: 'call_7f1', content: JSON.stringify(DOCUMENTS.slice(0, 3).map(({ id, text }) => ({ id, text }))) };
  const stock = { role: 'assistant', content: 'The price is known; now the stock.', tool_calls: [{ id: 'call_9c4', type: 'function', function: { name: 'stock', arguments: '{"sku":"AX-200"}' } }] };
  const left = { role: 'tool', tool_call_id: 'call_9c4', content: '{"sku":"AX-200","in_stock":4,"warehouse":"north"}' };
  const call = (from, to, input, output, tokens, finish) => make({ name: 'llm.chat', parent: agent, from, to, attributes: {
    ...kind('LLM'), 'llm.model_name': model, 'llm.provider': 'openai',
    'llm.input_messages': JSON.stringify(input), 'llm.output_messages': JSON.stringify([output]), 'llm.finish_reason': finish,
    'llm.token_count.prompt': tokens[0], 'llm.token_count.completion': tokens[1], 'llm.token_count.prompt_details.cache_read': tokens[2],
    'llm.invocation_parameters': '{"temperature":0.2,"max_completion_tokens":800,"tool_choice":"auto"}', 'llm.tools': JSON.stringify(TOOLS),
    'llm.prompt_template.template': 'You are the assistant of a small {business} shop. Answer from the shop\'s documents and say which you used.\n\nQuestion: {question}',
    'llm.prompt_template.variables': JSON.stringify({ business: 'hardware', question }), 'llm.prompt_template.version': 'v12',
  } });
  const first = call(120, 1_900, [system, asked], search, [1_180, 42, 0], 'tool_calls');
  const tool = make({ name: 'tool.search_docs', parent: agent, from: 1_960, to: 3_700, attributes: { ...kind('TOOL'), 'tool.name': 'search_docs', 'tool.id': 'call_7f1', 'tool.description': 'Searches the shop\'s documents', 'input.value': '{"query":"AX-200 heat pump price warranty","top_k":4}', 'output.value': found.content } });
  const embed = make({ name: 'embed.query', parent: tool, from: 1_990, to: 2_240, attributes: { ...kind('EMBEDDING'), 'embedding.model_name': 'text-embedding-3-small', 'embedding.embeddings': JSON.stringify([{ text: 'AX-200 heat pump price warranty', vector: Array.from({ length: 8 }, (_, at) => at / 8) }]), 'llm.token_count.prompt': 9 } });
  const lexical = make({ name: 'retrieve.bm25', parent: tool, from: 2_250, to: 2_420, attributes: { ...kind('RETRIEVER'), 'input.value': 'AX-200 heat pump price warranty', 'retrieval.documents': JSON.stringify(DOCUMENTS.slice(0, 2)) } });
  const dense = make({ name: 'retrieve.dense', parent: tool, from: 2_250, to: 2_930, attributes: { ...kind('RETRIEVER'), 'input.value': 'AX-200 heat pump price warranty', 'retrieval.documents': JSON.stringify(DOCUMENTS) } });
  const rerank = make({ name: 'rerank', parent: tool, from: 2_960, to: 3_640, attributes: { ...kind('RERANKER'), 'reranker.query': 'AX-200 heat pump price warranty', 'reranker.model_name': 'rerank-2', 'reranker.input_documents': JSON.stringify([DOCUMENTS[2], DOCUMENTS[0], DOCUMENTS[3], DOCUMENTS[1]]), 'reranker.output_documents': JSON.stringify(DOCUMENTS.slice(0, 3).map((document, at) => ({ ...document, score: [0.982, 0.944, 0.31][at] }))) } });
  const second = call(3_780, 5_300, [system, asked, search, found], stock, [1_420, 38, 1_152], 'tool_calls');
  const spans = [agent, first, tool, embed, lexical, dense, rerank, second];
  if (fails) {
    spans.push(make({ name: 'tool.stock', parent: agent, from: 5_350, to: 6_850, attributes: { ...kind('TOOL'), 'tool.name': 'stock', 'tool.id': 'call_9c4', 'input.value': '{"sku":"AX-200"}' }, status: { code: 2, message: 'stock service did not answer' }, events: [{ name: 'exception', at: Math.round(6_840 * slow), attributes: { 'exception.type': 'httpx.ConnectTimeout', 'exception.message': 'stock service did not answer within 1.5 s (http://stock.internal:8080/v2/AX-200)', 'exception.stacktrace': 'Traceback (most recent call last):\n  File "shop/tools.py", line 41, in stock\n    response = client.get(f"/v2/{sku}", timeout=1.5)\n  File "httpx/_client.py", line 1053, in get\n    return self.request("GET", url)\nhttpx.ConnectTimeout: timed out' } }] }));
  } else {
    spans.push(make({ name: 'tool.stock', parent: agent, from: 5_350, to: 5_760, attributes: { ...kind('TOOL'), 'tool.name': 'stock', 'tool.id': 'call_9c4', 'input.value': '{"sku":"AX-200"}', 'output.value': left.content } }));
    spans.push(call(5_900, 9_300, [system, asked, search, found, stock, left], { role: 'assistant', content: answer }, [1_530, 148, 1_408], 'stop'));
  }
  await send(base, { 'service.name': 'assistant', 'openinference.project.name': project }, { name: 'shop' }, spans);
  return { traceId, question, spans, agent, first, tool, dense, rerank, second, last: spans.at(-1) };
}

// One call that shows a picture and a voice, and answers in two scripts that are not Latin.
export async function sendMedia(base, project, { ago = 400 } = {}) {
  const traceId = newTraceId();
  const startMs = Date.now() - ago * 1000;
  const image = png(256, chart);
  const llm = span({ traceId, startMs, name: 'vision.describe', from: 0, to: 2_100, attributes: {
    'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-5', 'session.id': 's-2026-120', 'user.id': 'نادية',
    'llm.input_messages': JSON.stringify([{ role: 'user', content: [
      { type: 'text', text: 'ما الذي يظهر في هذا الرسم البياني؟ 请用中文和阿拉伯文回答。' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
      { type: 'input_audio', input_audio: { data: wav(), format: 'wav' } },
    ] }]),
    'llm.output_messages': JSON.stringify([{ role: 'assistant', content: [{ type: 'thinking', thinking: 'Eight bars that grow from left to right; the voice asks for the month of the highest one.' }, { type: 'text', text: 'يُظهر الرسم ثمانية أعمدة ترتفع من اليسار إلى اليمين، وأعلاها هو العمود الأخير (90٪).\n\n图中有八根柱子，从左到右逐渐升高，最后一根最高（90%）。八月的销售额最好。' }] }]),
    'llm.token_count.prompt': 1_105, 'llm.token_count.completion': 96,
  } });
  await send(base, { 'service.name': 'vision', 'openinference.project.name': project }, { name: 'shop' }, [llm]);
  return { traceId, llm, image };
}

// A trace of `count` spans: batches of calls and tools under steps, one error deep within.
export async function sendWide(base, project, count, { ago = 600, name = `nightly.import of ${count}` } = {}) {
  const traceId = newTraceId();
  const startMs = Date.now() - ago * 1000;
  const whole = 120_000;
  const root = span({ traceId, startMs, name, from: 0, to: whole, attributes: { 'openinference.span.kind': 'CHAIN', 'input.value': `import ${count} products`, 'output.value': 'done, one product failed' } });
  let batch = [root];
  let step = root;
  let failed = null;
  for (let at = 1; at < count; at += 1) {
    const from = Math.floor((at / count) * (whole - 2_000));
    if (at % 20 === 1) {
      step = span({ traceId, startMs, parent: root, name: `batch ${Math.floor(at / 20)}`, from, to: Math.min(whole, from + 1_200), attributes: { 'openinference.span.kind': 'CHAIN' } });
      batch.push(step);
    } else if (at % 20 === 2) {
      batch.push(span({ traceId, startMs, parent: step, name: 'llm.classify', from, to: from + 700, attributes: { 'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-5-nano', 'llm.input_messages.0.message.role': 'user', 'llm.input_messages.0.message.content': `Classify product ${at}`, 'llm.output_messages.0.message.role': 'assistant', 'llm.output_messages.0.message.content': `category ${at % 17}`, 'llm.token_count.prompt': 180, 'llm.token_count.completion': 9 } }));
    } else {
      const broken = failed === null && at > count / 2;
      const one = span({ traceId, startMs, parent: step, name: `store.row ${at}`, from, to: from + 40 + (at % 7) * 15, attributes: { 'openinference.span.kind': 'TOOL', 'input.value': `{"row":${at}}` }, ...(broken ? { status: { code: 2, message: `row ${at}: duplicate key` } } : {}) });
      if (broken) failed = one;
      batch.push(one);
    }
    if (batch.length >= 2_000) {
      await send(base, { 'service.name': 'importer', 'openinference.project.name': project }, { name: 'shop' }, batch);
      batch = [];
    }
  }
  if (batch.length > 0) await send(base, { 'service.name': 'importer', 'openinference.project.name': project }, { name: 'shop' }, batch);
  return { traceId, root, failed, count };
}

// An agent that has not ended: a call of it has, with log records, a tool is at work; one record belongs to no span.
export async function sendRunning(base, project, { ago = 9 } = {}) {
  const traceId = newTraceId();
  const startMs = Date.now() - ago * 1000;
  const agent = { spanId: newSpanId() };
  const call = span({ traceId, parent: agent, startMs, name: 'llm.chat', from: 300, to: 3_900, attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-5-mini', 'gen_ai.response.model': 'gpt-5-mini-2025-08-07', 'gen_ai.usage.input_tokens': 812, 'gen_ai.usage.output_tokens': 44 } });
  const tool = span({ traceId, parent: agent, startMs, name: 'tool.search_orders', from: 4_000, to: 4_000, attributes: { 'logfire.span_type': 'pending_span', 'openinference.span.kind': 'TOOL', 'input.value': '{"customer": "C-118"}' } });
  const pending = { ...tool, spanId: newSpanId(), parentSpanId: tool.spanId };
  pending.attributes = [...pending.attributes, { key: 'logfire.pending_parent_id', value: { stringValue: agent.spanId } }];
  await send(base, { 'service.name': 'support', 'openinference.project.name': project }, { name: 'shop' }, [call, pending]);
  const said = (text) => ({ kvlistValue: { values: [{ key: 'content', value: { stringValue: text } }] } });
  const record = (spanId, atMs, fields) => ({ traceId, spanId, timeUnixNano: `${startMs + atMs}000000`, ...fields });
  const body = { resourceLogs: [{ scopeLogs: [{ scope: { name: 'shop' }, logRecords: [
    record(call.spanId, 310, { eventName: 'gen_ai.user.message', body: said('Where is my order? I ordered the AX-200 last week.') }),
    record(call.spanId, 1_200, { severityNumber: 13, severityText: 'WARN', body: { stringValue: 'retry after 429, attempt 2' }, attributes: [{ key: 'attempt', value: { intValue: '2' } }] }),
    record(call.spanId, 3_890, { eventName: 'gen_ai.choice', body: { kvlistValue: { values: [{ key: 'finish_reason', value: { stringValue: 'stop' } }, { key: 'message', value: said('Let me look at your orders.') }] } } }),
    record('', 4_100, { severityNumber: 9, body: { stringValue: '3 workers are busy' } }),
  ] }] }] };
  await fetch(`${base}/v1/logs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { traceId, call, agent };
}

// A trace of two machines whose clocks disagree, with a span whose parent never came, and a link to another trace.
export async function sendOdd(base, project, other, { ago = 240 } = {}) {
  const traceId = newTraceId();
  const startMs = Date.now() - ago * 1000;
  const root = span({ traceId, startMs, name: 'order.confirm', from: 0, to: 900, attributes: { 'openinference.span.kind': 'CHAIN' }, links: [{ traceId: other.traceId, spanId: other.last.spanId, attributes: { reason: 'asked for in' } }] });
  const early = span({ traceId, startMs, parent: root, name: 'mail.render', from: -350, to: 200, attributes: { 'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-5-nano' } });
  const orphan = span({ traceId, startMs, parent: { spanId: '00000000000000ff' }, name: 'mail.send', from: 300, to: 700, attributes: { 'openinference.span.kind': 'TOOL' } });
  await send(base, { 'service.name': 'orders', 'openinference.project.name': project }, { name: 'shop' }, [root, early, orphan]);
  return { traceId, root, early, orphan };
}

// Everything, over the last hours: several users and sessions, some runs that failed, some that were slow.
export async function sendShop(base, project) {
  const questions = ['Which drill fits 12 mm anchors?', 'Do you deliver to islands?', 'Is the AX-200 quieter than the AX-100?', 'How long is the warranty of the AX-200?', 'Can I pay by invoice?', 'When does the shop open on Sunday?'];
  const users = ['alice', 'bob', 'chandra', 'dmitri', '小林'];
  for (let at = 0; at < 72; at += 1) {
    const user = users[(at * 7) % users.length];
    await sendAgent(base, project, {
      question: questions[at % questions.length], user, session: `s-2026-${100 + Math.floor(at / 4)}`, ago: 240 + (72 - at) * 300 + (at * 37) % 200,
      slow: 0.5 + ((at * 13) % 10) / 8 + (at === 40 ? 4 : 0), fails: at % 11 === 5,
      answer: `${questions[at % questions.length].replace('?', '')}: yes, according to the shop's documents (page ${at + 3}).`,
    });
  }
  const good = await sendAgent(base, project, { ago: 200 });
  const failed = await sendAgent(base, project, { ago: 60, fails: true, slow: 1.3 });
  const media = await sendMedia(base, project, { ago: 30 });
  const odd = await sendOdd(base, project, good, { ago: 20 });
  return { good, failed, media, odd };
}
