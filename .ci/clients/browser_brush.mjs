// The charts above the list: values under the pointer, and a brush that sets the time range.
import assert from 'node:assert/strict';
import { eventually } from './browser_bench.mjs';
import { newTraceId, send, span } from './otlp_json.mjs';

const MINUTE = 60_000;

// A trace of one span every ten minutes, the oldest first; two of them failed.
async function sendHours(bench, project) {
  const now = Date.now();
  const sent = [];
  for (let minutes = 110; minutes >= 10; minutes -= 10) {
    const fails = minutes === 40 || minutes === 70;
    const one = span({
      traceId: newTraceId(), startMs: now - minutes * MINUTE, name: `run ${minutes} min ago`, from: 0, to: 1_000,
      attributes: { 'openinference.span.kind': 'LLM', 'llm.token_count.prompt': minutes }, ...(fails ? { status: { code: 2, message: 'no' } } : {}),
    });
    sent.push({ ...one, startMs: now - minutes * MINUTE, minutes, fails });
  }
  await send(bench.base, { 'service.name': 'brush', 'openinference.project.name': project }, { name: 'ci' }, sent.map(({ startMs, minutes, fails, ...one }) => one));
  return sent;
}

async function charts(page) {
  const { since, until, bins } = await page.locator('.charts').evaluate(({ dataset }) => ({ since: Number(dataset.since), until: Number(dataset.until), bins: Number(dataset.bins) }));
  const box = await page.locator('.chart.requests svg').boundingBox();
  const x = (time) => box.x + ((time - since) / (until - since)) * box.width;
  return { since, until, bins, box, x, y: box.y + box.height / 2, px: (until - since) / box.width };
}

async function open(bench, name) {
  const project = bench.project(name);
  const sent = await sendHours(bench, project);
  const page = await bench.open();
  await page.goto(bench.list(project));
  return { page, sent, project };
}

async function hover(bench) {
  const { page, sent } = await open(bench, 'hover');
  const chart = await charts(page);
  const failed = sent.find(({ minutes }) => minutes === 40);
  const bin = Math.floor(((failed.startMs - chart.since) / (chart.until - chart.since)) * chart.bins);
  const start = chart.since + ((chart.until - chart.since) / chart.bins) * bin;
  await page.mouse.move(chart.x(start + (chart.until - chart.since) / chart.bins / 2), chart.y);
  const outputs = page.locator('.chart output');
  const clock = new Date(start).toISOString().slice(11, 16);
  assert.deepEqual(await outputs.allTextContents(), [`${clock} · 1`, `${clock} · 1`, `${clock} · 1.00 s`, `${clock} · 40`]);
  await page.mouse.move(chart.x(chart.until) + 2, chart.box.y + 300);
  assert.deepEqual(await outputs.allTextContents(), ['', '', '', '']);
  assert.deepEqual(await page.locator('.chart b').allTextContents(), ['11', '2', 'max 1.00 s', '660']);
}

async function brush(bench) {
  const { page, sent } = await open(bench, 'brush');
  const chart = await charts(page);
  const [from, to] = [sent.find(({ minutes }) => minutes === 80).startMs - 4 * MINUTE, sent.find(({ minutes }) => minutes === 50).startMs + 4 * MINUTE];
  await page.mouse.move(chart.x(to), chart.y);
  await page.mouse.down();
  await page.mouse.move(chart.x((from + to) / 2), chart.y, { steps: 4 });
  await page.mouse.move(chart.x(from), chart.y, { steps: 4 });
  const brushes = await page.locator('.brush').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, width }) => ({ left, width })));
  assert.equal(brushes.length, 4, 'every chart shows the range');
  assert(Math.abs(brushes[0].left - chart.x(from)) < 2 && Math.abs(brushes[0].width - (chart.x(to) - chart.x(from))) < 2, JSON.stringify(brushes));
  await page.mouse.up();
  await page.waitForURL((url) => url.searchParams.has('since') && url.searchParams.has('until'));
  const { searchParams } = new URL(page.url());
  const [since, until] = ['since', 'until'].map((name) => Date.parse(searchParams.get(name)));
  assert(Math.abs(since - from) < 2 * chart.px && Math.abs(until - to) < 2 * chart.px, `${since} to ${until} instead of ${from} to ${to}`);
  const names = await page.locator('#list .cover bdi').allTextContents();
  assert.deepEqual(names, [50, 60, 70, 80].map((minutes) => `run ${minutes} min ago`));
  // The charts are those of the range now, and the range is a filter that can be taken off.
  assert.deepEqual(await page.locator('.chart b').allTextContents(), ['4', '1', 'max 1.00 s', '260']);
  const closer = await charts(page);
  assert(Math.abs(closer.since - since) < 1_000 && Math.abs(closer.until - until) < 1_000, 'the charts show another range than the list');
  assert.equal(await page.locator('.chip').count(), 2);
}

async function escape(bench) {
  const { page } = await open(bench, 'escape');
  const chart = await charts(page);
  const before = page.url();
  await page.mouse.move(chart.box.x + 20, chart.y);
  await page.mouse.down();
  await page.mouse.move(chart.box.x + 120, chart.y, { steps: 3 });
  assert.equal(await page.locator('.brush').count(), 4);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.brush').count(), 0);
  await page.mouse.up();
  await page.mouse.move(chart.box.x + 160, chart.y);
  assert.equal(await page.locator('.brush').count(), 0, 'the brush came back after Escape');
  assert.equal(page.url(), before);
}

// A click without a drag is the part that was clicked.
async function click(bench) {
  const { page, sent } = await open(bench, 'click');
  const chart = await charts(page);
  const one = sent.find(({ minutes }) => minutes === 60);
  await page.mouse.click(chart.x(one.startMs), chart.y);
  await page.waitForURL((url) => url.searchParams.has('since'));
  await eventually(async () => assert.deepEqual(await page.locator('#list .cover bdi').allTextContents(), [one.name]));
}

export const steps = { 'values under the pointer': hover, 'a range by dragging': brush, 'Escape cancels': escape, 'a click': click };
