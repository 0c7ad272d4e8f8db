import { ask, status } from './api.js';
import { announce, h, newId } from './dom.js';
import { diff, remarkList } from './draft.js';

/** @returns {Promise<HTMLElement>} */
export async function listView() {
  const [{ integrations = [], remarks = [] }, now] = await Promise.all([ask('integrations'), status()]);
  const states = new Map((now?.secrets ?? []).map((/** @type {any} */ it) => [it.secret, it]));
  const requests = new Map((now?.integrations ?? []).map((/** @type {any} */ it) => [it.name, it.outcomes]));
  const head = h(
    'div',
    { class: 'head' },
    h(
      'div',
      {},
      h('h1', {}, 'Integrations'),
      h('p', { class: 'lead' }, 'Programs call these without a key; it is added on the way out.'),
    ),
    h('a', { class: 'button primary', href: '#/add' }, 'Set up an integration'),
  );
  if (integrations.length === 0)
    return h(
      'div',
      {},
      head,
      remarkList(remarks),
      remarks.length === 0 &&
        h(
          'div',
          { class: 'card empty' },
          h('p', {}, 'There is none yet. Pick an API, name its secret, and programs can call it.'),
        ),
    );
  return h(
    'div',
    {},
    head,
    h(
      'div',
      { class: 'card table' },
      h(
        'table',
        {},
        h('caption', { class: 'unseen' }, 'Integrations in the file'),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['Name', 'Host', 'Sets', 'Secret', 'Open to', 'Injected'].map((text) =>
              h('th', { scope: 'col', class: text === 'Injected' ? 'number' : '' }, text),
            ),
            h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'Actions')),
          ),
        ),
        h(
          'tbody',
          {},
          integrations.map((/** @type {any} */ it) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, h('a', { href: `#/edit/${encodeURIComponent(it.name)}` }, it.name)),
              h('td', {}, it.target),
              h('td', {}, h('code', {}, it.places.join(', '))),
              h('td', {}, secretState(it.secret, states.get(it.secret))),
              h(
                'td',
                {},
                it.callers.length === 0 ? h('span', { class: 'soft' }, 'whoever reaches it') : it.callers.join(', '),
              ),
              h('td', { class: 'number' }, String(requests.get(it.name)?.injected ?? 0)),
              h(
                'td',
                { class: 'actions' },
                h(
                  'a',
                  {
                    class: 'button quiet',
                    href: `#/edit/${encodeURIComponent(it.name)}`,
                    'aria-label': `Edit ${it.name}`,
                  },
                  'Edit',
                ),
                h(
                  'button',
                  {
                    type: 'button',
                    class: 'quiet danger',
                    'aria-label': `Remove ${it.name}`,
                    onclick: () => remove(it.name),
                  },
                  'Remove',
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/**
 * @param {string} secret
 * @param {{ state: string, failure?: string } | undefined} it
 */
export function secretState(secret, it) {
  const words = it === undefined ? 'not read yet' : it.state === 'dead' ? (it.failure ?? 'missing') : it.state;
  return h(
    'span',
    { class: 'secret-state' },
    h('span', { class: `dot ${it?.state ?? 'unknown'}`, 'aria-hidden': 'true' }),
    h('span', {}, secret, ' ', h('span', { class: it?.state === 'dead' ? 'bad' : 'soft' }, words)),
  );
}

/** @param {string} name */
async function remove(name) {
  const wish = { kind: 'remove', name };
  const { hunks, remarks } = await ask('draft', { json: wish });
  const titleId = newId();
  const problem = h('div', {}, remarkList(remarks));
  const confirm = h('button', { type: 'button', class: 'button danger solid' }, 'Remove');
  const cancel = h('button', { type: 'button', class: 'button' }, 'Cancel');
  confirm.disabled = hunks === undefined || remarks.some((/** @type {any} */ it) => it.severity === 'error');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': titleId },
    h('h2', { id: titleId }, `Remove ${name}?`),
    h('p', {}, 'Requests under way end; the next ones are refused. The secret stays in AWS Secrets Manager.'),
    hunks !== undefined && diff(hunks),
    problem,
    h('div', { class: 'buttons' }, confirm, cancel),
  );
  cancel.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  confirm.addEventListener('click', async () => {
    confirm.disabled = true;
    confirm.textContent = 'Removing …';
    const { applied, remarks: faults = [] } = await ask('write', { json: wish });
    const problems =
      applied?.kind === 'refused'
        ? applied.problems.map((/** @type {string} */ message) => ({ severity: 'error', message }))
        : faults;
    if (applied === undefined || applied.kind === 'refused') {
      problem.replaceChildren(remarkList(problems) || '');
      confirm.textContent = 'Remove';
      confirm.disabled = false;
      return;
    }
    dialog.close();
    announce(`${name} is removed`);
    dispatchEvent(new HashChangeEvent('hashchange'));
  });
  document.body.append(dialog);
  dialog.showModal();
  cancel.focus();
}
