import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { until } from '../../local/until.ts';
import { KEPT } from '../../src/check/retries-rule.ts';
import { type Reply, send } from './support/send.ts';

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

/** The heap that Envoy may have in these tests, in bytes, and the size of one body. */
const HEAP = 268_435_456;
const PIECE = 8_388_608;

describe('many large bodies at once, more than Envoy may keep', () => {
  let stack: Stack;
  let answer: () => void;
  /** The destination answers when the test says so, and says when a body has arrived. */
  let answered: Promise<void>;
  let arrived = () => {};

  beforeAll(async () => {
    stack = await startStack({
      edit: (document) =>
        document.setIn(['overload_manager', 'resource_monitors', 0, 'typed_config', 'max_heap_size_bytes'], HEAP),
    });
    stack.upstream.answerWith(async ({ body }) => {
      if (body.length > 1) {
        arrived();
        await answered;
      }
      return { status: 200, body: 'taken' };
    });
  });
  afterAll(() => stack?.stop());
  beforeEach(() => {
    ({ promise: answered, resolve: answer } = Promise.withResolvers<void>());
  });

  /** Has the destination answer, and waits until Envoy takes requests again. */
  async function relieve() {
    answer();
    stack.upstream.requests.clear();
    await until(async () => (await send(stack.port, { host: 'openai.int', body: 'x' })).status === 200, {
      failure: 'Envoy takes no requests any more',
      timeoutMs: 60_000,
      everyMs: 200,
    });
  }

  /** Starts an upload and keeps it open. */
  async function open(): Promise<ClientRequest> {
    const headers = { host: 'openai.int', 'content-length': PIECE };
    const outgoing = request({ port: stack.port, method: 'POST', path: '/v1/files', headers });
    outgoing.on('error', () => {});
    await new Promise((resolve) => outgoing.write(Buffer.alloc(PIECE / 2, 'x'), resolve));
    return outgoing;
  }

  it('are refused in words, new ones and those on their way, and those that are there are answered', async () => {
    const halves: ClientRequest[] = [];
    for (let count = 0; count < 8; count += 1) halves.push(await open());
    const body = Buffer.alloc(PIECE, 'x');
    const taken: Promise<number>[] = [];
    const arrival = () =>
      new Promise<undefined>((resolve) => {
        arrived = () => resolve(undefined);
      });
    let refused: Reply | undefined;
    while (refused === undefined) {
      const arrives = arrival();
      const reply = send(stack.port, { host: 'openai.int', path: '/v1/files', body, timeoutMs: 100_000 });
      refused = await Promise.race([reply, arrives]);
      if (refused === undefined) taken.push(reply.then(({ status }) => status));
    }

    expect(refused.status).toBe(503);
    expect(refused.headers).toMatchObject({ 'x-attache-error': 'overloaded', 'retry-after': '1' });
    expect(refused.json()).toMatchObject({ error: { code: 'overloaded' }, __type: 'overloaded' });
    // Each is kept once where its answer is waited for, and twice while it is sent.
    const room = 0.8 * HEAP - (halves.length * PIECE) / 2;
    expect(taken.length).toBeGreaterThan(room / (2 * PIECE) - 1);
    expect(taken.length).toBeLessThan(room / PIECE + 1);

    // What was refused has gone, so that there may be room for some of these.
    let stopped: IncomingMessage | undefined;
    while (stopped === undefined) {
      const half = halves.shift();
      if (half === undefined) throw new Error('none of those on their way was refused');
      const arrives = arrival();
      const response = once(half, 'response').then(([incoming]) => incoming as IncomingMessage);
      half.end(Buffer.alloc(PIECE / 2, 'x'));
      stopped = await Promise.race([response, arrives]);
      if (stopped === undefined) taken.push(response.then(({ statusCode = 0 }) => statusCode));
    }
    expect(stopped.statusCode).toBe(503);
    expect(JSON.parse(await text(stopped))).toMatchObject({ error: { code: 'overloaded' } });
    for (const half of halves) half.destroy();

    answer();
    expect(new Set(await Promise.all(taken))).toEqual(new Set([200]));
    await relieve();
  });

  it('end with their connection over HTTP/2, and Envoy lives on', async () => {
    const session: ClientHttp2Session = connect(`http://127.0.0.1:${stack.port}`);
    session.on('error', () => {});
    const streams = Array.from({ length: 60 }, () => {
      const stream = session.request({ ':method': 'POST', ':authority': 'openai.int', ':path': '/v1/files' });
      stream.on('error', () => {});
      stream.write('x');
      return stream;
    });
    const closed = once(session, 'close');
    for (const stream of streams) {
      if (session.destroyed) break;
      await Promise.race([closed, new Promise((resolve) => stream.write(Buffer.alloc(PIECE, 'x'), resolve))]);
    }
    await closed;

    await relieve();
    const memory = JSON.parse(await stack.envoy.admin('/memory'));
    expect(Number(memory.heap_size)).toBeLessThan(2 * HEAP);
  });
});
