// The panes' widths: dragged, or moved by arrow keys; remembered in a cookie, so that the server lays them out at once.
const splitter = document.getElementById('splitter');
const panes = splitter.parentElement;
const [LEAST, MOST, STEP] = [30, 80, 5];

function set(percent) {
  const split = Math.max(LEAST, Math.min(MOST, Math.round(percent / STEP) * STEP));
  panes.className = `panes split-${split}`;
  splitter.setAttribute('aria-valuenow', split);
  document.cookie = `bennu-split=${split};path=/;max-age=31536000;samesite=lax`;
  dispatchEvent(new Event('resize'));
}

splitter.addEventListener('pointerdown', (event) => {
  splitter.setPointerCapture(event.pointerId);
  const box = panes.getBoundingClientRect();
  const move = (moved) => set(((moved.clientX - box.left) / box.width) * 100);
  splitter.addEventListener('pointermove', move);
  splitter.addEventListener('lostpointercapture', () => splitter.removeEventListener('pointermove', move), { once: true });
});

splitter.addEventListener('keydown', (event) => {
  const now = Number(splitter.getAttribute('aria-valuenow'));
  const to = { ArrowLeft: now - STEP, ArrowRight: now + STEP, Home: LEAST, End: MOST }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  set(to);
});
