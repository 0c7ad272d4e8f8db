import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import type { Status } from '../../src/admin/status.ts';
import { startTokenFront } from '../support/token-endpoint/token-front.ts';
import { redacting } from './support/redacting.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';
import { type Handler, startTlsDestination } from './support/tls-destination.ts';

const MARKER = '[redacted]';

describe('a response on a route with redact, with a token and two workers', () => {
  const running = new AsyncDisposableStack();
  let stack: Stack;
  let handle: Handler;
  const tokens: string[] = [];
  /** What the destination was sent. */
  const sent = new Set<string>();

  beforeAll(async () => {
    const port = await freePort();
    const front = running.use(
      await startTokenFront(() => {
        const token = randomBytes(24).toString('base64url');
        tokens.push(token);
        return {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 3_600 }),
        };
      }),
    );
    stack = running.use(
      await startStack({
        destinations: 'dns',
        workers: 2,
        edit: (document) =>
          addRoutes(document, {
            name: 'token',
            host: `localhost:${port}`,
            attache: {
              integration: 'token',
              secret: 'test/client',
              oauth2: { grant: 'client_credentials', token_url: front.tokenUrl },
              redact: true,
            },
            entry: redacting,
          }),
      }),
    );
    await stack.aws.put(
      'test/client',
      JSON.stringify({ client_id: 'attache', client_secret: 'a-secret-of-the-client' }),
    );
    await stack.attache.stop();
    await stack.startAttache();
    running.use(
      await startTlsDestination({
        certificate: await stack.issue(['localhost']),
        port,
        http2: false,
        handle: (incoming, outgoing) => {
          sent.add(incoming.headers.authorization ?? '');
          handle(incoming, outgoing);
        },
      }),
    );
    handle = (incoming, outgoing) =>
      (outgoing as ServerResponse).end(`you sent ${incoming.headers.authorization?.replace('Bearer ', '')}`);
  });
  afterAll(() => running.disposeAsync());

  const workers = async () => ((await (await stack.attache.admin('/api/status')).json()) as Status).workers;

  it('loses the token whichever worker has got it, and whichever is asked about the response', async () => {
    sent.clear();
    for (let round = 0; round < 10; round += 1) {
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => send(stack.port, { host: 'token.int', path: '/v1/x' })),
      );
      for (const { status, text } of replies) expect([status, text]).toEqual([200, `you sent ${MARKER}`]);
    }
    // Each worker has got one of its own.
    expect(sent.size).toBe(2);
  });

  it('loses it when all workers are others by the time the response comes', async () => {
    const opened = Promise.withResolvers<() => void>();
    const respond = handle;
    handle = (incoming, outgoing) => opened.resolve(() => respond(incoming, outgoing));
    const reply = send(stack.port, { host: 'token.int', path: '/v1/x' });
    const release = await opened.promise;
    const before = (await workers()).map(({ pid }) => pid);

    for (const pid of before) if (pid !== undefined) process.kill(pid, 'SIGKILL');
    const all = async () => (await workers()).every(({ ready, pid }) => ready && !before.includes(pid));
    await expect.poll(all).toBe(true);
    handle = respond;
    // Envoy has to see that they are there again.
    await expect.poll(async () => (await send(stack.port, { host: 'token.int' })).status).toBe(200);
    release();

    const { status, text } = await reply;
    expect([status, text]).toEqual([200, `you sent ${MARKER}`]);
  });

  it('leaves no seal in what Envoy tells', async () => {
    await send(stack.port, { host: 'token.int' });
    const entry = await stack.envoy.accessLog.find(({ host }) => String(host).startsWith('localhost'), 'a request');
    const pages = await Promise.all(['/config_dump', '/stats', '/clusters'].map((path) => stack.envoy.admin(path)));

    expect(JSON.stringify(entry)).toContain('"tokens"');
    expect(JSON.stringify(stack.envoy.accessLog.entries)).not.toMatch(/attache\.redact/);
    for (const token of tokens) {
      for (const page of pages) expect(page).not.toContain(token);
      expect(stack.attache.log.entries.join('\n')).not.toContain(token);
    }
  });
});
