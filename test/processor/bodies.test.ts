import { mkdtempSync, rmSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Decision } from '../../src/processor/answer.ts';
import { ProcessingRequest } from '../../src/processor/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { LARGEST_BODY, ProcessorServer, type Transport } from '../../src/processor/processor-server.ts';
import type { Decide } from '../../src/processor/stream.ts';
import { connectRaw, grpcFrame, rawStream } from '../support/raw-stream.ts';
import { deciding } from './support/stream-context.ts';

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;

const injected: Decision = {
  kind: 'inject',
  integration: 'queue',
  secret: 'prod/aws',
  version: '12345678-abcd',
  final: false,
  injection: {
    set: [{ name: 'authorization', value: Buffer.from('AWS4-HMAC-SHA256 …') }],
    remove: ['cookie'],
    tokens: [],
    final: false,
    encoded: undefined,
  },
};
const wish: Decision = { kind: 'read-body', integration: 'queue' };

const message = (request: ProcessingRequest['request']) =>
  grpcFrame(Buffer.from(ProcessingRequest.encode({ request, metadataContext: undefined, attributes: {} }).finish()));
const header = (key: string, value: string) => ({ key, rawValue: Buffer.from(value) });
const headers = message({
  $case: 'requestHeaders',
  value: {
    headers: { headers: [header(':method', 'POST'), header(':path', '/queue?a=b'), header('x-amz-target', 'T')] },
    endOfStream: false,
  },
});
const body = (bytes: Buffer | string, endOfStream = true) =>
  message({ $case: 'requestBody', value: { body: Buffer.from(bytes), endOfStream } });
/** Request trailers: field 6 of Envoy's message, which Attaché does not read. */
const trailers = grpcFrame(Buffer.from([0x32, 0x00]));

describe.each<Transport>(['node:http2', 'grpc-js'])(
  'the processor, when a body is needed for the answer, on %s',
  (transport) => {
    let folder: string;
    let server: ProcessorServer;
    let session: ClientHttp2Session;
    const decide = vi.fn<Decide>();
    const answered = vi.fn();
    const failed = vi.fn();

    beforeEach(async () => {
      decide.mockReset().mockImplementation((facts) => (facts.hasUnreadBody ? wish : injected));
      answered.mockReset();
      failed.mockReset();
      folder = mkdtempSync(join(tmpdir(), 'attache-test-'));
      const path = join(folder, '0.sock');
      server = new ProcessorServer(deciding({ decide, answered, failed }), { transport });
      await server.listen([{ path }]);
      session = connectRaw(path);
    });

    afterEach(async () => {
      session.destroy();
      await server.drain(1_000);
      rmSync(folder, { recursive: true });
    });

    it('asks for all of it and for trailers, and answers when it has come', async () => {
      const { answers, status } = await rawStream(session, [headers, body('hello')]);

      expect(status).toBe(0);
      expect(answers.map(({ response }) => response?.$case)).toEqual(['requestHeaders', 'requestBody']);
      expect(answers[0]?.modeOverride).toEqual({
        requestHeaderMode: 1,
        responseHeaderMode: 2,
        requestBodyMode: 2,
        responseBodyMode: 0,
        requestTrailerMode: 1,
        responseTrailerMode: 2,
      });
      expect(answers[1]?.response?.value).toMatchObject({
        response: {
          headerMutation: {
            setHeaders: [{ header: header('authorization', 'AWS4-HMAC-SHA256 …'), append: false, appendAction: 2 }],
            removeHeaders: ['cookie'],
          },
        },
      });
      expect(answers[1]?.modeOverride).toBeUndefined();
      expect(answered).toHaveBeenCalledOnce();
    });

    it("takes the caller's own credentials away with its wish, and sets one that nobody takes", async () => {
      const { answers } = await rawStream(session, [headers, body('hello')]);

      expect(answers[0]?.response?.value).toMatchObject({
        response: {
          headerMutation: {
            setHeaders: [
              { header: header('authorization', 'attache-awaits-the-body'), append: false, appendAction: 2 },
            ],
            removeHeaders: expect.arrayContaining(['proxy-authorization', 'cookie', 'x-api-key', 'private-token']),
          },
        },
      });
    });

    it.each([
      ['small', 'hello'],
      ['empty', ''],
      ['as large as can be signed', Buffer.alloc(LARGEST_BODY, 'x')],
    ])('decides by the body and the headers that came before it: %s', async (_, bytes) => {
      await rawStream(session, [headers, body(bytes)]);

      const facts = decide.mock.calls.map(([it]) => it);
      expect(facts.map(({ path, hasUnreadBody }) => [path, hasUnreadBody])).toEqual([
        ['/queue?a=b', true],
        ['/queue?a=b', false],
      ]);
      expect(facts[0]?.body).toBeUndefined();
      expect(facts[1]?.body?.equals(Buffer.from(bytes))).toBe(true);
      expect(facts[1]?.headers()).toContainEqual(['x-amz-target', 'T']);
    });

    it('refuses when the decision about the body is a refusal', async () => {
      const refusal: Decision = { kind: 'deny', code: 'request_not_allowed', integration: 'queue', message: 'no' };
      decide.mockImplementation((facts) => (facts.hasUnreadBody ? wish : refusal));

      const { answers, status } = await rawStream(session, [headers, body('hello')]);

      expect(status).toBe(0);
      expect(answers.map(({ response }) => response?.$case)).toEqual(['requestHeaders', 'immediateResponse']);
    });

    it.each<[string, Buffer[], number]>([
      ['no body', [headers], INVALID_ARGUMENT],
      ['a part of the body', [headers, body('hel', false)], INVALID_ARGUMENT],
      ['a body in parts', [headers, body('hel', false), body('lo')], INVALID_ARGUMENT],
      ['trailers in place of a body', [headers, trailers], INVALID_ARGUMENT],
      ['headers again in place of a body', [headers, headers], INVALID_ARGUMENT],
      ['half a body', [headers, body('hello').subarray(0, 9)], INVALID_ARGUMENT],
      [
        'a body that is too large to be read',
        [headers, body(Buffer.alloc(LARGEST_BODY + 300_000))],
        RESOURCE_EXHAUSTED,
      ],
      ['a body that was not asked for', [body('hello')], INVALID_ARGUMENT],
    ])('ends the stream with an error and without an answer when it carries %s', async (_, chunks, code) => {
      const { answers, status } = await rawStream(session, chunks);

      expect(status).toBe(code);
      expect(answers.map(({ response }) => response?.$case)).not.toContain('requestBody');
      expect(answered).not.toHaveBeenCalled();
    });

    it('never answers a stream that was reset before the body came', async () => {
      await rawStream(session, [headers], { end: 'reset-after-answer' });
      await server.drain(1_000);

      expect(decide).toHaveBeenCalledOnce();
      expect(answered).not.toHaveBeenCalled();
    });

    it.each<[string, Buffer[], Decide]>([
      ['a second body', [headers, body('hello'), body('hello')], (facts) => (facts.hasUnreadBody ? wish : injected)],
      [
        'trailers after the body',
        [headers, body('hello'), trailers],
        (facts) => (facts.hasUnreadBody ? wish : injected),
      ],
      ['a body after an answer that needed none', [headers, body('hello')], () => injected],
    ])('answers once, and ends the stream with an error on %s', async (_, chunks, decision) => {
      decide.mockImplementation(decision);

      const { answers, status } = await rawStream(session, chunks);

      expect(answered).toHaveBeenCalledOnce();
      expect(answers.filter(({ response, modeOverride }) => response && !modeOverride).length).toBeLessThanOrEqual(1);
      expect(status).toBe(INVALID_ARGUMENT);
    });

    it('ends the stream with an error, and tells of it, when the body is asked for twice', async () => {
      decide.mockReturnValue(wish);

      const { status } = await rawStream(session, [headers, body('hello')]);

      expect(status).toBe(INTERNAL);
      expect(failed).toHaveBeenCalledOnce();
      expect(answered).not.toHaveBeenCalled();
    });

    it('ends the stream with an error when Envoy has gone before it could be asked for the body', async () => {
      decide.mockImplementation(() => new Promise((resolve) => setTimeout(() => resolve(wish), 50)));

      const { answers, status } = await rawStream(session, [headers]);

      expect(status).toBe(INVALID_ARGUMENT);
      expect(answers.filter(({ response }) => response !== undefined)).toEqual([]);
    });

    it('asks for no time when the answer needs nothing but its turn', async () => {
      decide.mockImplementation((facts) =>
        facts.hasUnreadBody ? wish : Promise.resolve().then(() => Promise.resolve(injected)),
      );

      const { answers } = await rawStream(session, [headers, body('hello')]);

      expect(answers.map(({ overrideMessageTimeout }) => overrideMessageTimeout)).toEqual([undefined, undefined]);
    });

    it('asks for time, once, when the answer to the body takes longer', async () => {
      decide.mockImplementation((facts) =>
        facts.hasUnreadBody ? wish : new Promise((resolve) => setTimeout(() => resolve(injected), 50)),
      );

      const { answers, status } = await rawStream(session, [headers, body('hello')]);

      expect(answers.map(({ response, overrideMessageTimeout }) => [response?.$case, overrideMessageTimeout])).toEqual([
        ['requestHeaders', undefined],
        [undefined, { seconds: 2, nanos: 250_000_000 }],
        ['requestBody', undefined],
      ]);
      expect(status).toBe(0);
    });
  },
);
