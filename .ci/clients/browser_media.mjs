// Images and audio of a message are shown from addresses of their own, at which nothing can run.
import assert from 'node:assert/strict';
import { newTraceId, send, span } from './otlp_json.mjs';
import { sendMedia, wav } from './tour_traces.mjs';

async function shown(bench) {
  const project = bench.project('media');
  const sent = await sendMedia(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  const image = page.locator('#detail img');
  await image.scrollIntoViewIfNeeded();
  const drawn = await image.evaluate(async (element) => {
    await element.decode();
    return { natural: [element.naturalWidth, element.naturalHeight], src: element.src };
  });
  assert.deepEqual(drawn.natural, [256, 256]);
  assert.match(drawn.src, new RegExp(`/traces/${sent.traceId}/spans/${sent.llm.spanId}/body/[0-9a-f]{32}$`));
  const { width, height } = await image.boundingBox();
  assert(width > 100 && height > 100, `the image is ${width} by ${height} px`);
  await expectBody(page, drawn.src, 'image/png', Buffer.from(sent.image, 'base64'));

  const audio = page.locator('#detail audio');
  const duration = await audio.evaluate((element) => new Promise((done, fail) => {
    element.addEventListener('loadedmetadata', () => done(element.duration));
    element.addEventListener('error', () => fail(new Error(`audio: ${element.error.message}`)));
    element.preload = 'metadata';
    element.load();
  }));
  assert(Math.abs(duration - 1) < 0.05, `the tone lasts ${duration} s`);
  await expectBody(page, await audio.evaluate(({ src }) => src), 'audio/wav', Buffer.from(wav(), 'base64'));
  await page.screenshot({ path: `${bench.screenshots}/media.png` });
  // A click opens the image alone, in a page where nothing may run.
  await page.locator('#detail a:has(img)').click();
  await page.waitForURL(drawn.src);
  assert.equal(await page.evaluate(() => document.images[0].naturalWidth), 256);
}

async function expectBody(page, url, type, content) {
  const answer = await page.request.get(url);
  const headers = answer.headers();
  assert.equal(answer.status(), 200);
  assert.equal(headers['content-type'], type);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(headers['content-security-policy'], /^sandbox; default-src 'none'/);
  assert.deepEqual(await answer.body(), content);
}

// A text too large for the page is at an address too, whatever it would be if a browser guessed.
async function texts(bench) {
  const project = bench.project('media');
  const page = await bench.open();
  const filler = '<p>filler</p>\n'.repeat(2_000);
  const attacks = {
    html: `<!doctype html><title>t</title><script>window.__pwned = 'html'</script><img src=x onerror="window.__pwned = 1">${filler}`,
    svg: `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="window.__pwned = 'svg'"><script>window.__pwned = 2</script>${filler}</svg>`,
    xml: `<?xml version="1.0"?><?xml-stylesheet href="javascript:window.__pwned=3"?><html xmlns="http://www.w3.org/1999/xhtml"><script>window.__pwned = 3</script>${filler}</html>`,
    'data url': `data:text/html,<script>window.__pwned = 4</script>${filler}`,
  };
  for (const [name, text] of Object.entries(attacks)) {
    const traceId = newTraceId();
    const one = span({ traceId, startMs: Date.now(), name, from: 0, to: 1, attributes: { 'openinference.span.kind': 'TOOL', 'output.value': text } });
    await send(bench.base, { 'openinference.project.name': project }, { name: 'ci' }, [one]);
    await page.goto(bench.trace(project, { traceId }));
    await page.locator('#result .fold > summary').click();
    const link = page.locator('#result .whole a');
    assert.match(await link.textContent(), /^Open all 2\d\.\d kB as text$/);
    const url = await link.evaluate(({ href }) => href);
    await expectBody(page, url, 'text/plain; charset=utf-8', Buffer.from(text));
    await link.click();
    await page.waitForURL(url);
    const found = await page.evaluate(() => ({ type: document.contentType, text: document.body.innerText.trim(), scripts: document.scripts.length, pwned: window.__pwned }));
    assert.deepEqual(found, { type: 'text/plain', text: text.trim(), scripts: 0, pwned: undefined }, name);
  }
}

// What no span has is nowhere, and what one span has is not another's.
async function addresses(bench) {
  const project = bench.project('media');
  const sent = await sendMedia(bench.base, project);
  const page = await bench.open();
  await page.goto(bench.trace(project, sent));
  const src = await page.locator('#detail img').evaluate((image) => image.src);
  for (const wrong of [src.replace(/.$/, (last) => (last === '0' ? '1' : '0')), src.replace(sent.llm.spanId, '00000000000000aa'), `${src}/..%2f..`, src.slice(0, -1)]) {
    assert.equal((await page.request.get(wrong)).status(), 404, wrong);
  }
}

export const steps = { 'an image and a voice': shown, 'texts that would run elsewhere': texts, addresses };
