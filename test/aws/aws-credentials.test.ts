import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { guardedCredentials, type ResolveCredentials } from '../../src/aws/aws-credentials.ts';
import { SecretsManager } from '../../src/secrets/secrets-manager.ts';
import {
  type CredentialEndpoint,
  type CredentialScript,
  startCredentialEndpoint,
} from '../support/scripted-secrets-manager/credential-endpoint.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const MINUTE = 60_000;

describe('guarded credentials', () => {
  /** A provider whose answers the test gives by hand. */
  function scripted() {
    const asked: { give(key: string, lifeMs?: number): Promise<void>; fail(error: Error): Promise<void> }[] = [];
    const settle = () => vi.advanceTimersByTimeAsync(0).then(() => undefined);
    const resolve: ResolveCredentials = () => {
      const { promise, resolve: give, reject } = Promise.withResolvers<Awaited<ReturnType<ResolveCredentials>>>();
      asked.push({
        give: (accessKeyId, lifeMs) => {
          const expiration = lifeMs === undefined ? {} : { expiration: new Date(Date.now() + lifeMs) };
          give({ accessKeyId, secretAccessKey: 'made-up', ...expiration });
          return settle();
        },
        fail: (error) => {
          reject(error);
          return settle();
        },
      });
      return promise;
    };
    const guard = guardedCredentials(resolve);
    /** The access key that a call gets, or the name of its error. */
    const key = () =>
      guard.provide().then(
        ({ accessKeyId }) => accessKeyId,
        (error: Error) => error.name,
      );
    return { guard, asked, key };
  }

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are resolved once for calls at the same time, and used until they are about to expire', async () => {
    const { asked, key } = scripted();
    const calls = [key(), key(), key()];

    await asked[0]?.give('first', 60 * MINUTE);
    await vi.advanceTimersByTimeAsync(54 * MINUTE);

    expect(await Promise.all([...calls, key()])).toEqual(['first', 'first', 'first', 'first']);
    expect(asked).toHaveLength(1);
  });

  it('are used to their last moment while a renewal hangs, and no longer', async () => {
    const { asked, key } = scripted();
    const first = key();
    await asked[0]?.give('first', 10 * MINUTE);
    await first;

    await vi.advanceTimersByTimeAsync(10 * MINUTE - 1_000);
    expect(await key()).toBe('first');

    await vi.advanceTimersByTimeAsync(1_000);
    const expired = key();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(await expired).toBe('CredentialsProviderError');
  });

  it('are used to their last moment while renewals fail, and newer ones as soon as there are any', async () => {
    const { asked, key } = scripted();
    const first = key();
    await asked[0]?.give('first', 10 * MINUTE);
    await first;
    await vi.advanceTimersByTimeAsync(6 * MINUTE);

    expect(await key()).toBe('first');
    await asked[1]?.fail(new Error('500'));
    expect(await key()).toBe('first');
    await asked[2]?.give('second', 60 * MINUTE);

    expect(await key()).toBe('second');
  });

  it('are asked for by a fresh chain when one hangs, with longer and longer pauses', async () => {
    const { asked, key } = scripted();

    for (let second = 0; second < 60; second += 1) {
      void key();
      await vi.advanceTimersByTimeAsync(1_000);
    }

    expect(asked.length).toBeGreaterThan(8);
    expect(asked.length).toBeLessThan(14);
    const late = key();
    await asked.at(-1)?.give('late');
    expect(await late).toBe('late');
  });

  it('that come late are used all the same', async () => {
    const { asked, key } = scripted();
    const first = key();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(await first).toBe('CredentialsProviderError');

    await asked[0]?.give('late', 60 * MINUTE);

    expect(await key()).toBe('late');
    expect(asked).toHaveLength(1);
  });

  it('that come late do not take the place of those that live longer', async () => {
    const { asked, key } = scripted();
    void key();
    await vi.advanceTimersByTimeAsync(2_000);
    void key();
    await asked[1]?.give('newer', 60 * MINUTE);

    await asked[0]?.give('older', 10 * MINUTE);

    expect(await key()).toBe('newer');
  });

  it('fail by one name whatever was in the way, so that nothing is taken for a verdict on a secret', async () => {
    const { asked, key } = scripted();
    const call = key();

    await asked[0]?.fail(Object.assign(new Error('sts:AssumeRoleWithWebIdentity'), { name: 'AccessDenied' }));

    expect(await call).toBe('CredentialsProviderError');
  });
});

describe('reading a secret with the credentials of a container', () => {
  let aws: ScriptedSecretsManager;
  let endpoint: CredentialEndpoint;
  let source: SecretsManager;

  beforeEach(async () => {
    aws = await startScriptedSecretsManager();
    await aws.aws.put('prod/x', 'v1');
    aws.calls.clear();
    endpoint = await startCredentialEndpoint('hang');
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    vi.stubEnv('AWS_SESSION_TOKEN', undefined);
    vi.stubEnv('AWS_PROFILE', undefined);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', aws.endpoint);
    for (const [name, value] of Object.entries(endpoint.environment)) vi.stubEnv(name, value);
    // The SDK says on the console that the endpoint is slow.
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    source = new SecretsManager({ deadline: 5_000 });
  });
  afterEach(async () => {
    source.close();
    await endpoint[Symbol.asyncDispose]();
    await aws.stop();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  /** The value, or why there is none, and how long it took. */
  async function read(): Promise<{ outcome: string; ms: number }> {
    const began = performance.now();
    const outcome = await source.fetch('prod/x', true).then(
      (version) => version.reveal(),
      (error) => error.reason,
    );
    return { outcome, ms: performance.now() - began };
  }

  const good = (accessKey: string, lifeMs = 60 * MINUTE): CredentialScript => ({ accessKey, lifeMs });

  it.each(['hang', 'fail'] as const)(
    'fails with aws_credentials within 2 s when the endpoint does: %s',
    async (script) => {
      endpoint.script = script;

      const { outcome, ms } = await read();

      expect(outcome).toBe('aws_credentials');
      expect(ms).toBeLessThan(2_000);
      expect(aws.calls.entries).toEqual([]);
    },
  );

  it.each(['hang', 'fail'] as const)('works again at once when the endpoint does, after: %s', async (script) => {
    endpoint.script = script;
    await read();

    endpoint.script = good('recovered');
    const { outcome, ms } = await read();

    expect(outcome).toBe('v1');
    expect(ms).toBeLessThan(1_500);
    expect(aws.calls.entries.at(-1)?.accessKey).toBe('recovered');
  });

  it.each(['hang', 'fail'] as const)(
    'goes on with the last valid credentials while their renewal does: %s',
    async (script) => {
      endpoint.script = good('held', 4 * MINUTE);
      await read();
      endpoint.script = script;

      const reads = [await read(), await read(), await read()];

      expect(reads.map(({ outcome }) => outcome)).toEqual(['v1', 'v1', 'v1']);
      expect(Math.max(...reads.map(({ ms }) => ms))).toBeLessThan(500);
      expect(endpoint.asked.entries.length).toBeGreaterThan(1);
    },
  );

  it('fails with aws_credentials once they have expired and their renewal fails, until it does not', async () => {
    endpoint.script = good('short-lived', 300);
    await read();
    endpoint.script = 'fail';
    await new Promise((resolve) => setTimeout(resolve, 350));

    const expired = await read();
    endpoint.script = good('recovered');
    const recovered = await read();

    expect(expired.outcome).toBe('aws_credentials');
    expect(expired.ms).toBeLessThan(2_000);
    expect(recovered.outcome).toBe('v1');
  });

  it.each(['ExpiredTokenException', 'UnrecognizedClientException'])(
    'drops credentials that AWS refuses (%s), and tries once with new ones',
    async (name) => {
      endpoint.script = good('refused');
      aws.disturb(({ accessKey }) => (accessKey === 'refused' ? { error: name } : undefined));
      await read();
      endpoint.script = good('accepted');

      const { outcome } = await read();

      expect(outcome).toBe('v1');
      expect(aws.calls.entries.at(-1)?.accessKey).toBe('accepted');
    },
  );

  it('asks for new credentials once, however many reads are refused with the old ones', async () => {
    endpoint.script = good('old');
    await read();
    aws.disturb(({ accessKey }) => (accessKey === 'old' ? { error: 'ExpiredTokenException' } : undefined));
    endpoint.script = good('new');
    endpoint.asked.clear();

    const reads = await Promise.all(Array.from({ length: 10 }, read));

    expect(reads.map(({ outcome }) => outcome)).toEqual(Array(10).fill('v1'));
    expect(endpoint.asked.entries).toHaveLength(1);
  });
});
