// Two traces side by side: picked from the list, or a failed one beside the last good one.
import assert from 'node:assert/strict';
import { sendAgent } from './tour_traces.mjs';

const QUESTION = 'Is the AX-200 in stock?';

async function sendTwo(bench, name) {
  const project = bench.project(name);
  const good = await sendAgent(bench.base, project, { question: QUESTION, ago: 300, answer: 'Yes, four of them.' });
  const failed = await sendAgent(bench.base, project, { question: QUESTION, ago: 60, fails: true });
  return { project, good, failed };
}

const isCompare = (url, a, b) => url.pathname.endsWith('/compare') && url.searchParams.get('a') === a.traceId && url.searchParams.get('b') === b.traceId;

async function fromList(bench) {
  const { project, good, failed } = await sendTwo(bench, 'compare');
  const third = await sendAgent(bench.base, project, { ago: 30 });
  const page = await bench.open();
  await page.goto(bench.list(project));
  const bar = page.locator('.comparing');
  assert.equal(await bar.isVisible(), false);
  const pick = async (sent) => {
    const row = page.locator(`tr[data-id="${sent.traceId}"]`);
    await row.hover();
    await row.locator('.pick input').click();
  };
  await pick(third);
  await bar.getByText('1 selected').waitFor();
  assert.equal(await bar.getByRole('button').isEnabled(), false, 'one trace alone can be compared');
  // The newer one first; and the third choice takes the place of the oldest.
  await pick(failed);
  await pick(good);
  assert.deepEqual(await page.locator('.pick input:checked').evaluateAll((boxes) => boxes.map((box) => box.value)).then((ids) => ids.length), 2);
  await page.goto(bench.list(project));
  await pick(failed);
  await pick(good);
  await bar.getByText('2 selected').waitFor();
  const line = await bar.boundingBox();
  assert(line.y >= 0 && line.y + line.height <= 800, 'the button to compare is out of sight');
  await bar.getByRole('button', { name: 'Compare the two' }).click();
  await page.waitForURL((url) => isCompare(url, good, failed));
}

async function differences(bench) {
  const { project, good, failed } = await sendTwo(bench, 'differences');
  const page = await bench.open();
  await page.goto(`${bench.base}/projects/${project}/compare?a=${good.traceId}&b=${failed.traceId}`);
  const steps = await page.locator('table.aligned tbody tr').evaluateAll((rows) => rows.map((row) => {
    const cells = [...row.cells].map((cell) => cell.innerText.replace(/\s+/g, ' ').trim());
    return { name: row.querySelector('bdi').textContent, only: row.querySelector('.label > .tag')?.textContent, a: cells[1], b: cells[2], delta: cells[3], differs: cells[4] };
  }));
  assert.deepEqual(steps.map(({ name }) => name).filter((name) => !name.startsWith('retrieve')), ['shop.assistant', 'llm.chat', 'tool.search_docs', 'embed.query', 'rerank', 'llm.chat', 'tool.stock', 'llm.chat']);
  const of = (name) => steps.filter((step) => step.name === name);
  assert.deepEqual([of('shop.assistant')[0].a, of('shop.assistant')[0].b], ['9.40 s', '✕ 6.90 s']);
  assert.match(of('shop.assistant')[0].delta, /^[−-]2\.50 s/);
  assert.deepEqual([of('tool.stock')[0].a, of('tool.stock')[0].b], ['410 ms', '✕ 1.50 s']);
  assert.match(of('tool.stock')[0].delta, /^\+1\.09 s/);
  const answer = of('llm.chat')[2];
  assert.deepEqual([answer.only, answer.b], ['only in A', '-']);
  // What is the same in both is not said to differ.
  assert.equal(of('rerank')[0].differs, '');
  // It opens on what failed: what was sent back is struck out on one side and added on the other.
  assert.equal(await page.locator('tr[aria-current] bdi').first().textContent(), 'tool.stock');
  assert.match((await page.locator('.diff del').allTextContents()).join('\n'), /in_stock/);
  await page.locator('table.aligned a.cover', { hasText: 'shop.assistant' }).click();
  await page.waitForURL((url) => isCompare(url, good, failed) && url.searchParams.size > 2);
  assert.equal(await page.locator('tr[aria-current] bdi').first().textContent(), 'shop.assistant');
  assert.match(await page.locator('.diff').innerText(), /Yes, four of them\./);
  const [a, b] = await Promise.all(['.side.a', '.side.b'].map((side) => page.locator(side).boundingBox()));
  assert(a.x + a.width <= b.x && Math.abs(a.y - b.y) < 1, 'the two are not side by side');
}

async function lines(bench) {
  const project = bench.project('lines');
  const first = await sendAgent(bench.base, project, { ago: 200, answer: 'It is blue.\nIt costs 10.\nIt is new.' });
  const second = await sendAgent(bench.base, project, { ago: 100, answer: 'It is blue.\nIt costs 12.\nIt is new.' });
  const page = await bench.open();
  await page.goto(`${bench.base}/projects/${project}/compare?a=${first.traceId}&b=${second.traceId}`);
  await page.locator('table.aligned a.cover', { hasText: 'llm.chat' }).last().click();
  await page.waitForURL((url) => url.searchParams.size > 2);
  const texts = (mark) => page.locator(`.diff ${mark}`).evaluateAll((all) => all.map((one) => one.textContent.trim()));
  assert.deepEqual([await texts('del'), await texts('ins')], [['It costs 10.'], ['It costs 12.']]);
  assert.match(await page.locator('.diff').innerText(), /It is blue\.[^]*It costs 10\.[^]*It costs 12\.[^]*It is new\./);
}

async function lastGood(bench) {
  const { project, good, failed } = await sendTwo(bench, 'last-good');
  const page = await bench.open();
  await page.goto(bench.trace(project, failed));
  await page.getByRole('link', { name: 'compare with last good' }).click();
  await page.getByRole('heading', { name: 'Compare' }).waitFor();
  assert.deepEqual(await page.locator('.side code').allTextContents(), [good.traceId, failed.traceId]);
  assert.match(await page.locator('.side.b').innerText(), /✕ 2/);
}

export const steps = { 'two picked from the list': fromList, differences, lines, 'with the last good one': lastGood };
