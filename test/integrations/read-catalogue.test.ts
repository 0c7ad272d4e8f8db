import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { privateFolder } from '../../local/guard.ts';
import { CatalogueError, formatProblem } from '../../src/integrations/problem.ts';
import { parseCatalogue, readCatalogue } from '../../src/integrations/read-catalogue.ts';
import { atOnce, version } from '../credentials/support.ts';

const ENVOY = readFileSync('envoy/envoy.yaml', 'utf8');

/** A route of Envoy for an integration, as plain values. */
const route = (block: unknown, host = 'api.example.com') => ({
  match: { prefix: '/' },
  route: { cluster: 'internet', host_rewrite_literal: host },
  metadata: { filter_metadata: { attache: block } },
});

const envoy = (...routes: unknown[]) => ({
  static_resources: {
    listeners: [
      {
        filter_chains: [
          { filters: [{ typed_config: { route_config: { virtual_hosts: [{ name: 'v', domains: ['*'], routes }] } } }] },
        ],
      },
    ],
  },
});

const read = (value: unknown) =>
  parseCatalogue('envoy.yaml', typeof value === 'string' ? value : stringify(value)).catalogue;

function problemsOf(text: string): string[] {
  try {
    parseCatalogue('envoy.yaml', text);
    return [];
  } catch (error) {
    if (!(error instanceof CatalogueError)) throw error;
    return error.problems.map(formatProblem);
  }
}

describe('the configuration of this repository', () => {
  it('holds three integrations, each with its host, its secret and where it is defined', () => {
    const { catalogue, warnings } = readCatalogue('envoy/envoy.yaml');

    expect(warnings).toEqual([]);
    expect(
      [...catalogue].map(({ name, host, secretId, places, templates }) => [
        name,
        host,
        secretId,
        places,
        templates.flatMap((it) => it.references),
      ]),
    ).toEqual([
      ['stripe', 'api.stripe.com', 'prod/stripe', ['authorization'], ['api_key']],
      ['openai', 'api.openai.com', 'prod/openai', ['authorization'], ['api_key']],
      ['anthropic', 'api.anthropic.com', 'prod/anthropic', ['x-api-key'], ['.']],
    ]);
    const line = ENVOY.split('\n').findIndex((text) => text.includes('integration: stripe')) + 1;
    expect(catalogue.get('stripe')?.where).toBe(`envoy/envoy.yaml:${line}`);
    expect(catalogue.get('stripe')?.secretAt.line).toBe(line + 1);
  });

  it('turns a secret into headers', () => {
    const { catalogue } = readCatalogue('envoy/envoy.yaml');

    const injector = catalogue.get('openai')?.injector;
    if (injector === undefined) throw new Error('no openai');

    expect(atOnce(injector, version('{"api_key":"k"}')).set.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      'authorization: Bearer k',
    ]);
  });
});

describe('a catalogue', () => {
  it('knows each integration by its name, and no other', () => {
    const catalogue = read(envoy(route({ integration: 'a', secret: 's', bearer: '{{ . }}' })));

    expect(catalogue.get('a')?.name).toBe('a');
    expect(catalogue.get('b')).toBeUndefined();
    expect(catalogue.get('constructor')).toBeUndefined();
  });

  it('names each secret once', () => {
    const blocks = ['a', 'b'].map((integration) => route({ integration, secret: 's', bearer: '{{ . }}' }));

    expect([...read(envoy(...blocks)).secretIds]).toEqual(['s']);
  });

  it('cannot be changed', () => {
    const integration = read(envoy(route({ integration: 'a', secret: 's', bearer: '{{ . }}' }))).get('a');

    expect(() => Object.assign(integration ?? {}, { host: 'evil.example.com' })).toThrow(TypeError);
  });
});

describe('a configuration of Envoy', () => {
  it('may be written with the names of protobuf JSON', () => {
    const text = ENVOY.replaceAll('virtual_hosts', 'virtualHosts')
      .replaceAll('filter_metadata:', 'filterMetadata:')
      .replaceAll('host_rewrite_literal', 'hostRewriteLiteral');

    expect(read(text).size).toBe(3);
  });

  it('may be JSON', () => {
    const text = JSON.stringify(envoy(route({ integration: 'a', secret: 's', bearer: '{{ . }}' })));

    expect(read(text).size).toBe(1);
  });

  it('may be a file for RDS', () => {
    const routes = [route({ integration: 'a', secret: 's', bearer: '{{ . }}' })];

    expect(
      read({ resources: [{ '@type': 'x.RouteConfiguration', virtual_hosts: [{ name: 'v', routes }] }] }).size,
    ).toBe(1);
  });

  it('may be a file for VHDS', () => {
    const routes = [route({ integration: 'a', secret: 's', bearer: '{{ . }}' })];

    expect(
      read({ resources: [{ '@type': 'type.googleapis.com/envoy.config.route.v3.VirtualHost', name: 'v', routes }] })
        .size,
    ).toBe(1);
  });

  it('may define an integration on one route and refer to it on others, before and after', () => {
    const definition = route({ integration: 'a', secret: 's', bearer: '{{ . }}' });
    const reference = route({ integration: 'a' });

    const catalogue = read(envoy(reference, definition, reference));

    expect([...catalogue].map(({ secretId }) => secretId)).toEqual(['s']);
  });

  it('may use one block on several routes by an alias', () => {
    const text = ENVOY.replace(
      'attache:\n                      integration: stripe',
      'attache: &stripe\n                      integration: stripe',
    ).replace(
      '            - name: openai\n',
      `            - name: again
              domains: [again.int]
              routes:
              - { route: { cluster: internet, host_rewrite_literal: api.stripe.com }, metadata: { filter_metadata: { attache: *stripe } } }
            - name: openai\n`,
    );

    expect(text).toContain('*stripe');
    expect(read(text).size).toBe(3);
  });

  it('may hold several kinds of credential that write different headers', () => {
    const catalogue = read(
      envoy(
        route({
          integration: 'a',
          secret: 's',
          bearer: '{{ key }}',
          headers: { 'X-Org': 'acme', 'X-Key': '{{ key }}' },
        }),
      ),
    );

    expect(catalogue.get('a')?.places).toEqual(['authorization', 'x-org', 'x-key']);
  });

  it('is told every mistake at once, in its order', () => {
    const text = ENVOY.replace('secret: prod/stripe ', 'secrets: prod/stripe ')
      .replace('host_rewrite_literal: api.openai.com', 'auto_host_rewrite: true')
      .replace('headers: { x-api-key: "{{ . }}" }', 'headers: { x-api-key: sk-ant-4711 }');

    const problems = problemsOf(text);

    expect(problems).toEqual([
      expect.stringMatching(/integration stripe names no secret/),
      expect.stringMatching(/"secrets" is no key of an attache block; did you mean secret\?/),
      expect.stringMatching(/auto_host_rewrite does not pin the host/),
      expect.stringMatching(/headers has no reference into the secret/),
    ]);
    expect(problems.join()).not.toContain('4711');
  });

  it('may name five thousand secrets, and no more', () => {
    const blocks = (number: number) =>
      envoy(
        ...Array.from({ length: number }, (_, index) =>
          route({ integration: `i${index}`, secret: `s${index}`, bearer: '{{ . }}' }),
        ),
      );

    expect(read(blocks(5_000)).size).toBe(5_000);
    expect(problemsOf(stringify(blocks(5_001)))).toEqual([
      expect.stringContaining('error: more than 5000 different secrets'),
    ]);
  });
});

describe('a plain list', () => {
  it('holds the same blocks, each with its host', () => {
    const catalogue = read(
      'integrations:\n- { integration: a, host: "api.example.com:8443", secret: s, basic: { username: "{{ . }}" } }\n',
    );

    expect([...catalogue].map(({ name, host, secretId }) => [name, host, secretId])).toEqual([
      ['a', 'api.example.com:8443', 's'],
    ]);
  });
});

describe('the secret of an integration', () => {
  it.each([
    'prod/api',
    'rds!cluster-1',
    'a',
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/api-AbC123',
    'arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:x-AbC123',
  ])('may be %s', (secret) => {
    const { warnings } = parseCatalogue(
      'envoy.yaml',
      stringify(envoy(route({ integration: 'a', secret, bearer: '{{ . }}' }))),
    );

    expect(warnings).toEqual([]);
  });
});

describe('a file that cannot be read', () => {
  const directory = privateFolder();

  it('is named, with the setting that names it', () => {
    const file = join(directory, 'none.yaml');

    expect(() => readCatalogue(file)).toThrow(
      `${file}:1:1: error: there is no such file; name the right file in ATTACHE_CONFIG or --config`,
    );
  });

  it('may be a directory', () => {
    expect(() => readCatalogue(directory)).toThrow('error: this is a directory');
  });

  it('may be in another encoding', () => {
    const file = join(directory, 'latin1.yaml');
    writeFileSync(file, Buffer.from('integrations: [] # \xe9', 'latin1'));

    expect(() => readCatalogue(file)).toThrow('error: the file is not in UTF-8; save it in UTF-8');
  });
});

describe('any text', () => {
  /** Reads it, and fails for every outcome but a catalogue and a CatalogueError. */
  const survives = (text: string) => {
    for (const problem of problemsOf(text)) expect(problem).toMatch(/^envoy\.yaml:\d+:\d+: (error|warning): .+; .+$/);
  };

  it('is read or refused with problems, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), survives), { numRuns: 500 });
  });

  it('is read or refused with problems when it is a configuration with a mistake anywhere', { timeout: 60_000 }, () => {
    const snippet = fc.constantFrom(
      '',
      ' ',
      '\n',
      ':',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '*',
      '&x ',
      '*x',
      '<<: ',
      '!',
      '|',
      '>',
      '? ',
      '#',
      '\t',
      '%',
      'null',
      '~',
      '0',
      'y',
      '__proto__: ',
      'attache: ',
      'routes: ',
      'metadata: ',
    );
    const edit = fc.tuple(fc.nat(ENVOY.length), fc.nat(40), snippet);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        survives(
          edits.reduce((text, [at, length, words]) => text.slice(0, at) + words + text.slice(at + length), ENVOY),
        );
      }),
      { numRuns: 80 },
    );
  });

  it('is read or refused with problems when a block holds any values', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('integration', 'secret', 'bearer', 'basic', 'headers', 'callers', 'x'),
          fc.jsonValue(),
        ),
        (block) => {
          survives(stringify(envoy(route(block))));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is refused when it is nested deeper than any configuration', () => {
    const deep = `integrations: ${'['.repeat(20_000)}${']'.repeat(20_000)}`;

    expect(problemsOf(deep)).not.toEqual([]);
  });

  it('comes back from YAML as it went in', () => {
    const name = fc
      .stringMatching(/^[a-z][a-z0-9_-]{2,20}$/)
      .filter((text) => !['yes', 'off', 'null', 'true', 'false'].includes(text));
    const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const secret = fc.stringMatching(/^[A-Za-z0-9/_+=.@!]{1,40}$/).filter((text) => !text.startsWith('arn:'));
    const field = fc.stringMatching(/^\w{1,12}$/);
    fc.assert(
      fc.property(name, fc.tuple(label, label), secret, field, (integration, labels, secretId, reference) => {
        const host = labels.join('.');
        const [found] = read(envoy(route({ integration, secret: secretId, bearer: `{{ ${reference} }}` }, host)));
        expect([found?.name, found?.host, found?.secretId, found?.templates[0]?.references]).toEqual([
          integration,
          host,
          secretId,
          [reference],
        ]);
      }),
    );
  });
});
