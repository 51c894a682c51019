// axe-core over every page and state, dark and light: nothing serious, nothing critical. What is moderate is told, not refused.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { PHONE } from './browser_bench.mjs';
import { sites } from './browser_sites.mjs';

const TOKEN = 'a-token-for-this-check';
const REFUSED = ['serious', 'critical'];

// Violations of the page as it stands, as lines.
async function violations(page, where) {
  const lines = [];
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    // By the debugger, which the page's policy does not concern: a script element of ours would be refused.
    await page.evaluate(axe.source);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    for (const { id, impact, help, nodes } of found.violations) {
      for (const { html, failureSummary } of nodes) {
        const why = failureSummary.replace(/\s+/g, ' ');
        lines.push({ impact, key: `${id} on ${where}, ${colorScheme}`, line: `${impact} ${id} (${help}) on ${where}, ${colorScheme}: ${html.slice(0, 160)} - ${why}` });
      }
    }
  }
  return lines;
}

// One of a kind for each page is enough to find the others.
function expectNone(found) {
  const first = new Map();
  for (const { key, ...one } of found) if (!first.has(key)) first.set(key, one);
  const lines = [...first.values()];
  lines.filter(({ impact }) => !REFUSED.includes(impact)).forEach(({ line }) => console.log(`note    axe: ${line}`));
  assert.deepEqual(lines.filter(({ impact }) => REFUSED.includes(impact)).map(({ line }) => line), []);
}

async function everyPage(bench) {
  const { pages, refusals } = await sites(bench);
  const page = await bench.open();
  const found = [];
  for (const [name, url] of Object.entries(pages)) {
    assert.equal((await page.goto(url)).status(), 200, name);
    found.push(...await violations(page, name));
  }
  bench.watch.expected = /status of (404|422)/;
  for (const [name, [url, status]] of Object.entries(refusals)) {
    assert.equal((await page.goto(url)).status(), status, name);
    found.push(...await violations(page, name));
  }
  expectNone(found);
}

// States that no address leads to.
async function states(bench) {
  const { project, good, pages } = await sites(bench);
  const page = await bench.open();
  const found = [];
  const look = async (name) => found.push(...await violations(page, name));
  await page.goto(pages.agent);
  await page.keyboard.press('?');
  await page.locator('#keys').waitFor();
  await look('help');
  await page.goto(bench.trace(project, good, `?span=${good.first.spanId}`));
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
  await look('everything unfolded');
  await page.locator('#rows .span').first().focus();
  await look('a row with the focus');
  await page.goto(pages.list);
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
  await page.getByText('2 selected').waitFor();
  await look('two selected');
  await page.locator('.menu > summary').click();
  await look('the columns menu');
  await page.locator('.further > summary').click();
  await look('more filters');
  await page.setViewportSize(PHONE);
  for (const name of ['list', 'agent', 'sessions', 'users', 'projects', 'compare', 'session']) {
    await page.goto(pages[name]);
    await look(`${name} on a phone`);
  }
  expectNone(found);
}

// The page that asks for a token is only on a server that has one.
async function login(bench) {
  const data = await mkdtemp(join(tmpdir(), 'bennu-login-'));
  const server = spawn(bench.binary, ['--data-dir', data, '--port', '0', '--grpc-port', 'off', '--otlp-port', 'off'], { env: { BENNU_TOKEN: TOKEN } });
  try {
    const base = await addressOf(server);
    bench.watch.base = base;
    bench.watch.expected = /status of 401/;
    const page = await bench.open();
    await page.goto(`${base}/projects/some/traces?status=error`);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    const found = await violations(page, 'log in');
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The token is wrong').waitFor();
    found.push(...await violations(page, 'log in again'));
    await page.setViewportSize(PHONE);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.width);
    bench.watch.expected = /status of 404/;
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${base}/projects/some/traces?status=error`);
    await page.goto(`${base}/`);
    await page.getByText('No traces yet').waitFor();
    found.push(...await violations(page, 'no project at all'));
    expectNone(found);
  } finally {
    bench.watch.base = bench.base;
    server.kill('SIGTERM');
    await once(server, 'exit');
    await rm(data, { recursive: true });
  }
}

// The server chose a port; it says which.
async function addressOf(server) {
  let told = '';
  for await (const text of server.stdout) {
    told += text;
    const found = told.match(/pages and OTLP\/HTTP +(http:\S+)/);
    if (found) return found[1];
  }
  throw new Error(`the server ended: ${told}`);
}

export const steps = { 'every page': everyPage, states, 'log in': login };
