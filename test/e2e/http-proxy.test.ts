import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { type EnforcingAws, startEnforcingAws } from '../support/enforcing-aws.ts';
import { sendRaw } from './support/raw-http.ts';
import { addRoutes } from './support/routes.ts';
import { startSigningStack } from './support/signing-stack.ts';

const HOST = 'api.example';
/** The one address that may use `guarded`. */
const TRUSTED = '127.0.9.9';

/** A request for `http://<host><path>`, as bytes for a proxy. */
type Way = (host: string, path?: string, lines?: readonly string[], body?: string) => string;

const absolute: Way = (host, path = '/v1/a', lines = [], body = '') =>
  [`GET http://${host}${path} HTTP/1.1`, `Host: ${host}`, ...lines, '', body].join('\r\n');

const within = (authority: string, bytes: string, lines: readonly string[] = []) =>
  [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...lines, '', bytes].join('\r\n');

const tunnel: Way = (host, path = '/v1/a', lines = [], body = '') =>
  within(`${host.replace(/:80$/, '')}:80`, [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines, '', body].join('\r\n'));

/** Sends the bytes, and waits for a response to each request in them: to those for a tunnel, too. */
const ask = (port: number, bytes: string, localAddress = '127.0.0.1') =>
  sendRaw(port, bytes, { localAddress, responses: bytes.split(' HTTP/1.1\r\n').length - 1, quiet: 200 });

const WAYS = [
  ['the whole URL', absolute, []],
  ['a tunnel', tunnel, [200]],
] as const;

/** Hosts that are no integration, though Envoy or the machine could reach some of them. */
const OTHERS = [
  'nobody.int',
  HOST,
  'api.stripe.com',
  'localhost',
  '127.0.0.1',
  '169.254.169.254',
  '[::1]',
  'stripe.int.tunnel',
  'tunnels',
  'guarded.int.example',
];

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    upstream: { hosts: { [HOST]: ({ authorization }) => authorization } },
    edit: (document) => {
      const route = (name: string, rules: object) => ({
        name,
        host: HOST,
        attache: { integration: name, secret: 'prod/stripe', bearer: '{{ api_key }}', ...rules },
      });
      addRoutes(
        document,
        route('open', {}),
        route('guarded', { callers: [TRUSTED] }),
        route('ruled', { allow: ['GET /v1/public/**'] }),
      );
    },
  });
  stack.upstream.accept(HOST, `Bearer ${stack.keys.stripe}`);
});
afterAll(() => stack?.stop());
beforeEach(() => {
  stack.upstream.requests.entries.length = 0;
  stack.envoy.accessLog.entries.length = 0;
  stack.upstream.answerWith(undefined);
});

const received = () => stack.upstream.requests.entries;

describe.each(WAYS)('a program that asks its http_proxy by %s', (_, way, before) => {
  it('gets its answer, and the destination the key and nothing that is for a proxy', async () => {
    const own = ['Proxy-Authorization: Basic bWluZQ==', 'Proxy-Connection: keep-alive', 'Authorization: Bearer mine'];

    const { statuses } = await ask(stack.port, way('open.int', '/v1/a?b=c', own));

    expect(statuses).toEqual([...before, 200]);
    expect(received()).toMatchObject([
      { host: HOST, path: '/v1/a?b=c', headers: { authorization: `Bearer ${stack.keys.stripe}` } },
    ]);
    for (const name of ['proxy-authorization', 'proxy-connection'])
      expect(received()[0]?.headers).not.toHaveProperty(name);
  });

  it.each(OTHERS)('is told that %s is unknown here, and nothing is forwarded', async (host) => {
    const { statuses, text } = await ask(stack.port, way(host));

    expect(statuses).toEqual([...before, 404]);
    expect(text).toContain('"code":"unknown_host"');
    expect(text).toContain('http://attache.int tells what you may use');
    expect(received()).toEqual([]);
  });

  it('is known by the address from which it asks', async () => {
    const trusted = await ask(stack.port, way('guarded.int'), TRUSTED);
    const other = await ask(stack.port, way('guarded.int'));

    expect(trusted.statuses).toEqual([...before, 200]);
    expect(other.statuses).toEqual([...before, 403]);
    expect(other.text).toContain('"code":"caller_not_allowed"');
  });

  it('may do what the rules allow', async () => {
    const allowed = await ask(stack.port, way('ruled.int', '/v1/public/a'));
    const other = await ask(stack.port, way('ruled.int', '/v1/admin'));

    expect(allowed.statuses).toEqual([...before, 200]);
    expect(other.statuses).toEqual([...before, 403]);
    expect(received().map(({ path }) => path)).toEqual(['/v1/public/a']);
  });

  it('is led back by links to the name that it used', async () => {
    stack.upstream.answerWith(() => ({ status: 302, headers: { location: `https://${HOST}/v1/b` }, body: '' }));

    const { text } = await ask(stack.port, way('open.int'));
    const withPort = await ask(stack.port, way('open.int:80'));

    expect(text).toContain('location: http://open.int/v1/b\r\n');
    expect(withPort.text).toContain('location: http://open.int/v1/b\r\n');
  });

  it('learns at attache.int what it may use', async () => {
    const { text } = await ask(stack.port, way('attache.int', '/'));

    expect(text).toContain('"http://open.int"');
    expect(text).toContain('"address": "127.0.0.1"');
  });

  it('stands in the audit record as who it is', async () => {
    await ask(stack.port, way('open.int', '/v1/audited'), TRUSTED);

    const line = await stack.envoy.accessLog.find(({ path }) => path === '/v1/audited', 'the line');
    expect(line).toMatchObject({ caller: TRUSTED, method: 'GET', host: HOST, status: 200, why: 'via_upstream' });
    expect(line.peer).toMatch(before.length > 0 ? /^envoy:/ : TRUSTED);
  });

  it.each([
    ['X-Forwarded-For', [`X-Forwarded-For: ${TRUSTED}`, `Forwarded: for=${TRUSTED}`, `X-Real-IP: ${TRUSTED}`]],
    ['a certificate', ['X-Forwarded-Client-Cert: By=spiffe://acme/envoy;URI=spiffe://acme/agents/build']],
    ['another host', ['X-Forwarded-Host: open.int', 'X-Envoy-Original-Host: open.int']],
  ])('is not taken for somebody else by %s', async (_trick, lines) => {
    const { statuses } = await ask(stack.port, way('guarded.int', '/v1/a', lines));
    const around = await ask(stack.port, within('guarded.int:80', absolute('guarded.int'), lines));

    expect(statuses).toEqual([...before, 403]);
    expect(around.statuses).toEqual([200, 403]);
    expect(received()).toEqual([]);
  });
});

describe('an absolute request', () => {
  it('goes where its URL says, not where its Host does', async () => {
    const named = await ask(stack.port, 'GET http://open.int/v1/a HTTP/1.1\r\nHost: nobody.int\r\n\r\n');
    const unnamed = await ask(stack.port, 'GET http://nobody.int/v1/a HTTP/1.1\r\nHost: open.int\r\n\r\n');

    expect(named.statuses).toEqual([200]);
    expect(unnamed.statuses).toEqual([404]);
    expect(received()).toHaveLength(1);
  });
});

describe('a tunnel', () => {
  it.each(['open.int:443', `${HOST}:443`, 'open.int:8080', 'open.int', '127.0.0.1:9901'])(
    'to %s is refused, since only port 80 is plain HTTP',
    async (authority) => {
      const { statuses } = await sendRaw(stack.port, within(authority, ''));

      expect(statuses).toHaveLength(1);
      expect(statuses[0]).toBeGreaterThanOrEqual(400);
      expect(received()).toEqual([]);
    },
  );

  it('carries requests for any integration, each judged by itself', async () => {
    const first = ['open.int', 'guarded.int', 'open.int'].map((host) => absolute(host));

    const { statuses } = await ask(stack.port, within('nobody.int:80', first.join('') + absolute('nobody.int')));

    expect(statuses).toEqual([200, 200, 403, 200, 404]);
    expect(received()).toHaveLength(2);
  });

  it.each([
    ['a PROXY line', `PROXY TCP4 ${TRUSTED} 127.0.0.1 1 2\r\n`],
    ['a PROXY header of version 2', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\x09\x09\x7f\0\0\x01\0\x01\0\x50'],
  ])('does not believe %s inside of it', async (_, bytes) => {
    const { statuses } = await ask(stack.port, within('guarded.int:80', bytes + absolute('guarded.int')));

    expect(statuses.slice(1).filter((status) => status < 400)).toEqual([]);
    expect(received()).toEqual([]);
  });

  it('within tunnels tells the same caller', async () => {
    const nested = (bytes: string) =>
      Array.from({ length: 20 }).reduce<string>((inner) => within('a.int:80', inner), bytes);

    const trusted = await ask(stack.port, nested(absolute('guarded.int')), TRUSTED);
    const other = await ask(stack.port, nested(absolute('guarded.int')));

    expect(trusted.statuses).toEqual([...Array(20).fill(200), 200]);
    expect(other.statuses).toEqual([...Array(20).fill(200), 403]);
  });

  it('that carries no HTTP is closed', async () => {
    const hello = '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03';

    const { statuses } = await sendRaw(stack.port, within('open.int:80', hello), { responses: 2 });

    expect(statuses).toEqual([200, 400]);
    expect(received()).toEqual([]);
  });

  it('has a line of its own in the audit record', async () => {
    await ask(stack.port, tunnel('audited.int'), TRUSTED);

    const line = await stack.envoy.accessLog.find(({ host }) => host === 'audited.int.tunnel', 'the line');
    expect(line).toMatchObject({ caller: TRUSTED, method: 'CONNECT', status: 200, attache: null });
  });

  it('may be asked for over HTTP/2', async () => {
    const session = connect(`http://127.0.0.1:${stack.port}`);
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'open.int:80' });
    const [headers] = await once(stream, 'response');
    stream.write(absolute('open.int'));
    const [bytes] = await once(stream, 'data');
    session.destroy();

    expect(headers[':status']).toBe(200);
    expect(String(bytes)).toMatch(/^HTTP\/1\.1 200 /);
    expect(received()).toHaveLength(1);
  });
});

describe.each(WAYS)('a request to AWS by %s', (_, way, before) => {
  let aws: EnforcingAws;
  let signing: Stack;

  beforeAll(async () => {
    aws = await startEnforcingAws();
    const { accessKeyId, secretAccessKey } = aws.user;
    await aws.put('prod/aws', JSON.stringify({ access_key_id: accessKeyId, secret_access_key: secretAccessKey }));
    signing = await startSigningStack(aws, [{ name: 's3', sigv4: { service: 's3' } }]);
  });
  afterAll(async () => {
    await signing?.stop();
    await aws?.stop();
  });

  it('is signed for the host to which it goes', async () => {
    const { statuses, text } = await ask(signing.port, way('s3.int', '/'));

    expect(statuses).toEqual([...before, 200]);
    expect(text).toContain('ListAllMyBucketsResult');
  });
});
