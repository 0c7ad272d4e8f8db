import { ask, NoTokenError, takeToken } from './api.js';
import { h } from './dom.js';
import { formView } from './form.js';
import { listView } from './list.js';

const main = /** @type {HTMLElement} */ (document.getElementById('main'));

/** @param {HTMLElement} view */
function show(view) {
  main.replaceChildren(view);
  const title = view.querySelector('h1');
  document.title = `${title?.textContent ?? 'Integrations'} · Attaché`;
  title?.setAttribute('tabindex', '-1');
  title?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** The page as the address says: `#/`, `#/add` or `#/edit/NAME`. */
async function route() {
  const [, kind = '', name = ''] = /^#\/(add|edit)?\/?(.*)$/.exec(location.hash) ?? [];
  const address = location.hash;
  try {
    const catalogue = await ask('catalogue');
    /** @type {HTMLElement} */ (document.getElementById('file')).textContent = catalogue.file;
    let view;
    if (kind === 'add') view = formView({ ...catalogue, show });
    else if (kind === 'edit') view = await edit(catalogue, decodeURIComponent(name));
    else view = await listView();
    if (address === location.hash) show(view);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const title = error instanceof NoTokenError ? 'Open this page again' : 'Attaché does not answer as it should';
    show(
      h(
        'div',
        { class: 'narrow' },
        h('div', { class: 'card banner wait' }, h('h1', {}, title), h('p', {}, message)),
        h('div', { class: 'buttons' }, h('a', { class: 'button', href: '/' }, 'Status')),
      ),
    );
  }
}

/**
 * @param {any} catalogue
 * @param {string} name
 */
async function edit(catalogue, name) {
  const filled = await ask('form', { json: { name } });
  if (filled.remarks !== undefined)
    throw new Error(filled.remarks.map((/** @type {any} */ it) => it.message).join(' '));
  return formView({ ...catalogue, name, filled, show });
}

takeToken();
addEventListener('hashchange', () => {
  takeToken();
  route();
});
route();
