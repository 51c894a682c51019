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
  on('j', () => move(1), covers);
  on('k', () => move(-1), covers);
  // The arrows scroll the page until a row is walked.
  const amongRows = () => document.activeElement?.matches('.list .cover');
  on('ArrowDown', () => move(1), amongRows);
  on('ArrowUp', () => move(-1), amongRows);
}
