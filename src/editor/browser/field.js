import { h, newId } from './dom.js';

/**
 * A label, an input, what helps with it, and room for what is wrong with it.
 *
 * @param {object} options
 * @param {string} options.label
 * @param {string} [options.help]
 * @param {(attributes: Record<string, any>) => HTMLElement} options.input makes the input with these attributes
 */
export function field({ label, help, input }) {
  const id = newId();
  const helpId = newId();
  const faultId = newId();
  const fault = h('p', { class: 'fault', id: faultId, hidden: true });
  const control = input({ id, 'aria-describedby': help === undefined ? faultId : `${helpId} ${faultId}` });
  const element = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    control,
    help !== undefined && h('p', { class: 'help', id: helpId }, help),
    fault,
  );
  return {
    element,
    /** @param {string | undefined} message */
    say(message) {
      fault.hidden = message === undefined;
      fault.textContent = message ?? '';
      const focusable = control.matches('input, select, textarea') ? control : control.querySelector('input');
      focusable?.setAttribute('aria-invalid', String(message !== undefined));
    },
  };
}

/**
 * A text of one line.
 *
 * @param {{ label: string, help?: string, value: string, placeholder?: string, list?: string, onchange: (text: string) => void }} options
 */
export function textField({ label, help, value, placeholder, list, onchange }) {
  return field({
    label,
    ...(help === undefined ? {} : { help }),
    input: (attributes) => {
      const input = h('input', {
        type: 'text',
        autocomplete: 'off',
        spellcheck: 'false',
        autocapitalize: 'off',
        placeholder,
        list,
        ...attributes,
      });
      input.value = value;
      input.addEventListener('input', () => onchange(input.value.trim()));
      return input;
    },
  });
}

/**
 * Several texts, one a line.
 *
 * @param {{ label: string, help: string, value: readonly string[], placeholder: string, rows?: number, onchange: (lines: string[]) => void }} options
 */
export function linesField({ label, help, value, placeholder, rows = 3, onchange }) {
  return field({
    label,
    help,
    input: (attributes) => {
      const input = h('textarea', { rows, spellcheck: 'false', autocomplete: 'off', placeholder, ...attributes });
      input.value = value.join('\n');
      input.addEventListener('input', () =>
        onchange(
          input.value
            .split('\n')
            .map((line) => line.trim())
            .filter(Boolean),
        ),
      );
      return input;
    },
  });
}

/**
 * One of a few, all of which are seen.
 *
 * @param {{ label: string, value: string, options: readonly (readonly [value: string, label: string])[], onchange: (value: string) => void }} options
 */
export function choice({ label, value, options, onchange }) {
  const name = newId();
  return h(
    'fieldset',
    { class: 'choice' },
    h('legend', { class: 'unseen' }, label),
    options.map(([option, text]) => {
      const input = h('input', { type: 'radio', name, value: option, checked: option === value });
      input.addEventListener('change', () => onchange(option));
      return h('label', {}, input, h('span', {}, text));
    }),
  );
}
