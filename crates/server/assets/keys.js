// Keys that do something, where nobody is typing.
const actions = new Map();
let waiting = 0;

// `when` says whether the key is ours just now; without it, always.
export function on(key, act, when) {
  actions.set(key, { act, when: typeof when === 'function' ? when : null });
}

// After `g`, for a moment, a letter leads to the page that says so.
export function go() {
  waiting = Date.now() + 1500;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target;
  const typing = target.closest('input:not([type=checkbox]), select, textarea, [contenteditable], audio, [role=separator]');
  if (typing) {
    if (event.key === 'Escape') target.blur();
    return;
  }
  if (Date.now() < waiting) {
    waiting = 0;
    const link = [...document.querySelectorAll('[data-key]')].find((link) => link.dataset.key === event.key);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  const action = actions.get(event.key);
  if (!action) return;
  const wanted = action.when ? action.when() : true;
  if (!wanted || wanted.length === 0) return;
  event.preventDefault();
  action.act(event);
});
