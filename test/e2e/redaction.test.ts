import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import type { Answer } from '../../local/upstream-server.ts';
import { redacting } from './support/redacting.ts';
import { addRoutes } from './support/routes.ts';
import { type Reply, send } from './support/send.ts';

const KEY = 'sk_live_"quoted"/and+plus=';
const MARKER = '[redacted]';

describe('a response on a route with redact', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      upstream: { hosts: { 'api.echo.example': () => 'any' } },
      edit: (document) => {
        const host = 'api.echo.example';
        const secret = 'test/echo';
        addRoutes(
          document,
          {
            name: 'echo',
            host,
            attache: { integration: 'echo', secret, bearer: '{{ . }}', redact: true },
            entry: redacting,
          },
          {
            name: 'query',
            host,
            attache: { integration: 'query', secret, query: { key: '{{ . }}' }, redact: true },
            entry: redacting,
          },
          { name: 'plain', host, attache: { integration: 'plain', secret, bearer: '{{ . }}' } },
          {
            name: 'short',
            host,
            attache: { integration: 'short', secret: 'test/short', bearer: '{{ . }}', redact: true },
            entry: redacting,
          },
        );
      },
    });
    stack.upstream.accept('api.echo.example', 'any');
    await stack.aws.put('test/echo', KEY);
    await stack.aws.put('test/short', 'abc');
    await stack.attache.stop();
    await stack.startAttache();
  });
  afterAll(() => stack?.stop());
  afterEach(() => stack.upstream.answerWith(undefined));

  const ask = (answer: Answer, name = 'echo'): Promise<Reply> => {
    stack.upstream.answerWith(() => answer);
    return send(stack.port, {
      host: `${name}.int`,
      path: '/v1/x?a=1',
      headers: { 'accept-encoding': 'gzip', range: 'bytes=0-9' },
    });
  };

  it('loses the value in its headers and its body, in whatever form it comes', async () => {
    const forms = [
      KEY,
      encodeURIComponent(KEY),
      JSON.stringify(KEY).slice(1, -1),
      Buffer.from(KEY).toString('base64'),
      Buffer.from(`Bearer ${KEY}`).toString('base64'),
      Buffer.from(KEY).toString('hex'),
    ];
    for (const form of forms) {
      const reply = await ask({ status: 200, headers: { 'x-echo': `got ${form}` }, body: `before ${form} after` });

      expect(reply.status).toBe(200);
      expect(reply.text).toMatch(/^before .{0,12}\[redacted\].{0,12} after$/);
      expect(reply.headers['x-echo']).toContain(MARKER);
      expect(JSON.stringify([reply.headers, reply.text])).not.toContain(form);
    }
  });

  it('asks the destination for nothing in which the value cannot be found', async () => {
    stack.upstream.requests.entries.length = 0;
    await ask({ status: 200, body: 'ok' });

    expect(stack.upstream.requests.entries[0]?.headers).not.toHaveProperty('accept-encoding');
    expect(stack.upstream.requests.entries[0]?.headers).not.toHaveProperty('range');
    expect(stack.upstream.requests.entries[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  it.each([
    ['small', 100],
    ['of 10 MB', 10 * 1_048_576],
  ])('stays what it is to the byte when the value is not in it, %s', async (_, size) => {
    const body = Buffer.alloc(size, 'sk_live_ is the beginning of many keys\n');

    const reply = await ask({ status: 200, body });

    expect(reply.body.equals(body)).toBe(true);
  });

  it('loses the value wherever it stands in 10 MB', async () => {
    const body = Buffer.alloc(10 * 1_048_576, '.');
    const places = [0, 16_384 - 5, 65_536 - 1, 1_000_000, 5_000_003, body.length - KEY.length];
    for (const place of places) body.write(KEY, place);

    const reply = await ask({ status: 200, body });

    expect(reply.text).not.toContain(KEY);
    expect(reply.text.split(MARKER)).toHaveLength(places.length + 1);
    expect(reply.body.length).toBe(body.length - places.length * (KEY.length - MARKER.length));
  });

  it('is answered as it is where nothing was injected, and where nobody asked for it', async () => {
    const unredacted = await ask({ status: 200, body: KEY }, 'plain');
    const refused = await ask({ status: 200, body: KEY }, 'short');

    expect(unredacted.text).toBe(KEY);
    expect(refused.status).toBe(502);
    expect(refused.json()).toMatchObject({
      error: { code: 'secret_unusable', message: expect.stringContaining('8 bytes') },
    });
  });

  it('loses the value that stood in the query, also in a redirect', async () => {
    const location = `https://api.echo.example/login?key=${encodeURIComponent(KEY)}&next=1`;

    const reply = await ask({ status: 302, headers: { location }, body: '' }, 'query');

    expect(reply.headers.location).toBe('http://query.int/login?key=[redacted]&next=1');
  });

  it('is not passed on when it is compressed although nobody asked for it', async () => {
    const reply = await ask({ status: 200, headers: { 'content-encoding': 'gzip' }, body: 'whatever' });

    expect(reply.status).toBe(502);
    expect(reply.json()).toMatchObject({ error: { code: 'response_unreadable' } });
  });

  it('loses every value that the attempts have carried, also after a rotation', async () => {
    const next = 'another-key-of-some-length';
    stack.upstream.answerWith(({ headers }) => {
      const isNew = headers.authorization === `Bearer ${next}`;
      return { status: isNew ? 200 : 401, body: `${headers.authorization} or ${KEY}` };
    });
    await stack.aws.put('test/echo', next);

    const reply = await send(stack.port, { host: 'echo.int' });

    expect(reply.status).toBe(200);
    expect(reply.text).toBe(`Bearer ${MARKER} or ${MARKER}`);
    await stack.aws.put('test/echo', KEY);
    await stack.attache.stop();
    await stack.startAttache();
  });
});
