import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddError } from '../../src/add/add-error.ts';
import { removeFromText } from '../../src/add/remove-from-text.ts';
import type { WantedOptions } from '../../src/add/wanted.ts';
import { checkText } from '../../src/check/check-file.ts';
import { ALWAYS_STRIPPED } from '../../src/credentials/callers-own.ts';
import { examine } from '../../src/integrations/examine.ts';
import { CatalogueError } from '../../src/integrations/problem.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { relaid } from './layouts.ts';
import { added, FILE, GOOD, optionsFor, WITHOUT_NAMES_OF_THE_CATALOGUE } from './support.ts';

const HOST =
  '{ name: a, domains: [a.int], routes: [{ match: { prefix: / }, route: { cluster: c, host_rewrite_literal: a.example }, metadata: { filter_metadata: { attache: { integration: a, secret: a, bearer: "{{ . }}" } } } }] }';
const ITEM = '{ integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }';

/** The repository's own configuration without the listeners that have ports. */
const SMALL = GOOD.replace(/\n {2}- name: egress\n[\s\S]*(?=\n {2}clusters:\n)/, '\n').replaceAll('*dead_peers', '{}');

/** The least to which any API can be added, with what Attaché may write for most of them still to be added. */
const LEAST = `static_resources:
  listeners:
  - name: routes
    bind_to_port: false
    filter_chains:
    - filters:
      - typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          route_config:
            virtual_hosts:
            - name: here
              domains: [here.int] # of nobody
  clusters:
  - name: internet
    cluster_type: { typed_config: { "@type": type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig } }
    typed_extension_protocol_options:
      http:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        http_filters:
        - typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor
            grpc_service: { envoy_grpc: { cluster_name: attache } }
            allow_mode_override: true
            mutation_rules: { disallow_all: true, allow_expression: { regex: '${ALWAYS_STRIPPED.join('|')}|x-attache-error' } }
`;

/** Every shape of options that changes what is written. */
const SHAPES: readonly WantedOptions[] = [
  { bearer: '{{ api_key }}' },
  { basic: '{{ user }}:{{ password }}', caller: ['10.1.0.0/16', 'tag:agents'], allow: ['GET /v1/**'] },
  { header: ['x-thing={{ a }}', 'x-other-thing={{ b }}'], keep: ['cookie'], strip: ['query:key', 'x-mine'] },
  { query: ['key={{ api_key }}'], redact: true },
  { path: '/bot{{ token }}' },
  { awsSigv4: 'sns:eu-west-1', maxBody: '8MiB', redact: true },
];

describe('adding and removing', () => {
  it('gives the very bytes from before, for every API of the catalogue', () => {
    const widened = new Set<string>();
    for (const name of VENDORS.keys()) {
      const addition = added(LEAST, name, optionsFor(name));
      const removal = removeFromText(FILE, addition.text, name);
      expect(removal.text, name).toBe(LEAST);
      expect(removal.narrowed?.headers, name).toEqual(addition.widened?.headers);
      if (addition.widened !== undefined) widened.add(name);
    }
    expect(widened.size).toBeGreaterThan(10);
  });

  it.each([
    ['lines of envoy.yaml', SMALL],
    ['line ends of two characters', SMALL.replaceAll('\n', '\r\n')],
    [
      'no last line end',
      `${SMALL.slice(0, SMALL.indexOf('\n  clusters:\n'))
        .replaceAll(/^ *# ─.*\n/gm, '')
        .trimEnd()}`,
    ],
    [
      'a list of lines',
      'integrations:\n  - integration: a\n    host: a.example\n    secret: prod/a\n    bearer: "{{ . }}"',
    ],
    ['a list of one line each', `# mine\nintegrations:\n# first\n- ${ITEM} # why\n\n# the end`],
    ['a list in brackets', `integrations: [${ITEM}] # all`],
    ['a list in brackets that ends with a comma', `integrations: [\n  ${ITEM}, # a\n  # last\n]\n`],
    ['an empty list', 'integrations: [ ] # none\n'],
    ['an empty list of JSON', '{\n  "integrations": []\n}\n'],
    ['an empty list of JSON in one line', '{"integrations":[]}'],
    ['virtual hosts in brackets', `virtual_hosts: [${HOST}] # all of them\n`],
  ])('gives the very bytes from before, in whichever shape: %s', (_, before) => {
    for (const shape of SHAPES) {
      const options = { target: 'https://api.example.com', ...shape };
      let after: string;
      try {
        after = added(before, 'new', options).text;
      } catch (error) {
        if (error instanceof AddError) continue;
        throw error;
      }
      expect(removeFromText(FILE, after, 'new').text).toBe(before);
    }
  });

  it('gives the very bytes from before, in any layout in which it can be added', () => {
    let removals = 0;
    fc.assert(
      fc.property(fc.array(relaid, { minLength: 1, maxLength: 3 }), fc.constantFrom(...SHAPES), (edits, shape) => {
        const before = edits.reduce((text, edit) => edit(text), SMALL);
        let after: string;
        try {
          after = added(before, 'new', { target: 'https://api.example.com', ...shape }).text;
        } catch (error) {
          if (error instanceof AddError || error instanceof CatalogueError) return;
          throw error;
        }
        removals += 1;
        expect(removeFromText(FILE, after, 'new').text).toBe(before);
      }),
      { numRuns: 30 },
    );
    expect(removals).toBeGreaterThan(5);
  });

  it('gives them in any order, though some need the same header', async () => {
    const names = ['first', 'second', 'third'];
    const options = { target: 'https://api.example.com', header: ['x-thing={{ a }}'] };
    for (const order of [
      [0, 1, 2],
      [1, 0, 2],
      [2, 0, 1],
    ]) {
      let text = SMALL;
      for (const name of names) text = added(text, name, options).text;
      for (const [step, index] of order.entries()) {
        const { text: less, narrowed } = removeFromText(FILE, text, names[index] ?? '');
        expect(narrowed?.headers).toEqual(step === 2 ? ['x-thing'] : undefined);
        text = less;
      }
      expect(text).toBe(SMALL);
    }
  });
});

describe('removing from envoy.yaml', () => {
  it.each(['stripe', 'openai', 'anthropic'])('takes the lines of %s and one blank line, and is valid', async (name) => {
    const { text, secret, isLive } = removeFromText(FILE, GOOD, name);

    const lines = GOOD.split('\n');
    const first = lines.indexOf(`            - name: ${name}`);
    const length = lines.slice(first).findIndex((line, index) => index > 0 && /^ {0,12}(?:-|#|$)/.test(line));
    const isFirst = name === 'stripe';
    expect(text).toBe(lines.toSpliced(isFirst ? first : first - 1, length + 1).join('\n'));
    expect({ secret, isLive }).toEqual({ secret: { id: `prod/${name}`, usedBy: [] }, isLive: true });
    expect(await checkText(FILE, text)).toEqual([]);
  });

  it('removes the last one', async () => {
    const text = ['stripe', 'openai', 'anthropic'].reduce((now, name) => removeFromText(FILE, now, name).text, GOOD);

    expect([...examine(FILE, text).catalogue]).toEqual([]);
    expect(text).toContain('# ── The integrations ──');
    expect((await checkText(FILE, text)).map(({ severity, reason }) => [severity, reason])).toEqual([
      ['warning', 'the file has no integration, so no request gets a key'],
    ]);
    expect(await checkText(FILE, added(text, 'resend').text)).toEqual([]);
  });

  it('leaves an empty list where nothing else stands in it', () => {
    const list = `# mine\nintegrations: &all # these\n# first\n- ${ITEM}\n# the end\n`;

    const { text } = removeFromText(FILE, list, 'a');

    expect(text).toBe('# mine\nintegrations: &all [] # these\n# first\n# the end\n');
    expect(removeFromText(FILE, added(text, 'resend').text, 'resend').text).toBe(text);
  });

  it('tells who else uses its secret', () => {
    const shared = GOOD.replace('secret: prod/openai ', 'secret: prod/stripe ');

    expect(removeFromText(FILE, shared, 'stripe').secret).toEqual({ id: 'prod/stripe', usedBy: ['openai'] });
  });

  it('takes all routes of one that has several, in a virtual host of its own or in one that others share', () => {
    const host = (name: string, routes: string[]) =>
      `- name: ${name}\n  domains: [${name}.int]\n  routes:\n${routes.map((it) => `  - ${it}\n`).join('')}`;
    const route = (prefix: string, block: string) =>
      `{ match: { prefix: ${prefix} }, route: { cluster: c, host_rewrite_literal: a.example }, metadata: { filter_metadata: { attache: { ${block} } } } }`;
    const a = 'integration: a, secret: a, bearer: "{{ . }}"';
    const b = 'integration: b, secret: b, bearer: "{{ . }}"';
    const before = `virtual_hosts:\n${host('a', [route('/x', a), route('/', 'integration: a')])}${host('both', [route('/a', 'integration: a'), route('/b', b)])}`;

    const removal = removeFromText(FILE, before, 'a');

    expect(removal.text).toBe(`virtual_hosts:\n${host('both', [route('/b', b)])}`);
    expect(removal).toMatchObject({ stays: ['both'], line: 2, isLive: false });
  });

  it('keeps each comment that is not in it, in brackets too', () => {
    const list = (items: string) => `integrations: [\n  # all\n${items}\n]\n`;
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ITEM.replace('integration: a', `integration: ${name}`));
    const before = list(`  ${a}, # about a\n  # about b too\n  ${b}, # about b\n  # about c too\n  ${c} # about c`);

    expect(removeFromText(FILE, before, 'a').text).toBe(
      list(`  # about b too\n  ${b}, # about b\n  # about c too\n  ${c} # about c`),
    );
    expect(removeFromText(FILE, before, 'b').text).toBe(
      list(`  ${a}, # about a\n  # about b too\n  # about c too\n  ${c} # about c`),
    );
    expect(removeFromText(FILE, before, 'c').text).toBe(
      list(`  ${a}, # about a\n  # about b too\n  ${b} # about b\n  # about c too # about c`),
    );
  });
});

describe('removing is refused', () => {
  it.each([
    ['a misspelt name', GOOD, 'strpie', /^envoy\.yaml has no integration named "strpie"; did you mean stripe\?$/],
    [
      'the name that the catalogue has for it',
      added(WITHOUT_NAMES_OF_THE_CATALOGUE, 'resend', { name: 'mails' }).text,
      'resend',
      /no integration named "resend"; did you mean mails, which is for api\.resend\.com\?$/,
    ],
    ['a name like no other', GOOD, 'zzz', /no integration named "zzz"; attache list shows those that it has$/],
    ['a file without any', 'integrations: []\n', 'a', /no integration named "a"; it has none at all$/],
    [
      'one that others refer to',
      GOOD.replace('basic: { username: "{{ api_key }}" }', 'basic: &key { username: "{{ api_key }}" }').replace(
        'bearer: "{{ api_key }}"',
        'basic: *key',
      ),
      'stripe',
      /^integration stripe has the anchor &key, which is used elsewhere \(\*key, envoy\.yaml:\d+\); move what it stands for to there first$/,
    ],
    [
      'one that stands behind an alias',
      GOOD.replace('- name: stripe', '- &host\n              name: stripe').replace(
        '            - name: openai',
        '            - *host\n\n            - name: openai',
      ),
      'stripe',
      /^integration stripe has the anchor &host, which is used elsewhere/,
    ],
    ['a list in a list', `integrations:\n- - x\n- ${ITEM}\n`.replace('- - x\n- ', '- ? '), 'a', /no integration named/],
  ])('%s', (_, text, name, message) => {
    expect(() => removeFromText(FILE, text, name)).toThrow(AddError);
    expect(() => removeFromText(FILE, text, name)).toThrow(message);
  });
});
