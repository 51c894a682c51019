// Everything here is a convenience: without it every page can still be read.
'use strict';

// The text of an element, without what belongs to the page: the folds' labels.
function textOf(element) {
  const copy = element.cloneNode(true);
  copy.querySelectorAll('summary, .label, button').forEach((part) => part.remove());
  return copy.textContent.trim();
}

async function write(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS or a loopback address browsers offer no clipboard: select a field and copy that.
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  const label = button.textContent;
  button.textContent = 'copied';
  setTimeout(() => { button.textContent = label; }, 1200);
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) {
    const element = document.getElementById(button.dataset.copy);
    if (element) await write(textOf(element), button);
    return;
  }
  // A link to something to take away: a plain click copies it, a modified one opens it.
  const link = event.target.closest('[data-copy-link]');
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    const answer = await fetch(link.href);
    if (!answer.ok) { location.href = link.href; return; }
    await write(await answer.text(), link);
  }
});

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, select, textarea');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    document.getElementById('open')?.focus();
  }
});

// The selected row of a long waterfall is where the eye should be.
document.querySelector('.rows .selected')?.scrollIntoView({ block: 'nearest' });
