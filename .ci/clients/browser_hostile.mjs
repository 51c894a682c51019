// Nothing that an attacker sends runs, loads, leads out or breaks a page, wherever it is shown.
import assert from 'node:assert/strict';
import { PHONE, eventually } from './browser_bench.mjs';
import { harmOf } from './browser_harm.mjs';
import { HOSTILE_PROJECT, IDS, sendHostile, sendIds } from './hostile_spans.mjs';
import { SHORT } from './hostile_texts.mjs';
import { sidewaysScroll } from './browser_watch.mjs';

// Usual pages are below 100 kB (`browser_panes.mjs`); what an attacker sends may be more, but never takes a page with it.
const MOST_BYTES = 200_000;

// Gathers what is wrong, by what it is: the first page on which it shows is enough to find it.
class Harm {
  found = {};

  constructor(page) {
    this.page = page;
  }

  async visit(url, where, options) {
    const response = await this.page.goto(url);
    const html = await response.text();
    if (response.status() !== 200) this.note(`status ${response.status()}`, where);
    if (html.length > MOST_BYTES) this.note(`${html.length} bytes`, where);
    await this.look(html, where, options);
  }

  async look(html, where, options) {
    (await harmOf(this.page, html, options)).forEach((problem) => this.note(problem, where));
  }

  note(problem, where) {
    this.found[problem] ??= where;
  }

  expectNone() {
    assert.deepEqual(this.found, {});
  }
}

const listOf = (bench) => bench.list(HOSTILE_PROJECT);

async function panes(bench) {
  const sent = await sendHostile(bench.base);
  assert(sent.spans.length >= 60, `only ${sent.spans.length} spans`);
  const page = await bench.open();
  const harm = new Harm(page);
  const trace = `${listOf(bench)}/${sent.traceId}`;
  for (const { about, spanId } of [{ about: 'the root', spanId: sent.root.spanId }, ...sent.spans]) {
    for (const text of ['raw', 'markdown']) {
      await harm.visit(`${trace}?span=${spanId}&text=${text}`, `${about}, ${text}`, { markdown: text === 'markdown' });
      assert.equal(await page.locator('#detail').getAttribute('data-span'), spanId);
    }
  }
  harm.expectNone();
}

// As readers get there: by the script, which puts what the server sent into the page.
async function byScript(bench) {
  const sent = await sendHostile(bench.base);
  const page = await bench.open();
  const harm = new Harm(page);
  await page.goto(`${bench.base}/`);
  await page.getByRole('link', { name: HOSTILE_PROJECT }).first().click();
  await page.locator(`tr[data-id="${sent.traceId}"] .cover`).click();
  await page.waitForURL((url) => url.pathname.endsWith(sent.traceId));
  assert.match(await page.locator('h1').textContent(), /^"><img src=x onerror=/, 'the name is not shown as it is');
  await page.keyboard.press('m');
  await page.keyboard.press('Home');
  for (const { about, spanId } of [{ about: 'the root', spanId: sent.root.spanId }, ...sent.spans]) {
    await page.locator(`#detail[data-span="${spanId}"]`).waitFor();
    await harm.look('', `${about}, by the script`, { markdown: true });
    await page.locator('#rows .selected').focus();
    await page.keyboard.press('j');
  }
  for (const [selector, name] of [['a[href*="session?"]', 'session'], ['a[href*="user="]', 'traces']]) {
    await page.goto(`${listOf(bench)}/${sent.traceId}`);
    await page.locator(`.head ${selector}`).click();
    await page.waitForURL((url) => url.pathname.endsWith(`/${name}`));
    await harm.look(await page.content(), `the ${name} that the trace leads to`, { markdown: true });
    await page.locator(`a[href*="${sent.traceId}"]`).first().waitFor();
  }
  harm.expectNone();
}

async function otherPages(bench) {
  const sent = await sendHostile(bench.base);
  const page = await bench.open();
  const harm = new Harm(page);
  const list = listOf(bench);
  const trace = `${list}/${sent.traceId}`;
  const project = list.slice(0, list.lastIndexOf('/'));
  const query = (fields) => new URLSearchParams(fields);
  const compare = `${project}/compare?a=${sent.traceId}&b=${sent.other.traceId}`;
  const pages = {
    projects: `${bench.base}/`, list, 'all columns': `${list}?columns=when,what,io,duration,tokens,errors,spans,user,session,service`,
    'a filter': `${list}?${query({ name: SHORT, session: SHORT, user: SHORT, service: SHORT, last: '1h' })}`, delete: `${trace}/delete`, 'delete the project': `${project}/delete`,
    rows: `${trace}/rows?from=0`, 'rows found': `${trace}/rows?${query({ from: 0, find: SHORT })}`, span: `${trace}/span?span=${sent.spans[0].spanId}&text=raw`, 'span in markdown': `${trace}/span?span=${sent.spans[3].spanId}&text=markdown`,
    'found in the trace': `${trace}?${query({ find: '<script>' })}`, 'not found in the trace': `${trace}?${query({ find: SHORT })}`, 'with an odd span': `${trace}?${query({ span: SHORT })}`,
    sessions: `${project}/sessions`, 'sessions of a user': `${project}/sessions?${query({ user: SHORT, q: SHORT })}`, users: `${project}/users`, session: `${project}/session?${query({ id: sent.session })}&text=raw`, 'session in markdown': `${project}/session?${query({ id: sent.session })}&text=markdown`,
    compare, 'compare with the last good': `${project}/compare?b=${sent.other.traceId}`,
  };
  // The parts that the script asks for are no pages: opened as such, the browser looks for an icon by itself.
  bench.watch.expected = /status of 404/;
  for (const [name, url] of Object.entries(pages)) await harm.visit(url, name, { markdown: name.includes('markdown') });
  await page.goto(compare);
  const steps = await page.locator('table.aligned a.cover').evaluateAll((links) => links.map((link) => link.href));
  assert(steps.length > 60, `only ${steps.length} steps`);
  for (const step of steps.filter((_, at) => at % 4 === 0)) await harm.visit(step, 'a step of the comparison');
  harm.expectNone();
}

// Refusals repeat what was asked for.
async function refusals(bench) {
  const page = await bench.open();
  const list = bench.list(HOSTILE_PROJECT);
  await sendHostile(bench.base);
  bench.watch.expected = /status of (400|404|422)/;
  const harm = new Harm(page);
  const attack = encodeURIComponent(SHORT);
  for (const path of [`/open?q=${attack}`, `/open?q=ffff${attack}`, `/${attack}`, `/traces/${attack}`, `/projects/${attack}/traces`, `/projects/${attack}/session?id=${attack}`, `/projects/x/compare?a=${attack}&b=${attack}`]) {
    const response = await page.goto(bench.base + path);
    assert([400, 404, 422].includes(response.status()), `${path} answers ${response.status()}`);
    await harm.look(await response.text(), path);
  }
  for (const query of [`last=${attack}`, `kind=${attack}`, `since=${attack}`, `cursor=${attack}`, `${attack}=1`, `columns=${attack}`]) {
    const response = await page.goto(`${list}?${query}`);
    assert.equal(response.headers()['content-type'], 'text/html; charset=utf-8', `${query} is answered by something that is no page`);
    await harm.look(await response.text(), query);
  }
  harm.expectNone();
}

// Sessions and users with any id: the link on the page leads to the one it names.
async function ids(bench) {
  const project = bench.project('ids');
  await sendIds(bench.base, project);
  const page = await bench.open();
  const harm = new Harm(page);
  const base = `${bench.base}/projects/${project}`;
  for (const [kind, heading] of [['sessions', true], ['users', false]]) {
    await harm.visit(`${base}/${kind}`, kind);
    const links = await page.locator('table.groups a.cover').evaluateAll((all) => all.map(({ href }) => href));
    assert.equal(links.length, IDS.length);
    const seen = [];
    for (const link of links) {
      await harm.visit(link, `a page of the ${kind}`);
      const { searchParams } = new URL(page.url());
      const id = searchParams.get(heading ? 'id' : 'user');
      seen.push(id);
      if (heading) assert.match(await page.locator('.turn').innerText(), /I am [^]*Hello\./, `the session ${id} says nothing`);
      else assert.equal(await page.locator('#list tbody tr').count(), 1, `the user ${id} has no trace`);
    }
    assert.deepEqual(seen.sort(), [...IDS].sort());
  }
  harm.expectNone();
}

async function phone(bench) {
  const sent = await sendHostile(bench.base);
  const page = await bench.open({ viewport: PHONE });
  const trace = `${listOf(bench)}/${sent.traceId}`;
  const project = listOf(bench).slice(0, -'/traces'.length);
  const wide = [];
  const look = async (url, where) => {
    await page.goto(url);
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
    wide.push(...await sidewaysScroll(page, where));
  };
  for (const [where, url] of Object.entries({ projects: `${bench.base}/`, list: listOf(bench), trace, delete: `${trace}/delete`, sessions: `${project}/sessions`, users: `${project}/users`, session: `${project}/session?id=${encodeURIComponent(sent.session)}`, compare: `${project}/compare?a=${sent.traceId}&b=${sent.other.traceId}` })) await look(url, where);
  for (const { about, spanId } of sent.spans) await look(`${trace}?span=${spanId}&text=markdown`, about);
  assert.deepEqual(wide, []);
}

// A project may be called anything; dots and slashes are not a way up.
async function projects(bench) {
  const page = await bench.open();
  const harm = new Harm(page);
  for (const name of [`a/b-${bench.run}`, `../${bench.run}`, `a b+${bench.run}`, `%2e%2e-${bench.run}`, `?x=${bench.run}#y`]) {
    await sendIds(bench.base, name);
    await page.goto(`${bench.base}/`);
    await page.getByRole('link', { name, exact: true }).click();
    await eventually(async () => assert.equal(await page.locator('h1').textContent(), `Traces of ${name}`));
    await harm.look(await page.content(), name);
    for (const tab of ['Sessions', 'Users', 'Traces']) {
      await page.getByRole('link', { name: tab, exact: true }).click();
      await page.waitForURL((url) => url.pathname.endsWith(`/${tab.toLowerCase()}`));
      assert.equal(await page.locator('table.list tbody tr').count() > 0, true, `${tab} of the project ${name} is empty`);
    }
    await page.locator('#list .cover').first().click();
    await page.locator('#detail[data-span]').waitFor();
  }
  harm.expectNone();
}

export const steps = { 'every span\'s pane': panes, 'by links and keys': byScript, 'every other page': otherPages, refusals, 'ids of sessions and users': ids, 'on a phone': phone, 'names of projects': projects };
