import { once } from 'node:events';
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathOfCluster } from '../../local/derive-envoy-config.ts';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { until } from '../../local/until.ts';
import { sendRaw } from './support/raw-http.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';
import { startTlsDestination } from './support/tls-destination.ts';

const request = (host: string, path = '/', headers = '', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;
const post = (host: string, path: string, body: string) =>
  `${request(host, path, `content-length: ${body.length}\r\n`, 'POST')}${body}`;

/** What Envoy refuses by itself: what is sent, the status, the code, and what the log has of the request. */
const REFUSALS: readonly (readonly [
  what: string,
  bytes: string,
  status: number,
  code: string,
  logged: Readonly<Record<string, unknown>>,
])[] = [
  [
    'for a host without a route',
    request('nobody.int', '/p?q=1'),
    404,
    'unknown_host',
    { method: 'GET', host: 'nobody.int', path: '/p' },
  ],
  ['without a host', 'GET / HTTP/1.1\r\n\r\n', 400, 'bad_request', { method: 'GET', why: 'missing_host_header' }],
  ['that is no HTTP', 'GARBAGE\r\n\r\n', 400, 'bad_request', { why: 'http1.codec_error' }],
  ['of HTTP/1.0 without a host', 'GET / HTTP/1.0\r\n\r\n', 400, 'bad_request', { why: 'missing_host_header' }],
  ['with a header that is none', request('up.int', '/', 'x bad: 1\r\n'), 400, 'bad_request', {}],
  ['with a path that is none', request('up.int', '/%00'), 400, 'bad_request', { method: 'GET', host: 'up.int' }],
  [
    'with two lengths',
    request('up.int', '/', 'transfer-encoding: chunked\r\ncontent-length: 3\r\n', 'POST'),
    400,
    'bad_request',
    {},
  ],
  [
    'for another protocol',
    request('up.int', '/', 'connection: upgrade\r\nupgrade: foo\r\n'),
    403,
    'bad_request',
    { host: 'up.int' },
  ],
  ['with large headers', request('up.int', '/', `x-big: ${'a'.repeat(70_000)}\r\n`), 431, 'headers_too_large', {}],
  [
    'with many headers',
    request('up.int', '/', Array.from({ length: 150 }, (_, at) => `x-h${at}: a\r\n`).join('')),
    431,
    'headers_too_large',
    {},
  ],
  [
    'with a body too large to be held back',
    post('small.int', '/b', 'a'.repeat(2_000)),
    413,
    'body_too_large',
    { path: '/b' },
  ],
  ['to a destination that nobody is', request('closed.int', '/c'), 503, 'destination_unreachable', { path: '/c' }],
  [
    'to a name that does not exist',
    request('nameless.int'),
    503,
    'destination_unreachable',
    { host: 'no-such-host.invalid' },
  ],
  ['to a destination with the name of another', request('wrong.int'), 503, 'destination_unreachable', { attempts: 4 }],
  ['that the destination cuts off', post('up.int', '/reset', 'x'), 503, 'destination_reset', { attempts: 1 }],
  ['that takes too long', request('hurried.int', '/never'), 504, 'destination_timeout', { path: '/never' }],
  ['whose response has too many headers', request('up.int', '/1100'), 502, 'response_invalid', { path: '/1100' }],
  ['whose response is no HTTP', request('up.int', '/garbage'), 502, 'response_invalid', { path: '/garbage' }],
];

describe('a request that Envoy itself refuses', () => {
  const running = new AsyncDisposableStack();
  let stack: Stack;

  beforeAll(async () => {
    const [up, closed, wrong] = [await freePort(), await freePort(), await freePort()];
    const to = (name: string, host: string) => ({
      name,
      host,
      attache: { integration: name, secret: 'prod/openai', bearer: '{{ api_key }}' },
    });
    const buffer = 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute';
    stack = running.use(
      await startStack({
        destinations: 'dns',
        edit: (document) => {
          addRoutes(
            document,
            to('up', `localhost:${up}`),
            to('closed', `localhost:${closed}`),
            to('wrong', `localhost:${wrong}`),
            to('nameless', 'no-such-host.invalid'),
            { ...to('hurried', `localhost:${up}`), route: { timeout: '0.2s' } },
            {
              ...to('small', `localhost:${up}`),
              entry: {
                typed_per_filter_config: { whole_body: { '@type': buffer, buffer: { max_request_bytes: 1_000 } } },
              },
            },
          );
          document.setIn(
            [...pathOfCluster(document, 'internet'), 'circuit_breakers', 'thresholds', 0, 'max_requests'],
            3,
          );
        },
      }),
    );
    const handle = (incoming: IncomingMessage, response: ServerResponse) => {
      incoming.resume();
      if (incoming.url === '/never') return;
      if (incoming.url === '/reset') return void incoming.on('end', () => incoming.socket.destroy());
      if (incoming.url === '/garbage') return void incoming.socket.end('HTTP/1.1 200 OK\r\nno header\r\n\r\n');
      const count = Number(incoming.url?.slice(1));
      for (let at = 0; at < count; at += 1) response.setHeader(`x-h${at}`, 'a');
      response.end('up');
    };
    for (const [port, name] of [
      [up, 'localhost'],
      [wrong, 'other.example'],
    ] as const) {
      running.use(
        await startTlsDestination({
          certificate: await stack.issue([name]),
          port,
          http2: false,
          handle: (incoming, response) => handle(incoming as IncomingMessage, response as ServerResponse),
        }),
      );
    }
  });
  afterAll(() => running.disposeAsync());

  it.each(REFUSALS)('is told so in words, and stands in the log: one %s', async (_, bytes, status, code, logged) => {
    const before = stack.envoy.accessLog.entries.length;

    const { statuses, text } = await sendRaw(stack.port, bytes, { quiet: 1_000 });

    expect(statuses).toEqual([status]);
    expect(text).toMatch(new RegExp(`^x-attache-error: ${code}\\r$`, 'm'));
    const { error } = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
    expect(error.code).toBe(code);
    expect(error.message.length).toBeGreaterThan(30);
    const wanted: Readonly<Record<string, unknown>> = { status, ...logged };
    const line = await stack.envoy.accessLog.find((entry) => {
      const isNew = stack.envoy.accessLog.entries.indexOf(entry) >= before;
      return isNew && Object.entries(wanted).every(([field, value]) => Object(entry)[field] === value);
    });
    expect(line).toBeDefined();
  });

  it.each([
    ['of HTTP/1.0', 'GET / HTTP/1.0\r\nHost: up.int\r\n\r\n'],
    ['that offers TLS on plain HTTP', request('up.int', '/', 'connection: upgrade\r\nupgrade: TLS/1.2\r\n')],
    ['whose response has 900 headers', request('up.int', '/900')],
  ])('is none %s', async (_, bytes) => {
    const { statuses, text } = await sendRaw(stack.port, bytes, { quiet: 1_000 });

    expect(statuses).toEqual([200]);
    expect(text).toMatch(/\r\n(up|2\r\nup\r\n0\r\n\r\n)$/);
  });

  it('learns where to look when no route is for its host', async () => {
    const { text } = await sendRaw(stack.port, request('nobody.int'));

    expect(text).toContain(
      'No route of Envoy is for this host, nobody.int. http://attache.int tells what you may use.',
    );
  });

  it('learns why the destination cannot be reached', async () => {
    const [wrong, nameless] = await Promise.all(
      ['wrong.int', 'nameless.int'].map((host) => send(stack.port, { host })),
    );

    expect(wrong?.text).toContain('CERTIFICATE_VERIFY_FAILED');
    expect(nameless?.text).toContain('dns_resolution_failure');
  });

  it('is told that more is under way than the limits allow', async () => {
    const agent = new Agent({ keepAlive: true });
    const waiting = Array.from({ length: 12 }, async () => {
      const { headers } = await send(stack.port, { host: 'up.int', path: '/never', agent });
      return headers;
    });

    const refused = await Promise.any(waiting);
    agent.destroy();

    expect(refused).toMatchObject({ 'x-attache-error': 'overloaded', 'retry-after': '1' });
    await Promise.allSettled(waiting);
    await until(async () => (await send(stack.port, { host: 'up.int' })).status === 200, {
      failure: 'Envoy counts requests whose callers have gone',
      timeoutMs: 30_000,
    });
  });

  it('is told so over HTTP/2, but for headers that are too large, whose stream is reset', async () => {
    const session = connect(`http://127.0.0.1:${stack.port}`);
    const stream = session.request({ ':authority': 'nobody.int', ':path': '/' });
    const [headers] = await once(stream, 'response');
    const broken = session.request({ ':authority': 'up.int', ':path': '/', 'x-big': 'a'.repeat(70_000) });
    const [error] = await once(broken, 'error');
    session.destroy();

    expect(headers).toMatchObject({ ':status': 404, 'x-attache-error': 'unknown_host' });
    expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  });
});
