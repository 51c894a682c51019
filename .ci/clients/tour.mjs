// The pictures of docs/tour.md: `tour.mjs PAGES_URL OUT_DIR`, against a server with an empty store.
import { chromium } from 'playwright-core';
import { newTraceId, send, span } from './otlp_json.mjs';
import { sendRunning, sendShop, sendWide } from './tour_traces.mjs';

const [base, out] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// `act` does to the page what the picture is about.
async function picture(name, path, { light = false, phone = false, print = false, act } = {}) {
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    colorScheme: light || print ? 'light' : 'dark', reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  if (print) await page.emulateMedia({ media: 'print' });
  await page.goto(base + path);
  await page.waitForLoadState('networkidle').catch(() => {});
  await act?.(page);
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  await page.screenshot({ path: `${out}/${name}.png` });
  await context.close();
  console.log(name);
}

await picture('empty', '/');
const shop = await sendShop(base, 'shop');
const wide = await sendWide(base, 'shop', 10_000, { ago: 3_000 });
const long = newTraceId();
const contract = Array.from({ length: 2_400 }, (_, at) => `${at + 1}. The supplier delivers article ${1000 + at} within ${at % 9 + 1} days, packed and labelled as agreed.`).join('\n');
await send(base, { 'service.name': 'contracts', 'openinference.project.name': 'shop' }, { name: 'shop' }, [
  span({ traceId: long, startMs: Date.now() - 700_000, name: 'contract.summarise', from: 0, to: 21_000, attributes: {
    'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-5', 'llm.token_count.prompt': 48_210, 'llm.token_count.completion': 77,
    'llm.input_messages': JSON.stringify([{ role: 'system', content: 'Summarise the contract.' }, { role: 'user', content: contract }]),
    'llm.output_messages': JSON.stringify([{ role: 'assistant', content: 'It lists 2,400 articles with delivery times of one to nine days.' }]),
  } }),
]);
const traces = '/projects/shop/traces';
const good = `${traces}/${shop.good.traceId}`;

await picture('projects', '/');
await picture('list-dark', traces);
await picture('list-light', traces, { light: true });
await picture('list-brush', traces, { act: async (page) => {
  const box = await page.locator('.chart.requests svg').boundingBox();
  await page.mouse.move(box.x + box.width * 0.55, box.y + 15);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 15, { steps: 4 });
} });
await picture('trace-dark', good);
await picture('trace-light-markdown', `${good}?text=markdown`, { light: true });
await picture('trace-error', `${traces}/${shop.failed.traceId}`);
await picture('trace-retrieval', `${good}?span=${shop.good.dense.spanId}`);
await picture('trace-reranker', `${good}?span=${shop.good.rerank.spanId}`, { light: true });
await picture('trace-history', `${good}?span=${shop.good.last.spanId}&history=all`);
await picture('trace-media', `${traces}/${shop.media.traceId}`);
await picture('trace-odd', `${traces}/${shop.odd.traceId}`);
await picture('trace-10000-spans', `${traces}/${wide.traceId}`);
await picture('trace-zoom', `${traces}/${wide.traceId}`, { act: async (page) => {
  await page.locator('#rows .span', { hasText: 'batch 250' }).click();
  await page.locator('#detail[data-span] h2', { hasText: 'batch 250' }).waitFor();
  await page.locator('[data-zoom]').click();
  await page.locator('[data-zoom-out]').waitFor();
} });
await picture('trace-search', `${good}?find=warranty`);
await picture('trace-long-prompt', `${traces}/${long}`);
const running = await sendRunning(base, 'support');
await picture('trace-running', `/projects/support/traces/${running.traceId}?span=${running.call.spanId}`);
await picture('conventions', '/projects/shop/conventions', { light: true });
await picture('trace-source', `${good}?span=${shop.good.last.spanId}`, { act: async (page) => {
  const sources = page.locator('#detail details', { hasText: 'Where this came from' });
  await sources.locator('summary').click();
  await sources.scrollIntoViewIfNeeded();
} });
await picture('compare', `/projects/shop/compare?b=${shop.failed.traceId}`);
await picture('sessions', '/projects/shop/sessions');
await picture('session', '/projects/shop/session?id=s-2026-118&text=markdown', { light: true });
await picture('users', '/projects/shop/users', { light: true });
await picture('keyboard', good, { act: (page) => page.keyboard.press('?') });
await picture('phone-list', traces, { phone: true });
await picture('phone-trace', good, { phone: true });
await picture('print', good, { print: true });
await browser.close();
