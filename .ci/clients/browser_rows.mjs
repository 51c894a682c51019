// A trace of 20,000 spans: the rows in the page are few, and wherever one scrolls they are the right ones.
import assert from 'node:assert/strict';
import { eventually } from './browser_bench.mjs';
import { sendWide } from './tour_traces.mjs';

const COUNT = 20_000;
const ROW_PX = 26;
const MOST_ROWS = 700;

// The name of a row as it was sent (`sendWide`): the rows stand in the order of their start.
const nameOf = (at, root) => {
  if (at === 0) return root;
  if (at % 20 === 1) return `batch ${Math.floor(at / 20)}`;
  return at % 20 === 2 ? 'llm.classify' : `store.row ${at}`;
};

// Runs in the page: the rows that are there with their places, and what of the window holds no row.
function look() {
  const list = document.getElementById('rows');
  const scroller = document.getElementById('scroller');
  const axis = scroller.querySelector('.axis').getBoundingClientRect().bottom;
  const box = scroller.getBoundingClientRect();
  const inSight = (item) => { const { top: from, bottom: to } = item.getBoundingClientRect(); return to > axis && from < box.bottom; };
  const items = [...list.children];
  const rows = items.filter((item) => !item.matches('.space'));
  return {
    rows: rows.map((item) => ({ at: item.offsetTop / 26, name: item.querySelector('bdi').textContent, height: item.offsetHeight })),
    seen: rows.filter(inSight).length,
    room: (box.bottom - axis) / 26,
    empty: items.filter((item) => item.matches('.space') && item.getBoundingClientRect().height > 0 && inSight(item)).length,
    height: list.offsetHeight,
    scrolled: scroller.scrollTop,
    most: window.mostRows,
  };
}

async function expectRows(page, root, first, patienceMs) {
  const state = await eventually(async () => {
    const found = await page.evaluate(look);
    assert.equal(found.empty, 0, `empty space in sight at ${found.scrolled}`);
    assert(found.seen >= Math.floor(Math.min(found.room, COUNT)) - 1, `${found.seen} rows in a room for ${found.room}`);
    if (first !== undefined) assert(found.rows.some(({ at }) => at === first), `row ${first} is not there`);
    return found;
  }, patienceMs);
  const wrong = state.rows.filter(({ at, name, height }) => name !== nameOf(at, root) || height !== ROW_PX);
  assert.deepEqual(wrong.slice(0, 3), [], 'rows are not where they belong');
  assert.equal(state.height, COUNT * ROW_PX);
  assert(state.most < MOST_ROWS, `${state.most} rows in the page at a time`);
  return state;
}

const scrollTo = (page, top) => page.locator('#scroller').evaluate((scroller, to) => { scroller.scrollTop = to; }, top);

async function openWide(bench) {
  const project = bench.project('rows');
  const name = 'wide.import';
  const sent = await sendWide(bench.base, project, COUNT, { name });
  const page = await bench.open();
  const open = async (query = '') => {
    await page.goto(bench.trace(project, sent, query));
    await page.evaluate(() => {
      const list = document.getElementById('rows');
      const count = () => { window.mostRows = Math.max(window.mostRows ?? 0, list.querySelectorAll('li:not(.space)').length); };
      count();
      new MutationObserver(count).observe(list, { childList: true });
    });
  };
  return { page, open, sent, name };
}

async function scroll(bench) {
  const { page, open, sent, name } = await openWide(bench);
  await open();
  // It opens where it failed, in the middle.
  assert.equal(await page.locator('#detail').getAttribute('data-span'), sent.failed.spanId);
  const opened = await expectRows(page, name, 10_003);
  assert(opened.scrolled > 9_900 * ROW_PX, `the failed row is out of sight at ${opened.scrolled}`);
  await scrollTo(page, 0);
  await expectRows(page, name, 0);
  await page.locator('#scroller').hover();
  for (let turn = 0; turn < 25; turn += 1) await page.mouse.wheel(0, 900);
  const wheeled = await eventually(async () => {
    const state = await expectRows(page, name);
    assert(state.scrolled > 20_000, `the wheel moved it by ${state.scrolled}`);
    return state;
  });
  // On by larger steps, and by the wheel again for the last.
  for (let top = wheeled.scrolled; top < COUNT * ROW_PX - 30_000; top += 17_003) {
    await scrollTo(page, top);
    await expectRows(page, name, Math.floor(top / ROW_PX) + 3);
  }
  await scrollTo(page, COUNT * ROW_PX - 3_000);
  await page.mouse.wheel(0, 9_000);
  const end = await expectRows(page, name, COUNT - 1);
  assert.equal(end.rows.at(-1).name, 'store.row 19999');
  const last = page.locator('#rows .span', { hasText: 'store.row 19999' });
  const [row, scroller] = [await last.boundingBox(), await page.locator('#scroller').boundingBox()];
  assert(row.y + row.height <= scroller.y + scroller.height + 1, 'the last row is cut off');
  // Back up, and somewhere in the middle at once.
  for (const top of [400_000, 250_123, 90_000, 1_300]) {
    await scrollTo(page, top);
    await expectRows(page, name, Math.floor(top / ROW_PX) + 3);
  }
}

// Faster than rows can come: what was asked for and scrolled past does no harm.
async function hurry(bench) {
  const { page, open, name } = await openWide(bench);
  await open();
  await page.locator('#scroller').evaluate(async (scroller) => {
    for (let turn = 0; turn < 60; turn += 1) {
      scroller.scrollTop = (turn * 79_999) % 519_000;
      await new Promise(requestAnimationFrame);
    }
    scroller.scrollTop = 311_110;
  });
  // A debug build on a small machine takes its time over a hundred windows.
  await expectRows(page, name, Math.floor(311_110 / ROW_PX) + 3, 60_000);
}

async function keys(bench) {
  const { page, open, name } = await openWide(bench);
  await open();
  const at = (row) => eventually(async () => {
    assert.equal(await page.evaluate(() => document.activeElement.querySelector('bdi')?.textContent), nameOf(row, name));
    assert.equal(await page.locator('#detail h2').textContent(), nameOf(row, name));
    const { y, height } = await page.locator('#rows .selected').boundingBox();
    const box = await page.locator('#scroller').boundingBox();
    assert(y >= box.y && y + height <= box.y + box.height + 1, `the selected row is out of sight: at ${y}, the rows from ${box.y} to ${box.y + box.height}`);
  });
  await page.keyboard.press('End');
  await at(COUNT - 1);
  await expectRows(page, name, COUNT - 1);
  for (const row of [COUNT - 2, COUNT - 3]) {
    await page.keyboard.press('k');
    await at(row);
  }
  await page.keyboard.press('Home');
  await at(0);
  await expectRows(page, name, 0);
  // Over the edge of a window of rows.
  for (let row = 0; row < 130; row += 1) await page.keyboard.press('j');
  await at(130);
  // A walk goes on where it was, however far the reader scrolled in between.
  await scrollTo(page, 390_000);
  await expectRows(page, name, 15_003);
  await page.keyboard.press('j');
  await at(131);
  await page.keyboard.press('End');
  await at(COUNT - 1);
  // Before any walk it begins where the reader looks.
  await open();
  await scrollTo(page, 390_000);
  await expectRows(page, name, 15_003);
  await page.keyboard.press('j');
  await at(15_000);
}

async function deep(bench) {
  const { page, open, name } = await openWide(bench);
  await open();
  await scrollTo(page, COUNT * ROW_PX);
  await expectRows(page, name, COUNT - 1);
  await page.locator('#rows .span', { hasText: 'store.row 19998' }).click();
  await eventually(async () => assert.equal(await page.locator('#detail h2').textContent(), 'store.row 19998'));
  assert.equal(await page.locator('#arguments .text').innerText(), '{"row":19998}');
  // The link to it, opened by somebody else.
  await open(new URL(page.url()).search);
  await expectRows(page, name, 19_998);
  const [row, scroller] = [await page.locator('#rows .selected').boundingBox(), await page.locator('#scroller').boundingBox()];
  assert(row.y >= scroller.y && row.y + row.height <= scroller.y + scroller.height + 1, 'the span of the link is out of sight');
  assert.equal(await page.locator('#rows .selected bdi').first().textContent(), 'store.row 19998');
  assert.equal(await page.locator('#detail h2').textContent(), 'store.row 19998');
  // A fold far down leaves the reader where they are.
  await scrollTo(page, 300_000);
  await expectRows(page, name, Math.floor(300_000 / ROW_PX) + 4);
  const batch = await page.locator('#rows li', { hasText: 'batch 577' });
  await batch.locator('.toggle').click();
  await eventually(async () => {
    assert.equal(await page.locator('#rows').evaluate((list) => list.offsetHeight), (COUNT - 19) * ROW_PX);
    assert.equal(await page.locator('#rows .toggle[aria-expanded="false"]').count(), 1);
  });
  assert(await page.locator('#scroller').evaluate(({ scrollTop }) => Math.abs(scrollTop - 300_000) < 100), 'a fold moved the page');
}

export const steps = { 'to the last of 20,000 and back': scroll, 'faster than rows come': hurry, 'by keys': keys, 'deep links and folds': deep };
