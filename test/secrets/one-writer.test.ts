import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Lease } from '../../src/secrets/lease.ts';
import { newVersion } from '../../src/secrets/new-version.ts';
import { OneWriter } from '../../src/secrets/one-writer.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import { SecretWriter } from '../../src/secrets/secret-writer.ts';
import { SecretsManager } from '../../src/secrets/secrets-manager.ts';
import { createLog } from '../../src/telemetry/log.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const SECRET = 'prod/x';

let aws: ScriptedSecretsManager;
const sources: SecretsManager[] = [];

beforeEach(async () => {
  aws = await startScriptedSecretsManager();
  for (const [name, value] of Object.entries(aws.aws.environment)) vi.stubEnv(name, value);
  await aws.aws.put(SECRET, 'v1');
});
afterEach(async () => {
  vi.useRealTimers();
  for (const source of sources.splice(0)) source.close();
  await aws.stop();
  vi.unstubAllEnvs();
});

/** What another process writes with: it stores what `renew` gives, and gives the lease back where that is nothing. */
function writer() {
  const manager = source();
  const lease = new Lease(manager);
  const one = new OneWriter(manager, lease, createLog('silent'));
  const store = async (value: string | undefined, from: SecretVersion, lacking?: string) => {
    if (value === undefined) return lease.release(SECRET, from.id).then(() => undefined);
    const version = newVersion(value, lacking);
    await new SecretWriter(manager, createLog('silent')).write(SECRET, version);
    return new SecretVersion(version.id, version.value);
  };
  return {
    replace: (
      secretId: string,
      from: SecretVersion,
      renew: () => Promise<string | undefined>,
      lacking?: () => string,
    ) => one.replace(secretId, from, async () => store(await renew(), from, lacking?.())),
    settled: () => one.settled(),
  };
}

function source(): SecretsManager {
  const made = new SecretsManager({ deadline: 4_000 });
  sources.push(made);
  return made;
}

const read = (): Promise<SecretVersion> => source().fetch(SECRET, true);

/** The writes of a new value; others bear labels of the lease alone. */
const writes = () =>
  aws.calls.entries.filter(
    ({ operation, body }) =>
      operation === 'PutSecretValue' && String(body.ClientRequestToken).startsWith('attache-') && !body.VersionStages,
  );

async function outcome(replaced: Promise<SecretVersion>): Promise<string> {
  return replaced.then(
    (version) => version.reveal(),
    (error: { reason: string }) => error.reason,
  );
}

describe('a writer of secrets', () => {
  it('stores the new value before it says so', async () => {
    const replaced = await writer().replace(SECRET, await read(), async () => 'v2');

    const stored = await read();
    expect([stored.id, stored.reveal()]).toEqual([replaced.id, 'v2']);
    expect(replaced.reveal()).toBe('v2');
  });

  it('renews once for several processes: the others get what the first has stored', async () => {
    const from = await read();
    let renewals = 0;
    const renew = async () => `renewal ${++renewals}`;

    const all = await Promise.all(Array.from({ length: 4 }, () => outcome(writer().replace(SECRET, from, renew))));

    expect(new Set(all)).toEqual(new Set(['renewal 1']));
    expect(writes()).toHaveLength(1);
  });

  it('leaves the secret as it is when there is nothing to store, or no new value, and gives the lease back', async () => {
    const from = await read();
    const [one, other] = [writer(), writer()];

    expect(await one.replace(SECRET, from, async () => undefined)).toBe(from);
    const failure = one.replace(SECRET, from, () => Promise.reject(new Error('no answer')));
    await expect(failure).rejects.toThrow('no answer');

    expect(writes()).toEqual([]);
    expect(await outcome(other.replace(SECRET, from, async () => 'v2'))).toBe('v2');
  });

  it('tries again until the value is stored, as one version, and settles only then', async () => {
    let failures = 0;
    aws.disturb(({ operation, body }) => {
      if (operation !== 'PutSecretValue' || body.VersionStages !== undefined) return undefined;
      failures += 1;
      return failures <= 3 ? { error: 'InternalServiceError', status: 500 } : undefined;
    });
    const one = writer();
    const from = await read();

    const replaced = one.replace(SECRET, from, async () => 'v2');
    await expect.poll(() => failures).toBeGreaterThan(0);
    await one.settled();

    expect((await read()).reveal()).toBe('v2');
    expect((await replaced).reveal()).toBe('v2');
    expect(new Set(writes().map(({ body }) => body.ClientRequestToken)).size).toBe(1);
  });

  it('settles only after a renewal that is under way', async () => {
    const one = writer();
    const { promise, resolve } = Promise.withResolvers<string>();
    let asked = false;
    const replaced = one.replace(SECRET, await read(), () => {
      asked = true;
      return promise;
    });
    await expect.poll(() => asked).toBe(true);

    let isSettled = false;
    const settled = one.settled().then(() => {
      isSettled = true;
    });
    await sleep(50);
    expect(isSettled).toBe(false);
    resolve('v2');
    await settled;

    expect((await read()).reveal()).toBe('v2');
    await replaced;
  });

  it('writes once in ten minutes', async () => {
    const one = writer();
    await one.replace(SECRET, await read(), async () => 'v2');
    let renewals = 0;
    const renew = async () => `renewal ${++renewals}`;
    const again = async () => outcome(writer().replace(SECRET, await read(), renew));

    expect(await again()).toBe('written_too_often');
    expect(renewals).toBe(0);

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 + 1_000 });
    expect(await again()).toBe('renewal 1');
  });

  it('writes again after a minute where the value lacks something, and then once in ten minutes', async () => {
    let from = await read();
    const lacking = async (): Promise<string> => {
      from = await read();
      return outcome(
        writer().replace(
          SECRET,
          from,
          async () => 'lacking',
          () => from.id,
        ),
      );
    };
    const later = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });

    expect(await lacking()).toBe('lacking');
    expect(await lacking()).toBe('written_too_often');
    later(61_000);
    expect(await lacking()).toBe('lacking');
    later(122_000);
    expect(await lacking()).toBe('written_too_often');
  });

  it('renews nothing that it may not store', async () => {
    aws.disturb(({ operation }) => (operation === 'PutSecretValue' ? { error: 'AccessDeniedException' } : undefined));
    let renewals = 0;
    const renew = async () => `renewal ${++renewals}`;

    expect(await outcome(writer().replace(SECRET, await read(), renew))).toBe('access_denied');
    expect(renewals).toBe(0);
  });
});
