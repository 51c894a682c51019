// Without a mouse: a walk through a trace, through lists, and from page to page.
import assert from 'node:assert/strict';
import { clipboard, eventually, focused, isTrace, rowNames as allNames } from './browser_bench.mjs';
import { sendOrdinary } from './browser_traces.mjs';
import { sendAgent } from './tour_traces.mjs';

const WORD = 'zeppelin';
const NAMES = ['shop.assistant', 'llm.chat', 'tool.search_docs', 'embed.query', 'retrieve', 'retrieve', 'rerank', 'llm.chat', 'tool.stock', 'llm.chat'];
// The two retrievals begin at the same time, so either may come first.
const step = (name) => name.replace(/^retrieve\..*/, 'retrieve');
const rowNames = async (page) => (await allNames(page)).map(step);

// The row that has the focus is the one that is selected, and the pane and the address follow.
async function expectAt(page, sent, at) {
  await eventually(async () => {
    const found = await page.evaluate(() => ({
      focus: document.activeElement.matches('.span.selected') && document.querySelectorAll('#rows .selected').length === 1,
      row: [...document.querySelectorAll('#rows li:not(.space)')].indexOf(document.activeElement.closest('li')),
      href: new URL(document.activeElement.href ?? location.href).searchParams.get('span'),
      pane: document.getElementById('detail').dataset.span,
      heading: document.querySelector('#detail h2').textContent,
      address: new URLSearchParams(location.search).get('span'),
    }));
    found.heading = step(found.heading);
    assert.deepEqual(found, { focus: true, row: at, href: found.pane, pane: found.pane, heading: NAMES[at], address: found.pane });
  });
}

async function walk(bench) {
  const project = bench.project('keys');
  const sent = await sendAgent(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  assert.deepEqual(await rowNames(page), NAMES);
  for (const [key, at] of [['k', 8], ['ArrowUp', 7], ['j', 8], ['ArrowDown', 9], ['j', 9], ['Home', 0], ['k', 0], ['j', 1], ['End', 9], ['Home', 0], ['ArrowDown', 1], ['j', 2]]) {
    await page.keyboard.press(key);
    await expectAt(page, sent, at);
  }
  // Several at once: the pane is the last one's.
  for (const key of ['j', 'j', 'j', 'k', 'j']) await page.keyboard.press(key);
  await expectAt(page, sent, 5);
  // A row that Tab led to is opened by Enter.
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expectAt(page, sent, 4);
}

async function fold(bench) {
  const project = bench.project('keys');
  const sent = await sendAgent(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent, `?span=${sent.tool.spanId}`));
  const rows = (count) => eventually(async () => assert.equal((await rowNames(page)).length, count));
  const expanded = () => page.locator('#rows li', { hasText: 'tool.search_docs' }).locator('.toggle').getAttribute('aria-expanded');
  assert.equal(await expanded(), 'true');
  await page.keyboard.press('ArrowLeft');
  await rows(6);
  assert.equal(await expanded(), 'false');
  assert.deepEqual(await rowNames(page), NAMES.filter((name) => !/^(embed|retrieve|rerank)/.test(name)));
  assert.equal(await page.locator('#detail').getAttribute('data-span'), sent.tool.spanId, 'folding another span moved the pane');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowRight');
  await rows(10);
  assert.equal(await expanded(), 'true');
  // By the mouse, and back by the history.
  await page.locator('#rows li', { hasText: 'shop.assistant' }).locator('.toggle').click();
  await rows(1);
  await page.goBack();
  await rows(10);
  // Folded is what the outermost spans began: the agent and its five steps, not what these did.
  await page.locator('.views a', { hasText: 'folded' }).click();
  await rows(6);
  await page.locator('.views a', { hasText: /^all$/ }).click();
  await rows(10);
  await page.locator('.views a', { hasText: 'model calls' }).click();
  await eventually(async () => assert.deepEqual(await rowNames(page), ['shop.assistant', 'llm.chat', 'llm.chat', 'llm.chat']));
}

async function errorsOnly(bench) {
  const project = bench.project('keys');
  const sent = await sendAgent(bench.base, project, { fails: true });
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  const names = (expected) => eventually(async () => assert.deepEqual(await rowNames(page), expected));
  const all = NAMES.slice(0, 9);
  await names(all);
  await page.keyboard.press('e');
  await names(['shop.assistant', 'tool.stock']);
  await page.waitForURL((url) => url.searchParams.get('only') === 'errors');
  await page.keyboard.press('e');
  await names(all);
}

async function searchInTrace(bench) {
  const project = bench.project('keys');
  const sent = await sendAgent(bench.base, project, { question: `Does the ${WORD} of last year fit into the crate?`, answer: 'No.' });
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  await page.keyboard.press('s');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'find');
  // What is typed is text, not a walk.
  await page.keyboard.type(WORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('find') === WORD);
  await eventually(async () => assert.deepEqual(await rowNames(page), ['shop.assistant', 'llm.chat', 'llm.chat', 'llm.chat']));
  assert.equal(await page.locator('#rows .found').count(), 4);
  await page.getByText('in 4 of 10 spans').waitFor();
  await page.locator('.find input').fill('no text has this');
  await page.locator('.find input').press('Enter');
  await page.getByText('No span contains that').waitFor();
  await page.getByRole('link', { name: 'Show all' }).click();
  await eventually(async () => assert.deepEqual(await rowNames(page), NAMES));
}

async function markdown(bench) {
  const project = bench.project('keys');
  const [sent, other] = [await sendAgent(bench.base, project), await sendAgent(bench.base, project)];
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  const answer = page.locator('#detail .message.returned');
  const rendered = async () => ({
    cells: await answer.locator('table td').allTextContents(), strong: await answer.locator('strong').allTextContents(),
  });
  const RENDERED = { cells: ['price', '3,490.00', 'in stock', '4', 'warranty', '5 years'], strong: ['AX-200 heat pump', '3,490.00'] };
  assert.deepEqual(await rendered(), { cells: [], strong: [] });
  assert.match(await answer.innerText(), /\| price \| 3,490\.00 \|/);
  await page.keyboard.press('m');
  await eventually(async () => assert.deepEqual(await rendered(), RENDERED));
  // The choice is the reader's, not the page's.
  await page.goto(bench.trace(project, other));
  assert.deepEqual(await rendered(), RENDERED);
  await page.keyboard.press('k');
  await page.keyboard.press('j');
  await eventually(async () => assert.deepEqual(await rendered(), RENDERED));
  await page.keyboard.press('m');
  await eventually(async () => assert.deepEqual(await rendered(), { cells: [], strong: [] }));
  await page.reload();
  assert.deepEqual(await rendered(), { cells: [], strong: [] });
}

async function elsewhere(bench) {
  const project = bench.project('keys');
  const sent = await sendAgent(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  await page.keyboard.press('y');
  await page.locator('.head .copy', { hasText: 'copied' }).waitFor();
  assert.equal(await clipboard(page), sent.traceId);
  await page.keyboard.press('?');
  const help = page.locator('#keys');
  await help.waitFor();
  await help.getByText('fold, unfold a span').waitFor();
  // The text itself is measured: a row's columns would not tell that keys run into words.
  const overlaps = await help.locator('.keys > div').evaluateAll((rows) => rows.filter((row) => row.querySelector('dt').scrollWidth > row.querySelector('dt').clientWidth).map((row) => row.textContent.trim()));
  assert.deepEqual(overlaps, []);
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'hidden' });
  for (const [key, path] of [['t', 'traces'], ['s', 'sessions'], ['u', 'users']]) {
    await page.goto(bench.trace(project, sent));
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.waitForURL(`${bench.base}/projects/${project}/${path}`);
  }
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await page.waitForURL(`${bench.base}/`);
  await page.keyboard.press('/');
  assert.equal(await focused(page), 'INPUT#open');
  await page.keyboard.type('gjk?');
  assert.equal(await page.locator('#open').inputValue(), 'gjk?');
}

async function lists(bench) {
  const project = bench.project('keys-list');
  const sent = [];
  for (const name of ['oldest.run', 'middle.run', 'newest.run']) sent.unshift(await sendOrdinary(bench.base, project, name));
  const page = await bench.open();
  await page.goto(bench.list(project));
  const at = () => page.evaluate(() => document.activeElement.closest('tr')?.dataset.id);
  for (const [key, row] of [['j', 0], ['k', 0], ['j', 1], ['ArrowDown', 2], ['j', 2], ['ArrowUp', 1]]) {
    await page.keyboard.press(key);
    assert.equal(await at(), sent[row].traceId, `after ${key}`);
  }
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => isTrace(url, sent[1], null));
  await page.goBack();
  // Selected in any order, the older one is A.
  await page.goto(bench.list(project));
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('c');
  assert.equal(new URL(page.url()).pathname.endsWith('/traces'), true, 'one trace alone was compared');
  for (const key of ['j', 'j', 'x', 'c']) await page.keyboard.press(key);
  await page.waitForURL((url) => url.searchParams.get('a') === sent[2].traceId && url.searchParams.get('b') === sent[0].traceId);
  for (const kind of ['sessions', 'users']) {
    await page.goto(`${bench.base}/projects/${project}/${kind}`);
    await page.keyboard.press('j');
    const name = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => [url.searchParams.get('id'), url.searchParams.get('user')].includes(name));
  }
}

export const steps = {
  'a walk through a trace': walk, 'fold and unfold': fold, 'errors only': errorsOnly, 'search in the trace': searchInTrace, 'markdown or raw': markdown,
  'copy, help and other pages': elsewhere, lists,
};
