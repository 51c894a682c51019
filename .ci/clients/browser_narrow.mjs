// On a phone, on paper, and for those who want no motion.
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { PHONE, SCREEN } from './browser_bench.mjs';
import { sites } from './browser_sites.mjs';
import { sidewaysScroll } from './browser_watch.mjs';
import { sendAgent, sendWide } from './tour_traces.mjs';

const MEDIUM = { width: 800, height: 700 };

// Parts may scroll by themselves; the page as a whole never does so sideways.
async function noSidewaysScroll(bench) {
  const { pages, refusals } = await sites(bench);
  bench.watch.expected = /status of (404|422)/;
  const page = await bench.open();
  const found = [];
  for (const [name, url] of [...Object.entries(pages), ...Object.entries(refusals).map(([about, [address]]) => [about, address])]) {
    for (const size of [PHONE, MEDIUM, SCREEN]) {
      await page.setViewportSize(size);
      await page.goto(url);
      await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
      found.push(...await sidewaysScroll(page, `${name} at ${size.width}`));
    }
  }
  assert.deepEqual(found, []);
}

async function phone(bench) {
  const project = bench.project('phone');
  const sent = await sendAgent(bench.base, project);
  const page = await bench.open({ viewport: PHONE, hasTouch: true, isMobile: true });
  await page.goto(bench.trace(project, sent));
  const [rows, detail] = await Promise.all(['.waterfall', '#detail'].map((name) => page.locator(name).boundingBox()));
  assert(detail.y >= rows.y + rows.height - 1, 'the panes do not stack');
  assert(rows.width >= 355 && detail.width >= 355, `the panes are ${rows.width} and ${detail.width} px wide`);
  assert.equal(await page.locator('#splitter').isVisible(), false);
  // Names stay readable and bars stay bars.
  const parts = await page.locator('#rows .span').evaluateAll((all) => all.map((row) => ({
    name: row.querySelector('.name').getBoundingClientRect().width, bar: row.querySelector('.track').getBoundingClientRect().width,
    end: row.querySelector('.fig').getBoundingClientRect().right, height: row.getBoundingClientRect().height,
  })));
  assert(parts.every(({ name, bar, end, height }) => name > 30 && bar > 60 && end <= 360 && height === 26), JSON.stringify(parts));
  await page.screenshot({ path: `${bench.screenshots}/phone-trace.png` });
  // Another span by touch: its pane comes.
  await page.locator('#rows .span', { hasText: 'rerank' }).tap();
  await page.locator(`#detail[data-span="${sent.rerank.spanId}"]`).waitFor();

  await page.goto(bench.list(project));
  const row = await page.locator('#list tbody tr').first().boundingBox();
  assert(row.width >= 320 && row.width <= 360 && row.height < 160, `a row is ${row.width} by ${row.height} px`);
  for (const text of ['shop.assistant', 'What does the AX-200 cost, and is it in stock?', '9.40 s']) {
    const box = await page.locator('#list tbody tr').first().getByText(text).first().boundingBox();
    assert(box.x >= 0 && box.x + box.width <= 360, `"${text}" reaches to ${box.x + box.width} px`);
  }
  await page.screenshot({ path: `${bench.screenshots}/phone-list.png` });
}

// A report: what is folded on the screen is there, and nothing that can only be clicked.
async function print(bench) {
  const project = bench.project('print');
  const sent = await sendAgent(bench.base, project, { fails: true });
  const page = await bench.open();
  await page.emulateMedia({ media: 'print' });
  for (const span of [sent.first, sent.last]) {
    await page.goto(bench.trace(project, sent, `?span=${span.spanId}`));
    const hidden = await page.evaluate(() => {
      const closed = [...document.querySelectorAll('#detail details:not([open])')].filter((details) => details.textContent.trim() !== details.querySelector('summary').textContent.trim());
      const lacking = closed.filter((details) => {
        const range = document.createRange();
        range.setStartAfter(details.querySelector(':scope > summary'));
        range.setEndAfter(details.lastChild);
        return range.getBoundingClientRect().height < 10;
      });
      return { closed: closed.length, lacking: lacking.map((details) => details.querySelector('summary').textContent) };
    });
    assert(hidden.closed > 1, 'nothing is folded on this page');
    assert.deepEqual(hidden.lacking, [], 'folded texts are not printed');
    for (const name of ['.bar', '.actions', '.copy', '.views', '.find', '#splitter']) {
      assert.deepEqual(await page.locator(name).evaluateAll((all) => all.filter((element) => element.checkVisibility())).then((all) => all.length), 0, `${name} is printed`);
    }
    // Nothing is cut off by a pane that would scroll.
    const cut = await page.evaluate(() => ['.scroller', '.detail', '.panes', 'main', 'body'].filter((name) => {
      const element = document.querySelector(name);
      return ['auto', 'scroll', 'hidden'].includes(getComputedStyle(element).overflowY) && element.scrollHeight > element.clientHeight + 1;
    }));
    assert.deepEqual(cut, []);
    const [rows, detail] = await Promise.all(['.waterfall', '#detail'].map((name) => page.locator(name).boundingBox()));
    assert(detail.y >= rows.y + rows.height - 1, 'the panes lie beside each other on paper');
    // Dark pages would cost a cartridge, and what is left of their colours would be black on black.
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), 'rgb(255, 255, 255)');
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['color-contrast'] }));
    assert.deepEqual(violations.flatMap(({ nodes }) => nodes).map(({ html, failureSummary }) => `${html.slice(0, 80)}: ${failureSummary}`), []);
  }
  await page.screenshot({ path: `${bench.screenshots}/print.png`, fullPage: true });
  await page.goto(bench.list(project));
  assert.deepEqual(await sidewaysScroll(page, 'the printed list'), []);
  assert.equal(await page.locator('.filters').isVisible(), false);
}

// Without motion nothing fades: not between pages, and not when a row arrives.
async function reducedMotion(bench) {
  const project = bench.project('motion');
  const sent = await sendAgent(bench.base, project);
  const wide = await sendWide(bench.base, project, 300);
  const page = await bench.open({ reducedMotion: 'reduce' });
  await page.context().addInitScript(() => {
    window.moved = [];
    for (const kind of ['transitionrun', 'animationstart']) addEventListener(kind, (event) => window.moved.push(`${kind} ${event.target.className}`), true);
    addEventListener('pagereveal', (event) => { if (event.viewTransition) window.moved.push('a view transition'); });
  });
  await page.goto(bench.list(project));
  const arrived = await sendAgent(bench.base, project, { ago: 1 });
  await page.locator(`tr[data-id="${arrived.traceId}"]:not(.arrived)`).waitFor();
  assert.deepEqual(await page.evaluate(() => window.moved), []);
  await page.locator(`tr[data-id="${sent.traceId}"] .cover`).click();
  await page.waitForURL((url) => url.pathname.endsWith(sent.traceId));
  await page.locator('#rows .span').first().click();
  assert.deepEqual(await page.evaluate(() => window.moved), []);
  await page.goto(bench.trace(project, wide));
  await page.keyboard.press('End');
  await page.locator('#rows .span:focus').waitFor();
  assert.deepEqual(await page.evaluate(() => window.moved), []);
}

export const steps = { 'no page scrolls sideways': noSidewaysScroll, 'a phone': phone, print, 'reduced motion': reducedMotion };
