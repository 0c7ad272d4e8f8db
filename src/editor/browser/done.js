import { status } from './api.js';
import { copyable, h } from './dom.js';
import { secretState } from './list.js';

/**
 * What became of an edit, and how the integration is used.
 *
 * @param {{ meant: any, usage: any, applied: { kind: string, message?: string } }} answer
 * @returns {HTMLElement}
 */
export function doneView({ meant, usage, applied }) {
  const inUse = applied.kind === 'in use';
  const state = h('p', {}, secretState(meant.secret, undefined));
  follow(state, meant.secret);
  return h(
    'div',
    { class: 'narrow' },
    h(
      'div',
      { class: `card banner ${inUse ? 'good' : 'wait'}` },
      h('h1', {}, inUse ? `${meant.name} is in use` : `${meant.name} is written`),
      h('p', {}, inUse ? `Envoy sends its requests to ${meant.host}, each with the key.` : (applied.message ?? '')),
      state,
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', {}, 'Try it'),
      usage.commands.map((/** @type {any} */ it) => copyable(it.line, it.from)),
      usage.commands.length === 0 &&
        h('p', {}, `Give Envoy a route to ${meant.host} whose integration is ${meant.name}.`),
    ),
    usage.libraries.length > 0 &&
      h(
        'section',
        { class: 'card' },
        h('h2', {}, 'In a program'),
        usage.libraries.map((/** @type {string} */ line) => library(line)),
      ),
    (meant.notes.length > 0 || meant.documentation) &&
      h(
        'section',
        { class: 'card' },
        h('h2', {}, 'Good to know'),
        meant.notes.map((/** @type {string} */ note) => h('p', {}, note.slice(0, 1).toUpperCase() + note.slice(1))),
        meant.documentation &&
          h(
            'p',
            {},
            'How the key is sent: ',
            h('a', { href: meant.documentation, rel: 'noreferrer', target: '_blank' }, meant.documentation),
          ),
      ),
    h(
      'div',
      { class: 'buttons' },
      h('a', { class: 'button primary', href: '#/' }, 'All integrations'),
      h('a', { class: 'button', href: '#/add' }, 'Set up another'),
    ),
  );
}

/**
 * A line, and the comment behind it as words above it.
 *
 * @param {string} line
 */
function library(line) {
  const [, code = line, comment = ''] = /^(.*?) {4}(?:#|\/\/) (.*)$/.exec(line) ?? [];
  return line.startsWith('# ') ? h('p', {}, line.slice(2)) : copyable(code, comment);
}

/**
 * Shows what has become of the secret, as long as it is looked at.
 *
 * @param {HTMLElement} place
 * @param {string} secret
 */
async function follow(place, secret) {
  const now = await status();
  const it = now?.secrets.find((/** @type {any} */ one) => one.secret === secret);
  if (it !== undefined) place.replaceChildren(secretState(secret, it));
  setTimeout(() => {
    if (place.isConnected) follow(place, secret);
  }, 1000);
}
