import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../local/until.ts';
import type { Fault } from '../support/scripted-secrets-manager/fault.ts';
import { steadyRequests } from '../support/steady-requests.ts';
import { type ScriptedStack, startScriptedStack } from './support/scripted-stack.ts';

const MAX_STALE = 9_000;
/** How long a request waits for AWS before it is refused. */
const FETCH_DEADLINE = 2_000;

const page: Fault = { status: 503, body: '<html>', headers: { 'content-type': 'text/html' } };

describe('AWS down while the secrets are at hand', () => {
  let scripted: ScriptedStack;
  const faults = new Map<string | undefined, Fault>();

  beforeAll(async () => {
    scripted = await startScriptedStack({ ATTACHE_REFRESH_AFTER: '5s', ATTACHE_MAX_STALE: `${MAX_STALE}ms` });
    scripted.aws.disturb(({ secret }) => faults.get(secret));
  });
  afterAll(() => scripted?.[Symbol.asyncDispose]());

  it.concurrent.each([
    ['does not answer', 'stripe', 'hang'],
    ['cuts connections', 'openai', 'cut'],
    ['answers with a page and 503', 'anthropic', page],
  ] as const)(
    '%s: no request fails until the secret is maxStale old, then each gets a 503 until AWS is back',
    async (_, name, fault) => {
      const secret = `prod/${name}`;
      await using requests = steadyRequests(scripted.stack.port, `${name}.int`, 20);
      await requests.seen.find(({ status }) => status === 200, 'a request that succeeds');

      const downAt = Date.now();
      faults.set(secret, fault);
      const lastRead = scripted.lastReadBefore(secret, downAt);
      const first = await requests.seen.find(({ status }) => status !== 200, 'a refusal', 2 * MAX_STALE);
      await until(() => Date.now() > first.answeredAt + 3_000, { failure: 'three seconds', timeoutMs: 4_000 });
      const backAt = Date.now();
      faults.delete(secret);
      const served = await requests.seen.find(
        ({ sentAt, status }) => sentAt >= backAt && status === 200,
        'a 200 once AWS is back',
        10_000,
      );
      await until(() => Date.now() > served.answeredAt + 1_000, { failure: 'one second', timeoutMs: 2_000 });

      expect(first.answeredAt - lastRead).toBeGreaterThan(MAX_STALE - 200);
      const tooOld = lastRead + MAX_STALE + FETCH_DEADLINE + 500;
      const late = requests.seen.entries.filter(({ sentAt, answeredAt }) => sentAt > tooOld && answeredAt < backAt);
      expect(late.filter(({ status }) => status === 200)).toEqual([]);
      expect(requests.failed(served.answeredAt, Number.POSITIVE_INFINITY)).toEqual([]);
      const refusals = requests.failed(first.sentAt, backAt);
      expect(refusals.length).toBeGreaterThan(10);
      for (const { status, code, retryAfter } of refusals) {
        expect({ status, code, retryAfter }).toEqual({ status: 503, code: 'secret_unavailable', retryAfter: '1' });
      }
    },
  );
});
