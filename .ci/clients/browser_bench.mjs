// A browser; and for each step contexts of its own, so that no step leans on cookies or pages that another one left.
import { chromium } from 'playwright-core';
import { Watch } from './browser_watch.mjs';
import { newSpanId } from './otlp_json.mjs';

export const SCREEN = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };
const PATIENCE_MS = 10_000;

export function launch() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}

export class Bench {
  // Projects are named after the run: what earlier runs sent to the same server does not count.
  run = newSpanId().slice(0, 6);
  watch = new Watch();
  contexts = [];

  // `binary` is the server's program, for what needs a server of its own.
  constructor(browser, { base, screenshots, binary }) {
    Object.assign(this, { browser, base, screenshots, binary });
    this.watch.base = base;
  }

  project(name) {
    return `${name}-${this.run}`;
  }

  list(project, query = '') {
    return `${this.base}/projects/${encodeURIComponent(project)}/traces${query}`;
  }

  trace(project, sent, query = '') {
    return `${this.list(project)}/${sent.traceId}${query}`;
  }

  // A page in a new context. Without the fade between pages a click always meets the page it is meant for.
  async open(options = {}) {
    const context = await this.browser.newContext({ viewport: SCREEN, colorScheme: 'dark', reducedMotion: 'reduce', ...options });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: this.base });
    context.setDefaultTimeout(PATIENCE_MS);
    await this.watch.attach(context);
    this.contexts.push(context);
    return context.newPage();
  }

  async closePages() {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
  }
}

// Repeats a check until it holds; what it said last is the failure.
export async function eventually(check, patienceMs = PATIENCE_MS) {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((again) => setTimeout(again, 30));
  }
}

export const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
export const rowNames = (page) => page.locator('#rows .span .name bdi').allTextContents();
export const isTrace = (url, sent, spanId) => url.pathname.endsWith(`/traces/${sent.traceId}`) && url.searchParams.get('span') === spanId;

// What has the focus, in words that a failure can be read by.
export const focused = (page) => page.evaluate(() => document.activeElement.closest('.span')?.querySelector('bdi')?.textContent
  ?? `${document.activeElement.tagName}#${document.activeElement.id}`);
