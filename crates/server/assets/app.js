// On every page. Everything in these scripts is a convenience: without them every page can still be read.
import './copy.js';
import './prefetch.js';
import { go, on } from './keys.js';

on('/', () => document.getElementById('open')?.focus());
on('?', () => document.getElementById('keys')?.togglePopover());
on('g', () => go(), 'then');

// Rows of a table: the focus moves from link to link.
const covers = () => [...document.querySelectorAll('.list .cover')];

function move(step) {
  const links = covers();
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + step))]?.focus();
}

if (!document.getElementById('rows')) {
  for (const key of ['j', 'ArrowDown']) on(key, () => move(1), covers);
  for (const key of ['k', 'ArrowUp']) on(key, () => move(-1), covers);
}
