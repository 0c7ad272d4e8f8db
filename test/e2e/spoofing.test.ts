import { once } from 'node:events';
import { connect, type OutgoingHttpHeaders } from 'node:http2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pathOfHttp } from '../../local/derive-envoy-config.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { ALWAYS_STRIPPED } from '../../src/credentials/callers-own.ts';
import { callerListeners } from './support/caller-listeners.ts';
import { sendRaw } from './support/raw-http.ts';
import { addRoutes, allowHeaders, express } from './support/routes.ts';

/** The one address that may use `guarded`. No test comes from it. */
const TRUSTED = '127.0.9.9';
const HOST = 'api.example';

/** A request line and header lines; `HOST` in them stands for the name of the route, `CAPITALS` for that in capitals. */
type Trick = readonly [trick: string, ...lines: string[]];

/** What a caller says of itself, so as to be taken for somebody else. */
const FALSE_NAMES: readonly Trick[] = [
  ['X-Forwarded-For', 'GET /v1/a HTTP/1.1', 'Host: HOST', `X-Forwarded-For: ${TRUSTED}`],
  [
    'X-Forwarded-For of several',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    `X-Forwarded-For: ${TRUSTED}, ${TRUSTED}, 10.0.0.1`,
  ],
  [
    'X-Forwarded-For twice',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    `X-Forwarded-For: 1.2.3.4`,
    `X-Forwarded-For: ${TRUSTED}`,
  ],
  ['X-Forwarded-For that is no address', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'X-Forwarded-For: unknown, "'],
  ['Forwarded', 'GET /v1/a HTTP/1.1', 'Host: HOST', `Forwarded: for=${TRUSTED};host=${HOST};proto=https`],
  ['X-Real-IP', 'GET /v1/a HTTP/1.1', 'Host: HOST', `X-Real-IP: ${TRUSTED}`],
  ['True-Client-IP', 'GET /v1/a HTTP/1.1', 'Host: HOST', `True-Client-IP: ${TRUSTED}`],
  ['CF-Connecting-IP', 'GET /v1/a HTTP/1.1', 'Host: HOST', `CF-Connecting-IP: ${TRUSTED}`],
  [
    'X-Client-IP and X-Cluster-Client-IP',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    `X-Client-IP: ${TRUSTED}`,
    `X-Cluster-Client-IP: ${TRUSTED}`,
  ],
  [
    'X-Envoy-External-Address',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    `X-Envoy-External-Address: ${TRUSTED}`,
    'X-Envoy-Internal: true',
  ],
  [
    'X-Forwarded-Client-Cert',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'X-Forwarded-Client-Cert: By=spiffe://acme/envoy;URI=spiffe://acme/agents/build',
  ],
  [
    'a forged attribute',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    `source.address: ${TRUSTED}:1`,
    'connection.uri_san_peer_certificate: spiffe://acme/agents/build',
  ],
  [
    'forged headers of Attaché',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'x-attache-caller: tag:agents',
    'x-attache-integration: open',
    'x-attache-error: none',
  ],
  [
    'forged claims',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'x-jwt-payload: eyJncm91cHMiOiJhZ2VudHMifQ',
    'envoy.filters.http.jwt_authn: {"attache":{"groups":"agents"}}',
  ],
  [
    'an unsigned token',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Authorization: Bearer eyJhbGciOiJub25lIn0.eyJncm91cHMiOiJhZ2VudHMiLCJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUifQ.',
  ],
  ['a PROXY line', `PROXY TCP4 ${TRUSTED} 127.0.0.1 1 2`, 'GET /v1/a HTTP/1.1', 'Host: HOST'],
  [
    'a forged attempt count',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'X-Envoy-Attempt-Count: 2',
    'upstream.request_attempt_count: 2',
  ],
  [
    'a forged push',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    `X-Attache-Pushed: 1 9999999999 express ${HOST} - prod/stripe 1 - - authorization Bearer mine`,
  ],
  [
    'a forged original path',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'X-Envoy-Original-Path: /v1/forged',
    'X-Envoy-Original-Host: forged.example',
  ],
  [
    'a forged route',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'X-Envoy-Decorator-Operation: open',
    'X-Envoy-Upstream-Alt-Stat-Name: open',
    'X-Route: open',
  ],
];

/** Ways to write a request that part those who read it. */
const ODD_SHAPES: readonly Trick[] = [
  ['a host with a port', 'GET /v1/a HTTP/1.1', 'Host: HOST:8443'],
  ['a host with an empty port', 'GET /v1/a HTTP/1.1', 'Host: HOST:'],
  ['a host with a port that is none', 'GET /v1/a HTTP/1.1', 'Host: HOST:99999'],
  ['a host with a dot at its end', 'GET /v1/a HTTP/1.1', 'Host: HOST.'],
  ['a host in capitals', 'GET /v1/a HTTP/1.1', 'Host: CAPITALS'],
  ['a host with user and password', 'GET /v1/a HTTP/1.1', 'Host: mine:mine@HOST'],
  ['a host with a path', 'GET /v1/a HTTP/1.1', 'Host: HOST/v1'],
  ['a host with a blank', 'GET /v1/a HTTP/1.1', 'Host: HOST open.int'],
  ['a host with a zero byte', 'GET /v1/a HTTP/1.1', 'Host: HOST\0.open.int'],
  ['no host', 'GET /v1/a HTTP/1.1', 'X-A: b'],
  ['an empty host', 'GET /v1/a HTTP/1.1', 'Host:'],
  ["the destination's own host", 'GET /v1/a HTTP/1.1', `Host: ${HOST}`],
  ['two hosts', 'GET /v1/a HTTP/1.1', 'Host: open.int', 'Host: HOST'],
  ['two hosts, the other way round', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'Host: open.int'],
  ['an absolute target of another host', 'GET http://HOST/v1/a HTTP/1.1', 'Host: nowhere.int'],
  ['an absolute target with user and password', 'GET http://mine:mine@HOST/v1/a HTTP/1.1', 'Host: HOST'],
  ['an absolute target of https', 'GET https://HOST/v1/a HTTP/1.1', 'Host: HOST'],
  ['an absolute target of the destination', `GET https://${HOST}/v1/a HTTP/1.1`, 'Host: HOST'],
  ['an absolute target of another scheme', 'GET ftp://HOST/v1/a HTTP/1.1', 'Host: HOST'],
  ['an authority for a target', 'GET HOST:80 HTTP/1.1', 'Host: HOST'],
  [
    'two Authorizations',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Authorization: Bearer mine',
    'Authorization: Basic bWluZQ==',
  ],
  [
    'Authorization in every case',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'AUTHORIZATION: Bearer mine',
    'authorization: Bearer mine',
    'aUTHORIZATION: Bearer mine',
  ],
  [
    'an empty Authorization before a full one',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Authorization:',
    'Authorization: Bearer mine',
  ],
  [
    'Authorization among the trailers',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Transfer-Encoding: chunked',
    'Trailer: Authorization',
    '',
    '0',
    'Authorization: Bearer mine',
    'X-Api-Key: mine',
  ],
  [
    'Authorization as a header of the connection',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Authorization: Bearer mine',
    'Connection: authorization',
  ],
  [
    'Authorization after a folded line',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'X-A: b',
    ' c',
    'Authorization: Bearer',
    ' mine',
  ],
  ['a blank before the colon', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'Authorization : Bearer mine'],
  ['a zero byte in the name', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'Authorization\0: Bearer mine'],
  ['a bare carriage return in a value', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'X-A: b\rCookie: mine'],
  ['underscores in names', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'X_Api_Key: mine', 'Proxy_Authorization: mine'],
  ...[
    ['X_Api-Key', 'x-api_key', 'x__api__key', 'XApi_Key', '_X_API_KEY', 'x_api_key_'],
    ['_Authorization', 'authorization_', 'Author_ization', 'PROXY_authorization', 'proxyauthorization_'],
    ['x_goog_api_key', 'X_Goog-Api_Key', 'private_token', 'Private_-Token', 'X_Auth_Token', 'DD_API_KEY', 'coo_kie'],
    [
      'x.api.key',
      'x~api~key',
      "x'api`key",
      'authorization.',
      'x!api#key',
      'x+api|key',
      'x^api*key',
      '$authorization&%',
    ],
    ['x_custom', 'X.Custom', 'x_sig', 'X_SIG', 'x_version', 'X.Version', 'x-ver_sion'],
  ].map(
    (names): Trick => [
      `${names.join(', ')}`,
      'GET /v1/a HTTP/1.1',
      'Host: HOST',
      ...names.map((name) => `${name}: mine`),
    ],
  ),
  [
    'the names of all headers that hold credentials',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    ...ALWAYS_STRIPPED.map((name) => `${name}: mine`),
  ],
  ['a header that the API reads a key from', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'X-Sig: mine', 'x-custom: mine'],
  ...[
    'access_token=mine',
    'a=1&api_key=mine&b=2',
    'apiKey=mine&API-KEY=mine&%61pi_key=mine&api%5Fkey=mine&api.key=mine&api%2Dkey=mine&+api_key=mine',
    'api_key[]=mine&api_key%5B0%5D=mine&api_key%00=mine&api%255fkey=mine&private_token=mine',
    'a=1;api_key=mine;key=mine&b=2',
    'key=mine&KEY=mine&%6Bey=mine&%6b%65%79=mine&key=mine',
    'key',
    'api_key=mine?api_key=mine&?&&=&',
  ].map((query): Trick => [`the query ${query}`, `GET /v1/a?${query} HTTP/1.1`, 'Host: HOST']),
  [
    'every credential at once',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Authorization: mine',
    'Proxy-Authorization: mine',
    'Cookie: a=mine',
    'Cookie: b=mine',
    'X-Api-Key: mine',
  ],
  ['HTTP/1.0', 'GET /v1/a HTTP/1.0', 'Host: HOST', 'Authorization: Bearer mine'],
  ['HTTP/1.0 without a host', 'GET /v1/a HTTP/1.0', 'Authorization: Bearer mine'],
  ['HTTP/0.9', 'GET /v1/a'],
  ['a version that there is not', 'GET /v1/a HTTP/1.2', 'Host: HOST', 'Authorization: Bearer mine'],
  [
    'an upgrade to h2c',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Authorization: Bearer mine',
  ],
  [
    'an upgrade to a WebSocket',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Authorization: Bearer mine',
  ],
  [
    'content-length and chunks',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Content-Length: 4',
    'Transfer-Encoding: chunked',
    '',
    '0',
    '',
    'GET /v1/smuggled HTTP/1.1',
    'Host: HOST',
    'Authorization: Bearer mine',
  ],
  [
    'chunks and content-length',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Transfer-Encoding: chunked',
    'Content-Length: 50',
    '',
    '0',
    '',
    'GET /v1/smuggled HTTP/1.1',
    'Host: HOST',
    'Authorization: Bearer mine',
  ],
  [
    'chunks that are not called so',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Content-Length: 3',
    'Transfer-Encoding: xchunked',
    '',
    '0',
  ],
  [
    'chunks called so twice',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: chunked',
    '',
    '0',
    '',
  ],
  [
    'chunks with a tab before the name',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Content-Length: 3',
    'Transfer-Encoding:\x0bchunked',
    '',
    '0',
    '',
  ],
  [
    'two content-lengths',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Content-Length: 0',
    'Content-Length: 44',
    '',
    'GET /v1/smuggled HTTP/1.1',
    'Host: HOST',
    'Authorization: mine',
  ],
  ['a content-length with a sign', 'POST /v1/a HTTP/1.1', 'Host: HOST', 'Content-Length: +5', '', 'hello'],
  [
    'a chunk whose size overflows',
    'POST /v1/a HTTP/1.1',
    'Host: HOST',
    'Transfer-Encoding: chunked',
    '',
    'ffffffffffffffff1',
    'a',
    '0',
    '',
  ],
  ['CONNECT', 'CONNECT HOST:443 HTTP/1.1', 'Host: HOST:443'],
  ['CONNECT to the destination', `CONNECT ${HOST}:443 HTTP/1.1`, `Host: ${HOST}:443`],
  ['TRACE', 'TRACE /v1/a HTTP/1.1', 'Host: HOST', 'Authorization: Bearer mine'],
  ['a method in small letters', 'trace /v1/a HTTP/1.1', 'Host: HOST', 'Authorization: Bearer mine'],
  ['a line break before the request', '', 'GET /v1/a HTTP/1.1', 'Host: HOST', 'Authorization: Bearer mine'],
  [
    'two requests in one write',
    'GET /v1/a HTTP/1.1',
    'Host: nowhere.int',
    '',
    'GET /v1/a HTTP/1.1',
    'Host: HOST',
    'Authorization: Bearer mine',
  ],
];

/** Requests for `/v1/public/a` by GET, which is all that `ruled` allows, that some servers take for another. */
const OTHER_REQUESTS: readonly Trick[] = [
  'X-HTTP-Method-Override: DELETE',
  'X-HTTP-Method: DELETE',
  'X-Method-Override: DELETE',
  'X-Original-URL: /v1/admin',
  'X-Rewrite-URL: /v1/admin',
  'X_HTTP_Method_Override: DELETE',
  'X-Http_Method: DELETE',
  'X_Original.URL: /v1/admin',
].map((header) => [header, 'GET /v1/public/a HTTP/1.1', 'Host: ruled.int', header]);

describe('a request that pretends', () => {
  let stack: Stack;

  beforeAll(async () => {
    const ways = await callerListeners();
    stack = await startStack({
      upstream: { hosts: { [HOST]: ({ authorization }) => authorization } },
      edit: (document) => {
        ways.edit(document);
        const route = (name: string, rules: object) => ({
          name,
          host: HOST,
          attache: { integration: name, secret: 'prod/stripe', ...rules },
        });
        const bearer = '{{ api_key }}';
        allowHeaders(document, 'x-custom', 'x-version', 'x-sig');
        addRoutes(
          document,
          route('open', {
            headers: { authorization: 'Bearer {{ api_key }}', 'x-custom': '{{ api_key }}', 'x-version': '1' },
            strip: ['x-sig', 'query:key'],
          }),
          route('guarded', { bearer, callers: [TRUSTED, 'spiffe://acme/agents/*', 'claim:groups=agents'] }),
          route('ruled', { bearer, allow: ['GET /v1/public/**'] }),
          express(route('express', { bearer, strip: ['x-sig', 'x-custom', 'x-version', 'query:key'] })),
          route('any', { bearer, allow: ['* /v1/public/**'] }),
        );
      },
    });
    stack.upstream.accept(HOST, `Bearer ${stack.keys.stripe}`);
  });
  afterAll(() => stack?.stop());
  beforeEach(() => {
    stack.upstream.requests.entries.length = 0;
    stack.envoy.accessLog.entries.length = 0;
  });

  const named = (text: string, host: string) =>
    text.replaceAll('HOST', host).replaceAll('CAPITALS', host.toUpperCase());
  const bytes = (lines: readonly string[], host: string) => `${named(lines.join('\r\n'), host)}\r\n\r\n`;

  /** What arrived has our key, no other, and nothing of what the caller brought for one. */
  function expectOnlyOurKey(): void {
    for (const { host, path, headers, trailers } of stack.upstream.requests.entries) {
      expect(host).toBe(HOST);
      expect(headers.authorization).toBe(`Bearer ${stack.keys.stripe}`);
      for (const name of ['proxy-authorization', 'cookie', 'x-api-key']) expect(headers).not.toHaveProperty(name);
      expect(JSON.stringify({ ...headers, 'x-a': '' })).not.toContain('mine');
      expect(path).not.toContain('mine');
      for (const name of ALWAYS_STRIPPED.filter((it) => it !== 'authorization'))
        expect(headers).not.toHaveProperty(name);
      expect(trailers).toEqual({});
    }
  }

  describe.each([...FALSE_NAMES, ...ODD_SHAPES])('by %s', (...[, ...lines]) => {
    it('gains no access', async () => {
      const { statuses } = await sendRaw(stack.port, bytes(lines, 'guarded.int'));

      expect(stack.upstream.requests.entries.filter(({ path }) => path.startsWith('/v1'))).toEqual([]);
      expect(statuses.filter((status) => status < 400)).toEqual([]);
      expect(statuses.length).toBeGreaterThan(0);
    });

    it('takes no credential of its own along', async () => {
      await sendRaw(stack.port, bytes(lines, 'open.int'));

      expectOnlyOurKey();
      expect(stack.upstream.requests.entries.filter(({ path }) => path.includes('smuggled'))).toEqual([]);
      expect(stack.upstream.requests.entries.filter(({ method }) => /trace|connect/i.test(method))).toEqual([]);
    });

    it('takes none along in the express lane', async () => {
      await sendRaw(stack.port, bytes(lines, 'express.int'));

      expectOnlyOurKey();
      expect(stack.upstream.requests.entries.filter(({ path }) => path.includes('smuggled'))).toEqual([]);
      expect(stack.upstream.requests.entries.filter(({ method }) => /trace|connect/i.test(method))).toEqual([]);
      for (const { headers } of stack.upstream.requests.entries) expect(headers).not.toHaveProperty('x-attache-pushed');
    });
  });

  it('is let through without a trick, so that the tests above could fail', async () => {
    const { statuses } = await sendRaw(stack.port, bytes(['GET /v1/a HTTP/1.1', 'Host: HOST'], 'guarded.int'), {
      localAddress: TRUSTED,
    });

    expect(statuses).toEqual([200]);
  });

  it('brings headers with underscores along that nobody takes for a credential', async () => {
    const names = ['lang_version', 'Package_Version', 'x_request_key', 'api_version', 'x.trace.id'];
    const lines = names.map((name) => `${name}: theirs`);
    const { statuses } = await sendRaw(
      stack.port,
      bytes(['GET /v1/a?token=theirs&sig=a;b HTTP/1.1', 'Host: open.int', ...lines], ''),
    );

    expect(statuses).toEqual([200]);
    const [arrived] = stack.upstream.requests.entries;
    expect(arrived?.headers).toMatchObject(Object.fromEntries(names.map((name) => [name.toLowerCase(), 'theirs'])));
    expect(arrived?.path).toBe('/v1/a?token=theirs&sig=a;b');
    expectOnlyOurKey();
  });

  it.each(OTHER_REQUESTS)('to be another request by %s is sent without it', async (header, ...lines) => {
    const { statuses } = await sendRaw(stack.port, bytes(lines, ''));

    expect(statuses).toEqual([200]);
    expect(stack.upstream.requests.entries[0]?.headers).not.toHaveProperty(header.split(':')[0]?.toLowerCase() ?? '');
  });

  it("leaves the audit record with the request's own path and peer", async () => {
    const lines = FALSE_NAMES.flatMap((trick) =>
      trick.filter((line) => /^[\w.-]+: /.test(line) && !/^host/i.test(line)),
    );
    await sendRaw(stack.port, bytes(['GET /v1/own HTTP/1.1', 'Host: HOST', ...new Set(lines)], 'guarded.int'));

    const line = await stack.envoy.accessLog.find(({ why }) => why === 'attache_caller_not_allowed');
    expect(line).toMatchObject({ path: '/v1/own', caller: '127.0.0.1', host: HOST, attempts: 1 });
    expect(JSON.stringify(line)).not.toMatch(/forged|127\.0\.9\.9|spiffe/);
  });

  describe.each<[trick: string, headers: OutgoingHttpHeaders]>([
    ['another Host beside :authority', { ':authority': 'HOST', host: 'open.int' }],
    ['another :authority beside Host', { ':authority': 'open.int', host: 'HOST' }],
    ['no :authority', { host: 'HOST' }],
    ['an :authority with a port', { ':authority': 'HOST:443' }],
    ['an :authority with a dot at its end', { ':authority': 'HOST.' }],
    ['an :authority in capitals', { ':authority': 'CAPITALS' }],
    ['an :authority with user and password', { ':authority': 'mine:mine@HOST' }],
    ['X-Forwarded-For', { ':authority': 'HOST', 'x-forwarded-for': TRUSTED }],
    ['several Cookies', { ':authority': 'HOST', cookie: ['a=mine', 'b=mine'], authorization: 'Bearer mine' }],
    ['a scheme of https', { ':authority': 'HOST', ':scheme': 'https' }],
    ['CONNECT', { ':authority': 'HOST:443', ':method': 'CONNECT' }],
    ...[
      'TRACE',
      'trace',
      'Trace',
      'TRACK',
      'track',
      'DEBUG',
      'Debug',
      'PRI',
      'connect',
      'GET ',
      'G\0T',
      'GET,POST',
    ].map((method): [string, OutgoingHttpHeaders] => [
      `the method ${JSON.stringify(method)}`,
      { ':authority': 'HOST', ':method': method, authorization: 'Bearer mine' },
    ]),
    ['a path that is a URL', { ':authority': 'nowhere.int', ':path': 'http://HOST/v1/a' }],
    ['an underscore', { ':authority': 'HOST', authorization_: 'mine', x_api_key: 'mine' }],
    [
      'every mixture of underscores and hyphens',
      {
        ':authority': 'HOST',
        ...Object.fromEntries(
          ['x_goog_api_key', 'x-goog_api-key', 'x_goog-api_key', 'private_token', 'x_custom', 'x_sig', 'x.version'].map(
            (name) => [name, 'mine'],
          ),
        ),
      },
    ],
    ['a key in the query', { ':authority': 'HOST', ':path': '/v1/a?api_key=mine&key=mine&a=1' }],
  ])('in HTTP/2 without TLS by %s', (_, headers) => {
    const send = (host: string) =>
      new Promise<number>((resolve) => {
        const session = connect(`http://127.0.0.1:${stack.port}`);
        const said = Object.entries(headers).map(([name, value]) => [
          name,
          typeof value === 'string' ? named(value, host) : value,
        ]);
        const done = (status: number) => {
          session.destroy();
          resolve(status);
        };
        session.once('error', () => done(0));
        const isConnect = headers[':method'] === 'CONNECT';
        const stream = session.request({
          ...(isConnect ? {} : { ':path': '/v1/a' }),
          ...Object.fromEntries(said),
        });
        stream.once('response', (answer) => done(Number(answer[':status'])));
        stream.once('error', () => done(0));
        stream.once('close', () => done(0));
        if (!isConnect) stream.end();
      });

    it('gains no access', async () => {
      const status = await send('guarded.int');
      const arrived = stack.upstream.requests.entries;

      // Of a request with two names one decides, and when that is the name of a route which is open, so is the request.
      if (headers[':authority'] !== 'open.int') expect(arrived).toEqual([]);
      expect(arrived.length > 0).toBe(status === 200);
      expectOnlyOurKey();
    });

    it.each(['open.int', 'express.int'])('takes no credential of its own along to %s', async (host) => {
      await send(host);

      expectOnlyOurKey();
      expect(stack.upstream.requests.entries.filter(({ method }) => method !== 'GET')).toEqual([]);
    });
  });

  it.each<[method: string, host: string, outcome: number | string]>([
    ['TRACE', 'open.int', 'request_not_allowed'],
    ['trace', 'open.int', 'request_not_allowed'],
    ['Track', 'open.int', 'request_not_allowed'],
    ['debug', 'open.int', 'request_not_allowed'],
    ['trace', 'any.int', 'request_not_allowed'],
    ['get', 'ruled.int', 'request_not_allowed'],
    ['Get', 'ruled.int', 'request_not_allowed'],
    ['GET', 'ruled.int', 200],
    ['patch', 'open.int', 200],
    ['patch', 'any.int', 200],
  ])('is judged by its method over HTTP/2, of which case matters: %s to %s is %s', async (method, host, outcome) => {
    const session = connect(`http://127.0.0.1:${stack.port}`);
    const stream = session.request({ ':authority': host, ':method': method, ':path': '/v1/public/a' });
    const [answer] = await once(stream.end(), 'response');
    session.destroy();

    expect(answer['x-attache-error'] ?? answer[':status']).toBe(outcome);
    expect(stack.upstream.requests.entries.map((it) => it.method)).toEqual(outcome === 200 ? [method] : []);
  });

  it('takes no credential along among the trailers of HTTP/2', async () => {
    const session = connect(`http://127.0.0.1:${stack.port}`);
    const stream = session.request(
      { ':authority': 'open.int', ':method': 'POST', ':path': '/v1/a' },
      { waitForTrailers: true },
    );
    stream.once('wantTrailers', () => stream.sendTrailers({ authorization: 'Bearer mine', 'x-api-key': 'mine' }));
    stream.resume().end('a body');
    await once(stream, 'close');
    session.destroy();

    expect(stack.upstream.requests.entries.map(({ body }) => body.toString())).toEqual(['a body']);
    expectOnlyOurKey();
  });
});

describe('X-Forwarded-For on a listener that believes it', () => {
  it('makes anybody a trusted caller, which is why attache check calls that an error', async () => {
    await using stack = await startStack({
      upstream: { hosts: { [HOST]: ({ authorization }) => authorization } },
      routes: 'envoy',
      edit: (document) => {
        document.setIn([...pathOfHttp, 'use_remote_address'], false);
        addRoutes(document, {
          name: 'guarded',
          host: HOST,
          attache: { integration: 'guarded', secret: 'prod/stripe', bearer: '{{ api_key }}', callers: [TRUSTED] },
        });
      },
    });
    stack.upstream.accept(HOST, `Bearer ${stack.keys.stripe}`);

    const { statuses } = await sendRaw(
      stack.port,
      `GET /v1/a HTTP/1.1\r\nHost: guarded.int\r\nX-Forwarded-For: ${TRUSTED}\r\n\r\n`,
    );

    expect(statuses).toEqual([200]);
  });
});
