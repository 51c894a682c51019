// A trace that is still running: the page follows it, and what was awaited is completed where it stands.
import assert from 'node:assert/strict';
import { eventually } from './browser_bench.mjs';
import { newSpanId, newTraceId, send, span } from './otlp_json.mjs';

const resource = (project) => ({ 'service.name': 'browser', 'openinference.project.name': project });

// A call that has ended, in an agent that has not.
async function begin(bench, project) {
  const traceId = newTraceId();
  const startMs = Date.now() - 8_000;
  const agent = { spanId: newSpanId() };
  const call = span({ traceId, parent: agent, startMs, name: 'llm.chat', from: 0, to: 2_000, attributes: { 'openinference.span.kind': 'LLM' } });
  await send(bench.base, resource(project), { name: 'ci' }, [call]);
  return { traceId, startMs, agent, call };
}

const names = (page) => page.locator('.rows .name').allTextContents().then((all) => all.map((name) => name.replace(/^.*: /s, '').trim()));

async function completed(bench) {
  const project = bench.project('follow');
  const { traceId, startMs, agent, call } = await begin(bench, project);
  const page = await bench.open();
  await page.goto(bench.list(project));
  await page.locator(`tr[data-id="${traceId}"]`).getByText('running').waitFor();
  await page.goto(`${bench.base}/projects/${project}/traces/${traceId}?span=${agent.spanId}`);
  assert.deepEqual(await names(page), ['not ended yet', 'llm.chat']);
  await page.getByText('A span is sent when it ends').waitFor();
  await page.evaluate(() => { window.stays = true; });
  const age = () => page.locator('.rows .awaited .fig').textContent();
  const first = await age();
  await eventually(async () => assert.notEqual(await age(), first));
  const tool = span({ traceId, parent: agent, startMs, name: 'tool.search', from: 2_000, to: 3_000, attributes: {} });
  await send(bench.base, resource(project), { name: 'ci' }, [tool]);
  await eventually(async () => assert.deepEqual(await names(page), ['not ended yet', 'llm.chat', 'tool.search']));
  const root = { ...span({ traceId, startMs, name: 'agent.run', from: -100, to: 7_000, attributes: { 'input.value': 'Find it' } }), spanId: agent.spanId };
  await send(bench.base, resource(project), { name: 'ci' }, [root]);
  await eventually(async () => assert.deepEqual(await names(page), ['agent.run', 'llm.chat', 'tool.search']));
  // The pane of what was awaited has its content now, and nothing is asked for any more.
  await page.locator('#input').getByText('Find it').waitFor();
  assert.equal(await page.locator('[data-live]').count(), 0);
  assert.equal(await page.evaluate(() => window.stays), true, 'the page was loaded again');
  let asked = 0;
  page.on('request', () => { asked += 1; });
  await page.waitForTimeout(2_500);
  assert.equal(asked, 0, 'a trace that has ended is still asked for');
  assert.equal(call.name, 'llm.chat');
}

// What the reader looks at stays: the row that is selected, the focus, and what a hidden tab costs.
async function undisturbed(bench) {
  const project = bench.project('follow-focus');
  const { traceId, call } = await begin(bench, project);
  const page = await bench.open();
  await page.goto(`${bench.base}/projects/${project}/traces/${traceId}?span=${call.spanId}`);
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  const focused = () => page.evaluate(() => document.activeElement.href ?? document.activeElement.tagName);
  const before = await focused();
  const age = () => page.locator('.rows .awaited .fig').textContent();
  const first = await age();
  await eventually(async () => assert.notEqual(await age(), first));
  assert.equal(await focused(), before, 'the focus was lost');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
  });
  await page.waitForTimeout(2_500);
  let asked = 0;
  page.on('request', () => { asked += 1; });
  await page.waitForTimeout(2_500);
  assert.equal(asked, 0, 'a hidden tab asks');
}

export const steps = { 'what was awaited is completed in place': completed, 'focus stays, a hidden tab rests': undisturbed };
