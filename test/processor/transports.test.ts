import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../../src/processor/answer.ts';
import { ProcessingRequest } from '../../src/processor/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { ProcessorServer, type Transport } from '../../src/processor/processor-server.ts';
import { connectRaw, envoyRequest, grpcFrame, rawStream } from '../support/raw-stream.ts';
import { deciding } from './support/stream-context.ts';

const TRANSPORTS: readonly Transport[] = ['node:http2', 'grpc-js'];

const injected: Answer = {
  kind: 'inject',
  integration: 'stripe',
  secret: 'prod/stripe',
  version: '12345678-abcd',
  final: false,
  injection: {
    set: [{ name: 'authorization', value: Buffer.from('Bearer k') }],
    remove: [],
    tokens: [],
    final: false,
    encoded: new Map(),
  },
};

const encoded = (request: ProcessingRequest['request']) =>
  Buffer.from(ProcessingRequest.encode({ request, metadataContext: undefined, attributes: {} }).finish());
const question = grpcFrame(envoyRequest({ integration: 'stripe' }));
/** What asks for a wait, a body or neither, by its integration. */
const questionOf = (integration: string) => grpcFrame(envoyRequest({ integration }));
const body = (bytes: number) =>
  grpcFrame(encoded({ $case: 'requestBody', value: { body: Buffer.alloc(bytes, 7), endOfStream: true } }));
const responseHeaders = grpcFrame(
  encoded({ $case: 'responseHeaders', value: { headers: undefined, endOfStream: true } }),
);

describe('whoever speaks gRPC for external processing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'attache-test-'));
  const socketOf = (transport: Transport) => join(folder, `${transport.replace(':', '-')}.sock`);
  const servers: ProcessorServer[] = [];
  const sessions: ClientHttp2Session[] = [];

  beforeAll(async () => {
    for (const transport of TRANSPORTS) {
      const server = new ProcessorServer(
        deciding({
          decide: ({ integration, hasUnreadBody }) => {
            if (integration === 'later') return new Promise((resolve) => setTimeout(() => resolve(injected), 1));
            if (integration === 'body' && hasUnreadBody) return { kind: 'read-body', integration };
            return injected;
          },
        }),
        { transport },
      );
      await server.listen([{ path: socketOf(transport) }]);
      servers.push(server);
      sessions.push(connectRaw(socketOf(transport)));
    }
  });

  afterAll(async () => {
    for (const session of sessions) session.destroy();
    for (const server of servers) await server.drain(1_000);
    rmSync(folder, { recursive: true });
  });

  /** What both made of the same bytes. */
  const both = async (chunks: readonly Buffer[], options?: Parameters<typeof rawStream>[2]) =>
    Promise.all(
      sessions.map(async (session) => {
        const { answers, status } = await rawStream(session, chunks, options);
        return { answers, status };
      }),
    );

  const part = fc.oneof(
    { weight: 4, arbitrary: fc.constant(question) },
    fc.constantFrom(questionOf('later'), questionOf('body'), questionOf('')),
    fc.nat(40_000).map(body),
    fc.constant(responseHeaders),
    fc.constant(grpcFrame(Buffer.alloc(0))),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => grpcFrame(Buffer.from(bytes))),
    // What is announced and does not come, or is larger than it may be.
    fc.nat(2 ** 31).map((length) => grpcFrame(Buffer.alloc(3), { length })),
  );

  it('makes the same of every sequence of messages, however they are cut', async () => {
    const stream = fc.record({
      parts: fc.array(part, { maxLength: 3 }),
      cuts: fc.array(fc.nat(60_000), { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(stream, async ({ parts, cuts }) => {
        const [ours, theirs] = await both(cut(Buffer.concat(parts), cuts));

        // Of several mistakes, and of answers before one, grpc-js may see the last one first.
        expect(ours?.status === 0).toBe(theirs?.status === 0);
        if (ours?.status === 0) expect(ours.answers).toEqual(theirs?.answers);
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 1, 4, 5, 6, question.length - 1])('takes a message that is cut after %i bytes', async (at) => {
    const [ours, theirs] = await both([question.subarray(0, at), question.subarray(at)]);

    expect(ours?.answers).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  it('takes a message byte by byte', async () => {
    const [ours, theirs] = await both([...question].map((byte) => Buffer.of(byte)));

    expect(ours?.answers).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  it.each([1, 7, 255])(
    'refuses a message with the flag %i, of whose compression nothing is said',
    async (compressed) => {
      const { answers, status } = await rawStream(sessions[0] as ClientHttp2Session, [
        grpcFrame(envoyRequest({ integration: 'stripe' }), { compressed }),
      ]);

      expect(answers).toEqual([]);
      expect(status).toBe(13);
    },
  );

  it.each<[string, Record<string, string>]>([
    ['a deadline', { 'grpc-timeout': '1n' }],
    ['a deadline that is none', { 'grpc-timeout': 'soon' }],
    ['compression', { 'grpc-encoding': 'gzip' }],
    ['another form of messages', { 'content-type': 'application/grpc+json' }],
    ['no gRPC', { 'content-type': 'text/plain' }],
    ['another method', { ':path': '/envoy.service.ext_proc.v3.ExternalProcessor/Other' }],
    ['GET', { ':method': 'GET' }],
  ])('makes the same of a call that asks for %s', async (_, headers) => {
    const [ours, theirs] = await both([question], { headers });

    expect(ours).toEqual(theirs);
  });

  it.each(['reset', 'reset-after-answer'] as const)('makes the same of a %s', async (end) => {
    const [ours, theirs] = await both([question], { end });

    expect(ours?.status).toEqual(theirs?.status);
    // They are there for the next one.
    for (const { answers } of await both([question])) expect(answers).toHaveLength(1);
  });

  it('waits with an answer while its client takes none', async () => {
    for (const transport of TRANSPORTS) {
      const session = connect('http://attache', {
        createConnection: () => createConnection(socketOf(transport)),
        settings: { initialWindowSize: 10 },
      });
      const { answers, status } = await rawStream(session, [question]);

      expect(answers).toHaveLength(1);
      expect(status).toBe(0);
      session.destroy();
    }
  });
});

/** The same bytes in pieces that end at these places, as far as there are so many. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.filter((place) => place < bytes.length), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}
