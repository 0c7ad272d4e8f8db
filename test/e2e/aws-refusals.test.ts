import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteSecretCommand, RestoreSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../support/scripted-secrets-manager/fault.ts';
import { steadyRequests } from '../support/steady-requests.ts';
import { type ScriptedStack, startScriptedStack } from './support/scripted-stack.ts';

const REFRESH_AFTER = 5_000;
/** What a refused read and its answer may add, on a busy machine. */
const MARGIN = 10_000;

describe('AWS that refuses a secret that is at hand', () => {
  let scripted: ScriptedStack;
  const faults = new Map<string | undefined, Fault>();

  beforeAll(async () => {
    scripted = await startScriptedStack({ ATTACHE_REFRESH_AFTER: `${REFRESH_AFTER}ms` });
    scripted.aws.disturb(({ secret }) => faults.get(secret));
  });
  afterAll(() => scripted?.[Symbol.asyncDispose]());

  it.concurrent('because access was revoked: it is served for 30 s more, and for no longer', async () => {
    await using requests = steadyRequests(scripted.stack.port, 'stripe.int', 10);

    const revokedAt = Date.now();
    faults.set('prod/stripe', { error: 'AccessDeniedException' });
    const first = await requests.seen.find(({ status }) => status !== 200, 'a refusal', 45_000);
    await sleep(1_000);

    expect(first.sentAt - revokedAt).toBeGreaterThanOrEqual(30_000 - 100);
    expect(first.sentAt - revokedAt).toBeLessThan(REFRESH_AFTER + 30_000 + MARGIN);
    for (const { status, code } of requests.failed(first.sentAt, Number.POSITIVE_INFINITY)) {
      expect({ status, code }).toEqual({ status: 502, code: 'secret_unusable' });
    }
    expect(requests.seen.entries.filter(({ sentAt, status }) => sentAt > first.answeredAt && status === 200)).toEqual(
      [],
    );
  });

  it.concurrent('because it is deleted: it is closed 5 s later, and open again after it is restored', async () => {
    await using requests = steadyRequests(scripted.stack.port, 'openai.int', 10);
    const { client } = scripted.aws.aws;

    const deletedAt = Date.now();
    await client.send(new DeleteSecretCommand({ SecretId: 'prod/openai' }));
    const first = await requests.seen.find(({ status }) => status !== 200, 'a refusal', 20_000);
    const restoredAt = Date.now();
    await client.send(new RestoreSecretCommand({ SecretId: 'prod/openai' }));
    const served = await requests.seen.find(
      ({ sentAt, status }) => sentAt > restoredAt && status === 200,
      'a 200',
      30_000,
    );

    expect(first.sentAt - deletedAt).toBeGreaterThanOrEqual(5_000 - 100);
    expect(first.sentAt - deletedAt).toBeLessThan(REFRESH_AFTER + 5_000 + MARGIN);
    expect(first).toMatchObject({ status: 502, code: 'secret_unusable' });
    // Refused reads are repeated after 10, 20, 40, 60 s; this was the second refusal.
    expect(served.answeredAt - restoredAt).toBeLessThan(20_000 + MARGIN);
  });

  it.concurrent('because it is called too often: it is served', async () => {
    await using requests = steadyRequests(scripted.stack.port, 'anthropic.int', 10);
    const began = Date.now();

    faults.set('prod/anthropic', { error: 'ThrottlingException', headers: { 'retry-after': '30' } });
    await sleep(20_000);

    expect(requests.failed(began, Number.POSITIVE_INFINITY)).toEqual([]);
    const calls = scripted.aws.calls.entries.filter(
      ({ secret, at }) => secret === 'prod/anthropic' && at.getTime() > began,
    );
    // One at the next refresh, then after 1, 2, 4, 8 s.
    expect(calls.length).toBeGreaterThan(2);
    expect(calls.length).toBeLessThan(8);
  });
});
