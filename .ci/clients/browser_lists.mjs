// Projects and the list of traces: what a row says, how it opens, the box that opens anything, columns, filters, deletion.
import assert from 'node:assert/strict';
import { eventually, isTrace } from './browser_bench.mjs';
import { PROMPT, sendOrdinary } from './browser_traces.mjs';
import { sendMedia } from './tour_traces.mjs';

const rowOf = (page, sent) => page.locator(`#list tr[data-id="${sent.traceId}"]`);
const names = (page) => page.locator('#list .what .cover bdi').allTextContents();

async function browse(bench) {
  const project = bench.project('lists');
  const sent = await sendOrdinary(bench.base, project);
  const page = await bench.open();
  await page.goto(`${bench.base}/`);
  await page.getByRole('link', { name: project, exact: true }).click();
  await page.waitForURL(bench.list(project));
  const row = rowOf(page, sent);
  for (const text of [PROMPT, 'The disk was full', '4 spans', '1,350', 'u-1']) {
    await row.getByText(text).first().waitFor();
  }
  await page.screenshot({ path: `${bench.screenshots}/list.png` });
  // The whole row is the link, so a click on its duration opens it too. By the mouse: what lies there is the link's cover.
  const duration = await row.locator('td.dur').boundingBox();
  await page.mouse.click(duration.x + duration.width / 2, duration.y + duration.height / 2);
  await page.waitForURL((url) => isTrace(url, sent, null));
}

async function search(bench) {
  const sent = await sendOrdinary(bench.base, bench.project('lists'));
  const page = await bench.open();
  await page.goto(`${bench.base}/`);
  await page.keyboard.press('/');
  const box = page.locator('#open');
  assert(await box.evaluate((element) => element === document.activeElement), 'the slash key does not lead to the box');
  await box.fill(`00-${sent.traceId}-${sent.tool.spanId}-01`);
  await box.press('Enter');
  await page.waitForURL((url) => isTrace(url, sent, sent.tool.spanId));
  assert.equal(await page.locator('#detail h2').textContent(), 'tool.search');
  await page.locator('#open').fill(sent.traceId.slice(0, 12));
  await page.locator('#open').press('Enter');
  await page.waitForURL((url) => isTrace(url, sent, null));
}

async function columns(bench) {
  const project = bench.project('columns');
  await sendOrdinary(bench.base, project);
  const page = await bench.open();
  const heads = () => page.locator('#list thead th').allTextContents();
  await page.goto(bench.list(project));
  const before = await heads();
  assert(!before.includes('session') && before.includes('user'), `the columns are ${before}`);
  await page.getByText('columns', { exact: true }).click();
  await page.locator('.menu').getByRole('link', { name: 'session' }).click();
  await page.waitForURL((url) => url.searchParams.get('columns')?.includes('session'));
  const chosen = await heads();
  assert.deepEqual(chosen.filter((name) => !before.includes(name)), ['session']);
  assert.equal(await page.locator('#list tbody td', { hasText: /^s-1$/ }).count(), 1);
  // A link without a choice shows what was chosen last.
  await page.goto(bench.list(project));
  assert.deepEqual(await heads(), chosen);
}

async function filters(bench) {
  const project = bench.project('filters');
  await sendOrdinary(bench.base, project, 'first.run');
  await sendOrdinary(bench.base, project, 'second.run');
  const page = await bench.open();
  await page.goto(bench.list(project));
  assert.deepEqual(await names(page), ['second.run', 'first.run']);
  await page.getByLabel('Name contains').fill('first');
  await page.getByLabel('Name contains').press('Enter');
  await page.waitForURL((url) => url.searchParams.get('name') === 'first');
  assert.deepEqual(await names(page), ['first.run']);
  await page.locator('.chip', { hasText: 'name: first' }).click();
  await page.waitForURL(bench.list(project));
  assert.deepEqual(await names(page), ['second.run', 'first.run']);
  await page.goto(bench.list(project, '?name=nothing-is-called-so'));
  await page.getByText('No trace matches').waitFor();
}

async function deleteTrace(bench) {
  const project = bench.project('delete');
  const kept = await sendOrdinary(bench.base, project);
  const doomed = await sendOrdinary(bench.base, project, 'doomed.run');
  const exists = async () => (await fetch(`${bench.base}/v1/traces/${doomed.traceId}`)).status;
  const page = await bench.open();
  await page.goto(bench.trace(project, doomed));
  await page.locator('.head').getByRole('link', { name: 'delete', exact: true }).click();
  await page.waitForURL(`${bench.trace(project, doomed)}/delete`);
  await page.getByText('4 spans will be gone').waitFor();

  // The refusal is a page with the status 422, which browsers put on the console.
  bench.watch.expected = /status of 422/;
  await page.getByLabel(/^Type/).fill('yes');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('nothing was deleted').waitFor();
  assert.equal(await exists(), 200);
  bench.watch.expected = null;

  await page.goto(`${bench.trace(project, doomed)}/delete`);
  await page.getByLabel(/^Type/).fill('delete');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.waitForURL(bench.list(project));
  await rowOf(page, kept).waitFor();
  assert.equal(await rowOf(page, doomed).count(), 0);
  assert.equal(await exists(), 404);
}

// A figure stands under its heading: a table that is laid out by cards on a wide screen would not.
async function geometry(bench) {
  const project = bench.project('lists');
  await sendOrdinary(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.list(project));
  const off = await page.locator('#list').evaluate((table) => [...table.tHead.rows[0].cells].flatMap((head, at) => {
    const [a, b] = [head, table.tBodies[0].rows[0].cells[at]].map((cell) => cell.getBoundingClientRect());
    return Math.abs(a.left - b.left) < 1 && Math.abs(a.right - b.right) < 1 && b.top >= a.bottom - 1 ? [] : [head.textContent];
  }));
  assert.deepEqual(off, []);
  // The bar of the longest fills its cell; the figure beside it is right-aligned.
  const share = page.locator('#list .share rect').first();
  await eventually(async () => assert((await share.boundingBox()).width > 40, 'the bar of the longest trace is short'));
}

// The arrow before an answer is the page's, whatever direction the answer has.
async function rightToLeft(bench) {
  const project = bench.project('rtl');
  await sendMedia(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.list(project));
  const found = await page.locator('#list .out').first().evaluate((line) => ({
    content: getComputedStyle(line, '::before').content, direction: getComputedStyle(line).direction, text: line.textContent,
  }));
  assert.match(found.text, /يُظهر الرسم/);
  assert.deepEqual([found.content, found.direction], ['"→ "', 'ltr']);
}

export const steps = { browse, search, columns, filters, 'delete a trace': deleteTrace, geometry, 'right to left': rightToLeft };
