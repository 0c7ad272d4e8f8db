import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../src/processor/answer.ts';
import { ProcessorServer, type Transport } from '../../src/processor/processor-server.ts';
import type { Decide } from '../../src/processor/stream.ts';
import { connectRaw, envoyRequest, grpcFrame, rawStream } from '../support/raw-stream.ts';
import { deciding } from './support/stream-context.ts';

const INVALID_ARGUMENT = 3;
const INTERNAL = 13;

const injected: Answer = {
  kind: 'inject',
  integration: 'stripe',
  secret: 'prod/stripe',
  version: '12345678-abcd',
  final: false,
  injection: {
    set: [{ name: 'authorization', value: Buffer.from('Bearer k') }],
    remove: ['cookie'],
    tokens: [],
    final: false,
    encoded: new Map(),
  },
};

describe.each<Transport>(['node:http2', 'grpc-js'])('the processor, on %s', (transport) => {
  let folder: string;
  let path: string;
  let server: ProcessorServer;
  let session: ClientHttp2Session;
  const decide = vi.fn<Decide>();
  const failed = vi.fn();

  beforeEach(async () => {
    decide.mockReset().mockReturnValue(injected);
    failed.mockReset();
    folder = mkdtempSync(join(tmpdir(), 'attache-test-'));
    path = join(folder, '0.sock');
    server = new ProcessorServer(deciding({ decide, failed }), { transport });
    await server.listen([{ path }]);
    session = connectRaw(path);
  });

  afterEach(async () => {
    session.destroy();
    await server.drain(1_000);
    rmSync(folder, { recursive: true });
  });

  const question = grpcFrame(envoyRequest({ integration: 'stripe' }));

  it('answers a request with one injection, by raw_value and with both forms of overwriting', async () => {
    const { answers, status } = await rawStream(session, [question]);

    expect(status).toBe(0);
    expect(answers).toHaveLength(1);
    expect(answers[0]?.response).toMatchObject({
      $case: 'requestHeaders',
      value: {
        response: {
          headerMutation: {
            setHeaders: [
              { header: { key: 'authorization', rawValue: Buffer.from('Bearer k') }, append: false, appendAction: 2 },
            ],
            removeHeaders: ['cookie'],
          },
        },
      },
    });
    expect(answers[0]?.dynamicMetadata).toEqual({
      attache: {
        decision: 'injected',
        integration: 'stripe',
        secret: 'prod/stripe',
        version: '12345678',
        tried: ['12345678-abcd'],
      },
    });
  });

  it('answers a refusal as JSON, with its status, header and metadata', async () => {
    decide.mockReturnValue({
      kind: 'deny',
      code: 'secret_unavailable',
      integration: 'stripe',
      secret: 'prod/stripe',
      caller: '10.1.2.3',
      reason: 'throttled',
      message: 'wait',
      retryAfter: 3,
    });

    const { answers } = await rawStream(session, [question]);

    const response = answers[0]?.response;
    if (response?.$case !== 'immediateResponse') throw new Error('no immediate response');
    expect(response.value.status?.code).toBe(503);
    expect(JSON.parse(response.value.body.toString())).toEqual({
      error: { code: 'secret_unavailable', integration: 'stripe', message: 'wait' },
    });
    expect(response.value.headers?.setHeaders.map(({ header }) => [header?.key, header?.rawValue.toString()])).toEqual([
      ['content-type', 'application/json'],
      ['x-attache-error', 'secret_unavailable'],
      ['retry-after', '3'],
    ]);
    expect(answers[0]?.dynamicMetadata).toEqual({
      attache: {
        decision: 'denied',
        integration: 'stripe',
        secret: 'prod/stripe',
        caller: '10.1.2.3',
        code: 'secret_unavailable',
        reason: 'throttled',
      },
    });
  });

  it('asks for time before an answer that has to wait', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    decide.mockReturnValue(promise);
    setTimeout(() => resolve(injected), 50);

    const { answers } = await rawStream(session, [question]);

    expect(answers.map(({ response, overrideMessageTimeout }) => [response?.$case, overrideMessageTimeout])).toEqual([
      [undefined, { seconds: 2, nanos: 250_000_000 }],
      ['requestHeaders', undefined],
    ]);
  });

  it.each([
    ['nothing at all', []],
    ['an empty message', [grpcFrame(Buffer.alloc(0))]],
    ['a message that is not about request headers', [grpcFrame(Buffer.from([0x32, 0x00]))]],
  ])('ends a stream with an error when it carries %s', async (_, chunks) => {
    const { answers, status } = await rawStream(session, chunks);

    expect(answers).toEqual([]);
    expect(status).toBe(INVALID_ARGUMENT);
  });

  it.each([
    ['bytes that are no message', [grpcFrame(Buffer.from([0xff, 0xff, 0xff]))]],
    ['half a message', [question.subarray(0, 20)]],
    ['a message longer than it says', [grpcFrame(envoyRequest({ integration: 'stripe' }), { length: 3 })]],
    ['a message larger than any of Envoy', [grpcFrame(Buffer.alloc(17_200_000))]],
  ])('never ends a stream well when it carries %s', async (_, chunks) => {
    const { answers, status } = await rawStream(session, chunks);

    expect(answers).toEqual([]);
    expect(status).not.toBe(0);
  });

  it('answers once, and ends the stream with an error on a second message', async () => {
    const { answers, status } = await rawStream(session, [question, question]);

    expect(answers.length).toBeLessThanOrEqual(1);
    expect(status).toBe(INVALID_ARGUMENT);
  });

  it.each<[string, Decide]>([
    [
      'at once',
      () => {
        throw new Error('boom');
      },
    ],
    ['later', () => Promise.reject(new Error('boom'))],
  ])('ends a stream with an error when the decision fails %s, and tells of it', async (_, broken) => {
    decide.mockImplementation(broken);

    const { answers, status, message } = await rawStream(session, [question]);

    expect(answers.filter(({ response }) => response !== undefined)).toEqual([]);
    expect(status).toBe(INTERNAL);
    expect(message).not.toContain('boom');
    expect(failed).toHaveBeenCalledOnce();
  });

  it('survives Envoy ending every stream by a reset, thousands of times on one connection', async () => {
    let wentAway = false;
    session.on('goaway', () => {
      wentAway = true;
    });
    for (let batch = 0; batch < 60; batch += 1) {
      const results = await Promise.all(
        Array.from({ length: 50 }, () => rawStream(session, [question], { end: 'reset-after-answer' })),
      );
      expect(results.every(({ answers }) => answers.length === 1)).toBe(true);
    }

    expect(wentAway).toBe(false);
  });

  it('leaves no timer and no stream of a request behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    decide.mockImplementation(async () => injected);
    await rawStream(session, [question]);
    const before = timers();

    for (let batch = 0; batch < 10; batch += 1) {
      const end = batch % 2 === 0 ? 'half-close' : 'reset';
      await Promise.all(Array.from({ length: 50 }, () => rawStream(session, [question], { end })));
    }

    // No expect.poll, which has a timer of its own.
    while (timers() > before) await setImmediate();
    await expect.poll(() => session.state.outboundQueueSize).toBe(0);
  });

  it('lets in the owner and the group of its socket, and nobody else', () => {
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  it('says SERVING to health checks', async () => {
    expect(await health(path)).toBe(1);
  });

  it('answers what is under way before it ends', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    decide.mockReturnValue(promise);
    const underWay = rawStream(session, [question]);
    await vi.waitFor(() => expect(decide).toHaveBeenCalled());

    const drained = server.drain(5_000);
    resolve(injected);

    expect((await underWay).answers.at(-1)?.response?.$case).toBe('requestHeaders');
    session.close();
    await drained;
  });

  it('never ends what is under way with OK when the grace is over', async () => {
    decide.mockReturnValue(new Promise(() => undefined));
    const underWay = rawStream(session, [question]);
    await vi.waitFor(() => expect(decide).toHaveBeenCalled());

    await server.drain(100);

    expect((await underWay).status).not.toBe(0);
  });

  it('takes over the socket of a process that is gone, but not that of one that lives', async () => {
    const other = new ProcessorServer(deciding({ decide, failed }));

    await expect(other.listen([{ path }])).rejects.toThrow(/another process listens/);

    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(other.listen([{ path: file }])).rejects.toThrow(/no socket/);
    expect((await rawStream(session, [question])).answers).toHaveLength(1);
  });
});

/** What grpc.health.v1 says: 1 is SERVING. */
function health(path: string): Promise<number | undefined> {
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      () => Buffer.alloc(0),
      (bytes: Buffer) => bytes[1],
      {},
      (error, value) => {
        client.close();
        if (error) reject(error);
        else resolve(value);
      },
    );
  });
}
