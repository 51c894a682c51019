// Copies texts, and what links lead to.

// A text as it was sent: without its folds' labels; one that is not all here, or that is rendered, is fetched.
async function sent(text) {
  if (text.dataset.body) {
    const answer = await fetch(text.dataset.body);
    if (!answer.ok) throw new Error(`the text could not be read: ${answer.status}`);
    return answer.text();
  }
  const copy = text.cloneNode(true);
  copy.querySelectorAll('.fold > summary, .whole').forEach((part) => part.remove());
  return copy.textContent;
}

// The texts of an element, a tool call's name before its arguments; an element without any is a text itself.
async function textOf(element) {
  const texts = [...element.querySelectorAll('.text')];
  if (texts.length === 0) return element.textContent;
  const said = await Promise.all(texts.map(async (text) => {
    const call = text.closest('.part.call')?.querySelector('.label > bdi')?.textContent;
    return call ? `${call}\n${await sent(text)}` : sent(text);
  }));
  return said.join('\n\n');
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
  say(button, 'copied');
}

// On the button, and to those who cannot see it.
function say(button, word) {
  if (button.dataset.label === undefined) button.dataset.label = button.textContent;
  button.textContent = word;
  document.getElementById('said').textContent = word;
  setTimeout(() => { button.textContent = button.dataset.label; }, 1200);
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) {
    const element = document.getElementById(button.dataset.copy);
    // Half a text would be worse than none.
    if (element) await textOf(element).then((text) => write(text, button), () => say(button, 'not copied'));
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
