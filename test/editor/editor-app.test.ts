import { copyFileSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { type AdminServer, serveAdmin } from '../../src/admin/admin-server.ts';
import { EditToken } from '../../src/editor/edit-token.ts';
import { editorApp } from '../../src/editor/editor-app.ts';
import { createLog } from '../../src/telemetry/log.ts';

const config = join(privateFolder(), 'envoy.yaml');
const good = readFileSync('envoy/envoy.yaml', 'utf8');
const token = new EditToken();
let admin: AdminServer;
let authorization: string;

beforeAll(async () => {
  const editor = editorApp({
    file: config,
    fetchDeadline: 2_000,
    token,
    admin: () => `127.0.0.1:${admin.port}`,
    moved: () => undefined,
    log: createLog('silent'),
  });
  const sources = { ready: () => true, status: async () => ({ workers: [] }), metrics: async () => '', editor };
  admin = await serveAdmin(sources, { host: '127.0.0.1', port: 0 });
  authorization = `Bearer ${token.url({ host: '127.0.0.1', port: admin.port }).split('=')[1]}`;
});
beforeEach(() => copyFileSync('envoy/envoy.yaml', config));
afterAll(() => admin.close());

type Headers = Record<string, string | undefined>;

/** Asks as the page does, but for what is said; a header that is undefined is left out. */
function ask(
  path: string,
  { headers = {}, body, raw }: { headers?: Headers; body?: unknown; raw?: string | Buffer } = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const host = `127.0.0.1:${admin.port}`;
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const all: Headers = {
    host,
    authorization,
    ...(content === undefined ? {} : { origin: `http://${host}`, 'content-type': 'application/json' }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: admin.port,
        path: `/edit${path}`,
        method: content === undefined ? 'GET' : 'POST',
        headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
      },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers as Headers, text }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}

const form = {
  api: 'resend',
  target: '',
  region: '',
  name: '',
  send: { kind: 'catalogue' },
  secret: '',
  callers: [],
  allow: [],
  keep: [],
  strip: null,
  redact: false,
};
const draft = async (wish: object) => JSON.parse((await ask('/api/draft', { body: wish })).text);
const another = { ...form, api: '', target: 'https://api.example.com', name: 'mine' };

describe('the page for integrations', () => {
  it('is files of its own, which nothing else may be run with, framed by, or kept of', async () => {
    const { status, headers, text } = await ask('', { headers: { authorization: undefined } });

    expect(status).toBe(200);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' });
    expect(headers['set-cookie']).toBeUndefined();
    const links = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link]) => link ?? '');
    expect(links).toContain('/edit/app.js');
    for (const link of links.filter((it) => it.startsWith('/edit/'))) {
      expect((await ask(link.slice('/edit'.length))).status).toBe(200);
    }
    expect(links.filter((it) => !it.startsWith('/'))).toEqual([]);
  });

  const paths = ['/api/catalogue', '/api/integrations', '/api/secrets'];
  const posts = ['/api/form', '/api/draft', '/api/write', '/api/secret'];
  const wrong: [string, Headers, number][] = [
    ['without the token', { authorization: undefined }, 401],
    ['with another token', { authorization: `Bearer ${'A'.repeat(43)}` }, 401],
    ['with the token as a cookie', { authorization: undefined, cookie: 'attache-edit-token=x' }, 401],
    ['by a name that is led here', { host: 'evil.example', origin: 'http://evil.example' }, 421],
    ['by a name that looks like an address', { host: '127.0.0.1.evil.example' }, 421],
    ['from a page of another site', { origin: 'http://evil.example' }, 403],
    ['from a page at another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['from a page that hides where it is', { origin: 'null' }, 403],
    ['as a subresource of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['from another server of this machine', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
  ];
  it.each(wrong)('shows and changes nothing for who comes %s', async (_, headers, expected) => {
    for (const path of paths) expect([path, (await ask(path, { headers })).status]).toEqual([path, expected]);
    for (const path of posts) {
      const { status, text } = await ask(path, { headers, body: { kind: 'remove', name: 'stripe' } });
      expect([path, status]).toEqual([path, expected]);
      expect(text).not.toContain('stripe');
    }
    expect(readFileSync(config, 'utf8')).toBe(good);
  });

  it('takes nothing that a form of another page could send', async () => {
    const wish = { kind: 'remove', name: 'stripe' };
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
      expect((await ask('/api/write', { headers: { 'content-type': type }, body: wish })).status).toBe(400);
    }
    expect((await ask('/api/write', { headers: { origin: undefined }, body: wish })).status).toBe(403);
    expect(readFileSync(config, 'utf8')).toBe(good);
  });

  it.each([
    ['no JSON', '{', 400],
    ['another key', JSON.stringify({ kind: 'remove', name: 'stripe', file: '/etc/passwd' }), 400],
    ['another type', JSON.stringify({ kind: 'add', form: { ...form, callers: 'all' } }), 400],
    ['too much', JSON.stringify({ kind: 'remove', name: 'x'.repeat(1_100_000) }), 413],
  ])('refuses what the page does not send: %s', async (_, raw, status) => {
    expect((await ask('/api/write', { raw })).status).toBe(status);
    expect(readFileSync(config, 'utf8')).toBe(good);
  });

  it('lists what the file has', async () => {
    const { integrations } = JSON.parse((await ask('/api/integrations')).text);

    expect(
      integrations.map(({ name, target, places }: Record<string, string>) => [name, target, places]),
    ).toContainEqual(['anthropic', 'api.anthropic.com', ['x-api-key']]);
  });

  it('shows the lines that will be written, and writes those', async () => {
    const { meant, hunks, remarks } = await draft({ kind: 'add', form });

    expect(remarks).toEqual([]);
    expect(meant).toMatchObject({
      name: 'resend',
      host: 'api.resend.com',
      secret: 'prod/resend',
      shape: { api_key: '…' },
    });
    const shown = hunks.flatMap(({ lines }: { lines: string[] }) => lines.filter((line) => line.startsWith('+')));

    const written = JSON.parse((await ask('/api/write', { body: { kind: 'add', form } })).text);

    // No Attaché reads this file.
    expect(written.applied.kind).toBe('written');
    expect(written.usage.commands).toContainEqual({ line: 'curl http://resend.int/' });
    const before = good.split('\n');
    const text = readFileSync(config, 'utf8').split('\n');
    const come = text.slice(before.findIndex((line, index) => line !== text[index]));
    expect(come.slice(0, shown.length)).toEqual(shown.map((line: string) => line.slice(1)));
    expect(text).toHaveLength(before.length + shown.length);
  });

  it('fills the form with what the file says, writes it again in place, and takes it away', async () => {
    const { form: filled, version } = JSON.parse((await ask('/api/form', { body: { name: 'stripe' } })).text);
    expect(filled).toMatchObject({
      target: 'https://api.stripe.com',
      send: { kind: 'basic', username: '{{ api_key }}', password: '' },
    });
    const wish = {
      kind: 'change',
      name: 'stripe',
      version,
      form: { ...filled, name: 'payments', allow: ['GET /v1/**'] },
    };
    await ask('/api/write', { body: wish });
    const text = readFileSync(config, 'utf8');
    expect(text).toContain('integration: payments\n');
    expect(text).toContain('allow: ["GET /v1/**"]\n');
    expect(text).toContain('# in AWS Secrets Manager: {"api_key": "sk_live_…"}');

    const again = await draft({ ...wish, name: 'payments' });
    expect(again.remarks[0].message).toMatch(/^Somebody has changed this integration in the file meanwhile/);

    await ask('/api/write', { body: { kind: 'remove', name: 'payments' } });
    expect(readFileSync(config, 'utf8')).not.toContain('payments');
  });

  it.each([
    ['api', { ...form, api: 'resnd' }, /no API named "resnd"/],
    ['region', { ...form, api: 'aws-sqs' }, /has a host in each Region/],
    ['region', { ...form, api: 'aws-sqs', region: 'nowhere' }, /is no AWS Region/],
    ['target', { ...another, target: 'http://api.example.com' }, /not https/],
    ['target', { ...another, target: '' }, /name an API/],
    ['target', { ...another, target: 'https://10.0.0.1..', send: { kind: 'path', path: '/{{ . }}' } }, /./],
    ['name', { ...form, name: 'stripe' }, /exists already \(.*\); choose another name/],
    ['name', { ...form, name: 'on' }, /./],
    ['send', another, /nothing says how mine gets its key/],
    ['bearer', { ...another, send: { kind: 'bearer', token: 'sk_live_1' } }, /no reference into the secret/],
    [
      'headers',
      { ...another, send: { kind: 'headers', fields: [{ name: '', value: '{{ . }}' }] } },
      /a name is missing/,
    ],
    ['aws_sigv4', { ...another, send: { kind: 'aws_sigv4', service: 'sqs', region: '' } }, /./],
    ['secret', { ...form, secret: 'no name' }, /no name of AWS Secrets Manager/],
    ['callers', { ...form, callers: ['10.1.0.0/33'] }, /33 is no prefix length/],
    ['callers', { ...form, callers: ['tag:nobody'] }, /there is no tag nobody/],
    ['allow', { ...form, allow: ['GET v1'] }, /./],
    ['keep', { ...form, keep: ['accept'] }, /is passed on anyway/],
  ])('says at the field %s what is wrong there', async (field, wrongForm, message) => {
    const { remarks } = await draft({ kind: 'add', form: wrongForm });

    expect(remarks[0]).toMatchObject({ severity: 'error', field, message: expect.stringMatching(message) });
    expect(remarks[0].message).not.toMatch(/--[a-z]/);
    const { applied } = JSON.parse((await ask('/api/write', { body: { kind: 'add', form: wrongForm } })).text);
    expect(applied).toBeUndefined();
    expect(readFileSync(config, 'utf8')).toBe(good);
  });

  it('stores no value for an integration that could not be written down, and none that is too long', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const line = (wish: object) => `${JSON.stringify({ as: 'create', wish: { kind: 'add', form: wish } })}\n`;

    const refused = await ask('/api/secret', { headers, raw: `${line({ ...form, callers: ['x'] })}canary` });
    const long = await ask('/api/secret', { headers, raw: `${line(form)}${'x'.repeat(65_537)}` });

    expect(JSON.parse(refused.text).refused).toMatch(/callers/);
    expect(long.status).toBe(413);
    expect([refused.text, long.text].join()).not.toContain('canary');
  });
});

describe('the token', () => {
  it('is another for each process, and right in one header alone', () => {
    const other = new EditToken().url({ host: '::1', port: 9464 });

    expect(other).toMatch(/^http:\/\/\[::1\]:9464\/edit#token=[\w-]{43}$/);
    expect(token.isIn(authorization)).toBe(true);
    for (const wrong of [
      undefined,
      '',
      'Bearer ',
      authorization.slice(7),
      `${authorization}A`,
      authorization.slice(0, -1),
    ])
      expect(token.isIn(wrong)).toBe(false);
    expect(token.isIn(`Bearer ${other.split('=')[1]}`)).toBe(false);
  });
});
