// By Tab alone: everything that can be used is reached, and it can be seen where one is.
import assert from 'node:assert/strict';
import { sendAgent } from './tour_traces.mjs';

// Tab alone reaches whatever can be used, in an order that ends, and it can be seen where one is.
async function everything(bench) {
  const project = bench.project('tab');
  const sent = await sendAgent(bench.base, project);
  const page = await bench.open();
  for (const url of [bench.trace(project, sent, '?text=markdown'), bench.list(project), `${bench.base}/projects/${project}/sessions`]) {
    await page.goto(url);
    const wanted = await page.evaluate(markInteractive);
    const looks = await page.evaluate(() => [...document.querySelectorAll('[data-tab]')].map(window.lookOf));
    const order = [];
    const unseen = [];
    // Between the last thing and the first the browser itself may have the focus for a stop or two.
    let elsewhere = 0;
    for (;;) {
      await page.keyboard.press('Tab');
      const now = await page.evaluate(() => {
        const element = document.activeElement;
        const box = element.getBoundingClientRect();
        const inSight = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
        return { tab: element.dataset.tab, html: element.outerHTML.slice(0, 120), look: window.lookOf(element), inSight };
      });
      elsewhere = now.tab === undefined ? elsewhere + 1 : 0;
      if (elsewhere > 3 || order.includes(Number(now.tab))) break;
      if (elsewhere > 0) continue;
      order.push(Number(now.tab));
      if (now.look === looks[now.tab] || !now.inSight) unseen.push(now.html);
    }
    assert.deepEqual(wanted.filter((_, at) => !order.includes(at)), [], `Tab does not reach all of ${url}`);
    assert.deepEqual(unseen, [], 'the focus cannot be seen');
    assert(wanted.length > 9, `only ${wanted.length} stops on ${url}`);
  }
}

// Runs in the page: numbers whatever can be used, and says how a thing looks.
function markInteractive() {
  window.lookOf = (element) => {
    const style = getComputedStyle(element);
    return JSON.stringify([style.outline, style.boxShadow, style.backgroundColor, style.borderColor]);
  };
  const all = [...document.querySelectorAll('a[href], button, input, select, summary, audio, [tabindex="0"]')];
  // What the browser has not drawn yet, because it is out of sight (`content-visibility: auto`), is reached all the same.
  const usable = all.filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled && element.type !== 'hidden');
  usable.forEach((element, at) => { element.dataset.tab = at; });
  return usable.map((element) => element.outerHTML.slice(0, 120));
}

export const steps = { 'reaches everything': everything };
