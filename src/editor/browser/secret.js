import { ask } from './api.js';
import { h, newId } from './dom.js';
import { choice, field, textField } from './field.js';

/** What is typed here goes to AWS Secrets Manager and nowhere else: it is in no draft, and gone from the page once it was sent. */

/**
 * Which secret, and the value of a new one.
 *
 * @param {{ name: string, onchange: (name: string) => void }} options
 */
export function secretFields({ name, onchange }) {
  const listId = newId();
  const names = h('datalist', { id: listId });
  const values = h('div', { class: 'values', hidden: true });
  const note = h('p', { class: 'help' });
  const text = textField({
    label: 'Name or ARN',
    value: name,
    list: listId,
    onchange,
  });
  const input = /** @type {HTMLInputElement} */ (text.element.querySelector('input'));
  const fault = h('p', { class: 'fault', role: 'alert', hidden: true });
  /** @type {'existing' | 'create' | 'replace'} */
  let way = 'existing';
  /** @type {Record<string, any>} */
  let shape = {};

  /** Why there is no list to pick from. */
  let unlisted = '';
  const explain = () => {
    const words = {
      existing: 'Attaché reads it; nothing about it changes.',
      create: 'The value goes from this form to AWS Secrets Manager. It is kept nowhere else and never shown again.',
      replace:
        'The value in AWS Secrets Manager is replaced for everyone who reads this secret. It is never shown again.',
    };
    note.textContent = `${words[way]}${way === 'create' ? '' : unlisted}`;
  };
  const ways = choice({
    label: 'Which secret',
    value: way,
    options: [
      ['existing', 'One that exists'],
      ['create', 'A new one'],
      ['replace', 'A new value for one that exists'],
    ],
    onchange: (chosen) => {
      way = /** @type {typeof way} */ (chosen);
      values.hidden = way === 'existing';
      explain();
      say(undefined);
    },
  });

  const say = (/** @type {string | undefined} */ message) => {
    fault.hidden = message === undefined;
    fault.textContent = message ?? '';
  };

  /** One box for each text of the secret; one for all of it where it is no JSON. */
  const draw = () => {
    const leaves = leavesOf(shape);
    values.replaceChildren(
      ...(leaves.length === 0 ? [box('Value', [])] : leaves.map((path) => box(path.join(' → '), path))),
      h(
        'p',
        { class: 'help' },
        leaves.length === 0 ? 'Stored as it is typed.' : 'Stored as one JSON object with these fields.',
      ),
    );
  };
  const box = (/** @type {string} */ label, /** @type {string[]} */ path) =>
    field({
      label,
      input: (attributes) => {
        const it = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', ...attributes });
        it.dataset.path = JSON.stringify(path);
        return it;
      },
    }).element;

  ask('secrets').then(
    ({ names: all, more, refused }) => {
      if (refused !== undefined) {
        unlisted = ` The names cannot be listed: ${refused}.`;
        return explain();
      }
      names.replaceChildren(...all.map((/** @type {string} */ it) => h('option', { value: it })));
      if (more) input.placeholder = `${input.placeholder} (the first ${all.length} names are listed)`;
    },
    () => undefined,
  );
  explain();
  draw();

  return {
    element: h('div', {}, ways, text.element, names, note, values, fault),
    say: text.say,
    /** What went wrong with the value. */
    sayOfValue: say,
    /** @param {string} usual what the name is when none is typed */
    suggest(usual) {
      input.placeholder = usual;
    },
    /** @param {Record<string, any>} next what the secret must hold */
    shape(next) {
      if (JSON.stringify(next) === JSON.stringify(shape)) return;
      shape = next;
      draw();
    },
    /** What is to be done with a value: `create`, `replace`, or nothing. */
    get task() {
      return way === 'existing' ? undefined : way;
    },
    /** The value as it is stored; undefined when something of it is missing. */
    take() {
      const boxes = [...values.querySelectorAll('input')];
      if (boxes.some((it) => it.value === '')) {
        boxes.find((it) => it.value === '')?.focus();
        return undefined;
      }
      const whole = boxes.find((it) => it.dataset.path === '[]');
      if (whole !== undefined) return whole.value;
      const object = structuredClone(shape);
      for (const it of boxes) {
        const path = JSON.parse(it.dataset.path ?? '[]');
        const last = path.pop();
        let place = object;
        for (const step of path) place = place[step];
        // Keys that are copied out of a file have line breaks as text.
        place[last] = it.value.includes('-----BEGIN') ? it.value.replaceAll('\\n', '\n') : it.value;
      }
      return JSON.stringify(object);
    },
    /** It is stored: from now on it is one that exists. */
    stored() {
      for (const it of values.querySelectorAll('input')) it.value = '';
      const radio = /** @type {HTMLInputElement} */ (ways.querySelector('input[value=existing]'));
      radio.checked = true;
      radio.dispatchEvent(new Event('change'));
      note.textContent = 'The value is stored.';
    },
  };
}

/**
 * @param {Record<string, any>} shape
 * @param {string[]} before
 * @returns {string[][]}
 */
function leavesOf(shape, before = []) {
  return Object.entries(shape).flatMap(([key, value]) =>
    typeof value === 'object' ? leavesOf(value, [...before, key]) : [[...before, key]],
  );
}
