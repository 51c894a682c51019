// Values under the pointer, and a brush that sets the time range.
const charts = document.querySelector('.charts');

if (charts) {
  const { since, until, bins } = Object.fromEntries(Object.entries(charts.dataset).map(([name, value]) => [name, Number(value)]));
  const figures = [...charts.querySelectorAll('.chart')];
  const values = figures.map((figure) => figure.dataset.values.split('|'));
  const at = (bin) => since + ((until - since) * bin) / bins;
  const day = until - since > 86_400_000;
  const clock = (time) => new Date(time).toISOString().slice(day ? 5 : 11, until - since < 600_000 ? 19 : 16).replace('T', ' ');
  let begun = null;

  const binOf = (event, figure) => {
    const box = figure.querySelector('svg').getBoundingClientRect();
    return Math.max(0, Math.min(bins, ((event.clientX - box.left) / box.width) * bins));
  };
  const tell = (bin) => figures.forEach((figure, index) => {
    figure.querySelector('output').textContent = bin === null ? '' : `${clock(at(bin))} · ${values[index][bin]}`;
  });
  const paint = (from, to) => figures.forEach((figure) => {
    const brush = figure.querySelector('.brush') ?? figure.appendChild(Object.assign(document.createElement('div'), { className: 'brush' }));
    brush.style.left = `${(from / bins) * 100}%`;
    brush.style.width = `${((to - from) / bins) * 100}%`;
  });
  const clear = () => {
    begun = null;
    charts.querySelectorAll('.brush').forEach((brush) => brush.remove());
  };

  for (const figure of figures) {
    figure.addEventListener('pointermove', (event) => {
      const bin = binOf(event, figure);
      tell(Math.min(bins - 1, Math.floor(bin)));
      if (begun !== null) paint(Math.min(begun, bin), Math.max(begun, bin));
    });
    figure.addEventListener('pointerleave', () => { if (begun === null) tell(null); });
    figure.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      begun = binOf(event, figure);
      figure.setPointerCapture(event.pointerId);
    });
    figure.addEventListener('pointercancel', clear);
    figure.addEventListener('pointerup', (event) => {
      if (begun === null) return;
      let [from, to] = [begun, binOf(event, figure)].sort((a, b) => a - b);
      // A click is the part that was clicked.
      if (to - from < 0.3) [from, to] = [Math.floor(from), Math.floor(from) + 1];
      const url = new URL(location.href);
      for (const name of ['last', 'cursor']) url.searchParams.delete(name);
      url.searchParams.set('since', new Date(Math.floor(at(from))).toISOString());
      url.searchParams.set('until', new Date(Math.ceil(at(to))).toISOString());
      clear();
      location.href = url;
    });
  }
  addEventListener('keydown', (event) => { if (event.key === 'Escape') clear(); });
}
