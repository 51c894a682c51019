// The trace page: rows and bars, the pane of a span, other spans without another page, what stands for odd traces.
import assert from 'node:assert/strict';
import { isTrace, rowNames } from './browser_bench.mjs';
import { ANSWER, DOCUMENT, PROMPT, sendOrdinary } from './browser_traces.mjs';
import { sendAgent, sendOdd } from './tour_traces.mjs';

async function expectSelected(page, span) {
  await page.locator(`#detail[data-span="${span.spanId}"]`).waitFor();
  assert.deepEqual(await page.locator('#rows .selected .name bdi').allTextContents(), [span.name]);
  assert.equal(await page.locator('#detail h2').textContent(), span.name);
}

async function whole(bench) {
  const project = bench.project('trace');
  const sent = await sendOrdinary(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  assert.deepEqual(await rowNames(page), ['agent.run', 'tool.search', 'retrieval', 'llm.chat']);
  const bars = await page.locator('#rows .soft').evaluateAll((paths) => paths.map((path) => path.getBoundingClientRect()).map(({ left, width }) => ({ left, width })));
  const [agent, tool, retrieval, llm] = bars;
  // Sent: 0 to 4 s, 0.1 to 0.9 s, 0.15 to 0.8 s, 1 to 3.9 s.
  const second = agent.width / 4;
  for (const [bar, from, to] of [[tool, 0.1, 0.9], [retrieval, 0.15, 0.8], [llm, 1, 3.9]]) {
    assert(Math.abs(bar.left - agent.left - from * second) < 2, `a bar begins at ${bar.left}, not at ${from} s`);
    assert(Math.abs(bar.width - (to - from) * second) < 2, `a bar is ${bar.width} px wide, not ${to - from} s`);
  }
  // Nobody chose a span, so the page opens on the last answer.
  await expectSelected(page, sent.llm);
  const detail = page.locator('#detail');
  assert.equal((await detail.locator('.message.user .part > .text').textContent()).trim(), PROMPT);
  assert.equal((await detail.locator('.message.returned .part > .text').textContent()).trim(), ANSWER);
  await detail.getByText('1,200 in + 150 out').waitFor();
  await detail.locator('.title').getByText('browser-model-1').waitFor();
  await page.screenshot({ path: `${bench.screenshots}/trace.png` });
}

// Another span is another pane and another address, but the same page.
async function otherSpan(bench) {
  const project = bench.project('trace');
  const sent = await sendOrdinary(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  await page.evaluate(() => { window.stays = true; });
  await page.locator('#rows .span', { hasText: 'retrieval' }).click();
  await page.waitForURL((url) => isTrace(url, sent, sent.retrieval.spanId));
  await expectSelected(page, sent.retrieval);
  const document = page.locator('#detail .doc', { hasText: DOCUMENT });
  for (const text of ['runbook-4', '0.9125']) await document.getByText(text).waitFor();
  await page.goBack();
  await page.waitForURL((url) => isTrace(url, sent, null));
  await expectSelected(page, sent.llm);
  assert.equal(await page.evaluate(() => window.stays), true, 'another span loaded another page');
  await page.goForward();
  await expectSelected(page, sent.retrieval);
  await page.reload();
  await expectSelected(page, sent.retrieval);
}

async function agentRun(bench) {
  const project = bench.project('trace');
  const question = 'Is the AX-200 in stock, and what does it cost?';
  const good = await sendAgent(bench.base, project, { question });
  const page = await bench.open();
  await page.goto(bench.trace(project, good));
  await expectSelected(page, good.last);
  // The history of the call before is folded, and comes back.
  const messages = () => page.locator('#detail .message > header > b').allTextContents();
  const folded = await messages();
  assert.deepEqual(folded, ['tool', 'assistant'], 'new in the last call: one result and the answer');
  await page.locator('.history').getByRole('link', { name: 'show' }).click();
  await page.locator('#detail .message.repeated').first().waitFor();
  assert.deepEqual(await messages(), ['system', 'user', 'assistant', 'tool', 'assistant', ...folded]);
  // A call of a tool leads to the span that ran it, and that span back to the call.
  await page.locator('#detail .part.call').filter({ hasText: 'stock' }).getByRole('link', { name: /^ran/ }).last().click();
  const stock = good.spans.find((span) => span.name === 'tool.stock');
  await expectSelected(page, stock);
  assert.equal(await page.locator('#result .text').first().innerText(), '{"sku":"AX-200","in_stock":4,"warehouse":"north"}');
  await page.locator('#detail').getByText('asked for by').getByRole('link').click();
  await expectSelected(page, good.second);
}

async function error(bench) {
  const project = bench.project('trace');
  const bad = await sendAgent(bench.base, project, { fails: true });
  const page = await bench.open();
  await page.goto(bench.trace(project, bad));
  await expectSelected(page, bad.last);
  const alert = page.locator('#detail .alert');
  await alert.getByText('httpx.ConnectTimeout', { exact: true }).waitFor();
  await alert.getByText('stack trace').click();
  await alert.getByText('File "shop/tools.py", line 41, in stock').waitFor();
  const row = page.locator('#rows .selected');
  assert.equal(await row.locator('.note.error').count(), 1);
  assert.match(await row.innerText(), /✕/);
  await page.locator('.head [data-errors]').click();
  await page.waitForURL((url) => url.searchParams.get('only') === 'errors');
  await page.locator('.views a[aria-current]', { hasText: 'errors' }).waitFor();
  assert.deepEqual(await rowNames(page), ['shop.assistant', 'tool.stock']);
}

async function odd(bench) {
  const project = bench.project('trace');
  const good = await sendAgent(bench.base, project);
  const sent = await sendOdd(bench.base, project, good);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent, `?span=${sent.root.spanId}`));
  const row = (name) => page.locator('#rows .span', { hasText: name });
  await row('mail.send').getByText('orphan').waitFor();
  await row('mail.render').getByText('clock −350 ms').waitFor();
  await page.locator('#detail .doc a', { hasText: good.traceId }).click();
  await page.waitForURL((url) => isTrace(url, good, good.last.spanId));
  // And back: the trace that is pointed at says so.
  await page.locator('.notice', { hasText: 'Linked from' }).getByRole('link', { name: 'order.confirm' }).click();
  await page.waitForURL((url) => isTrace(url, sent, sent.root.spanId));
}

export const steps = { 'rows, bars and pane': whole, 'another span': otherSpan, 'an agent\'s run': agentRun, 'an error': error, 'odd traces': odd };
