import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineNow, type RenewTask } from '../../src/renewals/messages.ts';
import { Renewer } from '../../src/renewals/renewer.ts';
import { RenewalCutOff } from '../../src/tokens/write-back.ts';
import { launcher } from '../../src/workers/launch.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server/authorization-server.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';
import { isAlive } from '../workers/support/serve.ts';

const SECRET = 'prod/grant';
const ORIGIN = { secretId: SECRET, endpoint: 'auth.example.com' };
const PROGRAM = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'renewals', 'renewal-process.ts'));

let aws: ScriptedSecretsManager;
let as: AuthorizationServer;
let renewer: Renewer;
let value: string;

beforeEach(async () => {
  aws = await startScriptedSecretsManager();
  as = await startAuthorizationServer({ rotateRefreshTokens: true });
  const { id, secret } = as.clients.basic;
  const refreshToken = await as.issueRefreshToken('basic');
  value = JSON.stringify({ client_id: id, client_secret: secret, refresh_token: refreshToken });
  await aws.aws.put(SECRET, value);
  for (const [name, it] of Object.entries(aws.aws.environment)) vi.stubEnv(name, it);
  renewer = new Renewer(launcher(PROGRAM, { detached: true }), 'silent');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  const { pid } = renewer;
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  await as[Symbol.asyncDispose]();
  await aws.stop();
});

function task(changes: Partial<RenewTask> = {}): RenewTask {
  return {
    secretId: SECRET,
    from: { id: 'v1', value },
    oauth2: { grant: 'refresh_token', token_url: as.tokenUrl, auth: 'basic', write_back: true },
    beginBy: machineNow() + 60_000,
    ...changes,
  };
}

const renewed = (changes?: Partial<RenewTask>, given = () => {}) => renewer.renew(ORIGIN, task(changes), given);

/** The writes of new values. */
const writes = () =>
  aws.calls.entries.filter(
    ({ operation, body }) =>
      operation === 'PutSecretValue' && body.VersionStages === undefined && body.SecretString !== value,
  );

describe('the process that renews grants', () => {
  it('stores the new refresh token before it says so, and ends when it is let go of', async () => {
    const { access, stored } = await renewed();

    const answer = as.answers.entries[0]?.body;
    expect(access).toMatchObject({ token: answer?.access_token });
    expect(JSON.parse(stored?.value ?? '')).toMatchObject({ refresh_token: answer?.refresh_token });
    expect(writes().map(({ body }) => body.SecretString)).toEqual([stored?.value]);
    const pid = renewer.pid ?? 0;
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(renewer.pid).toBeUndefined();
  });

  it('uses no refresh token when it is so late that another process may have the lease', async () => {
    const { access, stored } = await renewed({ beginBy: machineNow() - 1 });

    expect(access).toMatchObject({ reason: 'not_written_back', message: expect.stringContaining('too busy') });
    expect(stored).toBeUndefined();
    expect(as.requests.entries).toEqual([]);
  });

  it('tells why there is no token as if it had been got here', async () => {
    as.disturb({ status: 429, body: '{"error":"slow_down"}', headers: { 'retry-after': '7' } });

    expect((await renewed()).access).toMatchObject({
      reason: 'endpoint_throttled',
      message: expect.stringContaining('slow_down'),
      retryAfter: 7_000,
    });
  });

  it('is not known to have used a refresh token when it ends before the answer', async () => {
    as.disturb({ delayMs: 60_000 });
    const renewal = renewed();
    renewal.catch(() => undefined);
    await expect.poll(() => as.requests.entries.length).toBe(1);

    process.kill(renewer.pid ?? 0, 'SIGKILL');

    await expect(renewal).rejects.toThrow(RenewalCutOff);
    as.disturb(undefined);
  });

  it('is followed by another when it ends before it has stored what it was given', async () => {
    aws.disturb(({ operation }) =>
      operation === 'PutSecretValue' ? { error: 'InternalServiceError', status: 500 } : undefined,
    );
    let isGiven = false;
    const renewal = renewed({}, () => {
      isGiven = true;
    });
    await expect.poll(() => isGiven).toBe(true);

    process.kill(renewer.pid ?? 0, 'SIGKILL');
    aws.disturb(undefined);

    const { stored } = await renewal;
    expect(as.requests.entries).toHaveLength(1);
    expect(writes().at(-1)?.body).toMatchObject({ ClientRequestToken: stored?.id, SecretString: stored?.value });
  });

  it('goes on when it is told to end, as a service manager tells every process', async () => {
    let isFailing = true;
    aws.disturb(({ operation }) =>
      isFailing && operation === 'PutSecretValue' ? { error: 'InternalServiceError', status: 500 } : undefined,
    );
    const renewal = renewed();
    await expect.poll(() => writes().length).toBeGreaterThan(0);
    const { pid } = renewer;

    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid ?? 0, signal);
    isFailing = false;

    expect((await renewal).stored).toBeDefined();
    expect(renewer.pid).toBe(pid);
  });
});
