// The trace page: another span, another view of the rows, without another page.
import { on } from './keys.js';
import { Rows, spanOf } from './rows.js';
import './panes.js';
import { mark } from './found.js';
import { follow } from './follow.js';

const waterfall = document.querySelector('.waterfall');
document.documentElement.classList.add('scripted');
const rows = new Rows(document.getElementById('rows'), document.getElementById('scroller'));
const ROWS_STATE = ['only', 'find', 'fold', 'except', 'zoom'];
const parts = new Map();
let shown = 0;
let pending;
let walked = false;
let place = -1;
let walking = 0;

// What the axis shows is drawn by the server, so a zoom is a page of its own.
const rowsState = (url) => ROWS_STATE.map((name) => url.searchParams.get(name) ?? '').join('\n');
const zoom = new URL(location.href).searchParams.get('zoom');
let current = rowsState(new URL(location.href));

// A span's pane, asked for at most once while it is likely to be wanted.
function part(url) {
  const query = new URLSearchParams(url.search);
  query.delete('from');
  const address = `${url.pathname}/span?${query}`;
  if (!parts.has(address)) {
    if (parts.size > 12) parts.delete(parts.keys().next().value);
    parts.set(address, fetch(address).then((answer) => (answer.ok ? answer.text() : null)).catch(() => null));
    setTimeout(() => parts.delete(address), 10_000);
  }
  return parts.get(address);
}

// Shows what a URL says: its span, and its rows if those are others.
async function show(url, { push = true, walks = false } = {}) {
  clearTimeout(pending);
  if (url.searchParams.get('zoom') !== zoom) { location.href = url; return; }
  const turn = (shown += 1);
  // A walk over thirty rows is one step back, not thirty.
  if (walks && walked) history.replaceState(null, '', url);
  else if (push) history.pushState(null, '', url);
  walked = walks;
  const state = rowsState(url);
  if (state !== current) {
    current = state;
    place = -1;
    document.querySelectorAll('.views a').forEach((link) => {
      if (rowsState(new URL(link.href)) === state) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    });
    rows.reset(url);
  }
  const span = url.searchParams.get('span');
  if (span) rows.select(span);
  const html = await part(url);
  if (turn !== shown) return;
  if (html === null) { location.href = url; return; }
  const template = document.createElement('template');
  template.innerHTML = html;
  const fresh = template.content.querySelector('#detail');
  const old = document.getElementById('detail');
  const same = old.dataset.span === fresh.dataset.span;
  const top = old.scrollTop;
  const focused = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (same) fresh.scrollTop = top;
  if (focused) fresh.focus({ preventScroll: true });
  if (!span) rows.select(fresh.dataset.span);
  mark(url);
}

// The link's state, and of this page what the link does not speak about.
function address(link) {
  const url = new URL(link.href);
  const span = rows.selected;
  if (link.matches('.toggle, [data-rows], [data-errors]') && span) url.searchParams.set('span', span);
  return url;
}

const INSIDE = '.rows .span, .rows .toggle, [data-rows], [data-errors], a[data-span]';
document.addEventListener('click', (event) => {
  const link = event.target.closest(INSIDE);
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(address(link));
  if (link.matches('[data-text-switch]')) parts.clear();
});

addEventListener('popstate', () => show(new URL(location.href), { push: false }));

let resting;
document.addEventListener('pointerover', (event) => {
  const link = event.target.closest('.rows .span, .detail a[data-span]:not([data-text-switch])');
  clearTimeout(resting);
  if (link) resting = setTimeout(() => part(address(link)), 65);
});

// j and k walk the rows; the pane follows when the walk pauses.
async function walk(to) {
  const mine = Math.max(0, Math.min(rows.total - 1, to));
  place = mine;
  walking += 1;
  const link = await rows.link(mine);
  walking -= 1;
  // A key that was pressed meanwhile leads further.
  if (!link || place !== mine) return;
  link.focus({ preventScroll: true });
  rows.select(spanOf(link));
  clearTimeout(pending);
  pending = setTimeout(() => show(address(link), { walks: true }), 90);
}

function step(by) {
  const focused = document.activeElement?.closest?.('.rows .span');
  const at = rows.indexOf(focused ?? waterfall.querySelector('.rows .selected'));
  // A row that was scrolled far away is where the walk left it; without a walk it begins in sight.
  if (at >= 0 || place >= 0) walk((at >= 0 && walking === 0 ? at : place) + by);
  else walk(rows.firstInSight());
}

// The arrow left folds a span, or leads to what it is in.
function fold(open) {
  const item = document.activeElement?.closest?.('.rows li') ?? waterfall.querySelector('.rows .selected')?.closest('li');
  const toggle = item?.querySelector('.toggle');
  if (toggle && (toggle.getAttribute('aria-expanded') === 'true') !== open) show(address(toggle));
}

on('j', () => step(1));
on('k', () => step(-1));
// The arrows belong to the pane where the reader is: in the span's they scroll.
const amongRows = () => !document.activeElement?.closest?.('.detail');
on('ArrowDown', () => step(1), amongRows);
on('ArrowUp', () => step(-1), amongRows);
on('Home', () => walk(0), amongRows);
on('End', () => walk(rows.total - 1), amongRows);
on('ArrowLeft', () => fold(false), amongRows);
on('ArrowRight', () => fold(true), amongRows);
on('s', () => waterfall.querySelector('.find input').focus());
on('m', () => document.querySelector('[data-text-switch]')?.click());
on('y', () => document.querySelector('[data-copy="trace-id"]')?.click());
on('z', () => (document.querySelector('[data-zoom-out]') ?? document.querySelector('[data-zoom]'))?.click());
on('e', () => {
  const errors = new URLSearchParams(location.search).get('only') === 'errors';
  document.querySelector(errors ? '.views a' : '[data-errors]')?.click();
});

mark(new URL(location.href));
follow(rows, () => {
  parts.clear();
  show(new URL(location.href), { push: false });
});
