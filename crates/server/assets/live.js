// New traces as they come. The connection is closed while nobody looks.
const button = document.getElementById('live');
const MOST_ROWS = 200;
const RETRY_MS = 30_000;

if (button) {
  const body = document.querySelector('#list tbody');
  let source = null;
  let wanted = true;
  const page = new URL(button.dataset.live, location.href);

  button.hidden = false;
  const tell = (on) => {
    button.setAttribute('aria-pressed', String(on));
    button.title = on ? 'New traces appear here; click to hold the list still' : 'The list is held still; click to let new traces in';
  };

  const take = (event) => {
    if (!body) { location.reload(); return; }
    const template = document.createElement('template');
    template.innerHTML = event.data;
    const row = template.content.querySelector('tr');
    const old = [...body.rows].find((other) => other.dataset.id === row.dataset.id);
    if (old) {
      // What the reader is doing with the row goes on.
      row.querySelector('.pick input').checked = old.querySelector('.pick input').checked;
      const focused = old.contains(document.activeElement);
      old.replaceWith(row);
      if (focused) row.querySelector('.cover').focus({ preventScroll: true });
      return;
    }
    const next = [...body.rows].find((other) => BigInt(other.dataset.start) < BigInt(row.dataset.start));
    body.insertBefore(row, next ?? null);
    row.classList.add('arrived');
    setTimeout(() => row.classList.remove('arrived'), 400);
    const last = () => body.rows[body.rows.length - 1];
    while (body.rows.length > MOST_ROWS && !last().querySelector('.pick input').checked) last().remove();
    document.getElementById('shown').textContent = body.rows.length;
  };

  const open = () => {
    if (source || !wanted || document.hidden) return;
    source = new EventSource(page);
    source.addEventListener('trace', take);
    source.addEventListener('open', () => tell(true));
    // A broken connection is opened again by the browser; a refused one (too many lists are live) is not.
    source.addEventListener('error', () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      setTimeout(open, RETRY_MS);
    });
    // After a pause the server does not know what was missed: all rows are sent, and those that are here are replaced.
    page.searchParams.delete('changes');
  };
  const close = () => {
    source?.close();
    source = null;
    tell(false);
  };

  button.addEventListener('click', () => {
    wanted = !source;
    if (wanted) open(); else close();
  });
  document.addEventListener('visibilitychange', () => { if (document.hidden) close(); else open(); });
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);
  open();
}
