// The list of traces: charts, rows that arrive, two that are compared.
import { on } from './keys.js';
import './charts.js';
import './live.js';

const table = document.getElementById('list');
const form = document.getElementById('compare');
const picked = () => [...(table?.querySelectorAll('.pick input:checked') ?? [])];

function tell() {
  const count = picked().length;
  document.getElementById('picked').textContent = `${count} selected`;
  form.querySelector('button').disabled = count !== 2;
}

if (table) {
  table.addEventListener('change', (event) => {
    if (!event.target.matches('.pick input')) return;
    // A third choice takes the place of the upper one of the two.
    const others = picked().filter((box) => box !== event.target);
    if (others.length > 1) others[0].checked = false;
    tell();
  });
  tell();
  on('x', () => document.activeElement?.closest?.('tr')?.querySelector('.pick input')?.click());
  on('c', () => form.requestSubmit(), () => picked().length === 2);
}

// A menu closes when something else is meant.
document.addEventListener('click', (event) => {
  document.querySelectorAll('details.menu[open]').forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
