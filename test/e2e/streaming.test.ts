import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { status as grpcStatus, type Metadata, type StatusObject } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { Journal } from '../../local/journal.ts';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { beginUpload, receiveUpload } from '../support/upload.ts';
import { callEcho, FAIL, startGrpcEcho } from './support/grpc-echo.ts';
import { addRoutes } from './support/routes.ts';
import { type Handler, startTlsDestination, type TlsDestinationOptions } from './support/tls-destination.ts';

const MiB = 1024 * 1024;
const mine = { authorization: 'Bearer mine' };

/** The two kinds of destination, by the name of the route that leads there. */
const routes = [
  ['HTTP/1.1', 'one.int'],
  ['HTTP/2', 'two.int'],
] as const;

describe('through a route that injects a key', () => {
  const running = new AsyncDisposableStack();
  let stack: Stack;
  /** What the destinations do now, set by each test. */
  let handle: Handler;
  /** Whether a WebSocket may open; else 401. */
  let admits: (authorization: string | undefined) => boolean;
  const sockets = new WebSocketServer({ noServer: true });

  beforeAll(async () => {
    const [one, two, grpc] = [await freePort(), await freePort(), await freePort()];
    const integration = (name: string, port: number, secret = 'prod/openai') => ({
      name,
      host: `localhost:${port}`,
      attache: { integration: name, secret, bearer: '{{ api_key }}' },
    });
    stack = running.use(
      await startStack({
        destinations: 'dns',
        edit: (document) => {
          addRoutes(
            document,
            integration('one', one),
            integration('two', two),
            integration('rotating', two, 'prod/stripe'),
            integration('grpc', grpc),
          );
        },
      }),
    );
    const certificate = await stack.issue(['localhost']);
    const options: Omit<TlsDestinationOptions, 'port' | 'http2'> = {
      certificate,
      handle: (incoming, outgoing) => handle(incoming, outgoing),
      upgrade: (incoming, socket, head) => {
        if (!admits(incoming.headers.authorization)) {
          socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
          return;
        }
        sockets.handleUpgrade(incoming, socket, head, (accepted) => sockets.emit('connection', accepted, incoming));
      },
    };
    running.use(await startTlsDestination({ ...options, port: one, http2: false }));
    running.use(await startTlsDestination({ ...options, port: two, http2: true }));
    running.use(await startGrpcEcho(certificate, grpc));
  });
  afterAll(() => running.disposeAsync());
  beforeEach(() => {
    admits = () => true;
  });

  const injected = () => `Bearer ${stack.keys.openai}`;

  describe.each(routes)('to a destination that speaks %s', (version, host) => {
    it('an upload arrives as it is sent, whole and with the key', async () => {
      const arrived = new Journal<number>();
      let spoken = '';
      handle = (incoming, outgoing) => {
        spoken = incoming.httpVersion;
        receiveUpload(incoming, outgoing, (bytes) => arrived.add(bytes));
      };
      const pieces = Array.from({ length: 64 }, () => randomBytes(MiB));

      const upload = beginUpload(stack.port, { host, ...mine }, AbortSignal.timeout(60_000));
      for (const piece of pieces) {
        await upload.write(piece);
        await arrived.find((bytes) => bytes >= upload.bytes, `what was sent up to byte ${upload.bytes}`);
      }
      const { status, sha256, receipt } = await upload.end();

      expect(status).toBe(200);
      expect(receipt).toEqual({ bytes: 64 * MiB, sha256, authorization: injected() });
      expect(`HTTP/${spoken}`).toMatch(version);
    });

    it('an upload waits while the destination does not read', async () => {
      const begin = Promise.withResolvers<void>();
      handle = (incoming, outgoing) => {
        receiveUpload(incoming, outgoing, () => begin.promise);
      };
      const piece = randomBytes(MiB);

      const upload = beginUpload(stack.port, { host }, AbortSignal.timeout(60_000));
      const sending = (async () => {
        while (upload.bytes < 128 * MiB) await upload.write(piece);
        return upload.end();
      })();
      const stoppedAt = await settled(() => upload.bytes);
      begin.resolve();
      const { sha256, receipt } = await sending;

      // What two connections hold in the operating system, and Envoy's 16 MiB for a stream of HTTP/2.
      expect(stoppedAt).toBeLessThan(96 * MiB);
      expect(receipt).toMatchObject({ bytes: 128 * MiB, sha256 });
    });

    it('server-sent events arrive one by one, each when it is written', async () => {
      const opened = Promise.withResolvers<ServerResponse>();
      let authorization: string | undefined;
      handle = (incoming, outgoing) => {
        authorization = incoming.headers.authorization;
        outgoing.setHeader('content-type', 'text/event-stream');
        // Two types with the same method, which TypeScript cannot call as one.
        opened.resolve(outgoing as ServerResponse);
      };

      const outgoing = request({ host: '127.0.0.1', port: stack.port, headers: { host, ...mine }, agent: false }).end();
      const response = once(outgoing, 'response', { signal: AbortSignal.timeout(60_000) });
      const destination = await opened.promise;
      destination.write(': hello\n\n');
      const [incoming] = (await response) as [IncomingMessage];
      const next = async () => String((await once(incoming, 'data', { signal: AbortSignal.timeout(60_000) }))[0]);
      expect(await next()).toBe(': hello\n\n');
      for (let index = 0; index < 30; index += 1) {
        destination.write(`data: ${index}\n\n`);
        expect(await next()).toBe(`data: ${index}\n\n`);
        await setTimeout(5);
      }
      const ended = once(incoming, 'end', { signal: AbortSignal.timeout(60_000) });
      destination.end();
      await ended;

      expect(incoming.headers['content-type']).toBe('text/event-stream');
      expect(authorization).toBe(injected());
    });

    it('a WebSocket opens with the key and carries messages both ways', async () => {
      const client = new WebSocket(`ws://127.0.0.1:${stack.port}/v1/realtime?model=m`, ['realtime'], {
        headers: { host, ...mine },
      });
      const [[server, upgrade]] = await Promise.all([
        once(sockets, 'connection', { signal: AbortSignal.timeout(60_000) }),
        once(client, 'open', { signal: AbortSignal.timeout(60_000) }),
      ]);
      server.on('message', (message: RawData, isBinary: boolean) => server.send(message, { binary: isBinary }));

      expect(upgrade.headers.authorization).toBe(injected());
      expect(upgrade.url).toBe('/v1/realtime?model=m');
      expect(client.protocol).toBe('realtime');
      for (const message of ['one', 'two', 'three', randomBytes(MiB), 'four']) {
        client.send(message);
        const [echo] = await once(client, 'message', { signal: AbortSignal.timeout(60_000) });
        expect(Buffer.from(message).equals(echo)).toBe(true);
      }
      server.send('unasked');
      const [unasked] = await once(client, 'message', { signal: AbortSignal.timeout(60_000) });
      expect(String(unasked)).toBe('unasked');
      server.close(4_001, 'enough');
      const [code, reason] = await once(client, 'close', { signal: AbortSignal.timeout(60_000) });
      expect([code, String(reason)]).toEqual([4_001, 'enough']);
    });
  });

  it('a WebSocket opens with the new key when the destination has just refused the old one', async () => {
    const seen: (string | undefined)[] = [];
    admits = (authorization) => {
      seen.push(authorization);
      return authorization === `Bearer ${stack.keys.stripe}`;
    };
    const old = stack.keys.stripe;

    await stack.rotate('stripe');
    const client = new WebSocket(`ws://127.0.0.1:${stack.port}/`, { headers: { host: 'rotating.int' } });
    await once(client, 'open', { signal: AbortSignal.timeout(60_000) });
    client.terminate();

    expect(seen).toEqual([`Bearer ${old}`, `Bearer ${stack.keys.stripe}`]);
  });

  describe('a gRPC call with streams both ways', () => {
    it('carries each message when it is sent, the key as metadata, and the trailers', async () => {
      using call = callEcho(stack.port, 'grpc.int', mine);
      const { stream } = call;
      const headers = once(stream, 'metadata', { signal: AbortSignal.timeout(60_000) });
      const ended = once(stream, 'status', { signal: AbortSignal.timeout(60_000) });

      for (const message of [Buffer.from('one'), Buffer.from('two'), randomBytes(MiB), Buffer.from('three')]) {
        stream.write(message);
        const [echo] = await once(stream, 'data', { signal: AbortSignal.timeout(60_000) });
        expect(message.equals(echo)).toBe(true);
      }
      stream.end();
      const [{ code, metadata }] = (await ended) as [StatusObject];

      expect(((await headers) as [Metadata])[0].get('seen-authorization')).toEqual([injected()]);
      expect(code).toBe(grpcStatus.OK);
      expect(metadata.get('echoed')).toEqual(['4']);
    });

    it('keeps the status and the words of an error', async () => {
      using call = callEcho(stack.port, 'grpc.int', {});
      const { stream } = call;
      const ended = new Promise<StatusObject>((resolve) => stream.once('status', resolve));
      // The status says the same.
      stream.on('error', () => {});
      stream.resume();

      stream.write(Buffer.from('one'));
      stream.write(Buffer.from(FAIL));
      const { code, details, metadata } = await ended;

      expect(code).toBe(grpcStatus.RESOURCE_EXHAUSTED);
      expect(details).toBe('as asked: 100 %');
      expect(metadata.get('echoed')).toEqual(['1']);
    });
  });
});

/** The value once it has not changed for half a second. */
async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let same = 0; same < 10; ) {
    await setTimeout(50);
    same = value() === last ? same + 1 : 0;
    last = value();
  }
  return last;
}
