// A page that a reader is about to open is asked for while the pointer rests on its link. The answer may be kept for seconds
// only (the server says so when it sees the header), so that nobody is shown what was true a while ago.
const REST_MS = 65;
const asked = new Map();
let timer;

function ask(link) {
  const now = Date.now();
  if (now - (asked.get(link.href) ?? 0) < 10_000) return;
  asked.set(link.href, now);
  fetch(link.href, { headers: { 'x-prefetch': '1' }, priority: 'low' }).catch(() => {});
}

function rest(event) {
  const link = event.target.closest?.('a[data-prefetch]');
  clearTimeout(timer);
  if (link && link.origin === location.origin) timer = setTimeout(ask, REST_MS, link);
}

document.addEventListener('pointerover', rest);
document.addEventListener('focusin', rest);
