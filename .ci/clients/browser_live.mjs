// The list grows while one looks at it, is held still when told to, and costs nothing while nobody looks.
import assert from 'node:assert/strict';
import { eventually } from './browser_bench.mjs';
import { sendOrdinary } from './browser_traces.mjs';
import { send, span } from './otlp_json.mjs';

const ids = (page) => page.locator('#list tbody tr').evaluateAll((rows) => rows.map((row) => row.dataset.id));
const top = (page, sent) => eventually(async () => assert.equal((await ids(page))[0], sent.traceId));
const pressed = (page, value) => page.locator(`#live[aria-pressed="${value}"]`).waitFor();

// A second reader's list tells when a row has been sent to those who listen.
async function open(bench, name) {
  const project = bench.project(name);
  const first = await sendOrdinary(bench.base, project);
  const [page, other] = [await bench.open(), await bench.open()];
  const streams = [];
  page.on('request', (request) => { if (request.url().includes('/traces/live')) streams.push(request); });
  await Promise.all([page, other].map((reader) => reader.goto(bench.list(project))));
  await Promise.all([page, other].map((reader) => pressed(reader, true)));
  await page.evaluate(() => { window.stays = true; });
  return { project, first, page, other, streams };
}

const stays = async (page) => assert.equal(await page.evaluate(() => window.stays), true, 'the page was loaded again');

async function arrives(bench) {
  const { project, first, page } = await open(bench, 'live');
  assert.deepEqual(await ids(page), [first.traceId]);
  const second = await sendOrdinary(bench.base, project, 'second.run');
  await top(page, second);
  assert.deepEqual(await ids(page), [second.traceId, first.traceId]);
  assert.equal(await page.locator('#shown').textContent(), '2');
  // Another span of the older one: its row changes where it stands.
  const late = span({ traceId: first.traceId, parent: first.agent, startMs: Date.now() - 5_000, name: 'late', from: 0, to: 100, attributes: {} });
  await send(bench.base, { 'service.name': 'browser', 'openinference.project.name': project }, { name: 'ci' }, [late]);
  await page.locator(`tr[data-id="${first.traceId}"]`).getByText('5 spans').waitFor();
  assert.deepEqual(await ids(page), [second.traceId, first.traceId]);
  await stays(page);
}

async function keepsWhatIsUnderWay(bench) {
  const { project, first, page } = await open(bench, 'live-focus');
  const row = page.locator(`tr[data-id="${first.traceId}"]`);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  const late = span({ traceId: first.traceId, parent: first.agent, startMs: Date.now() - 5_000, name: 'late', from: 0, to: 100, attributes: {} });
  await send(bench.base, { 'service.name': 'browser', 'openinference.project.name': project }, { name: 'ci' }, [late]);
  await row.getByText('5 spans').waitFor();
  assert.equal(await row.locator('.pick input').isChecked(), true, 'the choice was lost');
  assert.equal(await row.locator('.cover').evaluate((link) => link === document.activeElement), true, 'the focus was lost');
}

async function held(bench) {
  const { project, first, page, other, streams } = await open(bench, 'live-held');
  await page.locator('#live').click();
  await pressed(page, false);
  await eventually(() => assert.notEqual(streams[0].failure(), null, 'the stream is still open'));
  const second = await sendOrdinary(bench.base, project, 'second.run');
  await top(other, second);
  assert.deepEqual(await ids(page), [first.traceId], 'a row came although the list is held');
  await page.locator('#live').click();
  await pressed(page, true);
  await top(page, second);
  await stays(page);
}

async function hidden(bench) {
  const { project, first, page, other, streams } = await open(bench, 'live-hidden');
  const show = (visible) => page.evaluate((hide) => {
    Object.defineProperty(document, 'hidden', { value: hide, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, !visible);
  await show(false);
  await eventually(() => assert.notEqual(streams[0].failure(), null, 'the stream is still open'));
  const second = await sendOrdinary(bench.base, project, 'second.run');
  await top(other, second);
  assert.deepEqual(await ids(page), [first.traceId], 'a row came although nobody looks');
  assert.equal(streams.length, 1);
  await show(true);
  await top(page, second);
  assert.deepEqual(await ids(page), [second.traceId, first.traceId]);
  await pressed(page, true);
  const third = await sendOrdinary(bench.base, project, 'third.run');
  await top(page, third);
  await stays(page);
  // Held by hand, it stays so when the reader comes back.
  await page.locator('#live').click();
  await show(false);
  await show(true);
  await pressed(page, false);
  assert.equal(streams.length, 2);
}

// Only what the list is about comes in, and into its newest page only.
async function filtered(bench) {
  const { project, page, other } = await open(bench, 'live-filter');
  await page.goto(bench.list(project, '?name=wanted'));
  await page.getByText('No trace matches').waitFor();
  const unwanted = await sendOrdinary(bench.base, project, 'other.run');
  await top(other, unwanted);
  const wanted = await sendOrdinary(bench.base, project, 'wanted.run');
  await top(page, wanted);
  assert.deepEqual(await ids(page), [wanted.traceId]);
  await page.goto(bench.list(project, '?until=2030-01-01T00:00'));
  assert.equal(await page.locator('#live').count(), 0);
}

export const steps = { 'a row arrives and changes': arrives, 'choice and focus stay': keepsWhatIsUnderWay, 'held by the button': held, 'while the tab is hidden': hidden, 'with a filter': filtered };
