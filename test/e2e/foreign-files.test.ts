import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer } from '../../local/apis.ts';
import { type Attache, startAttache } from '../../local/attache.ts';
import { startAws } from '../../local/aws.ts';
import { createAuthority } from '../../local/certificates.ts';
import { startEnvoy } from '../../local/envoy.ts';
import { privateFolder } from '../../local/guard.ts';
import { findEnvoy } from '../../local/tools.ts';
import { startUpstream, type Upstream } from '../../local/upstream-server.ts';
import { addToText } from '../../src/add/add-to-text.ts';
import { wanted } from '../../src/add/wanted.ts';
import type { Status } from '../../src/admin/status.ts';
import { initText } from '../../src/init/init-text.ts';
import { shortHash } from '../../src/integrations/short-hash.ts';
import { foreign, SHAPES, type Shape } from '../init/shapes.ts';
import { type Message, send } from './support/send.ts';

const EMPTY_RDS =
  'resources:\n- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration\n  name: outbound\n';

describe("somebody else's Envoy configuration, after attache init and attache add", () => {
  const folder = privateFolder();
  const running = new AsyncDisposableStack();
  const attacheConfig = join(folder, 'envoy.yaml');
  let upstream: Upstream;
  let attache: Attache;

  /** The text of a file with what Attaché needs and integrations, and with what this machine dictates. */
  const prepared = ({ file, options }: Shape, names: readonly string[]) => {
    const { text } = initText(file, foreign(file), options);
    const target = { target: `https://localhost:${upstream.port}`, bearer: '{{ api_key }}', redact: true };
    const withAll = names.reduce(
      (now, name) => addToText(file, now, wanted(name, { ...target, secret: 'prod/mine' })).text,
      text,
    );
    return placed(withAll, folder);
  };

  /** Has Attaché take a text over. */
  const give = async (text: string) => {
    writeFileSync(attacheConfig, text);
    await expect
      .poll(async () => ((await (await attache.admin('/api/status')).json()) as Status).workers)
      .toMatchObject([{ configuration: shortHash(text) }]);
  };

  beforeAll(async () => {
    const [aws, authority] = await Promise.all([startAws(), createAuthority()]);
    running.use(aws);
    await aws.put('prod/mine', JSON.stringify({ api_key: 'the-key-of-mine' }));
    const pair = await authority.issue(['localhost']);
    upstream = running.use(
      await startUpstream({ certificate: pair, hosts: { localhost: (headers) => bearer(headers.authorization) } }),
    );
    upstream.accept('localhost', 'the-key-of-mine');
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    writeFileSync(join(folder, 'server.pem'), pair.certificate);
    writeFileSync(join(folder, 'server.key'), pair.key);
    writeFileSync(join(folder, 'rds.yaml'), EMPTY_RDS);
    const [first] = SHAPES;
    if (first !== undefined) writeFileSync(attacheConfig, prepared(first, ['mine']));
    const sockets = [join(folder, '0.sock'), join(folder, '1.sock')];
    attache = running.use(await startAttache({ sockets, config: attacheConfig, aws: aws.environment }));
  });
  afterAll(() => running.disposeAsync());

  it.each(SHAPES)('$file: a request gets its key, and the routes that were there answer as before', async (shape) => {
    const config = prepared(shape, ['mine']);
    await give(config);
    await using envoy = await startEnvoy({ tool: await findEnvoy(), config, configName: shape.file });
    const port = envoy.ports.get(shape.listener) ?? 0;
    const ask = (message: Message) => (shape.isTls === true ? sendOverTls(port, message) : send(port, message));

    for (const host of ['mine.int', `mine.int.localhost:${port}`]) {
      const headers = { 'x-api-key': 'bogus', 'x-envoy-made-up': '9' };
      const reply = await ask({ host, path: '/v1/things', headers });
      expect([reply.status, reply.text]).toEqual([200, expect.stringContaining('"ok":true')]);
    }
    const received = Object.keys(upstream.requests.entries.at(-1)?.headers ?? {});
    expect(received).not.toContain('x-api-key');
    expect(received.filter((name) => /^x-(?:envoy-(?:ext|int|made)|forwarded|partner|request)/.test(name))).toEqual([]);
    const listing = await ask({ host: 'attache.int', headers: { accept: 'application/json' } });
    expect([listing.status, listing.text]).toEqual([200, expect.stringContaining('mine.int')]);
    if (shape.listener === 'attache') {
      // Its routes are Attaché's to give: another one is in use without a restart.
      await give(prepared(shape, ['mine', 'more']));
      await expect.poll(async () => (await ask({ host: 'more.int', path: '/v1/things' })).status).toBe(200);
    }
    if (shape.own === undefined) return;
    const { listener, host, path = '/', status } = shape.own;
    const own = await (listener === undefined
      ? ask({ host, path })
      : send(envoy.ports.get(listener) ?? 0, { host, path }));
    expect(own.status).toBe(status);
    expect(own.headers).not.toHaveProperty('x-attache-error');
  });
});

/** The same text with what a machine dictates: ports, sockets and certificates, and an admin page to look at. */
function placed(text: string, folder: string): string {
  const isJson = text.startsWith('{');
  const moved = text
    .replaceAll('/run/attache/', `${folder}/`)
    .replaceAll('/etc/envoy/', `${folder}/`)
    .replaceAll('/etc/ssl/certs/ca-certificates.crt', join(folder, 'ca.pem'))
    .replaceAll('0.0.0.0', '127.0.0.1')
    .replaceAll(/("?port(?:_v|V)alue"?: ?)(?:8\d\d\d|1[05]\d\d\d|5433|990\d)\b/g, '$10');
  if (/^admin:/m.test(moved)) return moved;
  const admin = '{"address":{"socket_address":{"address":"127.0.0.1","port_value":0}}}';
  return isJson
    ? moved.replace('{', `{"admin":${admin},`)
    : `${moved.trimEnd()}\nadmin: ${admin.replaceAll(':', ': ')}\n`;
}

/** One request by somebody who takes any certificate. */
function sendOverTls(
  port: number,
  { host, path, headers }: Message,
): Promise<{ status: number; headers: object; text: string }> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ rejectUnauthorized: false });
    const outgoing = request({ host: '127.0.0.1', port, path, agent, headers: { ...headers, host } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}
