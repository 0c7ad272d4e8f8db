import { announce, h, newId } from './dom.js';

/** How many are shown at once: more than anybody reads. */
const MOST = 60;

/**
 * @typedef {object} Choice
 * @property {string} name
 * @property {string} detail
 * @property {string} hint
 */

/**
 * A search box over a list, as WAI-ARIA describes it (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/): arrows move, Enter takes,
 * Escape closes.
 *
 * @param {{ id: string, choices: readonly Choice[], value: string, placeholder: string, onpick: (name: string) => void }} options
 */
export function combobox({ id, choices, value, placeholder, onpick }) {
  const listId = newId();
  const input = h('input', {
    id,
    type: 'text',
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder,
    'aria-expanded': 'false',
    'aria-controls': listId,
    'aria-autocomplete': 'list',
  });
  input.value = value;
  const list = h('ul', { id: listId, role: 'listbox', 'aria-label': 'APIs of the catalogue', hidden: true });
  /** @type {Choice[]} */
  let found = [];
  let active = -1;

  const matching = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rank = (/** @type {Choice} */ it) => (it.name === words[0] ? 0 : it.name.startsWith(words[0] ?? '') ? 1 : 2);
    return choices
      .filter((it) => words.every((word) => `${it.name} ${it.detail} ${it.hint}`.toLowerCase().includes(word)))
      .sort((a, b) => rank(a) - rank(b))
      .slice(0, MOST);
  };
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const mark = (/** @type {number} */ index) => {
    active = index;
    for (const [at, option] of [...list.children].entries()) {
      option.setAttribute('aria-selected', String(at === index));
      if (at === index) {
        input.setAttribute('aria-activedescendant', option.id);
        option.scrollIntoView({ block: 'nearest' });
      }
    }
  };
  const pick = (/** @type {Choice} */ choice) => {
    input.value = choice.name;
    close();
    onpick(choice.name);
  };
  const open = () => {
    found = matching();
    active = -1;
    list.replaceChildren(
      ...found.map((choice) =>
        h(
          'li',
          {
            id: newId(),
            role: 'option',
            'aria-selected': 'false',
            // Before the box loses the focus.
            onmousedown: (/** @type {Event} */ event) => {
              event.preventDefault();
              pick(choice);
            },
          },
          h('span', { class: 'name' }, choice.name),
          h('span', { class: 'detail' }, choice.detail),
          h('span', { class: 'hint' }, choice.hint),
        ),
      ),
    );
    if (found.length === 0)
      list.append(
        h(
          'li',
          { class: 'none', role: 'option', 'aria-disabled': 'true' },
          'No API of the catalogue matches. Choose “Another API”.',
        ),
      );
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    announce(found.length === 1 ? '1 API' : `${found.length} APIs`);
  };
  input.addEventListener('input', () => {
    onpick('');
    open();
  });
  input.addEventListener('click', open);
  input.addEventListener('blur', () => {
    close();
    const exact = choices.find((it) => it.name === input.value.trim().toLowerCase());
    if (exact !== undefined) onpick(exact.name);
  });
  input.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (list.hidden) open();
      if (found.length > 0) mark((active + step + found.length) % found.length);
    } else if (event.key === 'Enter' && !list.hidden) {
      event.preventDefault();
      const choice = found[Math.max(active, 0)];
      if (choice !== undefined) pick(choice);
    } else if (event.key === 'Escape' && !list.hidden) {
      event.stopPropagation();
      close();
    }
  });
  return h('div', { class: 'combobox' }, input, list);
}
