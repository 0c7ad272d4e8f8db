import { describe, expect, it } from 'vitest';
import { AddError } from '../../src/add/add-error.ts';
import { renameInText } from '../../src/add/rename-in-text.ts';
import { checkText } from '../../src/check/check-file.ts';
import { examine } from '../../src/integrations/examine.ts';
import { FILE, GOOD } from './support.ts';

const ITEM = '{ integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }';

describe('renaming an integration', () => {
  it('changes its block, its virtual host and its domains, and nothing else', async () => {
    const { text, line, ...rest } = renameInText(FILE, GOOD, 'stripe', 'payments');

    const lines = GOOD.split('\n');
    const first = lines.indexOf('            - name: stripe');
    const changed = text.split('\n').flatMap((now, index) => (now === lines[index] ? [] : [index - first]));
    expect(changed).toEqual([0, 1, 9]);
    expect(line).toBe(first + 1);
    expect(text).toContain(
      [
        '            - name: payments',
        '              domains: [payments.int, payments.int.localhost]',
        '              routes:\n',
      ].join('\n'),
    );
    expect(rest).toEqual({
      domains: [
        ['stripe.int', 'payments.int'],
        ['stripe.int.localhost', 'payments.int.localhost'],
      ],
      secret: 'prod/stripe',
      isEnvoy: true,
      isLive: true,
    });
    expect([...examine(FILE, text).catalogue].map(({ name, secretId }) => [name, secretId])).toEqual([
      ['payments', 'prod/stripe'],
      ['openai', 'prod/openai'],
      ['anthropic', 'prod/anthropic'],
    ]);
    expect(await checkText(FILE, text)).toEqual([]);
    expect(renameInText(FILE, text, 'payments', 'stripe').text).toBe(GOOD);
  });

  it.each([
    ['a plain list', `# mine\nintegrations:\n- ${ITEM} # a\n`],
    ['JSON', '{"integrations":[{"integration":"a","host":"a.example","secret":"prod/a","bearer":"{{ . }}"}]}'],
    ['single quotes', `integrations: [${ITEM.replace('integration: a', "integration: 'a'")}]`],
    [
      'ports, and several routes',
      `virtual_hosts:\r\n- name: a\r\n  domains: ["a.int:*", a.int]\r\n  routes:\r\n  - { match: { prefix: /x }, route: { cluster: c, host_rewrite_literal: a.example }, metadata: { filter_metadata: { attache: { integration: a, secret: s, bearer: "{{ . }}" } } } }\r\n  - { match: { prefix: / }, route: { cluster: c, host_rewrite_literal: a.example }, metadata: { filter_metadata: { attache: { integration: a } } } }\r\n`,
    ],
  ])('there and back gives the very bytes from before: %s', (_, before) => {
    const { text } = renameInText(FILE, before, 'a', 'b-2');

    expect(text.replaceAll('b-2', 'a')).toBe(before);
    expect([...examine(FILE, text).catalogue].map(({ name }) => name)).toEqual(['b-2']);
    expect(renameInText(FILE, text, 'b-2', 'a').text).toBe(before);
  });

  it('leaves domains that are not made of the name, and a virtual host that others share', () => {
    const own = GOOD.replace('[stripe.int, stripe.int.localhost]', '[api.stripe.internal]');
    expect(renameInText(FILE, own, 'stripe', 'payments')).toMatchObject({
      domains: [],
      text: expect.stringContaining('- name: payments\n              domains: [api.stripe.internal]'),
    });

    const route = (prefix: string, name: string) =>
      `{ match: { prefix: ${prefix} }, route: { cluster: c, host_rewrite_literal: a.example }, metadata: { filter_metadata: { attache: { integration: ${name}, secret: s, bearer: "{{ . }}" } } } }`;
    const shared = `virtual_hosts: [{ name: a, domains: [a.int], routes: [${route('/a', 'a')}, ${route('/b', 'b')}] }]\n`;
    expect(renameInText(FILE, shared, 'a', 'c').text).toBe(shared.replace('integration: a', 'integration: c'));
  });

  it.each([
    ['a misspelt name', GOOD, 'opnai', 'x', /no integration named "opnai"; did you mean openai\?$/],
    ['the same name', GOOD, 'stripe', 'stripe', /^integration stripe has that name already$/],
    ['a name that is none', GOOD, 'stripe', 'Pay', /^"Pay" is no name of an integration; begin with a lower-case/],
    ['a word that Envoy does not read as a text', GOOD, 'stripe', 'on', /Envoy does not read on as a text/],
    [
      'the name of another one',
      GOOD,
      'stripe',
      'openai',
      /^integration openai exists already \(envoy\.yaml:\d+\); choose another name$/,
    ],
    [
      'the name of a virtual host',
      GOOD,
      'stripe',
      'tunnels',
      /^a virtual host tunnels exists already \(envoy\.yaml:\d+\); choose another name$/,
    ],
    [
      'a name with an anchor',
      GOOD.replace('integration: stripe', 'integration: &it stripe'),
      'stripe',
      'payments',
      /^integration stripe is named at envoy\.yaml:\d+ in a way that cannot be rewritten; write its name out there$/,
    ],
  ])('is refused for %s', (_, text, name, next, message) => {
    expect(() => renameInText(FILE, text, name, next)).toThrow(AddError);
    expect(() => renameInText(FILE, text, name, next)).toThrow(message);
  });
});
