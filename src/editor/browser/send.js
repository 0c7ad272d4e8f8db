import { h } from './dom.js';
import { field, textField } from './field.js';

/** What each way of sending begins with. */
const BEGINNINGS = {
  catalogue: { kind: 'catalogue' },
  kept: { kind: 'kept' },
  bearer: { kind: 'bearer', token: '{{ api_key }}' },
  basic: { kind: 'basic', username: '{{ api_key }}', password: '' },
  headers: { kind: 'headers', fields: [{ name: 'x-api-key', value: '{{ api_key }}' }] },
  query: { kind: 'query', fields: [{ name: 'key', value: '{{ api_key }}' }] },
  path: { kind: 'path', path: '/bot{{ token }}' },
  aws_sigv4: { kind: 'aws_sigv4', service: '', region: '' },
};

const LABELS = {
  bearer: 'Authorization: Bearer',
  basic: 'Authorization: Basic',
  headers: 'Another header',
  query: 'A parameter of the query',
  path: 'Before the path',
  aws_sigv4: 'A signature of AWS, version 4',
};

const TEMPLATE = '{{ api_key }} is a field of a JSON secret, {{ . }} the whole secret.';

/**
 * How the key is sent.
 *
 * @param {{ value: any, others: Record<string, string>, onchange: (send: any) => void }} options `others` are ways besides: what the
 *   catalogue or the file says.
 */
export function sendFields({ value, others, onchange }) {
  let send = value;
  const details = h('div', { class: 'details' });
  const set = (/** @type {object} */ change) => {
    send = { ...send, ...change };
    onchange(send);
  };
  const way = field({
    label: 'Way',
    input: (attributes) => {
      const select = h(
        'select',
        attributes,
        Object.entries({ ...others, ...LABELS }).map(([kind, label]) =>
          h('option', { value: kind, selected: kind === send.kind }, label),
        ),
      );
      select.addEventListener('change', () => {
        send = structuredClone(BEGINNINGS[/** @type {keyof typeof BEGINNINGS} */ (select.value)]);
        show();
        onchange(send);
      });
      return select;
    },
  });

  const show = () => details.replaceChildren(...fieldsOf());
  const one = (/** @type {string} */ key, /** @type {string} */ label, /** @type {string} */ help) =>
    textField({ label, help, value: send[key], onchange: (text) => set({ [key]: text }) }).element;

  /** @returns {HTMLElement[]} */
  function fieldsOf() {
    switch (send.kind) {
      case 'bearer':
        return [one('token', 'Token', TEMPLATE)];
      case 'basic':
        return [
          h(
            'div',
            { class: 'pair' },
            one('username', 'User', TEMPLATE),
            one('password', 'Password', 'Either may be empty.'),
          ),
        ];
      case 'path':
        return [one('path', 'Put before the path', '{{ token }} is a field of a JSON secret.')];
      case 'aws_sigv4':
        return [
          h(
            'div',
            { class: 'pair' },
            one('service', 'Service', 'As signatures name it: s3, sqs, execute-api.'),
            one('region', 'Region', 'For example eu-west-1.'),
          ),
        ];
      case 'headers':
      case 'query':
        return rows();
      default:
        return [];
    }
  }

  function rows() {
    const add = h(
      'button',
      { type: 'button', class: 'quiet' },
      send.kind === 'headers' ? 'Add a header' : 'Add a parameter',
    );
    add.addEventListener('click', () => {
      set({ fields: [...send.fields, { name: '', value: '' }] });
      show();
      /** @type {HTMLElement | undefined} */ ([...details.querySelectorAll('input')].at(-2))?.focus();
    });
    return [
      ...send.fields.map((/** @type {any} */ row, /** @type {number} */ index) => {
        const put = (/** @type {object} */ change) =>
          set({ fields: send.fields.with(index, { ...send.fields[index], ...change }) });
        const drop = h(
          'button',
          { type: 'button', class: 'quiet', 'aria-label': `Take ${row.name || 'this one'} out` },
          '×',
        );
        drop.addEventListener('click', () => {
          set({ fields: send.fields.toSpliced(index, 1) });
          show();
        });
        return h(
          'div',
          { class: 'pair' },
          textField({ label: 'Name', value: row.name, onchange: (name) => put({ name }) }).element,
          textField({ label: 'Value', value: row.value, onchange: (text) => put({ value: text }) }).element,
          send.fields.length > 1 && drop,
        );
      }),
      h('p', { class: 'help' }, TEMPLATE),
      add,
    ];
  }

  show();
  return { element: h('div', {}, way.element, details), say: way.say };
}
