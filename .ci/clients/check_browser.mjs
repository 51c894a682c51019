// The pages in a real browser: `check_browser.mjs PAGES_URL SCREENSHOT_DIR`.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { chromium } from 'playwright-core';
import { ANSWER, DOCUMENT, HOSTILE_PROJECT, PROMPT, sendHostile, sendOrdinary } from './browser_traces.mjs';
import { Watch, sidewaysScroll } from './browser_watch.mjs';

const [base, screenshots] = process.argv.slice(2);
assert(base && screenshots, 'usage: check_browser.mjs PAGES_URL SCREENSHOT_DIR');
const PROJECT = 'browser';
const PHONE = { width: 360, height: 740 };
const SCREEN = { width: 1280, height: 800 };

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
// Without the fade between pages a click always meets the page it is meant for.
const context = await browser.newContext({ viewport: SCREEN, colorScheme: 'dark', reducedMotion: 'reduce' });
await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
context.setDefaultTimeout(10_000);
const watch = new Watch();
watch.base = base;
await watch.attach(context);
const page = await context.newPage();

const ordinary = await sendOrdinary(base, PROJECT);
const hostile = await sendHostile(base);
const list = `${base}/projects/${PROJECT}/traces`;
const hostileTrace = `${base}/projects/${encodeURIComponent(HOSTILE_PROJECT)}/traces/${hostile.traceId}`;
const linkTo = (sent) => page.locator(`.cover[href$="${sent.traceId}"]`);
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
const isTrace = (url, spanId) => url.pathname.endsWith(`/traces/${ordinary.traceId}`) && url.searchParams.get('span') === spanId;

let failed = false;
await step('projects, list and trace', browse);
await step('another span', otherSpan);
await step('search box', search);
await step('copy', copy);
await step('delete a trace', deleteTrace);
await step('a hostile trace', hostilePages);
await step('a phone', phone);
await browser.close();
process.exit(failed ? 1 : 0);

// Every step runs, so that one report tells all that is wrong.
async function step(name, run) {
  watch.problems = [];
  try {
    await run();
    watch.expectNone(name);
    console.log(`ok      browser: ${name}`);
  } catch (error) {
    failed = true;
    console.error(error, watch.problems);
    console.log(`FAILED  browser: ${name}`);
  }
}

async function browse() {
  await page.goto(`${base}/`);
  await page.getByRole('link', { name: PROJECT, exact: true }).click();
  await page.waitForURL(list);
  const row = page.locator('table.traces tbody tr', { has: linkTo(ordinary) });
  for (const text of [PROMPT, 'The disk was full', '4 spans', '1,350', 'u-1', 's-1']) {
    await row.getByText(text).first().waitFor();
  }
  await page.screenshot({ path: `${screenshots}/list.png` });
  // The whole row is the link, so a click on its duration opens it too. By the mouse: what lies there is the link's cover.
  const duration = await row.locator('td.dur').boundingBox();
  await page.mouse.click(duration.x + duration.width / 2, duration.y + duration.height / 2);
  await page.waitForURL((url) => isTrace(url, null));

  const rows = await page.locator('.rows .span .name bdi').allTextContents();
  assert.deepEqual(rows, ['agent.run', 'tool.search', 'retrieval', 'llm.chat']);
  const widths = await page.locator('.rows rect.fill').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  assert(widths.every((width) => width > 1), `bars of ${widths} px`);
  assert(widths[0] > widths[1] && widths[1] > widths[2], `bars of ${widths} px do not follow the durations`);
  // Nobody chose a span, so the page opens on the last answer.
  await expectSelected('llm.chat');
  const detail = page.locator('.detail');
  assert.equal((await detail.locator('.message.user .part > .text').textContent()).trim(), PROMPT);
  assert.equal((await detail.locator('.message.returned .part > .text').textContent()).trim(), ANSWER);
  await detail.getByText('1,200 in + 150 out').waitFor();
  await detail.locator('.title').getByText('browser-model-1').waitFor();
  // Pages fade into each other; a picture taken at once would show both.
  await page.waitForFunction(() => document.getAnimations().length === 0);
  await page.screenshot({ path: `${screenshots}/trace.png` });
}

async function expectSelected(name) {
  assert.deepEqual(await page.locator('.rows .span.selected .name bdi').allTextContents(), [name]);
  assert.equal(await page.locator('.detail h2').textContent(), name);
}

async function otherSpan() {
  await page.goto(`${list}/${ordinary.traceId}`);
  await page.locator('.rows .span', { hasText: 'retrieval' }).click();
  await page.waitForURL((url) => isTrace(url, ordinary.retrieval.spanId));
  await expectSelected('retrieval');
  const document = page.locator('.detail .doc', { hasText: DOCUMENT });
  for (const text of ['runbook-4', '0.9125']) await document.getByText(text).waitFor();
  await page.goBack();
  await page.waitForURL((url) => isTrace(url, null));
  await expectSelected('llm.chat');
}

async function search() {
  await page.goto(`${base}/`);
  await page.keyboard.press('/');
  const box = page.getByRole('searchbox');
  assert(await box.evaluate((element) => element === document.activeElement), 'the slash key does not lead to the box');
  await box.fill(`00-${ordinary.traceId}-${ordinary.tool.spanId}-01`);
  await box.press('Enter');
  await page.waitForURL((url) => isTrace(url, ordinary.tool.spanId));
  await expectSelected('tool.search');
  await page.getByRole('searchbox').fill(ordinary.traceId.slice(0, 12));
  await page.getByRole('searchbox').press('Enter');
  await page.waitForURL((url) => isTrace(url, null));
}

async function copy() {
  await page.goto(`${list}/${ordinary.traceId}`);
  await page.locator('.message.returned .copy').click();
  await page.locator('.message.returned .copy', { hasText: 'copied' }).waitFor();
  assert.equal(await clipboard(), ANSWER);
  await page.locator('.head .copy').click();
  await page.locator('.head .copy', { hasText: 'copied' }).waitFor();
  assert.equal(await clipboard(), ordinary.traceId);
  const link = page.locator('.detail [data-copy-link]', { hasText: 'OpenAI request' });
  await link.click();
  await page.locator('.detail [data-copy-link]', { hasText: 'copied' }).waitFor();
  assert.deepEqual(JSON.parse(await clipboard()), { model: 'browser-model-1', messages: [{ role: 'user', content: PROMPT }] });
}

async function deleteTrace() {
  const doomed = await sendOrdinary(base, PROJECT, 'doomed.run');
  const exists = async () => (await fetch(`${base}/v1/traces/${doomed.traceId}`)).status;
  await page.goto(`${list}/${doomed.traceId}`);
  await page.locator('.head').getByRole('link', { name: 'delete', exact: true }).click();
  await page.waitForURL(`${list}/${doomed.traceId}/delete`);
  await page.getByText('4 spans will be gone').waitFor();

  // The refusal is a page with the status 422, which browsers put on the console.
  watch.expected = /status of 422/;
  await page.getByLabel(/^Type/).fill('yes');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('nothing was deleted').waitFor();
  assert.equal(await exists(), 200);
  watch.expected = null;

  await page.goto(`${list}/${doomed.traceId}/delete`);
  await page.getByLabel(/^Type/).fill('delete');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.waitForURL(list);
  await linkTo(ordinary).waitFor();
  assert.equal(await linkTo(doomed).count(), 0);
  assert.equal(await exists(), 404);
}

async function hostilePages() {
  const hostileList = hostileTrace.slice(0, hostileTrace.lastIndexOf('/'));
  const filtered = `${hostileList}?${new URLSearchParams({ name: '"><script>window.__pwned=1</script>', last: '1h' })}`;
  const pages = [`${base}/`, hostileList, filtered, `${hostileTrace}/delete`, hostileTrace];
  pages.push(...hostile.spans.map((span) => `${hostileTrace}?span=${span.spanId}`));
  // The first page on which a problem shows is enough to find it.
  const harm = {};
  const note = async (html, where) => (await harmOf(html)).forEach((problem) => { harm[problem] ??= where; });
  for (const url of pages) {
    const response = await page.goto(url);
    assert.equal(response.status(), 200, url);
    await note(await response.text(), url.replaceAll(hostileList, 'LIST'));
  }
  // As people get there: by the links on the pages, which have to hold the project's name together.
  await page.goto(`${base}/`);
  await page.getByRole('link', { name: HOSTILE_PROJECT }).click();
  await linkTo(hostile).click();
  await page.waitForURL((url) => url.pathname.endsWith(hostile.traceId));
  assert.match(await page.locator('h1').textContent(), /<script>window\.__pwned/, 'the name is not shown as it is');
  await page.locator('.head a[href*="session="]').click();
  await page.waitForURL((url) => url.searchParams.has('session'));
  await linkTo(hostile).waitFor();
  await note(await page.content(), 'the list of a hostile session');
  assert.deepEqual(harm, {});
}

// What is wrong with the page that is open, in sentences.
async function harmOf(html) {
  // Folded parts are part of the page; fields that a mark-up injection would have focused are hovered and focused.
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
  await page.evaluate(() => document.querySelectorAll('a, button, input, h1, h2').forEach((element) => {
    element.focus();
    element.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
  }));
  const found = await page.evaluate(() => ({
    canary: window.__pwned,
    scripts: [...document.scripts].map((script) => new URL(script.src).pathname),
    foreign: [...document.querySelectorAll('iframe, object, embed, base, meta[http-equiv], foreignObject, animate')].map((element) => element.outerHTML),
    handlers: [...document.querySelectorAll('*')].flatMap((element) => [...element.attributes])
      .filter((attribute) => /^on/i.test(attribute.name)).map((attribute) => attribute.name),
    links: [...document.querySelectorAll('a[href]')].map((link) => link.href).filter((href) => !href.startsWith(`${location.origin}/`)),
    forms: [...document.forms].map((form) => form.action).filter((action) => !action.startsWith(`${location.origin}/`)),
    images: [...document.images].map((image) => image.src).filter((src) => !/^data:image\/(png|jpeg|gif|webp);/.test(src)),
  }));
  const clean = { canary: undefined, scripts: ['/static/app.js'], foreign: [], handlers: [], links: [], forms: [], images: [] };
  const harm = isDeepStrictEqual(found, clean) ? [] : [JSON.stringify(found)];
  const raw = html.match(/.*[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]/);
  if (raw) harm.push(`a raw control character: ${JSON.stringify(raw[0].slice(-60))} in line ${html.slice(0, raw.index).split('\n').length}`);
  const spilling = await page.evaluate(spillingDirections);
  harm.push(...spilling.map((holder) => `a text turns around what follows it in ${holder}`));
  return harm;
}

// Runs in the page: texts whose direction marks reach past their own element, into words of the page.
function spillingDirections() {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!/[\u202A-\u202E\u2066-\u2069]/.test(text.data)) continue;
    // The nearest element that keeps directions to itself: an isolate, or a block.
    let holder = text.parentElement;
    while (getComputedStyle(holder).unicodeBidi === 'normal' && getComputedStyle(holder).display.startsWith('inline')) holder = holder.parentElement;
    const after = document.createRange();
    after.setStartAfter(text);
    after.setEndAfter(holder.lastChild);
    // A block of text holds nothing of the page but its fold, which is a block again.
    if (after.toString().trim() && !holder.matches('.text')) found.push(`${holder.tagName}.${holder.className}, ${text.parentElement.tagName}`);
  }
  return found;
}

async function phone() {
  await page.setViewportSize(PHONE);
  const hostileList = hostileTrace.slice(0, hostileTrace.lastIndexOf('/'));
  const wide = [];
  for (const url of [`${base}/`, list, `${list}/${ordinary.traceId}`, hostileList, hostileTrace]) {
    await page.goto(url);
    wide.push(...await sidewaysScroll(page, url.replaceAll(hostileList, 'HOSTILE')));
  }
  assert.deepEqual(wide, []);
}
