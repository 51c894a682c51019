// Copies texts, and what links lead to.

// What an element says, without what belongs to the page. A text that is not all here, or that is rendered, is fetched as it was sent.
async function textOf(element) {
  const copy = element.cloneNode(true);
  for (const part of [copy, ...copy.querySelectorAll('.text[data-body]')]) {
    if (!part.dataset.body) continue;
    const answer = await fetch(part.dataset.body);
    if (answer.ok) part.textContent = await answer.text();
  }
  copy.querySelectorAll('.fold > summary, .label, button, .whole').forEach((part) => part.remove());
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
  if (button.dataset.label === undefined) button.dataset.label = button.textContent;
  button.textContent = 'copied';
  setTimeout(() => { button.textContent = button.dataset.label; }, 1200);
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) {
    const element = document.getElementById(button.dataset.copy);
    if (element) await write(await textOf(element), button);
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
