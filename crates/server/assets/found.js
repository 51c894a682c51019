// Marks what is searched for in the span's pane, in texts that are here; the text itself is not touched.
const MOST = 500;

export function mark(url) {
  const sought = (url.searchParams.get('find') ?? '').trim().toLowerCase();
  globalThis.CSS?.highlights?.delete('found');
  if (!sought || !globalThis.Highlight) return;
  const ranges = [];
  const texts = document.createTreeWalker(document.getElementById('detail'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode() && ranges.length < MOST) {
    const node = texts.currentNode;
    const lower = node.data.toLowerCase();
    // Letters whose small form is longer would shift the places after them.
    if (lower.length !== node.data.length) continue;
    for (let at = lower.indexOf(sought); at >= 0 && ranges.length < MOST; at = lower.indexOf(sought, at + sought.length)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + sought.length);
      ranges.push(range);
    }
  }
  CSS.highlights.set('found', new Highlight(...ranges));
}
