import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deriveEnvoyConfig } from '../../local/derive-envoy-config.ts';
import { privateFolder } from '../../local/guard.ts';
import { checkFile } from '../../src/check/check-elsewhere.ts';
import { checkText, judgeText } from '../../src/check/check-file.ts';
import { formatProblem } from '../../src/integrations/problem.ts';
import { SecretError } from '../../src/secrets/secret-error.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import type { SecretSource } from '../../src/secrets/secrets-manager.ts';
import { edited, FILE, findings, GOOD, placeOf } from './support.ts';

/** Secrets by name; others do not exist. Counts its reads. */
function source(secrets: Record<string, string>): SecretSource & { reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    fetch: async (id) => {
      reads.push(id);
      const value = secrets[id];
      if (value === undefined) throw new SecretError(id, 'secret_not_found', 'ResourceNotFoundException');
      return new SecretVersion('12345678-1234-1234-1234-123456789012', value);
    },
  };
}

const ALL = {
  'prod/stripe': '{"api_key":"sk_live_1"}',
  'prod/openai': '{"api_key":"sk-1"}',
  'prod/anthropic': 'sk-ant-1',
};

/** The repository's configuration with Attaché's filter on the listener instead of the cluster. */
const DOWNSTREAM = (() => {
  const filter = /( {8}- name: attache {10}[\s\S]*?)( {8}- name: envoy\.filters\.http\.upstream_codec\n.*\n)/.exec(
    GOOD,
  );
  if (filter === null) throw new Error('no filter in envoy.yaml');
  const [both = '', attache = ''] = filter;
  return GOOD.replace(/ {8}http_filters:\n {8}- name: attache/, '        - name: attache')
    .replace(both, '')
    .replace(
      /^ {10}- name: envoy\.filters\.http\.router\n/m,
      (router) => `${attache.replace(/^ {8}/gm, ' '.repeat(10))}${router}`,
    );
})();

describe('attache check --aws', () => {
  it('finds nothing when each secret has its fields', async () => {
    const problems = await checkText(FILE, GOOD, { secrets: source(ALL) });

    expect(problems).toEqual([]);
  });

  it('names what is missing at the line of the secret, and never a value', async () => {
    const secrets = source({ ...ALL, 'prod/stripe': '{"apikey":"sk_live_1"}', 'prod/openai': 'sk-1' });

    const problems = await checkText(FILE, edited(GOOD, 'secret: prod/anthropic', 'secret: prod/claude'), { secrets });

    const lines = problems.map(formatProblem);
    expect(lines).toEqual([
      expect.stringContaining(
        `${placeOf(GOOD, 'prod/stripe')}: error: integration stripe: secret prod/stripe (version 12345678) has no field {{ api_key }}; add the field`,
      ),
      expect.stringContaining(
        `${placeOf(GOOD, 'prod/openai')}: error: integration openai: secret prod/openai (version 12345678) is not JSON`,
      ),
      expect.stringContaining(
        `${placeOf(GOOD, 'prod/anthropic')}: error: integration anthropic: secret prod/claude: there is no such secret`,
      ),
    ]);
    expect(lines.join()).not.toMatch(/sk[-_]/);
  });

  it('warns of a secret in JSON that is sent as a whole, without naming what is in it', async () => {
    const secrets = source({ ...ALL, 'prod/anthropic': '\ufeff{"canary_key":"sk-ant-1","canary_password":"x"}\n' });

    const problems = await checkText(FILE, GOOD, { secrets });

    expect(problems.map(formatProblem)).toEqual([
      expect.stringContaining(
        `${placeOf(GOOD, 'prod/anthropic')}: warning: integration anthropic: {{ . }} sends the whole JSON of its secret to api.anthropic.com`,
      ),
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/canary|sk-ant/);
  });

  it.each([
    ['\u00a0sk-canary-1', 'blank that does not break'],
    [' sk-canary-1', 'begins or ends with a blank'],
    ['"sk-canary-1"', 'stands in quotes'],
    [Buffer.from('sk-canary-1').toString('base64'), 'base64 once more'],
    ['-----BEGIN PRIVATE KEY----- canary -----END PRIVATE KEY-----', 'is a file in PEM'],
    ['sk-canary-1\n\n', 'more than one line break'],
    ['s\0k\0-\0c\0a\0n\0a\0r\0y\0', 'UTF-16'],
  ])('looks at the real value, and says of %j what has become of it', async (value, sentence) => {
    const secrets = source({ ...ALL, 'prod/anthropic': value, 'prod/openai': JSON.stringify({ api_key: value }) });

    const lines = (await checkText(FILE, GOOD, { secrets })).map(formatProblem);

    expect(lines).toEqual(Array(2).fill(expect.stringContaining(sentence)));
    expect(lines.join()).not.toMatch(/canary|c2st/);
  });

  it('reads a secret once, however many integrations use it', async () => {
    const secrets = source(ALL);

    await checkText(FILE, edited(GOOD, 'secret: prod/openai', 'secret: prod/stripe'), { secrets });

    expect(secrets.reads.sort()).toEqual(['prod/anthropic', 'prod/stripe']);
  });
});

describe('attache check', () => {
  it('accepts the filter on the listener', async () => {
    expect(await findings(DOWNSTREAM)).toEqual([]);
  });

  it('takes a mirror behind a filter on the listener for a leak', async () => {
    const text = edited(
      DOWNSTREAM,
      'host_rewrite_literal: api.stripe.com',
      'host_rewrite_literal: api.stripe.com, request_mirror_policies: [{ cluster: attache }]',
    );

    const found = await findings(text);

    expect(found).toEqual([
      expect.stringContaining(
        'error: request_mirror_policies sends copies of these requests elsewhere, with their key',
      ),
    ]);
  });

  it('asks for as much time as the deadline that is set', async () => {
    const problems = await checkText(FILE, GOOD, { fetchDeadline: 20_000 });

    expect(problems.map(formatProblem)).toEqual([expect.stringContaining('shorter than the 23 s')]);
  });

  it('judges what the grammar and the rules say of one file together, in its order', async () => {
    const text = edited(edited(GOOD, 'failure_mode_allow: false', 'failure_mode_allow: true'), 'bearer:', 'berer:');

    const found = await findings(text);

    expect(found).toEqual([
      expect.stringContaining('error: "berer" is no key of an attache block'),
      expect.stringContaining('error: failure_mode_allow'),
    ]);
  });

  it('checks the routes alone of a file for RDS, and says so', async () => {
    const routes = GOOD.slice(
      GOOD.indexOf('            virtual_hosts:'),
      GOOD.indexOf('          local_reply_config:'),
    );
    const text = `resources:\n- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration\n${routes.replace(/^ {10}/gm, '').replaceAll('*fresh_secret_on_401', '{ retry_on: "retriable-status-codes,reset-before-request,connect-failure,refused-stream", retriable_status_codes: [401] }')}`;

    const found = await findings(text);

    expect(found).toEqual(Array(3).fill(expect.stringContaining('warning: cluster internet is not in this file')));
  });

  it('remarks that routes which Envoy reads when it starts could be taken over while it runs', async () => {
    const written = await deriveEnvoyConfig('envoy/envoy.yaml', {
      listenerPort: 0,
      adminPort: 0,
      attacheSockets: ['/run/attache/0.sock'],
      written: true,
    });

    expect((await judgeText(FILE, written, {})).remark).toMatch(/^Envoy reads these routes when it starts/);
    expect((await judgeText(FILE, GOOD, {})).remark).toBeUndefined();
    expect((await judgeText(FILE, 'integrations: []\n', {})).remark).toBeUndefined();
  });

  it('says of a plain list what its grammar says', async () => {
    const found = await findings(
      'integrations:\n- { integration: x, host: api.example.com, secret: x, bearer: "{{ . }}" }\n',
    );

    expect(found).toEqual([]);
  });

  it('accepts a route to an unguarded cluster, and a guarded one with the filter switched off', async () => {
    const off =
      'typed_per_filter_config: { attache: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } }';
    const text = edited(
      GOOD,
      '              routes:\n',
      `              routes:\n              - { match: { prefix: /a }, route: { cluster: attache } }\n              - { match: { prefix: /b }, route: { cluster: internet }, ${off} }\n`,
    );

    expect(await findings(text)).toEqual([]);
  });

  it('looks at each of several weighted clusters', async () => {
    const text = edited(
      GOOD,
      'cluster: internet, host_rewrite_literal: api.stripe.com',
      'weighted_clusters: { clusters: [{ name: internet, weight: 1 }, { name: nowhere, weight: 1 }] }, host_rewrite_literal: api.stripe.com',
    );

    const found = await findings(text);

    expect(found).toEqual([`${placeOf(text, 'nowhere')}: error: there is no cluster nowhere`]);
  });

  it('reads a file, and says of one that is not there which setting names it', async () => {
    const directory = privateFolder();
    writeFileSync(join(directory, 'good.yaml'), GOOD);

    const [good, missing] = await Promise.all(
      ['good.yaml', 'none.yaml'].map(async (name) => (await checkFile(join(directory, name))).problems),
    );

    expect(good).toEqual([]);
    expect(missing?.map(formatProblem)).toEqual([
      `${join(directory, 'none.yaml')}:1:1: error: there is no such file; name the right file in ATTACHE_CONFIG or --config`,
    ]);
  });
});
