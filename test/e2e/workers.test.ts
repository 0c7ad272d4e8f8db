import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyDocument, pathOfCluster } from '../../local/derive-envoy-config.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import type { Status } from '../../src/admin/status.ts';
import { openLoop } from '../support/open-loop.ts';
import { send } from './support/send.ts';

const status = async (stack: Stack) => (await (await stack.attache.admin('/api/status')).json()) as Status;

/** 150 requests a second. */
async function load(stack: Stack, seconds: number) {
  const agent = new Agent({ keepAlive: true });
  try {
    return await openLoop({ rate: 150, until: seconds }, async () => {
      const { status: code } = await send(stack.port, { host: 'stripe.int', path: '/v1/customers', agent });
      return code;
    });
  } finally {
    agent.destroy();
  }
}

describe('two workers', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ workers: 2 });
  });
  afterAll(() => stack?.stop());

  const allReady = () => expect.poll(async () => (await status(stack)).workers.every(({ ready }) => ready)).toBe(true);

  it('lose no request when one of them is killed', async () => {
    await allReady();
    const [before] = (await status(stack)).workers;

    const [result] = await Promise.all([
      load(stack, 2),
      new Promise((resolve) => setTimeout(resolve, 500)).then(() => process.kill(before?.pid ?? Number.NaN, 'SIGKILL')),
    ]);

    expect(result.statuses).toEqual({ 200: result.count });
    expect(result.count).toBeGreaterThan(270);
    await allReady();
    const [after] = (await status(stack)).workers;
    expect(after?.pid).not.toBe(before?.pid);
    expect(after?.restarts).toBe((before?.restarts ?? 0) + 1);
  });

  it('lose no request in a rolling restart, which gives each of them a new process', async () => {
    await allReady();
    const before = (await status(stack)).workers;
    const seen = stack.attache.log.entries.length;

    const [result] = await Promise.all([
      load(stack, 4),
      new Promise((resolve) => setTimeout(resolve, 500)).then(() => stack.attache.signal('SIGHUP')),
    ]);
    await expect.poll(() => stack.attache.log.entries.slice(seen).join('\n')).toContain('rolling restart: done');

    expect(result.statuses).toEqual({ 200: result.count });
    expect(result.count).toBeGreaterThan(540);
    const after = (await status(stack)).workers;
    expect(after.map(({ restarts }) => restarts)).toEqual(before.map(({ restarts }) => restarts + 1));
    expect(after.every(({ ready }) => ready)).toBe(true);
  });

  it('share the requests, and show them and their secrets as one', async () => {
    await allReady();
    const injected = async () =>
      (await status(stack)).integrations.find(({ name }) => name === 'openai')?.outcomes.injected;
    expect(await injected()).toBeUndefined();

    await Promise.all(Array.from({ length: 40 }, () => send(stack.port, { host: 'openai.int', path: '/v1/models' })));

    expect(await injected()).toBe(40);
    const { ready, workers, secrets } = await status(stack);
    expect(ready).toBe(true);
    expect(workers.map(({ worker }) => worker)).toEqual([0, 1]);
    expect(secrets.map(({ secret, state }) => [secret, state])).toEqual([
      ['prod/stripe', 'fresh'],
      ['prod/openai', 'fresh'],
      ['prod/anthropic', 'fresh'],
    ]);
    const metrics = await (await stack.attache.admin('/metrics')).text();
    expect(metrics).toMatch(/attache_requests_total\{integration="openai",outcome="injected"[^}]*\} 40\n/);
    expect(metrics.match(/process_memory_usage\{worker="(0|1|supervisor)"/g)).toHaveLength(3);
    expect(metrics + JSON.stringify(await status(stack))).not.toContain(stack.keys.openai);
  });

  it('are ready as long as one of them is', async () => {
    await allReady();
    const [first] = (await status(stack)).workers;
    process.kill(first?.pid ?? Number.NaN, 'SIGSTOP');

    expect((await stack.attache.admin('/readyz')).status).toBe(200);
    const { workers } = await status(stack);

    process.kill(first?.pid ?? Number.NaN, 'SIGCONT');
    expect(workers[0]?.memoryBytes).toBeUndefined();
    expect(workers[1]?.memoryBytes).toBeGreaterThan(0);
  });
});

it('one worker loses no request when envoy.yaml lists a socket that is not there', async () => {
  const addSocket = (document: EnvoyDocument) => {
    const endpoints = [...pathOfCluster(document, 'attache'), 'load_assignment', 'endpoints', 0, 'lb_endpoints'];
    const path = `${document.getIn([...endpoints, 0, 'endpoint', 'address', 'pipe', 'path'])}.not-there`;
    document.addIn(endpoints, document.createNode({ endpoint: { address: { pipe: { path } } } }));
  };
  await using stack = await startStack({ edit: addSocket });

  const result = await load(stack, 2);

  expect(result.statuses).toEqual({ 200: result.count });
  expect(result.count).toBeGreaterThan(270);
  expect(await stack.envoy.stats(/^cluster\.attache\.membership_total$/)).toEqual({
    'cluster.attache.membership_total': 2,
  });
});
