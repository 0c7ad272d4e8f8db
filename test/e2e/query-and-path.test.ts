import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bearer } from '../../local/apis.ts';
import { pathOfHttp } from '../../local/derive-envoy-config.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { addRoutes, allowHeaders } from './support/routes.ts';
import { send } from './support/send.ts';

const OLD = 'old:key/with?odd&chars=%';
const NEW = 'new:key/with?odd&chars=%';
const SEEN_IN_PATHS = [OLD, NEW].flatMap((key) => [key, encodeURIComponent(key), key.slice(0, 7)]);

/** The values of a parameter, as a server reads them. */
const parameters = (path: string, name: string) => new URL(path, 'http://upstream').searchParams.getAll(name);

/** The keys in the first segments `/bot…` of a path, one after the other. */
function prefixes(path: string): string[] {
  const [, ...segments] = path.split('?')[0]?.split('/') ?? [];
  return segments.filter((segment) => segment.startsWith('bot')).map((segment) => decodeURIComponent(segment.slice(3)));
}

const only = (keys: readonly string[]) => (keys.length === 1 ? keys[0] : undefined);

describe('a key in the query or in the path, through Envoy', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      attache: false,
      upstream: {
        hosts: {
          'query.example': (_, path) => only(parameters(path, 'key')),
          'path.example': (_, path) => only(prefixes(path)),
          'both.example': (headers, path) =>
            only([...new Set([...parameters(path, 'key'), ...prefixes(path), bearer(headers.authorization) ?? ''])]),
        },
      },
      edit: (document) => {
        allowHeaders(document, ':path');
        addRoutes(
          document,
          {
            name: 'query',
            host: 'query.example',
            attache: { integration: 'query', secret: 'prod/key', query: { key: '{{ /k }}' } },
          },
          {
            name: 'path',
            host: 'path.example',
            attache: { integration: 'path', secret: 'prod/key', path: '/bot{{ /k }}' },
          },
          {
            name: 'both',
            host: 'both.example',
            attache: {
              integration: 'both',
              secret: 'prod/both',
              bearer: '{{ k }}',
              query: { key: '{{ k }}' },
              path: '/bot{{ k }}',
            },
          },
        );
        // What the access log would show, were it not written as it is.
        document.setIn(
          [...pathOfHttp, 'access_log', 0, 'typed_config', 'log_format', 'json_format', 'sent'],
          '%PATH(NQ)%',
        );
      },
    });
    await put(OLD, 'old-key');
    await stack.startAttache();
  });
  afterAll(() => stack?.stop());

  async function put(key: string, both: string): Promise<void> {
    await stack.aws.put('prod/key', JSON.stringify({ k: key }));
    await stack.aws.put('prod/both', JSON.stringify({ k: both }));
  }

  /** All keys as they were before a rotation, and known to Attaché. */
  beforeEach(async () => {
    await put(OLD, 'old-key');
    for (const host of ['query.example', 'path.example']) stack.upstream.accept(host, OLD);
    stack.upstream.accept('both.example', 'old-key');
    for (const name of ['query', 'path', 'both']) {
      expect((await send(stack.port, { host: `${name}.int`, path: '/' })).status).toBe(200);
    }
    stack.upstream.requests.entries.length = 0;
    stack.envoy.accessLog.entries.length = 0;
  });

  const sent = () => stack.upstream.requests.entries.map(({ path, status }) => [path, status] as const);

  it.each([
    ['query.int', '/v1/x?api_key=mine&a=1&KEY=mine;key=mine&%61ccess_token=mine', '/v1/x?a=1&key=KEY'],
    ['path.int', '/v1/x?access_token=mine', '/botKEY/v1/x'],
    ['path.int', '/v1/x?b=2&API-KEY=mine', '/botKEY/v1/x?b=2'],
  ])('goes to %s without what the caller had put into %s for one, also when it is refused', async (host, path, as) => {
    await stack.aws.put('prod/key', JSON.stringify({ k: NEW }));
    for (const name of ['query.example', 'path.example']) stack.upstream.accept(name, NEW);

    const reply = await send(stack.port, { host, path });

    expect(reply.status).toBe(200);
    const filled = (key: string) =>
      as.replace(
        'KEY',
        host === 'path.int'
          ? encodeURIComponent(key).replace('%3A', ':').replace('%26', '&').replace('%3D', '=')
          : encodeURIComponent(key),
      );
    expect(sent()).toEqual([
      [filled(OLD), 401],
      [filled(NEW), 200],
    ]);
  });

  it('stands in the query once, whatever the caller puts there, and is replaced when it is refused', async () => {
    await stack.aws.put('prod/key', JSON.stringify({ k: NEW }));
    stack.upstream.accept('query.example', NEW);

    const reply = await send(stack.port, {
      host: 'query.int',
      path: '/v1/x?a=%2f&key=mine&key=mine-too&b=',
      body: 'text',
    });

    expect(reply.status).toBe(200);
    expect(sent()).toEqual([
      [`/v1/x?a=%2f&key=${encodeURIComponent(OLD)}&b=`, 401],
      [`/v1/x?a=%2f&key=${encodeURIComponent(NEW)}&b=`, 200],
    ]);
    expect(stack.upstream.requests.entries.map(({ body }) => body.toString())).toEqual(['text', 'text']);
  });

  it('stands before the path once, and is replaced when it is refused', async () => {
    await stack.aws.put('prod/key', JSON.stringify({ k: NEW }));
    stack.upstream.accept('path.example', NEW);

    const reply = await send(stack.port, { host: 'path.int', path: '/getMe?a=%2f' });

    expect(reply.status).toBe(200);
    expect(sent()).toEqual([
      [`/botold:key%2Fwith%3Fodd&chars=%25/getMe?a=%2f`, 401],
      [`/botnew:key%2Fwith%3Fodd&chars=%25/getMe?a=%2f`, 200],
    ]);
  });

  it('may stand in both, and in a header too', async () => {
    await stack.aws.put('prod/both', JSON.stringify({ k: 'new-key' }));
    stack.upstream.accept('both.example', 'new-key');

    const reply = await send(stack.port, { host: 'both.int', path: '/x?key=mine' });

    expect(reply.status).toBe(200);
    expect(sent()).toEqual([
      ['/botold-key/x?key=old-key', 401],
      ['/botnew-key/x?key=new-key', 200],
    ]);
  });

  it('is not put before a path that could take it off again', async () => {
    const reply = await send(stack.port, { host: 'path.int', path: '/a/..%2f..%2fgetMe' });

    expect(reply.status).toBe(403);
    expect(reply.headers['x-attache-error']).toBe('request_not_allowed');
    expect(sent()).toEqual([]);
  });

  it("is not in Envoy's access log, which has the path as the caller sent it", async () => {
    await send(stack.port, { host: 'path.int', path: '/getMe?secret=of-the-caller' });
    await send(stack.port, { host: 'query.int', path: '/v1/x?a=1' });

    const ofPath = await stack.envoy.accessLog.find(
      ({ path, attache }) => path === '/getMe' && attache?.integration === 'path',
    );
    const ofQuery = await stack.envoy.accessLog.find(
      ({ path, attache }) => path === '/v1/x' && attache?.integration === 'query',
    );
    // Without this field, which envoy.yaml does not have, nothing of the key is there.
    const { sent: leak, ...written } = ofPath;
    expect(leak).toBe('/botold:key%2Fwith%3Fodd&chars=%25/getMe');
    expect(written).toMatchObject({ path: '/getMe', status: 200 });
    expect(ofQuery).toMatchObject({ path: '/v1/x', status: 200 });
    const text = JSON.stringify([written, ofQuery]);
    expect(SEEN_IN_PATHS.filter((key) => text.includes(key))).toEqual([]);
    expect(text).not.toContain('of-the-caller');
  });

  it("is neither in Attaché's log nor in Envoy's own", async () => {
    await send(stack.port, { host: 'path.int', path: '/getMe' });
    await send(stack.port, { host: 'query.int', path: '/x' });

    const text = [...stack.attache.log.entries, ...stack.attache.stderr.entries, ...stack.envoy.log.entries].join('\n');
    expect(SEEN_IN_PATHS.filter((key) => text.includes(key))).toEqual([]);
  });
});
