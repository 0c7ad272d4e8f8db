import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearer } from '../../local/apis.ts';
import { startAttache } from '../../local/attache.ts';
import { type RunningAws, startAws } from '../../local/aws.ts';
import { type Authority, createAuthority } from '../../local/certificates.ts';
import { startEnvoy } from '../../local/envoy.ts';
import { privateFolder } from '../../local/guard.ts';
import { findEnvoy } from '../../local/tools.ts';
import { startUpstream, type Upstream } from '../../local/upstream-server.ts';
import { add } from '../../src/add/add-command.ts';
import { init } from '../../src/init/init-command.ts';
import { FOREIGN, SHAPES } from '../init/shapes.ts';
import { type Message, send } from './support/send.ts';

const EMPTY_RDS =
  'resources:\n- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration\n  name: outbound\n';

describe("somebody else's Envoy configuration, after attache init and attache add", () => {
  let aws: RunningAws;
  let authority: Authority;
  let upstream: Upstream;

  beforeAll(async () => {
    [aws, authority] = await Promise.all([startAws(), createAuthority()]);
    await aws.put('prod/mine', JSON.stringify({ api_key: 'the-key-of-mine' }));
    upstream = await startUpstream({
      certificate: await authority.issue(['localhost']),
      hosts: { localhost: (headers) => bearer(headers.authorization) },
    });
    upstream.accept('localhost', 'the-key-of-mine');
  });
  afterAll(async () => {
    await upstream?.stop();
    await aws?.[Symbol.asyncDispose]();
  });

  it.each(SHAPES)('$file: a request gets its key, and the routes that were there answer as before', async (shape) => {
    await using starting = new AsyncDisposableStack();
    const folder = privateFolder();
    const file = join(folder, shape.file);
    copyFileSync(join(FOREIGN, shape.file), file);
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await init(file, shape.options)).toBe(0);
    const target = `https://localhost:${upstream.port}`;
    expect(await add('mine', { file, target, bearer: '{{ api_key }}', redact: true })).toBe(0);
    printed.mockRestore();
    const { certificate, key } = await authority.issue(['localhost']);
    writeFileSync(join(folder, 'server.pem'), certificate);
    writeFileSync(join(folder, 'server.key'), key);
    writeFileSync(join(folder, 'rds.yaml'), EMPTY_RDS);
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    const config = placed(readFileSync(file, 'utf8'), folder);
    writeFileSync(file, config);
    starting.use(
      await startAttache({
        sockets: [join(folder, '0.sock'), join(folder, '1.sock')],
        config: file,
        aws: aws.environment,
      }),
    );
    const envoy = starting.use(await startEnvoy({ tool: await findEnvoy(), config, configName: shape.file }));
    const port = envoy.ports.get(shape.listener) ?? 0;
    const ask = (message: Message) => (shape.isTls === true ? sendOverTls(port, message) : send(port, message));

    for (const host of ['mine.int', `mine.int.localhost:${port}`]) {
      const reply = await ask({
        host,
        path: '/v1/things',
        headers: { 'x-api-key': 'bogus', 'x-envoy-max-retries': '9' },
      });
      expect([reply.status, reply.text]).toEqual([200, expect.stringContaining('"ok":true')]);
    }
    const received = upstream.requests.entries.at(-1)?.headers ?? {};
    expect(Object.keys(received)).not.toContain('x-api-key');
    expect(
      Object.keys(received).filter((name) => /^x-(?:envoy-(?:ext|int|max)|forwarded|partner|request)/.test(name)),
    ).toEqual([]);
    const listing = await ask({ host: 'attache.int', headers: { accept: 'application/json' } });
    expect([listing.status, listing.text]).toEqual([200, expect.stringContaining('mine.int')]);
    const { own } = shape;
    if (own === undefined) return;
    const { host, path = '/', status } = own;
    const there =
      own.listener === undefined ? ask({ host, path }) : send(envoy.ports.get(own.listener) ?? 0, { host, path });
    expect((await there).status).toBe(status);
    expect((await there).headers).not.toHaveProperty('x-attache-error');
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
