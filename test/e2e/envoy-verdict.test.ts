import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { type EnvoyTool, findEnvoy } from '../../local/tools.ts';
import { askEnvoy } from '../../src/check/ask-envoy.ts';
import { checkFile } from '../../src/check/check-elsewhere.ts';
import { envoyVerdict } from '../../src/check/envoy-verdict.ts';
import { YamlSource } from '../../src/integrations/yaml-source.ts';

describe('what the installed Envoy says of a file', () => {
  let folder: string;
  let tool: EnvoyTool;
  let good: string;
  let ca: string;

  beforeAll(async () => {
    folder = privateFolder();
    tool = await findEnvoy();
    ca = join(folder, 'ca.pem');
    writeFileSync(ca, getCACertificates('default').slice(0, 1).join('\n'));
    good = readFileSync('envoy/envoy.yaml', 'utf8').replaceAll('/etc/ssl/certs/ca-certificates.crt', ca);
  });

  /** What it says of a text, and the text of the line that it means. */
  async function verdict(text: string) {
    const file = join(folder, 'envoy.yaml');
    writeFileSync(file, text);
    const answer = await askEnvoy(tool.binary, file);
    if (answer?.kind !== 'refuses') throw new Error(`Envoy does not refuse it: ${JSON.stringify(answer)}`);
    const { line, column, severity, reason } = envoyVerdict(
      new YamlSource(file, text),
      text,
      answer.words,
      answer.version,
    );
    const at = text.split('\n')[line - 1]?.slice(column - 1) ?? '';
    return { at, severity, reason };
  }

  it.each<[what: string, from: string | RegExp, to: string, at: string, reason: RegExp]>([
    [
      'a misspelt field of a filter, under an option that has a map around it',
      'failure_mode_allow: false      # no answer',
      'failure_mode_alow: false       # no answer',
      'failure_mode_alow',
      /^Envoy \d\S+ does not start with this file: ExternalProcessor has no field failure_mode_alow$/,
    ],
    [
      'a misspelt field at the top',
      '\n  listeners:',
      '\n  listners:',
      'listners',
      /StaticResources has no field listners$/,
    ],
    [
      'a misspelt field of a route',
      'timeout: 0s, retry_policy',
      'timeout: 0s, retry_polcy',
      'retry_polcy',
      /RouteAction has no field retry_polcy$/,
    ],
    [
      'a field of an entry of a map',
      'max_headers_count: 1000',
      'max_hdrs: 1000',
      'max_hdrs',
      /HttpProtocolOptions has no field max_hdrs$/,
    ],
    [
      'a route to no cluster',
      'cluster: internet, host_rewrite_literal: api.openai',
      'cluster: intrnet, host_rewrite_literal: api.openai',
      'intrnet',
      /unknown cluster 'intrnet'/,
    ],
    [
      'a domain that stands twice',
      '[openai.int, openai',
      '[stripe.int, openai',
      'stripe.int, openai',
      /Duplicate entry of domain stripe\.int/,
    ],
    [
      'a duration that is none',
      'connect_timeout: 4s',
      'connect_timeout: four',
      'four',
      /static_resources\.clusters\[0\]\.connect_timeout: /,
    ],
    ['a duration below zero', 'connect_timeout: 4s', 'connect_timeout: -4s', '-4s', /Expected positive duration/],
    [
      'a word that is none of a list',
      'lb_policy: LEAST_REQUEST',
      'lb_policy: LEAST',
      'LEAST',
      /unknown enum value: 'LEAST'/,
    ],
    [
      'a type that there is not',
      'lua.v3.Lua',
      'lua.v3.Lau',
      'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lau',
      /could not find @type/,
    ],
    [
      'a condition that is no CEL',
      '"response.code == 431"',
      '"response.code = 431"',
      'response.code = 431',
      /Not able to parse filter expression/,
    ],
    [
      'a value that breaks a rule',
      'stat_prefix: egress',
      'stat_prefix: ""',
      '""',
      /HttpConnectionManagerValidationError\.StatPrefix: value length must be/,
    ],
    [
      'a value that is missing, deep down',
      '&alive [{ timeout: 1s,',
      '&alive [{',
      '{ interval',
      /HealthCheckValidationError\.Timeout: value is required/,
    ],
    [
      'settings that do not fit each other',
      'lb_policy: CLUSTER_PROVIDED',
      'lb_policy: ROUND_ROBIN',
      'name: internet  ',
      /cluster provided LB not specified/,
    ],
  ])('names the place of %s', async (_, from, to, at, reason) => {
    const text = good.replace(from, to);
    expect(text).not.toBe(good);

    const said = await verdict(text);

    expect(said.at.slice(0, at.length)).toBe(at);
    expect(said).toMatchObject({ severity: 'error', reason: expect.stringMatching(reason) });
  });

  it('is a warning where Envoy only cannot read here what is on the machine on which it runs', async () => {
    const said = await verdict(good.replaceAll(ca, '/no/such/file.pem'));

    expect(said.at).toMatch(/^\/no\/such\/file\.pem/);
    expect(said).toMatchObject({
      severity: 'warning',
      reason: expect.stringMatching(/cannot read on this machine what the file names, .*\/no\/such\/file\.pem/),
    });
  });

  it('stands among what attache check has found, once for each line', async () => {
    const file = join(folder, 'envoy.yaml');
    const told = async (text: string) => {
      writeFileSync(file, text);
      const { problems, takenBy } = await checkFile(file, { envoy: tool.binary });
      return { takenBy, problems: problems.map(({ severity, reason }) => `${severity}: ${reason}`) };
    };

    expect(await told(good)).toEqual({ takenBy: tool.version, problems: [] });
    expect(await told(good.replace('\nadmin: {', '\nadmn: {'))).toMatchObject({
      problems: [`error: Envoy ${tool.version} does not start with this file: Bootstrap has no field admn`],
    });
    const misspelt = await told(good.replace('timeout: 0s, retry_policy', 'timeout: 0s, retry_polcy'));
    expect(misspelt.problems).toContainEqual(
      expect.stringMatching(/^error: RouteAction of Envoy \S+ has no field retry_polcy$/),
    );
    expect(misspelt.problems.filter((line) => line.includes('does not start'))).toEqual([]);
    // A list of integrations is none of Envoy's files.
    expect(await told('integrations: []\n')).toMatchObject({
      problems: ['warning: the file has no integration, so no request gets a key'],
    });
  });
});
