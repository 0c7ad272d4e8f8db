import { ask, store } from './api.js';
import { combobox } from './combobox.js';
import { announce, h } from './dom.js';
import { doneView } from './done.js';
import { diff, remarkList } from './draft.js';
import { choice, field, linesField, textField } from './field.js';
import { secretFields } from './secret.js';
import { sendFields } from './send.js';

/** How long a person may type on before the draft is worked out, in ms. */
const PAUSE = 120;

const EMPTY = {
  api: '',
  target: '',
  region: '',
  name: '',
  send: { kind: 'catalogue' },
  secret: '',
  callers: [],
  allow: [],
  keep: [],
  strip: null,
  redact: false,
};

const AS_CATALOGUE = 'As the catalogue says';

/** The fields of an answer that stand in one section here. */
const SECTIONS = /** @type {Record<string, string>} */ ({
  bearer: 'send',
  basic: 'send',
  headers: 'send',
  query: 'send',
  path: 'send',
  aws_sigv4: 'send',
  'max-body': 'send',
  strip: 'keep',
});

/**
 * The form, for a new integration or for one that the file has.
 *
 * @param {{ apis: any[], file: string, name?: string, filled?: { form: any, version: string }, show: (view: HTMLElement) => void }} options
 * @returns {HTMLElement}
 */
export function formView({ apis, file, name, filled, show }) {
  const form = { ...structuredClone(EMPTY), ...filled?.form };
  const isNew = name === undefined;
  /** Whether every mistake is told, or only those of fields that were left. */
  let submitted = !isNew;
  /** @type {Set<string>} */
  const touched = new Set();
  /** @type {any} */
  let draft = {};

  const wish = () => ({ kind: isNew ? 'add' : 'change', ...(isNew ? {} : { name, version: filled?.version }), form });
  /** @type {(key: keyof typeof EMPTY) => (value: any) => void} */
  const set = (key) => (value) => {
    touched.add(key);
    Object.assign(form, { [key]: value });
    changed();
  };

  // ── The fields ──
  const api = field({
    label: 'API',
    input: ({ id, ...attributes }) => {
      const box = combobox({
        id,
        choices: apis.map((it) => ({ name: it.name, detail: it.host, hint: it.sends })),
        value: '',
        placeholder: `Search ${apis.length} APIs by name, host or way of sending`,
        onpick: (picked) => {
          set('api')(picked);
          const sends = apis.find((it) => it.name === picked)?.sends;
          if (form.send.kind === 'catalogue')
            drawSend({ catalogue: sends === undefined ? AS_CATALOGUE : `${AS_CATALOGUE}: ${sends}` });
          regionField.element.hidden = apis.find((it) => it.name === picked)?.needsRegion !== true;
          if (regionField.element.hidden) form.region = '';
        },
      });
      for (const [key, value] of Object.entries(attributes)) box.querySelector('input')?.setAttribute(key, value);
      return box;
    },
  });
  const regionField = textField({ label: 'AWS Region', value: '', placeholder: 'eu-west-1', onchange: set('region') });
  regionField.element.hidden = true;
  const target = textField({
    label: isNew ? 'URL' : 'Host',
    help: 'Its host alone; the caller chooses the path. A key goes out only over TLS.',
    value: form.target,
    placeholder: 'https://api.example.com',
    onchange: set('target'),
  });
  const nameField = textField({ label: 'Name', value: form.name, onchange: set('name') });
  const address = h('p', { class: 'help' });
  nameField.element.append(address);
  const ofCatalogue = h('div', {}, api.element, regionField.element);

  const sendPlace = h('div', {});
  /** @type {ReturnType<typeof sendFields>} */
  let send;
  const drawSend = (/** @type {Record<string, string>} */ others) => {
    send = sendFields({ value: form.send, others, onchange: set('send') });
    sendPlace.replaceChildren(send.element);
  };

  const source = isNew
    ? choice({
        label: 'Which API',
        value: 'catalogue',
        options: [
          ['catalogue', 'From the catalogue'],
          ['target', 'Another API'],
        ],
        onchange: (chosen) => {
          const known = chosen === 'catalogue';
          ofCatalogue.hidden = !known;
          target.element.hidden = known;
          const box = /** @type {HTMLInputElement} */ (ofCatalogue.querySelector('input'));
          Object.assign(
            form,
            known
              ? { api: box.value, target: '' }
              : {
                  api: '',
                  region: '',
                  target: /** @type {HTMLInputElement} */ (target.element.querySelector('input')).value,
                },
          );
          form.send = known ? { kind: 'catalogue' } : { kind: 'bearer', token: '{{ api_key }}' };
          drawSend(known ? { catalogue: AS_CATALOGUE } : {});
          changed();
        },
      })
    : null;
  ofCatalogue.hidden = !isNew;
  target.element.hidden = isNew;
  drawSend(isNew ? { catalogue: AS_CATALOGUE } : form.send.kind === 'kept' ? { kept: 'As the file says' } : {});

  const secret = secretFields({ name: form.secret, onchange: set('secret') });
  const callers = linesField({
    label: 'Callers',
    help: 'One a line; any one is enough. Empty: whoever reaches Envoy.',
    value: form.callers,
    placeholder: 'tag:agents\n10.1.0.0/16\nspiffe://acme/ci/**',
    onchange: set('callers'),
  });
  const allow = linesField({
    label: 'Allowed requests',
    help: 'A method and a path, one a line. Empty: everything.',
    value: form.allow,
    placeholder: 'GET /v1/**\nPOST /v1/customers',
    onchange: set('allow'),
  });
  const keep = linesField({
    label: 'Passed on all the same',
    help: 'What of the caller is held back otherwise, as it may be a key of its own: cookie, x-api-key.',
    value: form.keep,
    placeholder: 'cookie',
    rows: 2,
    onchange: set('keep'),
  });
  const redactBox = h('input', { type: 'checkbox', checked: form.redact });
  redactBox.addEventListener('change', () => set('redact')(redactBox.checked));
  const redactFault = h('p', { class: 'fault', hidden: true });
  const redact = h(
    'div',
    { class: 'field' },
    h('label', { class: 'check' }, redactBox, h('span', {}, 'Take the key out of responses that repeat it')),
    h('p', { class: 'help' }, 'Costs about twice the CPU for small JSON.'),
    redactFault,
  );

  /** @type {Record<string, { element: HTMLElement, say: (message: string | undefined) => void }>} */
  const fields = {
    api,
    region: regionField,
    target,
    name: nameField,
    send: { element: sendPlace, say: (message) => send.say(message) },
    secret,
    callers,
    allow,
    keep,
    redact: {
      element: redact,
      say: (message) => {
        redactFault.hidden = message === undefined;
        redactFault.textContent = message ?? '';
      },
    },
  };
  for (const [key, it] of Object.entries(fields))
    it.element.addEventListener('focusout', () => {
      if (!touched.has(key)) return;
      told.add(key);
      say();
    });
  /** @type {Set<string>} */
  const told = new Set();

  // ── The draft ──
  const preview = h('div', { class: 'preview' });
  const general = h('div', {});
  const submit = h('button', { type: 'submit', class: 'button primary' }, isNew ? 'Set up' : 'Save');
  const progress = h('p', { class: 'progress', role: 'status' });

  /** Tells each mistake at its field, and the others above the draft. */
  function say() {
    const remarks = draft.remarks ?? [];
    const left = [];
    const shown = new Map();
    for (const it of remarks) {
      const key = SECTIONS[it.field] ?? it.field;
      const place = fields[key];
      if (place === undefined || place.element.hidden) left.push(it);
      else if ((submitted || told.has(key)) && !shown.has(key)) shown.set(key, it.message);
    }
    for (const [key, it] of Object.entries(fields)) it.say(shown.get(key));
    general.replaceChildren(remarkList(left) || '');
    return shown;
  }

  function draw() {
    const { meant, hunks, remarks = [] } = draft;
    const [error] = remarks.filter((/** @type {any} */ it) => it.severity === 'error');
    if (hunks !== undefined && hunks.length === 0)
      preview.replaceChildren(h('p', { class: 'soft' }, 'Nothing changes.'));
    else if (hunks !== undefined) preview.replaceChildren(diff(hunks));
    else preview.replaceChildren(h('p', { class: 'soft' }, `Not yet: ${error?.message ?? 'the form is empty'}.`));
    const input = /** @type {HTMLInputElement} */ (nameField.element.querySelector('input'));
    input.placeholder = form.api;
    const called = meant?.name ?? (form.name || form.api);
    address.textContent = called === '' ? '' : `Programs call http://${called}.int`;
    if (meant !== undefined) {
      secret.suggest(meant.secret);
      secret.shape(meant.shape);
    }
    say();
  }

  // One question at a time; what was typed meanwhile is asked about next.
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asking = false;
  let again = false;
  function changed() {
    clearTimeout(timer);
    timer = setTimeout(work, PAUSE);
  }
  async function work() {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    preview.setAttribute('aria-busy', 'true');
    try {
      draft = await ask('draft', { json: wish() });
      draw();
    } catch (error) {
      general.replaceChildren(remarkList([{ severity: 'error', message: /** @type {Error} */ (error).message }]) || '');
    } finally {
      asking = false;
      preview.removeAttribute('aria-busy');
      if (again) {
        again = false;
        work();
      }
    }
  }

  // ── Writing it ──
  /** @param {string} text */
  const busy = (text) => {
    submit.disabled = text !== '';
    progress.textContent = text;
  };
  async function write() {
    submitted = true;
    secret.sayOfValue(undefined);
    busy('Checking …');
    draft = await ask('draft', { json: wish() });
    draw();
    if (draft.remarks.some((/** @type {any} */ it) => it.severity === 'error')) return toFirstFault();
    const as = secret.task;
    if (as !== undefined) {
      const value = secret.take();
      if (value === undefined) return secret.sayOfValue('A part of the value is missing.');
      busy('Storing the secret …');
      const { refused } = await store({ as, wish: wish() }, value);
      if (refused !== undefined) return secret.sayOfValue(refused);
      secret.stored();
    }
    busy('Writing the route, and waiting until Envoy has it …');
    const answer = await ask('write', { json: wish() });
    draft = { ...draft, remarks: answer.remarks };
    const { applied } = answer;
    if (applied === undefined) return say();
    if (applied.kind === 'refused') {
      const problems = applied.problems.map((/** @type {string} */ message) => ({ severity: 'error', message }));
      general.replaceChildren(
        remarkList([{ severity: 'error', message: 'The file is as it was.' }, ...problems]) || '',
      );
      return;
    }
    announce(applied.kind === 'in use' ? `${answer.meant.name} is in use` : `${answer.meant.name} is written`);
    show(doneView(answer));
  }
  function toFirstFault() {
    const first = element.querySelector('[aria-invalid=true]');
    if (first instanceof HTMLElement) first.focus();
    else general.scrollIntoView({ block: 'nearest' });
  }

  const card = (/** @type {string} */ title, /** @type {import('./dom.js').Child[]} */ ...children) =>
    h('section', { class: 'card' }, h('h2', {}, title), ...children);
  const left = h(
    'form',
    { novalidate: true, autocomplete: 'off' },
    card('API', source, ofCatalogue, target.element, nameField.element),
    card('How the key is sent', sendPlace),
    card('Secret', secret.element),
    card(
      'Who may use it',
      callers.element,
      allow.element,
      h('details', {}, h('summary', {}, 'More'), keep.element, redact),
    ),
    h('div', { class: 'buttons' }, submit, h('a', { class: 'button', href: '#/' }, 'Cancel'), progress),
  );
  left.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    try {
      await write();
    } catch (error) {
      general.replaceChildren(remarkList([{ severity: 'error', message: /** @type {Error} */ (error).message }]) || '');
    } finally {
      busy('');
    }
  });
  const element = h(
    'div',
    {},
    h('div', { class: 'head' }, h('h1', {}, isNew ? 'Set up an integration' : `Edit ${name}`)),
    h(
      'div',
      { class: 'columns' },
      left,
      h(
        'aside',
        { 'aria-label': 'What will be written' },
        h('div', { class: 'card' }, h('h2', {}, 'What will be written ', h('small', {}, file)), general, preview),
      ),
    ),
  );
  const more = /** @type {HTMLDetailsElement} */ (element.querySelector('details'));
  more.open = form.keep.length > 0 || form.redact;
  work();
  return element;
}
