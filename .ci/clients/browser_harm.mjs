// What is wrong with a page that shows what an attacker sent: anything that runs, loads, leads out, or that no template makes.

// Elements of the templates, then those of markdown and of the drawings.
const ELEMENTS = new Set([
  ...'html head meta title link script body a header nav main section form input button kbd span bdi code b i h1 h2 h3 h4 h5 h6 p div dl dt dd ol ul li'.split(' '),
  ...'table caption thead tbody tr th td time svg path rect line text img audio details summary article pre select option datalist label figure figcaption output mark q var del ins'.split(' '),
  ...'blockquote em strong s br hr'.split(' '),
]);
const ATTRIBUTES = new Set([
  ...'lang charset name content rel href type src class id title role for hidden value placeholder selected checked disabled required minlength autocomplete autofocus spellcheck tabindex'.split(' '),
  ...'action method form list popover popovertarget open datetime scope alt loading decoding controls preload start target style colspan pattern size'.split(' '),
  ...'viewbox preserveaspectratio width height x y x1 x2 y1 y2 dx dy d fill'.split(' '),
]);

export async function harmOf(page, html, { markdown = false } = {}) {
  // Folded parts are part of the page; what a mark-up injection would have made focusable is focused and hovered.
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
  await page.evaluate(() => document.querySelectorAll('a, button, input, h1, h2, [tabindex]').forEach((element) => {
    element.focus();
    element.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
  }));
  const harm = await page.evaluate(inspect, { elements: [...ELEMENTS], attributes: [...ATTRIBUTES], markdown });
  const raw = html.match(/.*[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]/);
  if (raw) harm.push(`a raw control character: ${JSON.stringify(raw[0].slice(-60))} in line ${html.slice(0, raw.index).split('\n').length}`);
  const spilling = await page.evaluate(spillingDirections);
  harm.push(...spilling.map((holder) => `a text turns around what follows it in ${holder}`));
  return harm;
}

// Runs in the page.
function inspect({ elements, attributes, markdown }) {
  const harm = [];
  const short = (element) => element.outerHTML.slice(0, 160);
  if (window.__pwned !== undefined) harm.push(`the canary was set to ${window.__pwned}`);
  if ({}.__pwned !== undefined) harm.push('a prototype was changed');
  if (/pwned/.test(document.cookie)) harm.push(`a cookie was set: ${document.cookie}`);
  for (const element of document.querySelectorAll('*')) {
    if (!elements.includes(element.localName)) harm.push(`no template makes <${element.localName}>: ${short(element)}`);
    for (const { name, value } of element.attributes) {
      if (!attributes.includes(name.toLowerCase()) && !/^(data|aria)-[a-z-]+$/.test(name)) harm.push(`no template writes ${name}=: ${short(element)}`);
      // Only the script places things.
      if (name === 'style' && !element.matches('li.space, .brush')) harm.push(`a style: ${value} on ${short(element)}`);
      if (['href', 'src', 'action', 'formaction'].includes(name)) checkAddress(element, name, value);
    }
  }
  function checkAddress(element, name, value) {
    const url = new URL(value, document.baseURI);
    const ours = url.origin === location.origin;
    if (element.localName === 'img' || element.localName === 'audio') {
      if (!ours || !/\/spans\/[0-9a-f]{16}\/body\/[0-9a-f]{32}$/.test(url.pathname)) harm.push(`media from ${value.slice(0, 80)}`);
    } else if (element.localName === 'script') {
      if (!ours || !/^\/static\/[0-9a-f]+\/(app|trace|list)\.js$/.test(url.pathname)) harm.push(`a script from ${value.slice(0, 80)}`);
    } else if (element.closest('.md') && markdown && element.matches('a:not([data-span])') && !element.matches('.whole a')) {
      const web = ['http:', 'https:', 'mailto:'].includes(url.protocol) && !ours;
      if (!web || element.target !== '_blank' || !/\bnoopener\b/.test(element.rel)) harm.push(`a link of a text: ${short(element)}`);
    } else if (!ours) {
      harm.push(`${name} leads to ${value.slice(0, 80)}`);
    }
  }
  for (const id of ['main', 'rows', 'detail', 'scroller', 'compare', 'open', 'keys', 'list']) {
    if (document.querySelectorAll(`[id="${id}"]`).length > 1) harm.push(`two elements are called ${id}`);
  }
  return harm;
}

// Runs in the page: texts whose direction marks reach past their own element, into words of the page.
function spillingDirections() {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!/[\u202A-\u202E\u2066-\u2069]/.test(text.data)) continue;
    // The nearest element that keeps directions to itself: an isolate, or a block.
    let holder = text.parentElement;
    while (getComputedStyle(holder).unicodeBidi === 'normal' && getComputedStyle(holder).display.startsWith('inline')) holder = holder.parentElement;
    // A block of text holds nothing of the page but its fold, which is a block again.
    if (holder.closest('.text, .md, .diff')) continue;
    const after = document.createRange();
    after.setStartAfter(text);
    after.setEndAfter(holder.lastChild);
    if (after.toString().trim()) found.push(`${holder.tagName}.${holder.className}, ${text.parentElement.tagName}`);
  }
  return found;
}
