import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';
import { startTlsDestination } from './support/tls-destination.ts';

/** The two kinds of destination, by the name of the route that leads there. */
const ROUTES = [
  ['HTTP/1.1', 'one.int'],
  ['HTTP/2', 'two.int'],
] as const;

describe('a connection to a destination', () => {
  const running = new AsyncDisposableStack();
  let stack: Stack;
  let handle: (incoming: IncomingMessage, response: ServerResponse, count: number) => void;
  /** How many requests have arrived since the test began. */
  let arrived = 0;

  beforeAll(async () => {
    const [one, two] = [await freePort(), await freePort()];
    stack = running.use(
      await startStack({
        destinations: 'dns',
        edit: (document) => {
          for (const [name, port] of [
            ['one', one],
            ['two', two],
          ] as const) {
            const attache = { integration: name, secret: 'prod/openai', bearer: '{{ api_key }}' };
            addRoutes(document, { name, host: `localhost:${port}`, attache });
          }
        },
      }),
    );
    for (const [port, http2] of [
      [one, false],
      [two, true],
    ] as const) {
      running.use(
        await startTlsDestination({
          certificate: await stack.issue(['localhost']),
          port,
          http2,
          handle: (incoming, response) => {
            arrived += 1;
            incoming.resume();
            handle(incoming as IncomingMessage, response as ServerResponse, arrived);
          },
        }),
      );
    }
  });
  afterAll(() => running.disposeAsync());
  beforeEach(() => {
    arrived = 0;
  });

  it.each(ROUTES)('lives while a call on it is silent for longer than it may be idle: %s', async (_, host) => {
    handle = async (__, response) => {
      await sleep(6_000);
      response.end('thought');
    };

    expect(await send(stack.port, { host })).toMatchObject({ status: 200, text: 'thought' });
  });

  it('is closed by Envoy when it was idle for 4 s, before the destination would', async () => {
    let closed: Promise<void> | undefined;
    handle = ({ socket }, response) => {
      socket.setTimeout(0);
      closed = new Promise((resolve) => socket.once('end', resolve));
      response.setHeader('x-kept', 'yes');
      response.end();
    };

    await send(stack.port, { host: 'one.int' });
    const began = performance.now();
    await closed;

    expect(performance.now() - began).toBeGreaterThan(2_000);
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])(
    'that breaks costs no %s, which may be done twice',
    async (method) => {
      handle = ({ socket }, response, count) => (count === 1 ? socket.destroy() : response.end());

      const { status } = await send(stack.port, { host: 'one.int', method });

      expect(status).toBe(200);
      expect(arrived).toBe(2);
    },
  );

  it.each(['POST', 'PATCH'])('that breaks once it has taken a %s ends it, whatever the caller says', async (method) => {
    handle = ({ socket }) => socket.destroy();

    const { status, headers } = await send(stack.port, {
      host: 'one.int',
      method,
      body: '{}',
      headers: { 'x-envoy-retry-on': 'reset,5xx', 'x-envoy-max-retries': '9' },
    });

    expect(status).toBe(503);
    expect(headers['x-attache-error']).toBe('destination_reset');
    expect(arrived).toBe(1);
  });

  it('carries nothing by which the caller would tell Envoy what to do', async () => {
    let seen: string[] = [];
    handle = ({ headers }, response) => {
      seen = Object.keys(headers);
      response.end();
    };

    const { status } = await send(stack.port, {
      host: 'one.int',
      headers: { 'x-envoy-upstream-rq-timeout-ms': '1', 'x-envoy-retriable-status-codes': '200', 'x-mine': 'yes' },
    });

    expect(status).toBe(200);
    expect(seen).toContain('x-mine');
    expect(seen.filter((name) => name.startsWith('x-envoy'))).toEqual([]);
    expect(arrived).toBe(1);
  });

  it('tries a request again that an HTTP/2 destination refused without looking at it', async () => {
    handle = (_, response, count) => {
      const { stream } = response as unknown as { stream: { close(code: number): void } };
      if (count === 1) stream.close(7);
      else response.end();
    };

    expect((await send(stack.port, { host: 'two.int', method: 'POST', body: '{}' })).status).toBe(200);
    expect(arrived).toBe(2);
  });

  it('tries a POST again that an HTTP/2 destination says by GOAWAY it has not looked at', async () => {
    let isRefused = false;
    let count = 0;
    handle = (_, response) => {
      const { id = 0, session } = (response as unknown as Http2ServerResponse).stream;
      // The first one of a connection cannot be told from none that was looked at.
      if (isRefused || id === 1) return response.end();
      isRefused = true;
      session?.goaway(constants.NGHTTP2_NO_ERROR, id - 2);
    };

    while (!isRefused) {
      expect((await send(stack.port, { host: 'two.int', method: 'POST', body: '{}' })).status).toBe(200);
      count += 1;
    }

    expect(arrived).toBe(count + 1);
  });
});
