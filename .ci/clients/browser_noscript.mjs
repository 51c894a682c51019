// Without JavaScript everything can still be read: the rows by windows, the spans by links, the folds by the browser.
import assert from 'node:assert/strict';
import { isTrace, rowNames } from './browser_bench.mjs';
import { sendAgent, sendWide } from './tour_traces.mjs';

const COUNT = 350;

async function list(bench) {
  const project = bench.project('noscript');
  const good = await sendAgent(bench.base, project, { ago: 200 });
  const bad = await sendAgent(bench.base, project, { ago: 100, fails: true });
  const page = await bench.open({ javaScriptEnabled: false });
  await page.goto(`${bench.base}/`);
  await page.getByRole('link', { name: project, exact: true }).click();
  await page.waitForURL(bench.list(project));
  const row = page.locator('#list tbody tr');
  assert.equal(await row.count(), 2);
  assert.match(await row.last().innerText(), /What does the AX-200 cost[^]*AX-200 heat pump[^]*9\.40 s[^]*alice/);
  // What only a script can do is not offered.
  assert.equal(await page.locator('#live').isVisible(), false);
  await page.getByLabel('Status').selectOption('error');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.waitForURL((url) => url.searchParams.get('status') === 'error');
  assert.equal(await row.count(), 1);
  await page.locator('.chip').click();
  await page.waitForURL(bench.list(project));
  // Two are chosen and compared by a form.
  for (const sent of [bad, good]) await page.locator(`tr[data-id="${sent.traceId}"] .pick input`).check({ force: true });
  await page.getByRole('button', { name: 'Compare the two' }).click();
  await page.waitForURL((url) => url.searchParams.get('a') === good.traceId && url.searchParams.get('b') === bad.traceId);
  await page.locator('#open').fill(good.traceId.slice(0, 14));
  await page.locator('#open').press('Enter');
  await page.waitForURL((url) => isTrace(url, good, null));
}

async function trace(bench) {
  const project = bench.project('noscript');
  const sent = await sendAgent(bench.base, project);
  const page = await bench.open({ javaScriptEnabled: false });
  await page.goto(bench.trace(project, sent));
  assert.equal((await rowNames(page)).length, 10);
  await page.locator('#rows .span', { hasText: 'llm.chat' }).first().click();
  await page.waitForURL((url) => isTrace(url, sent, sent.first.spanId));
  assert.equal(await page.locator('#rows .selected').getAttribute('aria-current'), 'true');
  assert((await page.locator('#detail').boundingBox()).width > 400, 'the pane has no room');
  // The system prompt is folded; the browser itself unfolds it.
  const system = page.locator('#detail .message.system');
  const [folded, height] = [await system.innerText(), (await system.boundingBox()).height];
  assert.doesNotMatch(folded, /Department 24 is reached/);
  await system.locator('.fold > summary').click();
  assert.match(await system.innerText(), /27\. Department 24 is reached at extension 2161/);
  assert((await system.boundingBox()).height > height + 150, 'the fold does not open');
  await page.locator('[data-text-switch]').click();
  await page.waitForURL((url) => url.searchParams.get('text') === 'markdown');
  assert(await page.locator('#detail .message.system ol li').count() > 2, 'the prompt is not shown as markdown');

  const tool = page.locator('#rows li', { hasText: 'tool.search_docs' });
  await tool.locator('.toggle').click();
  await page.waitForURL((url) => url.searchParams.get('except') === sent.tool.spanId);
  assert.equal((await rowNames(page)).length, 6);
  assert.equal(await page.locator('#detail').getAttribute('data-span'), sent.first.spanId);
  assert.equal(await tool.locator('.toggle').getAttribute('aria-expanded'), 'false');
  await tool.locator('.toggle').click();
  await page.waitForURL((url) => !url.searchParams.has('except'));
  assert.equal((await rowNames(page)).length, 10);
  await page.locator('.views a', { hasText: 'model calls' }).click();
  await page.waitForURL((url) => url.searchParams.get('only') === 'calls');
  assert.equal((await rowNames(page)).length, 4);
  await page.locator('.find input').fill('reserved');
  await page.locator('.find input').press('Enter');
  await page.waitForURL((url) => url.searchParams.get('find') === 'reserved');
  assert.deepEqual(await rowNames(page), ['shop.assistant', 'llm.chat']);
  await page.locator('.head').getByRole('link', { name: 's-2026-118' }).click();
  await page.waitForURL((url) => url.pathname.endsWith('/session') && url.searchParams.get('id') === 's-2026-118');
  assert.match(await page.locator('.turn').first().innerText(), /What does the AX-200 cost, and is it in stock\?[^]*3,490\.00/);
}

// Links lead from window to window, each row once, to the last and back.
async function windows(bench) {
  const project = bench.project('noscript');
  const sent = await sendWide(bench.base, project, COUNT);
  const page = await bench.open({ javaScriptEnabled: false });
  await page.goto(bench.trace(project, sent, '?from=0'));
  const link = (name) => page.locator('.window').getByRole('link', { name });
  const follow = async (name) => {
    const before = page.url();
    await link(name).click();
    await page.waitForURL((url) => url.href !== before);
  };
  const seen = [...await rowNames(page)];
  assert(seen.length < COUNT, 'all rows came at once');
  while (await link('after').count() > 0) {
    const first = seen.length + 1;
    await follow('after');
    seen.push(...await rowNames(page));
    await page.getByText(`Rows ${first} to ${seen.length} of ${COUNT}`).waitFor();
  }
  assert.equal(seen.length, COUNT);
  assert.equal(seen.at(-1), `store.row ${COUNT - 1}`);
  const rows = seen.filter((name) => name.startsWith('store.row'));
  assert.equal(new Set(rows).size, rows.length, 'a row came twice');
  await page.locator('#rows .span').last().click();
  await page.waitForURL((url) => url.searchParams.has('span'));
  assert.equal(await page.locator('#detail h2').textContent(), `store.row ${COUNT - 1}`);
  assert.equal((await rowNames(page)).at(-1), `store.row ${COUNT - 1}`);
  while (await link('before').count() > 0) await follow('before');
  assert.equal((await rowNames(page))[1], 'batch 0');
}

export const steps = { 'lists and comparison': list, 'a trace': trace, 'windows of rows': windows };
