// What is copied is what was sent: not what the page shows of it.
import assert from 'node:assert/strict';
import { clipboard } from './browser_bench.mjs';
import { sendOrdinary } from './browser_traces.mjs';
import { newTraceId, send, span } from './otlp_json.mjs';

const lines = (count, about) => Array.from({ length: count }, (_, at) => `${at + 1}. ${about} <b>&amp; "${at}"`).join('\n');
// One message for each way in which a page shows less, or other, than what was sent.
const SENT = {
  short: 'One line, with <b>tags</b>, a\ttab and  two spaces.',
  folded: lines(60, 'a rule of the shop'),
  'a huge one': lines(4_500, 'a line of a long log, with words of it'),
  'an indented one': '    four spaces first\n\n  two then\n',
  markdown: '# Title\n\n**bold** and `code`, [a link](https://example.invalid/)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- two\n\n```js\nlet a = 1;\n```',
  'long markdown': `# Rules\n\n${Array.from({ length: 80 }, (_, at) => `**Rule ${at}** is *kept*.`).join('\n\n')}`,
  'right to left': 'يُظهر الرسم ثمانية أعمدة\n图中有八根柱子',
};
const TREE = { sku: 'AX-200', nested: { list: Array.from({ length: 40 }, (_, at) => ({ at, text: `entry ${at} \\ "quoted" <i>` })), empty: {}, none: null }, ratio: 0.25 };

async function sendTexts(bench, project) {
  const traceId = newTraceId();
  const messages = [...Object.values(SENT), JSON.stringify(TREE)].map((content) => ({ role: 'user', content }));
  const one = span({ traceId, startMs: Date.now() - 1_000, name: 'llm.chat', from: 0, to: 900, attributes: {
    'openinference.span.kind': 'LLM', 'llm.model_name': 'copy-1', 'llm.input_messages': JSON.stringify(messages), 'llm.output_messages': JSON.stringify([{ role: 'assistant', content: 'Done.' }]),
  } });
  await send(bench.base, { 'openinference.project.name': project }, { name: 'ci' }, [one]);
  return { traceId, one };
}

// Each button says for a moment that it has copied; what it said the time before must be gone.
async function copied(page, button) {
  await button.filter({ hasNotText: 'copied' }).waitFor();
  await page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
  await button.click();
  await button.filter({ hasText: 'copied' }).waitFor();
  return clipboard(page);
}

async function messages(bench) {
  const project = bench.project('copy');
  assert(SENT['a huge one'].length > 200_000);
  const sent = await sendTexts(bench, project);
  const page = await bench.open();
  for (const mode of ['raw', 'markdown']) {
    await page.goto(bench.trace(project, sent, `?text=${mode}`));
    const found = {};
    for (const at of Object.keys(SENT).keys()) {
      const text = await copied(page, page.locator(`[data-copy="m${at}"]`));
      found[Object.keys(SENT)[at]] = text === Object.values(SENT)[at] ? 'as sent' : `${text.length} characters: ${JSON.stringify(text.slice(0, 60))} … ${JSON.stringify(text.slice(-40))}`;
    }
    assert.deepEqual(found, Object.fromEntries(Object.keys(SENT).map((name) => [name, 'as sent'])), mode);
    const tree = await copied(page, page.locator(`[data-copy="m${Object.keys(SENT).length}"]`));
    assert.deepEqual(JSON.parse(tree), TREE);
    // Folding a part of the tree takes nothing away.
    await page.locator(`#m${Object.keys(SENT).length} .json summary`).first().click();
    assert.deepEqual(JSON.parse(await copied(page, page.locator(`[data-copy="m${Object.keys(SENT).length}"]`))), TREE);
  }
}

async function idsAndExports(bench) {
  const project = bench.project('copy');
  const sent = await sendOrdinary(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  assert.equal(await copied(page, page.locator('[data-copy="trace-id"]')), sent.traceId);
  assert.equal(await copied(page, page.locator('[data-copy="span-id"]')), sent.llm.spanId);
  const link = (name) => page.locator('[data-copy-link]').filter({ hasText: name });
  const request = JSON.parse(await copied(page, page.locator('#detail [data-copy-link]').first()));
  assert.deepEqual(request, { model: 'browser-model-1', messages: [{ role: 'user', content: 'Why did the nightly import fail?' }] });
  await page.reload();
  const address = await link(/^JSON$/).evaluate(({ href }) => href);
  await link(/^JSON$/).click();
  await page.locator('[data-copy-link]', { hasText: 'copied' }).waitFor();
  assert.deepEqual(JSON.parse(await clipboard(page)), await (await fetch(address)).json());
  assert.equal(JSON.parse(await clipboard(page)).spans.length, 4);
  await page.reload();
  await link('curl').click();
  await page.locator('[data-copy-link]', { hasText: 'copied' }).waitFor();
  assert.match(await clipboard(page), /^curl [^]*"model": ?"browser-model-1"/);
}

export const steps = { messages, 'ids and exports': idsAndExports };
