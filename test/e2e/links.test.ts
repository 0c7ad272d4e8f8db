import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { redacting } from './support/redacting.ts';
import { addRoutes, allowHeaders } from './support/routes.ts';
import { send } from './support/send.ts';

const KEY = 'a-key-of-some-length/with?odd&chars';
const HOST = 'api.x.com';
const ME = 'http://api.int:8080';

/** Single links, in the header `location`: as the destination sends them, and as the caller sees them. */
const LINKS: readonly (readonly [what: string, sent: string, seen: string])[] = [
  ['to the destination', `https://${HOST}/v1/a?page=2#top`, `${ME}/v1/a?page=2#top`],
  ['with the port of HTTPS', `https://${HOST}:443/v1/a`, `${ME}/v1/a`],
  ['over plain HTTP', `http://${HOST}/v1/a`, `${ME}/v1/a`],
  ['over plain HTTP with its port', `http://${HOST}:80/v1/a`, `${ME}/v1/a`],
  ['without a scheme', `//${HOST}/v1/a`, `${ME}/v1/a`],
  ['in capitals', 'HTTPS://API.X.com/V1/A', `${ME}/V1/A`],
  ['without a path', `https://${HOST}`, ME],
  ['with a query alone', `https://${HOST}?a=b`, `${ME}?a=b`],
  ['with a host inside', `https://${HOST}/go?to=https://${HOST}/b`, `${ME}/go?to=https://${HOST}/b`],
  [
    'encoded inside',
    `https://${HOST}/go?to=https%3A%2F%2F${HOST}%2Fb%20c`,
    `${ME}/go?to=https%3A%2F%2F${HOST}%2Fb%20c`,
  ],
  ['with quotes and commas', `https://${HOST}/"a",<b>;c='d'`, `${ME}/"a",<b>;c='d'`],
  ['not in ASCII', `https://${HOST}/caf\u00e9`, `${ME}/caf\u00e9`],
  ['with a percent sign and a pattern', `https://${HOST}/%1%d(.*)%`, `${ME}/%1%d(.*)%`],
  // These stay as they are.
  ['relative', '/v1/a?page=2', '/v1/a?page=2'],
  ['relative to the folder', '../a', '../a'],
  ['with a query of a link', `/a?to=https://${HOST}/`, `/a?to=https://${HOST}/`],
  ['empty', '', ''],
  ['to another host', 'https://other.example/a', 'https://other.example/a'],
  ['to another port', `https://${HOST}:8443/a`, `https://${HOST}:8443/a`],
  ['to the port of HTTPS over plain HTTP', `http://${HOST}:443/a`, `http://${HOST}:443/a`],
  ['to a host that begins alike', `https://${HOST}.evil.example/a`, `https://${HOST}.evil.example/a`],
  ['to a host that ends alike', `https://evil${HOST}/a`, `https://evil${HOST}/a`],
  ['to a subdomain', `https://a.${HOST}/a`, `https://a.${HOST}/a`],
  ['to a host that a pattern would match', 'https://apixx.com/a', 'https://apixx.com/a'],
  ['with a user that looks like it', `https://${HOST}@evil.example/a`, `https://${HOST}@evil.example/a`],
  ['with a user', `https://user:pass@${HOST}/a`, `https://user:pass@${HOST}/a`],
  ['with a backslash', `https://${HOST}\\@evil.example/a`, `https://${HOST}\\@evil.example/a`],
  ['with a dot at its end', `https://${HOST}./a`, `https://${HOST}./a`],
  ['encoded', 'https://api%2Ex.com/a', 'https://api%2Ex.com/a'],
  ['of another scheme', `ftp://${HOST}/a`, `ftp://${HOST}/a`],
  ['of another scheme that ends alike', `git+https://${HOST}/a`, `git+https://${HOST}/a`],
  ['of a scheme without slashes', `https:${HOST}/a`, `https:${HOST}/a`],
];

/** Headers `link`, each a list of its lines. */
const LISTS: readonly (readonly [what: string, sent: readonly string[], seen: readonly string[]])[] = [
  ['one link', [`<https://${HOST}/a?page=2>; rel="next"`], [`<${ME}/a?page=2>; rel="next"`]],
  [
    'many links in one line',
    [`<https://${HOST}/a?page=2>; rel="next", <https://${HOST}/a?page=9>; rel="last",</a>;rel=self`],
    [`<${ME}/a?page=2>; rel="next", <${ME}/a?page=9>; rel="last",</a>;rel=self`],
  ],
  [
    'several lines',
    [`<https://${HOST}/a>; rel="next"`, `<https://other.example/b>; rel="x"`, `<//${HOST}/c>; rel="y"`],
    [`<${ME}/a>; rel="next"`, `<https://other.example/b>; rel="x"`, `<${ME}/c>; rel="y"`],
  ],
  [
    'texts that look like links',
    [`<https://${HOST}/a,b;c>; title="<https://${HOST}/t>, \\"<https://${HOST}/u>"; rel="next", <https://${HOST}/d>`],
    [`<${ME}/a,b;c>; title="<https://${HOST}/t>, \\"<https://${HOST}/u>"; rel="next", <${ME}/d>`],
  ],
  [
    'links to look-alikes',
    [`<https://${HOST}@evil.example/>, <https://${HOST}.evil.example/>, <https://evil${HOST}/>`],
    [`<https://${HOST}@evil.example/>, <https://${HOST}.evil.example/>, <https://evil${HOST}/>`],
  ],
  ['a bracket that is never closed', [`<https://${HOST}/a`], [`<https://${HOST}/a`]],
  ['a quote that is never closed', [`</a>; title="<https://${HOST}/a>`], [`</a>; title="<https://${HOST}/a>`]],
  ['a quote that ends in a backslash', [`</a>; title="\\`], [`</a>; title="\\`]],
  ['a bracket in front of a link', [`< <https://${HOST}/a>`], [`< <https://${HOST}/a>`]],
  ['three hundred links', [`<https://${HOST}/a>,`.repeat(300)], [`<${ME}/a>,`.repeat(300)]],
  ['nothing but brackets', ['<'.repeat(8_000)], ['<'.repeat(8_000)]],
  ['a bracket at the end', [`${'<'.repeat(8_000)}>`], [`${'<'.repeat(8_000)}>`]],
  ['nothing but quotes', ['"'.repeat(8_001)], ['"'.repeat(8_001)]],
];

describe('links in responses', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      attache: false,
      upstream: { hosts: { [HOST]: () => KEY } },
      edit: (document) => {
        allowHeaders(document, ':path');
        const attache = { integration: 'api', secret: 'prod/key', bearer: '{{ . }}' };
        addRoutes(
          document,
          { name: 'api', host: HOST, attache },
          { name: 'port', host: `${HOST}:443`, attache: { ...attache, integration: 'port' } },
          {
            name: 'as-they-are',
            host: HOST,
            attache: { ...attache, integration: 'as-they-are', links: 'keep' },
          },
          {
            name: 'unsearched-query',
            host: HOST,
            attache: { integration: 'unsearched-query', secret: 'prod/key', query: { key: '{{ . }}' }, links: 'keep' },
          },
          {
            name: 'unsearched-path',
            host: HOST,
            attache: { integration: 'unsearched-path', secret: 'prod/key', path: '/bot{{ . }}' },
          },
          {
            name: 'query',
            host: HOST,
            attache: { integration: 'query', secret: 'prod/key', query: { key: '{{ . }}' }, redact: true },
            entry: redacting,
          },
          {
            name: 'path',
            host: HOST,
            attache: { integration: 'path', secret: 'prod/key', path: '/bot{{ . }}', redact: true },
            entry: redacting,
          },
        );
      },
    });
    await stack.aws.put('prod/key', KEY);
    await stack.startAttache();
  });
  afterAll(() => stack?.stop());

  function answer(headers: Record<string, string | string[]>) {
    stack.upstream.answerWith(() => ({ status: 302, headers, body: '' }));
  }

  it.each(LINKS)('are led back to the caller, or stay: one %s', async (_, sent, seen) => {
    answer({ location: sent, 'content-location': sent, 'operation-location': sent });

    const { status, headers } = await send(stack.port, { host: 'api.int:8080' });

    expect(status).toBe(302);
    expect(headers.location).toBe(seen);
    expect(headers['content-location']).toBe(seen);
    expect(headers['operation-location']).toBe(seen);
    expect(headers).not.toHaveProperty('x-attache-destination');
  });

  it.each(LISTS)('are led back to the caller, or stay, in the header link: %s', async (_, sent, seen) => {
    answer({ link: [...sent] });

    const { headers } = await send(stack.port, { host: 'api.int:8080' });

    expect(headers.link).toBe(seen.join(', '));
  });

  it('cost no more than their length, however they are written', async () => {
    const fastest = async (link: string) => {
      answer({ link });
      const times: number[] = [];
      for (let round = 0; round < 5; round += 1) times.push((await send(stack.port, { host: 'api.int' })).ms);
      return Math.min(...times);
    };

    const usual = await fastest(`<https://${HOST}/a>`);
    const brackets = await fastest('<'.repeat(12_000));

    // What looks for the end of each anew takes a hundred times as long.
    expect(brackets).toBeLessThan(50 * Math.max(usual, 2));
  });

  it('name the host, the port and the scheme that the caller used, over HTTP/2 too', async () => {
    answer({ location: `https://${HOST}/a`, link: `<https://${HOST}/b>; rel="next"` });

    const plain = await send(stack.port, { host: 'api.int' });
    const capitals = await send(stack.port, { host: 'API.int:8080' });
    const absolute = await send(stack.port, { host: 'api.int', path: 'http://api.int/v1' });
    const session = connect(`http://127.0.0.1:${stack.port}`);
    const stream = session.request({ ':authority': 'api.int:8080', ':path': '/', ':scheme': 'http' });
    const [http2] = await once(stream, 'response');
    session.destroy();

    expect(plain.headers).toMatchObject({ location: 'http://api.int/a', link: '<http://api.int/b>; rel="next"' });
    expect(capitals.headers.location).toBe('http://API.int:8080/a');
    expect(absolute.headers.location).toBe('http://api.int/a');
    expect(http2).toMatchObject({ location: `${ME}/a`, link: `<${ME}/b>; rel="next"` });
  });

  it('are led back when the route names the port of HTTPS', async () => {
    answer({ location: `https://${HOST}/a` });

    const { headers } = await send(stack.port, { host: 'port.int' });

    expect(headers.location).toBe('http://port.int/a');
  });

  it('can be followed through redirects to the end', async () => {
    stack.upstream.answerWith(({ path }) =>
      path === '/3'
        ? { status: 200, body: 'there' }
        : { status: 302, headers: { location: `https://${HOST}/${Number(path.slice(1)) + 1}` }, body: '' },
    );

    let at = new URL('http://api.int/0');
    const seen: number[] = [];
    for (let hop = 0; hop < 5; hop += 1) {
      const reply = await send(stack.port, { host: at.host, path: at.pathname });
      seen.push(reply.status);
      if (reply.headers.location === undefined) break;
      at = new URL(reply.headers.location, at);
    }

    expect(seen).toEqual([302, 302, 302, 200]);
    expect(stack.upstream.requests.entries.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  it('stay as they are where the block says so', async () => {
    answer({ location: `https://${HOST}/a` });

    const { headers } = await send(stack.port, { host: 'as-they-are.int' });

    expect(headers.location).toBe(`https://${HOST}/a`);
    expect(headers).not.toHaveProperty('x-attache-destination');
  });

  it.each(['query', 'path'])(
    'are held back where they may repeat a key in the %s that nobody looks for',
    async (kind) => {
      stack.upstream.answerWith(({ path }) => ({
        status: 302,
        headers: { location: path, 'content-location': `https://${HOST}${path}`, link: `<${path}>; rel=self` },
        body: '',
      }));

      const { status, headers } = await send(stack.port, { host: `unsearched-${kind}.int`, path: '/v1' });

      expect(status).toBe(302);
      expect(decodeURIComponent(JSON.stringify(headers))).not.toContain(KEY);
      expect(headers['x-attache-links']).toContain('redact: true');
      expect(headers).not.toHaveProperty('location');
    },
  );

  it('bring back no key that stands in the URL, and one in the query can be followed', async () => {
    stack.upstream.answerWith(({ path, headers }) => ({
      status: 302,
      headers: { location: `https://${headers.host ?? HOST}${path}`, link: `<${path}>; rel=self` },
      body: '',
    }));

    const query = await send(stack.port, { host: 'query.int', path: '/v1?a=b' });
    const path = await send(stack.port, { host: 'path.int', path: '/v1' });

    for (const { headers } of [query, path]) {
      expect(decodeURIComponent(JSON.stringify(headers))).not.toContain(KEY);
      expect(JSON.stringify(headers)).toContain('redacted');
    }
    expect(query.headers.location).toMatch(/^http:\/\/query\.int\/v1\?/);
    const again = new URL(query.headers.location ?? '');
    await send(stack.port, { host: 'query.int', path: `${again.pathname}${again.search}` });
    const sent = new URL(stack.upstream.requests.entries.at(-1)?.path ?? '', 'http://x');
    expect(sent.searchParams.getAll('key')).toEqual([KEY]);
    expect(sent.searchParams.get('a')).toBe('b');
  });
});
