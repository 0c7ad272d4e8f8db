import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../src/cache/deadline.ts';
import { SecretStore } from '../../src/secrets/secret-store.ts';
import type { SecretUse } from '../../src/secrets/secret-use.ts';
import { SecretsManager } from '../../src/secrets/secrets-manager.ts';
import { type Quotas, rateLimit } from '../support/scripted-secrets-manager/rate-limit.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const COUNT = 300;
const uses = Array.from(
  { length: COUNT },
  (_, index): SecretUse => ({
    name: `api-${index}`,
    secretId: `prod/${index}`,
    replicas: [],
    rotation: { pending: true, previous: true },
    accepts: () => true,
  }),
);

let aws: ScriptedSecretsManager;
let source: SecretsManager;
let store: SecretStore;

beforeEach(async () => {
  aws = await startScriptedSecretsManager();
  for (const [name, value] of Object.entries(aws.aws.environment)) vi.stubEnv(name, value);
  aws.fill(uses.map(({ secretId }) => secretId));
  source = new SecretsManager({ deadline: 5_000, patience: 2_000 });
  store = new SecretStore(source, { refreshAfter: 60_000, maxStale: 3_600_000 }, () => undefined);
});
afterEach(async () => {
  store.close();
  source.close();
  await aws.stop();
  vi.unstubAllEnvs();
});

describe('three hundred secrets that are not at hand', () => {
  it.each<[string, Quotas]>([
    ['BatchGetSecretValue is throttled', { BatchGetSecretValue: 2, GetSecretValue: 10_000 }],
    [
      'BatchGetSecretValue is not there and GetSecretValue is throttled',
      { BatchGetSecretValue: 0, GetSecretValue: 150 },
    ],
  ])('are all had by requests that wait as long as they may, though %s', async (_, quotas) => {
    aws.disturb(rateLimit(quotas));

    const held = store.hold(uses);
    const values = await Promise.all(
      uses.map(async (use) => (await store.choice(use).first(new Deadline(10_000))).reveal()),
    );
    await held;

    expect(values).toEqual(uses.map(({ secretId }) => `value of ${secretId}`));
    expect(store.count()).toEqual({ secrets: COUNT, missing: 0 });
  });

  it('come first when requests wait for them', async () => {
    aws.delayMs = 100;
    aws.disturb(({ operation }) =>
      operation === 'BatchGetSecretValue' ? { error: 'AccessDeniedException' } : undefined,
    );
    const held = store.hold(uses);
    await aws.calls.find(({ operation }) => operation === 'GetSecretValue');

    const wanted = uses.slice(-5);
    await Promise.all(wanted.map((use) => store.choice(use).first(new Deadline(2_000))));

    expect(store.count().missing).toBeGreaterThan(COUNT / 2);
    await held;
    expect(store.count().missing).toBe(0);
  });
});
