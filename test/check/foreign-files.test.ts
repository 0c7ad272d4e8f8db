import { describe, expect, it } from 'vitest';
import { addToText } from '../../src/add/add-to-text.ts';
import { wanted } from '../../src/add/wanted.ts';
import { checkText } from '../../src/check/check-file.ts';
import { initText } from '../../src/init/init-text.ts';
import { formatProblem } from '../../src/integrations/problem.ts';
import { foreign } from '../init/shapes.ts';
import { edited } from './support.ts';

/** What a check says of a text, a line each, in the words of the command. */
async function said(file: string, text = foreign(file)): Promise<string[]> {
  return (await checkText(file, text)).map(formatProblem);
}

const KEY = 'sk_live_NotARealKeyButItLooksLikeOne';

/** A route of which one line is in question, and a filter beside it. */
function withRoute(line: string, filter = ''): string {
  return foreign('static-clusters.yaml')
    .replace('- header: { key: Authorization, value: "Bearer sk_live_NotARealKeyButItLooksLikeOne" }', line)
    .replace('          http_filters:\n', `          http_filters:\n${filter}`);
}

describe('attache check of a file without Attaché', () => {
  it.each<[file: string, words: RegExp]>([
    [
      'static-clusters.yaml',
      /^static-clusters\.yaml:1:1: warning: this is an Envoy configuration in YAML \(1 listener, 1 route, 1 cluster\), and nothing/,
    ],
    ['json.json', /an Envoy configuration in JSON \(1 listener, 1 route, 1 cluster\), and nothing/],
    ['json-in-one-line.json', /an Envoy configuration in JSON \(1 listener, 1 route, 1 cluster\), and nothing/],
    ['xds-only.yaml', /\(0 listeners, 0 routes, 1 cluster\), which gets listeners, routes or clusters by xDS besides/],
    ['mesh-gateway.yaml', /whose routes come by RDS/],
    ['no-routes.yaml', /which has no HTTP connection manager/],
    ['empty-routes.yaml', /which has no routes/],
    ['two-listeners.yaml', /\(2 listeners, 2 routes, 1 cluster\)/],
  ])('says what %s is, what it lacks and what to type', async (file, words) => {
    const [first] = await said(file);

    expect(first).toMatch(words);
    expect(first).toContain('it lacks a cluster where Attaché is, a cluster with the filter that asks it, and a route');
    expect(first).toContain(`type attache init ${file}`);
  });

  it.each(['version-2.yaml', 'version-2-types.yaml', 'config-map.yaml', 'config-dump.json', 'template.yaml'])(
    'says in one line what is the matter with %s',
    async (file) => {
      expect(await said(file)).toHaveLength(1);
    },
  );

  it('advises what a file of routes for RDS can do', async () => {
    expect((await said('routes-for-rds.yaml')).join('\n')).not.toContain('attache init');
  });
});

describe('attache check finds a key that is written out', () => {
  it.each<[what: string, text: string, place: string, words: string]>([
    ['in a header of a route', foreign('static-clusters.yaml'), '21:49', 'Authorization is written out here'],
    [
      'in a header that only its value betrays',
      withRoute(`- header: { key: x-partner, value: "${KEY}" }`),
      '21:45',
      'x-partner is written out here',
    ],
    [
      'in a header of an API of the catalogue',
      withRoute('- header: { key: xi-api-key, value: "0123456789abcdef" }'),
      '21:46',
      'xi-api-key is written out here',
    ],
    [
      'in a filter that changes headers',
      withRoute(
        '',
        '          - name: h\n            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation, mutations: { request_mutations: [{ append: { header: { key: x-api-key, value: not-a-real-key } } }] } }\n',
      ).replace('                request_headers_to_add:\n', ''),
      '23:',
      'x-api-key is written out here',
    ],
    [
      'in a secret of the credential injector',
      foreign('credential-injector.yaml'),
      '6:9',
      'secret is written out here',
    ],
    [
      'in a script',
      foreign('lua-headers.yaml'),
      '27:1',
      'the script sets authorization, and its key is written out here',
    ],
    [
      'in a table of a script in quotes',
      foreign('lua-headers.yaml').replace(
        /inline_string: \|[\s\S]*?end\n/,
        `inline_string: "function envoy_on_request(h) h:httpCall('c', { ['x-api-key'] = 'not-a-real-key' }) end"\n`,
      ),
      '24:64',
      'the script sets x-api-key',
    ],
  ])('%s', async (_, text, place, words) => {
    const lines = await said('envoy.yaml', text);

    const found = lines.filter((line) => line.includes('written out here'));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^envoy\\.yaml:${place}`));
    expect(found[0]).toContain(`warning: ${words}`);
    expect(found[0]).toContain('AWS Secrets Manager');
    for (const value of [KEY, 'not-a-real', '0123456789abcdef', 'abcdef0123'])
      expect(lines.join('\n')).not.toContain(value);
  });

  it.each([
    '- header: { key: authorization, value: "Bearer $(TOKEN)" }',
    '- header: { key: authorization, value: "{{ token }}" }',
    '- header: { key: x-api-key, value: "%REQ(x-mine)%" }',
    '- header: { key: x-env, value: production }',
    '- header: { key: x-request-id, value: "%STREAM_ID%" }',
  ])('and none in %s', async (line) => {
    expect((await said('envoy.yaml', withRoute(line))).filter((it) => it.includes('written out'))).toEqual([]);
  });

  it('calls it an error when the destination of an integration gets it too', async () => {
    const { text } = initText('envoy.yaml', foreign('empty-routes.yaml'), { listener: 'new' });
    const added = addToText('envoy.yaml', text, wanted('stripe', {})).text;
    const headers = (name: string) =>
      edited(
        added,
        'name: none_yet',
        `request_headers_to_add: [{ header: { key: ${name}, value: "${KEY}" } }], name: none_yet`,
      );

    expect(await said('envoy.yaml', headers('x-partner'))).toContainEqual(
      expect.stringContaining(
        'error: x-partner is written out here for all routes, so the destination of integration stripe gets it too',
      ),
    );
    // Attaché takes this one away.
    expect((await said('envoy.yaml', headers('authorization'))).filter((line) => line.includes('error'))).toEqual([]);
  });
});

describe('attache check of filters that act on requests with a key', () => {
  it.each<[file: string, listener: string, words: string]>([
    ['dynamic-forward-proxy.yaml', 'egress', 'looks up the host that the caller of integration stripe named'],
    [
      'credential-injector.yaml',
      'partners',
      'puts a key of its own into x-partner-signature, which the destination of integration stripe gets',
    ],
  ])('refuses %s where nothing switches it off', async (file, listener, words) => {
    const { text } = initText(file, foreign(file), { listener });
    const added = addToText(file, text, wanted('stripe', {})).text;
    const errors = async (it: string) => (await said(file, it)).filter((line) => line.includes(': error: '));

    expect(await errors(added)).toEqual([]);
    expect(
      await errors(added.replace(/^ *envoy\.filters\.http\.(?:dyn|cred)\w+: \{.*disabled: true \}\n/m, '')),
    ).toEqual([expect.stringContaining(words)]);
  });

  it('notices a filter that says what is sent again and is off', async () => {
    const { text } = initText('a.yaml', foreign('ext-authz.yaml'), { listener: 'guarded' });
    const added = addToText('a.yaml', text, wanted('stripe', {})).text;
    const about = async (it: string) => (await said('a.yaml', it)).filter((line) => line.includes('not sent again'));

    expect(await about(added)).toEqual([]);
    expect(await about(added.replace(/^ *repeatable: \{.*\n/m, ''))).toEqual([
      expect.stringContaining('switch the filter that says so on'),
    ]);
  });
});
