import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { KEPT } from '../../src/check/retries-rule.ts';
import { send } from './support/send.ts';

describe('a large body, sent while its key rotates', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack?.stop());

  /** The statuses with which the attempts of a request were answered, after a rotation that Attaché has not noticed. */
  const afterRotation = async (body: Buffer) => {
    await send(stack.port, { host: 'openai.int' });
    await stack.rotate('openai');
    stack.upstream.requests.clear();
    const reply = await send(stack.port, { host: 'openai.int', path: '/v1/files', body });
    const attempts = stack.upstream.requests.entries;
    for (const attempt of attempts) expect(attempt.body.equals(body)).toBe(true);
    return { status: reply.status, attempts: attempts.map(({ status }) => status) };
  };

  it.each([
    ['one byte short of the limit', KEPT - 1],
    ['as long as the limit', KEPT],
  ])('is sent again with the new key, whole: %s', async (_, size) => {
    expect(await afterRotation(Buffer.alloc(size, 'x'))).toEqual({ status: 200, attempts: [401, 200] });
  });

  it('passes once it is longer than the limit, but is not sent again', async () => {
    expect(await afterRotation(Buffer.alloc(KEPT + 1, 'x'))).toEqual({ status: 401, attempts: [401] });
    expect(await afterRotation(Buffer.alloc(64, 'x'))).toEqual({ status: 200, attempts: [401, 200] });
    const large = await send(stack.port, { host: 'openai.int', path: '/v1/files', body: Buffer.alloc(4 * KEPT, 'x') });
    expect(large.status).toBe(200);
  });

  it('is sent again too where the caller waits for 100 Continue before it sends it', async () => {
    await send(stack.port, { host: 'openai.int' });
    await stack.rotate('openai');
    stack.upstream.requests.clear();
    const body = Buffer.alloc(2_000_000, 'x');
    const headers = { host: 'openai.int', expect: '100-continue', 'content-length': body.length };
    const outgoing = request({ port: stack.port, method: 'POST', path: '/v1/files', headers });
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
    outgoing.end(body);
    const [incoming] = await once(outgoing, 'response');
    await text(incoming);

    expect(incoming.statusCode).toBe(200);
    expect(stack.upstream.requests.entries.map(({ status }) => status)).toEqual([401, 200]);
  });
});
