import { setTimeout as sleep } from 'node:timers/promises';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addRoutes } from './support/routes.ts';
import { type ScriptedStack, startScriptedStack } from './support/scripted-stack.ts';
import { send } from './support/send.ts';

/** How an attempt ends: with a status, or with a connection that breaks or stays silent for too long. */
type End = number | 'breaks' | 'hangs';

const EVERYTHING = '5xx,reset,connect-failure,retriable-4xx,refused-stream,retriable-status-codes';

/** How the attempts of a request end before one is taken, and the keys that they carry: the current one, then the pending one. */
const TABLE: readonly { readonly ends: readonly End[]; readonly keys: readonly string[] }[] = [
  { ends: [503], keys: ['now', 'now'] },
  { ends: [500], keys: ['now', 'now'] },
  { ends: [429], keys: ['now', 'now'] },
  { ends: [409], keys: ['now', 'now'] },
  { ends: ['breaks'], keys: ['now', 'now'] },
  { ends: ['hangs'], keys: ['now', 'now'] },
  { ends: [503, 503, 'breaks'], keys: ['now', 'now', 'now', 'now'] },
  { ends: [401], keys: ['now', 'next'] },
  { ends: [403], keys: ['now', 'next'] },
  { ends: [503, 401], keys: ['now', 'now', 'next'] },
  { ends: ['breaks', 401], keys: ['now', 'now', 'next'] },
  { ends: [401, 503], keys: ['now', 'next', 'next'] },
  { ends: [401, 'breaks'], keys: ['now', 'next', 'next'] },
  { ends: [401, 'hangs'], keys: ['now', 'next', 'next'] },
  { ends: [429, 401, 503], keys: ['now', 'now', 'next', 'next'] },
];

const name = (row: number) => `row${row}`;
const keyIn = (authorization: string | undefined) => authorization?.replace('Bearer ', '');
const isRefused = (end: End) => end === 401 || end === 403;

describe('a request that Envoy tries again', () => {
  let running: ScriptedStack;
  /** The requests that have arrived, by the name of their route. */
  const arrived = new Map<string, (string | undefined)[]>();

  beforeAll(async () => {
    running = await startScriptedStack(
      { ATTACHE_REFRESH_AFTER: '1h', ATTACHE_MAX_STALE: '4h' },
      {
        upstream: { hosts: Object.fromEntries(TABLE.map((_, row) => [`${name(row)}.example`, () => undefined])) },
        edit: (document) =>
          addRoutes(
            document,
            ...TABLE.map((_, row) => ({
              name: name(row),
              host: `${name(row)}.example`,
              attache: { integration: name(row), secret: `prod/${name(row)}`, bearer: '{{ . }}' },
              route: {
                retry_policy: {
                  retry_on: EVERYTHING,
                  retriable_status_codes: [401, 403, 429],
                  num_retries: 3,
                  per_try_timeout: '2s',
                  retry_back_off: { base_interval: '0.001s', max_interval: '0.01s' },
                },
              },
            })),
          ),
      },
      async ({ client, put }) => {
        for (const row of TABLE.keys()) {
          const SecretId = `prod/${name(row)}`;
          await put(SecretId, 'now');
          const pending = { SecretId, SecretString: 'next', VersionStages: ['AWSPENDING'] };
          await client.send(new PutSecretValueCommand(pending));
        }
      },
    );
    const { stack } = running;
    stack.upstream.answerWith(async ({ host, headers }) => {
      const route = host.replace('.example', '');
      const before = arrived.get(route) ?? [];
      arrived.set(route, [...before, keyIn(headers.authorization)]);
      const end = TABLE[Number(route.slice('row'.length))]?.ends[before.length] ?? 200;
      if (end === 'hangs') await sleep(20_000);
      if (typeof end !== 'number') throw new Error('the connection breaks');
      return { status: end, body: 'x' };
    });
  });
  afterAll(() => running?.[Symbol.asyncDispose]());

  it.each(TABLE.map((it, row) => ({ ...it, row })))('because of $ends carries $keys', async ({ ends, keys, row }) => {
    const { aws, stack } = running;
    const reads = () => aws.calls.entries.filter(({ secret }) => secret === `prod/${name(row)}`).length;
    const before = reads();

    const reply = await send(stack.port, { host: `${name(row)}.int`, timeoutMs: 60_000 });

    expect(arrived.get(name(row))).toEqual(keys);
    expect(reply.status).toBe(200);
    if (!ends.some(isRefused)) expect(reads()).toBe(before);
  });
});
