// The panes' widths, and that nothing moves while a page loads.
import assert from 'node:assert/strict';
import { eventually } from './browser_bench.mjs';
import { sendAgent, sendMedia, sendWide } from './tour_traces.mjs';

const MOST_SHIFT = 0.02;
const MOST_BYTES = 100_000;

// Adds up how far things move that nobody touched; runs before anything of the page.
function watchShifts() {
  window.shifted = [];
  new PerformanceObserver((list) => window.shifted.push(...list.getEntries().filter((entry) => !entry.hadRecentInput).map((entry) => entry.value)))
    .observe({ type: 'layout-shift', buffered: true });
}

async function shiftOf(page) {
  await page.waitForLoadState('networkidle');
  // Two frames: what the last answer moved has been seen by then.
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  return page.evaluate(() => window.shifted.reduce((sum, value) => sum + value, 0));
}

async function open(bench) {
  const page = await bench.open();
  await page.context().addInitScript(watchShifts);
  return page;
}

async function quiet(bench) {
  const project = bench.project('panes');
  const good = await sendAgent(bench.base, project);
  const media = await sendMedia(bench.base, project);
  const wide = await sendWide(bench.base, project, 3_000);
  const page = await open(bench);
  const pages = {
    projects: `${bench.base}/`, sessions: `${bench.base}/projects/${project}/sessions`, trace: bench.trace(project, good), media: bench.trace(project, media),
    wide: bench.trace(project, wide), 'in markdown': bench.trace(project, good, '?text=markdown'), list: bench.list(project),
  };
  const found = {};
  for (const [name, url] of Object.entries(pages)) {
    // A list that listens is never idle: it is looked at with its stream held.
    if (name === 'list') await page.route('**/traces/live*', (route) => route.abort());
    if (name === 'list') bench.watch.expected = /ERR_FAILED/;
    const answer = await page.goto(url);
    const shift = await shiftOf(page);
    const bytes = (await answer.body()).length;
    if (shift >= MOST_SHIFT) found[name] = `moves by ${shift.toFixed(3)}`;
    if (bytes >= MOST_BYTES) found[name] = `${found[name] ?? ''} ${bytes} bytes of HTML`;
  }
  assert.deepEqual(found, {});
}

const share = (page) => page.evaluate(() => {
  const [all, left] = ['.panes', '.waterfall'].map((name) => document.querySelector(name).getBoundingClientRect().width);
  return (left / all) * 100;
});
const expectShare = (page, percent) => eventually(async () => {
  const found = await share(page);
  assert(Math.abs(found - percent) < 0.6, `the waterfall has ${found} % of the width, not ${percent} %`);
});

async function splitter(bench) {
  const project = bench.project('panes');
  const sent = await sendAgent(bench.base, project);
  const page = await open(bench);
  await page.goto(bench.trace(project, sent));
  await expectShare(page, 55);
  const bar = page.locator('#splitter');
  const from = await bar.boundingBox();
  await page.mouse.move(from.x + from.width / 2, 400);
  await page.mouse.down();
  await page.mouse.move(700, 400, { steps: 5 });
  await page.mouse.move(1_280 * 0.4, 400, { steps: 5 });
  await expectShare(page, 40);
  await page.mouse.up();
  await page.mouse.move(900, 400);
  await expectShare(page, 40);
  assert.equal(await bar.getAttribute('aria-valuenow'), '40');
  // Laid out by the server as it was left, so that nothing moves.
  await page.reload();
  await expectShare(page, 40);
  assert(await shiftOf(page) < MOST_SHIFT, 'the panes move on load');
  await page.locator('#splitter').focus();
  for (const [key, percent] of [['ArrowRight', 45], ['ArrowRight', 50], ['ArrowLeft', 45], ['End', 80], ['ArrowRight', 80], ['Home', 30], ['ArrowLeft', 30]]) {
    await page.keyboard.press(key);
    await expectShare(page, percent);
    assert.equal(await bar.getAttribute('aria-valuenow'), String(percent));
  }
  // Beyond its ends it goes nowhere.
  const end = await bar.boundingBox();
  await page.mouse.move(end.x + end.width / 2, 400);
  await page.mouse.down();
  await page.mouse.move(5, 400, { steps: 3 });
  await page.mouse.up();
  await expectShare(page, 30);
  assert((await page.locator('#detail').boundingBox()).width > 800);
}

// Each pane scrolls by itself: a long text does not take the rows away.
async function scrollers(bench) {
  const project = bench.project('panes');
  const sent = await sendAgent(bench.base, project, { answer: Array.from({ length: 12 }, (_, at) => `Paragraph ${at}. ${'word '.repeat(90)}`).join('\n\n') });
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  const before = await page.locator('#rows .selected').boundingBox();
  await page.locator('#detail').hover();
  await page.mouse.wheel(0, 600);
  await eventually(async () => assert(await page.locator('#detail').evaluate(({ scrollTop }) => scrollTop > 300), 'the pane does not scroll'));
  assert.deepEqual(await page.locator('#rows .selected').boundingBox(), before);
  assert.equal(await page.evaluate(() => scrollY), 0);
  assert.equal(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight), true, 'the page scrolls as a whole too');
}

export const steps = { 'nothing moves on load': quiet, 'the splitter': splitter, 'panes scroll by themselves': scrollers };
