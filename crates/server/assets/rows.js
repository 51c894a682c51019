// The waterfall's rows: those near the reader are in the page, the others are asked for as they come near.
const ROW_PX = 26;
// As many as the server sends in a part (trace/outline.rs).
const WINDOW = 50;

export class Rows {
  constructor(list, scroller) {
    Object.assign(this, { list, scroller, windows: new Map(), asked: new Map(), soon: null, version: 0, selected: null, drawn: '', settled: false, waits: false });
    this.take(list);
    scroller.addEventListener('scroll', () => this.draw(), { passive: true });
    addEventListener('resize', () => this.draw(), { passive: true });
    this.selected = list.querySelector('.selected') && spanOf(list.querySelector('.selected'));
    const at = [...list.querySelectorAll('.span')].findIndex((link) => link.classList.contains('selected'));
    // The rows that came with the page stand where they belong before anything is scrolled or asked for.
    const sent = [...list.querySelectorAll('li')];
    if (this.total > 0) list.replaceChildren(space(this.first), ...sent, space(this.total - this.first - sent.length));
    this.reveal(this.first + Math.max(0, at), 'center');
    // Rows out of sight must not compete with the first paint.
    setTimeout(() => {
      this.settled = true;
      this.draw();
    }, 300);
  }

  // Rows as the server sent them.
  take(list) {
    this.total = Number(list.dataset.total);
    this.first = Number(list.dataset.from);
    const rows = [...list.querySelectorAll('li')];
    for (let at = 0; at < rows.length; at += WINDOW) this.windows.set((this.first + at) / WINDOW, rows.slice(at, at + WINDOW));
  }

  // Which rows there are has changed: everything is asked for again, and the old rows stay until the new ones are here.
  async reset(url) {
    this.version += 1;
    const version = this.version;
    // From here on every row is one of the new view's; until they come the old ones stay, and none is asked for.
    this.url = url;
    for (const asking of this.asked.values()) asking.abort();
    this.asked.clear();
    this.waits = true;
    const from = Math.floor(this.top() / WINDOW) * WINDOW;
    const list = await this.fetch(url, from);
    if (list && version === this.version) this.adopt(list);
  }

  // Rows that take the place of all there are, of the same view or of another.
  adopt(list) {
    this.version += 1;
    for (const asking of this.asked.values()) asking.abort();
    this.asked.clear();
    const focused = document.activeElement?.closest?.('.rows li');
    const kept = focused && { span: spanOf(focused.querySelector('.span')), toggle: document.activeElement.matches('.toggle') };
    this.waits = false;
    this.windows.clear();
    this.drawn = '';
    this.take(list);
    this.draw(true);
    // The span that had the focus keeps it, wherever it stands now.
    const same = kept && [...this.list.querySelectorAll('.span')].find((link) => spanOf(link) === kept.span);
    const target = same && ((kept.toggle && same.parentElement.querySelector('.toggle')) || same);
    target?.focus({ preventScroll: true });
    if (same) this.reveal(this.indexOf(same));
  }

  async fetch(url, from, signal) {
    const query = new URLSearchParams(url.search);
    for (const name of ['span', 'history', 'text']) query.delete(name);
    query.set('from', from);
    const answer = await fetch(`${url.pathname}/rows?${query}`, { signal });
    if (!answer.ok) return null;
    const template = document.createElement('template');
    template.innerHTML = await answer.text();
    return template.content.querySelector('ol');
  }

  // What is in sight at once; its neighbours too, but not before the first paint.
  askNear() {
    const first = this.top();
    const last = Math.max(0, Math.ceil(this.total / WINDOW) - 1);
    const room = this.settled ? WINDOW / 2 : 0;
    const to = Math.min(last, Math.floor((first + Math.ceil(this.scroller.clientHeight / ROW_PX) + room) / WINDOW));
    for (let window = Math.max(0, Math.floor((first - room) / WINDOW)); window <= to; window += 1) this.ask(window);
  }

  async ask(window) {
    if (this.waits || this.windows.has(window) || this.asked.has(window)) return;
    const asking = new AbortController();
    this.asked.set(window, asking);
    const version = this.version;
    const list = await this.fetch(this.url ?? new URL(location.href), window * WINDOW, asking.signal).catch(() => null);
    if (version !== this.version || asking.signal.aborted) return;
    this.asked.delete(window);
    if (!list) return;
    this.windows.set(window, [...list.querySelectorAll('li')]);
    this.draw(true);
  }

  // The first row in sight.
  top() {
    const gone = this.scroller.getBoundingClientRect().top - this.list.getBoundingClientRect().top;
    return Math.max(0, Math.min(this.total - 1, Math.floor(gone / ROW_PX)));
  }

  // The first row that the axis does not cover.
  firstInSight() {
    const axis = this.scroller.querySelector('.axis').getBoundingClientRect().bottom;
    const gone = axis - this.list.getBoundingClientRect().top;
    return Math.max(0, Math.min(this.total - 1, Math.ceil(gone / ROW_PX - 0.01)));
  }

  draw(again) {
    if (this.waits) return;
    const seen = Math.ceil(this.scroller.clientHeight / ROW_PX);
    const last = Math.max(0, Math.ceil(this.total / WINDOW) - 1);
    // What is in sight, and half a window to either side.
    const from = Math.max(0, Math.floor((this.top() - WINDOW / 2) / WINDOW));
    const to = Math.min(last, Math.floor((this.top() + seen + WINDOW / 2) / WINDOW));
    // What was scrolled past meanwhile would only stand in the way of what is in sight.
    for (const [window, asking] of this.asked) {
      if (window < from || window > to) {
        asking.abort();
        this.asked.delete(window);
      }
    }
    this.soon ??= setTimeout(() => {
      this.soon = null;
      this.askNear();
    }, this.settled ? 40 : 0);
    const state = `${from}-${to}`;
    if (state === this.drawn && !again) return;
    this.drawn = state;
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const rows = [];
    for (let window = from; window <= to; window += 1) {
      const known = this.windows.get(window);
      if (known) rows.push(...known);
      else rows.push(space(Math.min(WINDOW, this.total - window * WINDOW)));
    }
    const below = this.total - Math.min(this.total, (to + 1) * WINDOW);
    // While rows change places the list is shorter for a moment, and a browser that lays it out then scrolls up.
    const { scrollTop } = this.scroller;
    if (this.total > 0) this.list.replaceChildren(space(from * WINDOW), ...rows, space(below));
    else this.list.replaceChildren(...(this.windows.get(0) ?? []));
    this.scroller.scrollTop = scrollTop;
    this.mark();
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
    // Rows far away are forgotten.
    for (const window of this.windows.keys()) if (Math.abs(window - from) > 24) this.windows.delete(window);
  }

  mark() {
    for (const link of this.list.querySelectorAll('.span')) {
      const on = spanOf(link) === this.selected;
      link.classList.toggle('selected', on);
      if (on) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }

  select(span) {
    this.selected = span;
    this.mark();
  }

  // Where a row's link stands among all rows.
  indexOf(link) {
    const item = link?.closest('li');
    for (const [window, items] of this.windows) {
      const at = items.indexOf(item);
      if (at >= 0) return window * WINDOW + at;
    }
    return -1;
  }

  reveal(index, where = 'nearest') {
    const axis = this.scroller.querySelector('.axis').getBoundingClientRect().height;
    const box = this.scroller.getBoundingClientRect();
    const top = this.list.getBoundingClientRect().top - box.top + index * ROW_PX;
    const height = this.scroller.clientHeight;
    if (where === 'nearest' && top >= axis && top + ROW_PX <= height) return;
    const wanted = where === 'center' ? Math.max(axis, height / 2) : top < axis ? axis : height - ROW_PX - 4;
    if (where !== 'center' || top < axis || top + ROW_PX > height) this.scroller.scrollTop += top - wanted;
    this.draw();
  }

  // The link of a row, once it is there.
  async link(index) {
    this.reveal(index);
    for (let tries = 0; tries < 100; tries += 1) {
      const item = this.windows.get(Math.floor(index / WINDOW))?.[index % WINDOW];
      if (item?.isConnected) return item.querySelector('.span');
      await new Promise((done) => setTimeout(done, 30));
    }
    return null;
  }
}

export function spanOf(link) {
  return new URL(link.href).searchParams.get('span');
}

function space(rows) {
  const item = document.createElement('li');
  item.className = 'space';
  item.setAttribute('aria-hidden', 'true');
  item.style.height = `${rows * ROW_PX}px`;
  return item;
}
