import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Lease } from '../../src/secrets/lease.ts';
import { SecretsManager } from '../../src/secrets/secrets-manager.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const SECRET = 'prod/x';

let aws: ScriptedSecretsManager;
let current: string;
const sources: SecretsManager[] = [];

beforeEach(async () => {
  aws = await startScriptedSecretsManager();
  for (const [name, value] of Object.entries(aws.aws.environment)) vi.stubEnv(name, value);
  current = await aws.aws.put(SECRET, 'v1');
});
afterEach(async () => {
  vi.useRealTimers();
  for (const source of sources.splice(0)) source.close();
  await aws.stop();
  vi.unstubAllEnvs();
});

/** The lease as another process sees it. */
const lease = () => new Lease(source());

function source(): SecretsManager {
  const made = new SecretsManager({ deadline: 4_000 });
  sources.push(made);
  return made;
}

async function outcome(taken: Promise<string>): Promise<string> {
  return taken.catch((error: { reason: string }) => error.reason);
}

describe('the lease on a secret', () => {
  it('is taken by one of many who come at once, the first time and every time', async () => {
    const all = Array.from({ length: 8 }, lease);
    for (let round = 0; round < 3; round += 1) {
      const outcomes = await Promise.all(all.map((it) => outcome(it.take(SECRET, current))));

      expect(outcomes.sort()).toEqual([...Array(7).fill('lease_held'), 'taken']);
      current = await aws.aws.put(SECRET, `v${round + 2}`);
    }
  });

  it('is free again once it was given back', async () => {
    const [one, other] = [lease(), lease()];
    await one.take(SECRET, current);
    expect(await outcome(other.take(SECRET, current))).toBe('lease_held');

    await one.release(SECRET, current);

    expect(await other.take(SECRET, current)).toBe('taken');
  });

  it('is of no use once another version is current', async () => {
    await lease().take(SECRET, current);
    await aws.aws.put(SECRET, 'v2');

    expect(await lease().take(SECRET, current)).toBe('replaced');
  });

  it('can be taken after somebody has removed its label', async () => {
    const one = lease();
    await one.take(SECRET, current);
    await aws.aws.client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: SECRET,
        VersionStage: 'attache-lease',
        RemoveFromVersionId: current,
      }),
    );

    expect(await lease().take(SECRET, current)).toBe('taken');
  });

  it('is taken over, by one alone, when its holder has done nothing for two minutes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    await lease().take(SECRET, current);
    const [one, other] = [lease(), lease()];
    const look = () => Promise.all([one, other].map((it) => outcome(it.take(SECRET, current))));

    for (let seconds = 0; seconds < 120; seconds += 5) {
      expect(await look()).toEqual(['lease_held', 'lease_held']);
      vi.advanceTimersByTime(5_000);
    }

    expect((await look()).sort()).toEqual(['inherited', 'lease_held']);
    // The other one has watched as long, and may not take it from who has it now.
    for (let seconds = 0; seconds < 115; seconds += 5) {
      expect(await look()).toEqual(['lease_held', 'lease_held']);
      vi.advanceTimersByTime(5_000);
    }
    vi.advanceTimersByTime(10_000);
    await look();
    vi.advanceTimersByTime(5_000);
    expect(await look()).toContain('inherited');
  });

  it('is not taken on a version that is replaced in that moment', async () => {
    const [one, other] = [lease(), lease()];
    await one.take(SECRET, current);
    await one.release(SECRET, current);
    // Between its look and its move another one takes it, writes, and gives it back.
    let next: Promise<string> | undefined;
    aws.disturb(({ operation }) => {
      if (operation !== 'UpdateSecretVersionStage' || next !== undefined) return undefined;
      next = aws.aws.put(SECRET, 'v2');
      return { delayMs: 500 };
    });

    expect(await outcome(other.take(SECRET, current))).toBe('replaced');

    expect(await one.take(SECRET, (await next) ?? '')).toBe('taken');
  });

  it('is not taken over for the time in which nobody could look', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    await lease().take(SECRET, current);
    const other = lease();
    expect(await outcome(other.take(SECRET, current))).toBe('lease_held');

    vi.advanceTimersByTime(3_600_000);

    expect(await outcome(other.take(SECRET, current))).toBe('lease_held');
  });

  it('is not taken by who may not write the secret', async () => {
    aws.disturb(({ operation }) => (operation === 'PutSecretValue' ? { error: 'AccessDeniedException' } : undefined));

    expect(await outcome(lease().take(SECRET, current))).toBe('access_denied');

    aws.disturb(undefined);
    expect(await lease().take(SECRET, current)).toBe('taken');
  });

  it('puts no value into a version that could be taken for the secret', async () => {
    await lease().take(SECRET, current);

    const written = aws.calls.entries.filter(({ operation }) => operation === 'PutSecretValue');
    expect(written.length).toBeGreaterThan(0);
    for (const { body } of written.filter((it) => it.body.ClientRequestToken !== undefined && it.body.VersionStages))
      expect(body.VersionStages).toEqual([expect.stringMatching(/^attache-/)]);
    expect((await source().fetch(SECRET, true)).reveal()).toBe('v1');
  });
});
