import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { privateFolder } from '../local/guard.ts';
import type { Configuration, Page } from '../src/configuration/configuration.ts';
import { judge } from '../src/configuration/judge.ts';
import { Instance } from '../src/instance.ts';
import { readSettings } from '../src/settings.ts';
import { createLog } from '../src/telemetry/log.ts';
import { standardOutput } from '../src/telemetry/standard-output.ts';
import { startScriptedSecretsManager } from './support/scripted-secrets-manager/scripted-secrets-manager.ts';

const list = (count: number, more = '') =>
  `${more}integrations:\n${Array.from({ length: count }, (_, index) => `- { integration: a${index}, host: a.example, secret: s${index}, bearer: "{{ . }}" }\n`).join('')}`;

async function judged(version: string, text: string): Promise<Configuration> {
  const reading = await judge('list.yaml', version, Buffer.from(text));
  if (reading.kind === 'bad') throw new Error(JSON.stringify(reading.problems));
  return reading.configuration;
}

/** Has it answer by another configuration. */
async function take(instance: Instance, configuration: Configuration): Promise<void> {
  if ((await instance.prepare(configuration)) === undefined) await instance.use(configuration.version);
}

/** One that no file gives, for it would be refused when it is judged. */
async function unjudged(version: string, change: (page: Page) => Page): Promise<Configuration> {
  const { pages, ...rest } = await judged(version, list(2));
  return { ...rest, pages: pages.map((page) => JSON.stringify(change(JSON.parse(page) as Page))) };
}

describe('a configuration that is handed over', () => {
  let instance: Instance;
  beforeAll(async () => {
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'x');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', 'http://127.0.0.1:1');
    const output = standardOutput();
    instance = await Instance.of({
      settings: readSettings({}),
      log: createLog('silent', output),
      output,
      configuration: await judged('first', list(1)),
    });
  });
  afterAll(async () => {
    await instance.drain(0);
    vi.unstubAllEnvs();
  });

  it('is in use with all of its secrets', async () => {
    await take(instance, await judged('good', list(3)));
    expect(instance.report()).toMatchObject({ configuration: 'good', problems: [] });
    expect(instance.report().secrets.map(({ secret }) => secret)).toEqual(['s0', 's1', 's2']);
  });

  it('is left aside when it cannot be made ready', async () => {
    await take(instance, await judged('before', list(2)));
    await take(
      instance,
      await unjudged('of no kind', ({ integrations, ...page }) => ({
        ...page,
        integrations: integrations.map((it) => ({
          ...it,
          fingerprint: 'another',
          credentials: [{ kind: 'none', options: 1 }],
        })),
      })),
    );

    expect(instance.report()).toMatchObject({ configuration: 'before', problems: [expect.stringContaining('none')] });
  });

  it('is left aside when a newer one comes while it is made ready', async () => {
    const [first, second] = [await judged('older', list(900)), await judged('newer', list(1))];
    const older = take(instance, first);
    const newer = take(instance, second);
    await Promise.all([older, newer]);

    expect(instance.report()).toMatchObject({ configuration: 'newer', problems: [] });
    expect(instance.size).toBe(1);
  });
});

describe('a secret that is read', () => {
  it('has the log warn when all of its JSON is sent, without a word of what is in it', async () => {
    await using aws = await startScriptedSecretsManager();
    for (const [name, value] of Object.entries(aws.aws.environment)) vi.stubEnv(name, value);
    await aws.aws.put('prod/json', '{"canary_key":"canary-1","canary_password":"canary-2"}');
    await aws.aws.put('prod/text', 'canary-3');
    const block = (name: string, kind: string) =>
      `- { integration: ${name}, host: a.example, secret: prod/${name === 'text' ? 'text' : 'json'}, ${kind} }\n`;
    const text = `integrations:\n${block('whole', 'bearer: "{{ . }}"')}${block('field', 'bearer: "{{ canary_key }}"')}${block('text', 'bearer: "{{ . }}"')}`;
    const lines: string[] = [];
    const output = { write: (line: string) => void lines.push(line), batch: (work: () => void) => work(), lost: 0 };
    const instance = await Instance.of({
      settings: readSettings({}),
      log: createLog('info', output),
      output,
      configuration: await judged('json', text),
    });

    await instance.start([{ path: join(privateFolder(), '0.sock') }], 'read');
    await instance.drain(0);
    vi.unstubAllEnvs();

    const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
    expect(warnings).toEqual([
      expect.objectContaining({
        integration: 'whole',
        secret: 'prod/json',
        msg: expect.stringContaining('whole JSON'),
      }),
    ]);
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ msg: 'secrets read', secrets: 2, missing: 0 }),
    );
    expect(lines.join()).not.toContain('canary');
  });
});
