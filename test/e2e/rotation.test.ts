import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startStack } from '../../local/stack.ts';
import { openLoop } from '../support/open-loop.ts';
import { ROTATION_KINDS } from '../support/rotation-kinds.ts';
import { send } from './support/send.ts';

describe('a rotation under load', () => {
  it.each(ROTATION_KINDS)('fails no request: $name', async ({ rotate }) => {
    await using stack = await startStack({ attache: { env: { ATTACHE_REFRESH_AFTER: '5s' } } });
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    const done = new AbortController();
    const load = openLoop({ rate: 50, until: done.signal }, async (index) => {
      const body = index % 10 === 0 ? { body: Buffer.alloc(100_000, 'x') } : {};
      return (await send(stack.port, { host: 'openai.int', path: '/v1/responses', agent, ...body })).status;
    });

    let key = stack.keys.openai;
    for (let count = 0; count < 2; count += 1) key = await rotate(stack, key);
    done.abort();
    const { statuses, count } = await load;
    agent.destroy();

    expect(statuses).toEqual({ 200: count });
  });
});

describe('a key that is simply wrong', () => {
  it("reaches the caller as the destination's own 401, and soon costs the destination one request each", async () => {
    await using stack = await startStack();
    stack.upstream.accept('openai', 'another key');
    const attempts: number[] = [];

    for (let count = 0; count < 400; count += 1) {
      const before = stack.upstream.requests.entries.length;
      const reply = await send(stack.port, { host: 'openai.int' });
      expect(reply.status).toBe(401);
      expect(reply.json()).toMatchObject({ error: 'not the current key' });
      expect(reply.headers).not.toHaveProperty('x-envoy-ratelimited');
      attempts.push(stack.upstream.requests.entries.length - before);
    }

    expect(attempts[0]).toBe(3);
    expect(attempts.slice(-200).filter((count) => count > 1).length).toBeLessThan(20);
  });
});
