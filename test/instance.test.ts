import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Configuration, Page } from '../src/configuration/configuration.ts';
import { judge } from '../src/configuration/judge.ts';
import { Instance } from '../src/instance.ts';
import { readSettings } from '../src/settings.ts';
import { createLog } from '../src/telemetry/log.ts';
import { standardOutput } from '../src/telemetry/standard-output.ts';

const list = (count: number, more = '') =>
  `${more}integrations:\n${Array.from({ length: count }, (_, index) => `- { integration: a${index}, host: a.example, secret: s${index}, bearer: "{{ . }}" }\n`).join('')}`;

function judged(version: string, text: string): Configuration {
  const reading = judge('list.yaml', version, Buffer.from(text));
  if (reading.kind === 'bad') throw new Error(JSON.stringify(reading.problems));
  return reading.configuration;
}

/** One that no file gives, for it would be refused when it is judged. */
function unjudged(version: string, change: (page: Page) => Page): Configuration {
  const { pages, ...rest } = judged(version, list(2));
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
      configuration: judged('first', list(1)),
    });
  });
  afterAll(async () => {
    await instance.drain(0);
    vi.unstubAllEnvs();
  });

  it('is in use with all of its secrets', async () => {
    await instance.take(judged('good', list(3)));
    expect(instance.report()).toMatchObject({ configuration: 'good', problems: [] });
    expect(instance.report().secrets.map(({ secret }) => secret)).toEqual(['s0', 's1', 's2']);
  });

  it('is left aside when it cannot be made ready', async () => {
    await instance.take(judged('before', list(2)));
    await instance.take(
      unjudged('of no kind', ({ integrations, ...page }) => ({
        ...page,
        integrations: integrations.map((it) => ({ ...it, credentials: [{ kind: 'none', options: 1 }] })),
      })),
    );

    expect(instance.report()).toMatchObject({ configuration: 'before', problems: [expect.stringContaining('none')] });
  });

  it('is left aside when a newer one comes while it is made ready', async () => {
    const older = instance.take(judged('older', list(900)));
    const newer = instance.take(judged('newer', list(1)));
    await Promise.all([older, newer]);

    expect(instance.report()).toMatchObject({ configuration: 'newer', problems: [] });
    expect(instance.size).toBe(1);
  });
});
