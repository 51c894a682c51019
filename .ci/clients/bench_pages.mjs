// How long pages take: `bench_pages.mjs PAGES_URL`. Server time is that of a request on a kept connection; paints are Chromium's own
// figures in a fresh profile, so styles and scripts are fetched too. Medians; docs/benchmarks.md has them.
import { chromium } from 'playwright-core';
import { sendShop, sendWide } from './tour_traces.mjs';

const base = process.argv[2];
const REQUESTS = 21;
const VISITS = 9;
const shop = await sendShop(base, 'bench');
const pages = {
  'list': '/projects/bench/traces',
  'session': '/projects/bench/session?id=s-2026-105',
  'trace of 10 spans': `/projects/bench/traces/${shop.good.traceId}`,
};
for (const count of [1_000, 10_000, 50_000]) {
  const wide = await sendWide(base, 'bench', count);
  pages[`trace of ${count} spans`] = `/projects/bench/traces/${wide.traceId}`;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

async function serverTime(url) {
  const times = [];
  let bytes = 0;
  for (let at = 0; at < REQUESTS; at += 1) {
    const begun = performance.now();
    bytes = (await (await fetch(url)).arrayBuffer()).byteLength;
    times.push(performance.now() - begun);
  }
  return { ms: median(times), bytes };
}

async function paints(url) {
  const first = [];
  const largest = [];
  for (let at = 0; at < VISITS; at += 1) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(url);
    const seen = await page.evaluate(() => new Promise((done) => {
      // Buffered entries come in one call; the largest paint is the last of them.
      const wanted = { first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime };
      new PerformanceObserver((list) => {
        wanted.largest = list.getEntries().at(-1).startTime;
        wanted.first ??= performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
        done(wanted);
      }).observe({ type: 'largest-contentful-paint', buffered: true });
    }));
    first.push(seen.first);
    largest.push(seen.largest);
    await context.close();
  }
  return { first: median(first), largest: median(largest) };
}

console.log('| page | server, ms | HTML, kB | first paint, ms | largest paint, ms |\n|---|---|---|---|---|');
for (const [name, path] of Object.entries(pages)) {
  const { ms, bytes } = await serverTime(base + path);
  const { first, largest } = await paints(base + path);
  console.log(`| ${name} | ${ms.toFixed(1)} | ${(bytes / 1000).toFixed(0)} | ${first.toFixed(0)} | ${largest.toFixed(0)} |`);
}
await browser.close();
