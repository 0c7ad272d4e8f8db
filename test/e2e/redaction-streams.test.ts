import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type ClientHttp2Stream, connect, type Http2ServerResponse } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { status as grpcStatus, type Metadata, type StatusObject } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { encoding } from '../redaction/encodings.ts';
import { holds } from '../redaction/naive-decoder.ts';
import { callEcho, startGrpcEcho } from './support/grpc-echo.ts';
import { redacting } from './support/redacting.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';
import { type Handler, startTlsDestination } from './support/tls-destination.ts';

const KEY = 'sk_live_"quoted"/and+plus=';
const MARKER = '[redacted]';
const MiB = 1_048_576;

/** A response of whichever version, as the handlers use it. */
type Outgoing = Pick<ServerResponse, 'write' | 'end' | 'setHeader' | 'writeHead' | 'once' | 'writableLength'>;

describe('a response on a route with redact', () => {
  const running = new AsyncDisposableStack();
  let stack: Stack;
  let handle: Handler;
  const sockets = new WebSocketServer({ noServer: true });

  beforeAll(async () => {
    const [one, two, grpc] = [await freePort(), await freePort(), await freePort()];
    const route = (name: string, port: number) => ({
      name,
      host: `localhost:${port}`,
      attache: { integration: name, secret: 'test/echo', bearer: '{{ . }}', redact: true },
      entry: redacting,
    });
    stack = running.use(
      await startStack({
        destinations: 'dns',
        edit: (document) => addRoutes(document, route('one', one), route('two', two), route('grpc', grpc)),
      }),
    );
    await stack.aws.put('test/echo', KEY);
    await stack.attache.stop();
    await stack.startAttache();
    const certificate = await stack.issue(['localhost']);
    const options = {
      certificate,
      handle: ((incoming, outgoing) => handle(incoming, outgoing)) satisfies Handler,
      upgrade: (incoming: IncomingMessage, socket: Parameters<WebSocketServer['handleUpgrade']>[1], head: Buffer) =>
        sockets.handleUpgrade(incoming, socket, head, (accepted) => accepted.send(KEY)),
    };
    running.use(await startTlsDestination({ ...options, port: one, http2: false }));
    running.use(await startTlsDestination({ ...options, port: two, http2: true }));
    running.use(await startGrpcEcho(certificate, grpc));
  });
  afterAll(() => running.disposeAsync());

  const answer = (respond: (outgoing: Outgoing, path: string) => void) => {
    handle = (incoming, outgoing) => respond(outgoing as ServerResponse, incoming.url ?? '');
  };
  const ask = (path = '/', host = 'one.int') => send(stack.port, { host, path });

  /** Ten at a time. */
  async function each<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
    const entries = [...items.entries()].reverse();
    const worker = async () => {
      for (let next = entries.pop(); next !== undefined; next = entries.pop()) await work(next[1], next[0]);
    };
    await Promise.all(Array.from({ length: 10 }, worker));
  }

  /** Writes the parts one after the other, each in a chunk of its own. */
  async function flush(outgoing: Outgoing, parts: readonly (Buffer | string)[]): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (index > 0) await sleep(15);
      outgoing.write(part);
    }
    outgoing.end();
  }

  it.each(['one.int', 'two.int'])('loses a value that is cut into chunks at any of its places: %s', async (host) => {
    const body = `before ${KEY} after`;
    answer((outgoing, path) => {
      const at = Number(path.slice(1));
      void flush(outgoing, [body.slice(0, at), body.slice(at)]);
    });
    const offsets = Array.from({ length: KEY.length + 3 }, (_, index) => index + 6);

    await each(offsets, async (offset) => {
      const reply = await ask(`/${offset}`, host);
      expect(reply.text).toBe(`before ${MARKER} after`);
    });
  });

  it('loses a value that comes byte by byte', async () => {
    answer((outgoing) => void flush(outgoing, [...`before ${KEY} after`]));

    expect((await ask()).text).toBe(`before ${MARKER} after`);
  });

  it('loses the value in 1,000 encodings, wherever they are cut, and nothing beside them', async () => {
    const encoded = fc.sample(encoding, { numRuns: 1_000, seed: 6 }).map((encode) => encode(KEY));
    const [before, after] = ['first line\n', '\nlast line'];
    answer((outgoing, path) => {
      const index = Number(path.slice(1));
      const form = encoded[index] ?? Buffer.alloc(0);
      const cut = (index * 7) % form.length;
      outgoing.write(Buffer.concat([Buffer.from(before), form.subarray(0, cut)]));
      setTimeout(() => outgoing.end(Buffer.concat([form.subarray(cut), Buffer.from(after)])), 3);
    });
    let leaks = 0;

    await each(encoded, async (_, index) => {
      const { text, body } = await ask(`/${index}`);
      if (holds(body, Buffer.from(KEY))) leaks += 1;
      expect(text).toContain(MARKER);
      expect(text.startsWith(before) && text.endsWith(after)).toBe(true);
    });

    expect(leaks).toBe(0);
  });

  it('stays what it is to the byte in 10 MB, several at a time, but for the value at the ends of its chunks', async () => {
    const body = Buffer.alloc(10 * MiB, 'sk_live_"quoted"/ is the beginning of many keys\n');
    const places = Array.from({ length: 40 }, (_, index) => (index + 1) * 16_384 * 16 - (index % KEY.length));
    for (const place of places) body.write(KEY, place);
    const expected = Buffer.from(body.toString('latin1').replaceAll(KEY, MARKER), 'latin1');
    answer((outgoing) => outgoing.end(body));

    // Of Node's HTTP/2, one at a time: with more, its session has too much in memory and refuses streams.
    await each(['one.int', 'two.int', 'one.int', 'one.int'], async (host) => {
      const reply = await ask('/', host);
      expect(reply.body.equals(expected)).toBe(true);
    });
  });

  describe('with trailers', () => {
    /** By way of HTTP/2 alone do trailers reach a caller. */
    async function over2(path = '/') {
      const session = connect(`http://127.0.0.1:${stack.port}`);
      try {
        const stream: ClientHttp2Stream = session.request({ ':authority': 'two.int', ':path': path });
        let trailers: IncomingHttpHeaders = {};
        let text = '';
        stream.on('trailers', (headers) => {
          trailers = headers;
        });
        stream.on('data', (data) => {
          text += data;
        });
        const failed = once(stream, 'error').then(([error]) => error as Error);
        const ended = once(stream, 'close').then(() => undefined);
        return { error: await Promise.race([failed, ended]), text, trailers };
      } finally {
        session.destroy();
      }
    }
    const withTrailers = (body: string) => {
      handle = (_, outgoing) => {
        const response = outgoing as Http2ServerResponse;
        response.addTrailers({ 'x-echo': `a ${KEY} b`, 'x-other': '1' });
        response.end(body);
      };
    };

    it('loses the value in them too', async () => {
      withTrailers(`body ${KEY}.\n`);

      expect(await over2()).toEqual({
        error: undefined,
        text: `body ${MARKER}.\n`,
        trailers: expect.objectContaining({ 'x-echo': `a ${MARKER} b`, 'x-other': '1' }),
      });
    });

    it('is cut off when its body ends with what may be the beginning of the value, for which there is no room left', async () => {
      withTrailers(`body ${KEY.slice(0, 12)}`);

      const { error, text } = await over2();

      // When Envoy has not sent the headers yet, it answers itself.
      if (error === undefined) expect(text).toContain('attache_unavailable');
      else expect(['', 'body ']).toContain(text);
      expect(text).not.toContain(KEY.slice(0, 12));
    });
  });

  it('ends as it is when it ends with the beginning of the value', async () => {
    answer((outgoing) => void flush(outgoing, ['body ', KEY.slice(0, 12)]));

    expect((await ask()).text).toBe(`body ${KEY.slice(0, 12)}`);
  });

  describe('of gRPC', () => {
    it('carries each message at once, those with the value in their length, and the trailers', async () => {
      using call = callEcho(stack.port, 'grpc.int', {});
      const { stream } = call;
      const headers = once(stream, 'metadata', { signal: AbortSignal.timeout(60_000) });
      const ended = once(stream, 'status', { signal: AbortSignal.timeout(60_000) });
      const echo = async (message: Buffer) => {
        stream.write(message);
        return (await once(stream, 'data', { signal: AbortSignal.timeout(60_000) }))[0] as Buffer;
      };

      for (let byte = 0; byte < 256; byte += 8) {
        const message = Buffer.from([1, 2, byte]);
        expect((await echo(message)).equals(message)).toBe(true);
      }
      expect(String(await echo(Buffer.from(`a ${KEY} b ${KEY}`)))).toBe(
        `a ${MARKER.padEnd(KEY.length, '*')} b ${MARKER.padEnd(KEY.length, '*')}`,
      );
      expect(String(await echo(Buffer.from(KEY.slice(0, 9))))).toBe(KEY.slice(0, 9));
      stream.end();
      const [{ code, metadata }] = (await ended) as [StatusObject];

      expect(((await headers) as [Metadata])[0].get('seen-authorization')).toEqual([`Bearer ${MARKER}`]);
      expect(code).toBe(grpcStatus.OK);
      expect(metadata.get('echoed')).toEqual(['34']);
    });
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('to %s with status %i loses the value in its headers', async (method, code) => {
    answer((outgoing) => {
      outgoing.writeHead(code, { 'x-echo': KEY, ...(method === 'HEAD' ? { 'content-length': '1234' } : {}) });
      outgoing.end();
    });

    const reply = await send(stack.port, { host: 'one.int', method });

    expect({ status: reply.status, text: reply.text }).toEqual({ status: code, text: '' });
    expect(reply.headers['x-echo']).toBe(MARKER);
    if (method === 'HEAD') expect(reply.headers['content-length']).toBe('1234');
  });

  it('brings no value in what comes before it (1xx)', async () => {
    handle = (_, outgoing) => {
      const response = outgoing as ServerResponse;
      response.writeEarlyHints({ link: `</x?key=${encodeURIComponent('a')}>; rel=preload`, 'x-echo': KEY });
      setTimeout(() => response.end('done'), 50);
    };
    const early: IncomingHttpHeaders[] = [];

    const outgoing = request({ host: '127.0.0.1', port: stack.port, headers: { host: 'one.int' }, agent: false });
    outgoing.on('information', ({ headers }) => early.push(headers));
    const [incoming] = (await once(outgoing.end(), 'response')) as [IncomingMessage];
    incoming.resume();
    await once(incoming, 'end');

    expect(incoming.statusCode).toBe(200);
    expect(JSON.stringify(early)).not.toContain('sk_live');
  });

  it('opens no WebSocket, and says so', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${stack.port}/`, { headers: { host: 'one.int' } });
    client.on('error', () => undefined);
    const [, incoming] = (await once(client, 'unexpected-response', { signal: AbortSignal.timeout(60_000) })) as [
      unknown,
      IncomingMessage,
    ];
    const body = String(Buffer.concat(await incoming.toArray()));

    expect(incoming.statusCode).toBe(403);
    expect(incoming.headers['x-attache-error']).toBe('request_not_allowed');
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'request_not_allowed', integration: 'one' } });
    expect(body).not.toContain(KEY);
  });

  it('keeps its many and large headers, without the value', async () => {
    const cookies = Array.from({ length: 60 }, (_, index) => `c${index}=${index % 10 === 0 ? KEY : index}`);
    const large = `${'x'.repeat(20_000)}${KEY}${'y'.repeat(20_000)}`;
    answer((outgoing) => {
      outgoing.setHeader('set-cookie', cookies);
      outgoing.setHeader('x-large', large);
      outgoing.setHeader('x-other', 'as it was');
      outgoing.end('ok');
    });

    const outgoing = request({
      host: '127.0.0.1',
      port: stack.port,
      headers: { host: 'one.int' },
      agent: false,
      maxHeaderSize: 256 * 1_024,
    });
    const [incoming] = (await once(outgoing.end(), 'response')) as [IncomingMessage];
    incoming.resume();
    await once(incoming, 'end');

    expect(incoming.headers['set-cookie']).toEqual(cookies.map((cookie) => cookie.replace(KEY, MARKER)));
    expect(incoming.headers['x-large']).toBe(large.replace(KEY, MARKER));
    expect(incoming.headers['x-other']).toBe('as it was');
  });

  it('loses the value when it comes before the end of the request', async () => {
    answer((outgoing) => {
      outgoing.writeHead(413, { 'x-echo': KEY });
      outgoing.end(`too large, ${KEY}`);
    });

    const reply = await send(stack.port, { host: 'one.int', body: Buffer.alloc(4 * MiB) });

    expect(reply.status).toBe(413);
    expect(reply.text).toBe(`too large, ${MARKER}`);
    expect(reply.headers['x-echo']).toBe(MARKER);
  });

  it('leaves nothing behind when the caller goes away in the middle of it', async () => {
    const active = async () => {
      const stats = await stack.envoy.admin('/stats?filter=cluster.attache.upstream_rq_active');
      return Number(/upstream_rq_active: (\d+)/.exec(stats)?.[1]);
    };
    const before = await active();
    const closed = Promise.withResolvers<void>();
    handle = (_, outgoing) => {
      const response = outgoing as ServerResponse;
      const timer = setInterval(() => response.write(`${KEY}\n`), 5);
      response.once('close', () => {
        clearInterval(timer);
        closed.resolve();
      });
    };
    const outgoing = request({ host: '127.0.0.1', port: stack.port, headers: { host: 'one.int' }, agent: false });
    const [incoming] = (await once(outgoing.end(), 'response')) as [IncomingMessage];
    expect(String((await once(incoming, 'data'))[0])).toContain(MARKER);

    incoming.destroy();
    await closed.promise;

    await expect.poll(active).toBe(before);
    answer((response) => response.end('well'));
    expect((await ask()).text).toBe('well');
  });

  it('ends when Attaché is killed in the middle of it, and is not passed on', async () => {
    const opened = Promise.withResolvers<ServerResponse>();
    handle = (_, outgoing) => {
      (outgoing as ServerResponse).write('first\n');
      opened.resolve(outgoing as ServerResponse);
    };
    const outgoing = request({ host: '127.0.0.1', port: stack.port, headers: { host: 'one.int' }, agent: false });
    const [incoming] = (await once(outgoing.end(), 'response')) as [IncomingMessage];
    expect(String((await once(incoming, 'data'))[0])).toBe('first\n');
    const rest: Buffer[] = [];
    incoming.on('data', (data) => rest.push(data));
    const ended = new Promise<boolean>((resolve) => {
      incoming.once('error', () => resolve(false));
      incoming.once('close', () => resolve(incoming.complete));
    });

    stack.attache.signal('SIGKILL');
    await stack.attache.exited;
    const destination = await opened.promise;
    destination.write(`${KEY}\n`);
    destination.end('last\n');

    expect(await ended).toBe(false);
    expect(String(Buffer.concat(rest))).toBe('');
    await stack.startAttache();
  });
});
