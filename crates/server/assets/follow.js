// A trace in which something is still running: the page asks again until it has ended.
const PERIOD_MS = 2000;
// What is drawn anew with the rows: the figures, and the axis, which grows with the time.
const PARTS = ['.head', '.axis', '.lines', '.path'];

export function follow(rows, again) {
  if (document.querySelector('[data-live]')) wait(rows, again, PERIOD_MS);
}

function wait(rows, again, ms) {
  setTimeout(() => {
    if (!document.hidden) ask(rows, again);
    else document.addEventListener('visibilitychange', () => ask(rows, again), { once: true });
  }, ms);
}

async function ask(rows, again) {
  const began = performance.now();
  const here = location.href;
  const url = new URL(location.href);
  url.searchParams.set('from', rows.top());
  const answer = await fetch(url).catch(() => null);
  if (answer?.status === 404) { gone(); return; }
  // A server that cannot answer now is asked less often.
  if (!answer?.ok) { wait(rows, again, PERIOD_MS * 5); return; }
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const list = page.getElementById('rows');
  const live = page.querySelector('[data-live]');
  // The reader has gone to another view meanwhile: that one is newer.
  if (list && location.href === here) {
    for (const part of PARTS) {
      const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
      if (old && fresh) old.replaceWith(fresh);
    }
    const open = rows.list.querySelector('.selected')?.classList.contains('open');
    rows.adopt(list);
    if (open) again();
  }
  if (live) wait(rows, again, Math.max(PERIOD_MS, 10 * (performance.now() - began)));
}

// The trace was deleted meanwhile: what is drawn is the last there was of it.
function gone() {
  const tag = document.getElementById('live');
  if (!tag) return;
  tag.textContent = 'deleted';
  tag.classList.remove('running');
  tag.removeAttribute('data-live');
  tag.title = 'This trace is not stored any more';
}
