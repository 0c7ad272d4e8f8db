import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceEntry } from '../../local/attache.ts';
import { createAuthority } from '../../local/certificates.ts';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { envoyYaml, type Stack, startStack } from '../../local/stack.ts';

const run = promisify(execFile);
const BUILD = 'spiffe://acme/agents/build';
const REVIEW = 'spiffe://acme/agents/review';

/** A client's certificate and key, PEM. */
interface Identity {
  readonly cert: string;
  readonly key: string;
}

describe('the TLS listeners, switched on with what attache certs makes and says', () => {
  const folder = privateFolder();
  const config = join(folder, 'envoy.yaml');
  let printed: string;
  let stack: Stack;
  let certificates: Record<string, string>;

  const attache = (...args: string[]) =>
    run(process.execPath, [sourceEntry, ...args], { env: plainEnvironment({}), timeout: 120_000 });
  const text = (file: string) => readFileSync(join(folder, file), 'utf8');
  const identity = (name: string): Identity => ({
    cert: text(`clients/${name}.pem`),
    key: text(`clients/${name}.key`),
  });

  beforeAll(async () => {
    copyFileSync(envoyYaml, config);
    printed = (await attache('certs', folder, '--client', BUILD)).stdout;
    const lines = readFileSync(config, 'utf8').split('\n');
    for (const [, first, last] of printed.matchAll(/egress_\w+: lines (\d+) to (\d+)/g)) {
      for (let line = Number(first) - 1; line < Number(last); line += 1) {
        lines[line] = (lines[line] ?? '').replace('# ', '');
      }
    }
    writeFileSync(config, lines.join('\n'));
    certificates = { ca: text('ca.pem'), other: (await createAuthority()).certificate };
    stack = await startStack({ config });
  });
  afterAll(() => stack?.stop());

  /** The status of the answer, or the code of what went wrong. */
  function get(
    listener: string,
    {
      ca = 'ca',
      host = 'stripe.int',
      path = '/v1/customers',
      ...who
    }: { ca?: string; host?: string; path?: string } & Partial<Identity> = {},
  ): Promise<number | string> {
    return new Promise((resolve) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: stack.envoy.ports.get(listener),
          path,
          headers: { host },
          servername: host,
          ca: certificates[ca],
          agent: false,
          signal: AbortSignal.timeout(60_000),
          ...who,
        },
        (incoming) => {
          incoming.resume();
          resolve(incoming.statusCode ?? 0);
        },
      );
      outgoing.on('error', (error) => resolve('code' in error ? String(error.code) : error.name));
      outgoing.end();
    });
  }

  const seen = () => stack.upstream.requests.entries.length;
  const REFUSED = /^(?:ERR_SSL_.+|ECONNRESET|EPIPE)$/;

  it('are both in envoy.yaml, whose check finds nothing wrong with them', async () => {
    expect([...stack.envoy.ports.keys()]).toEqual(['egress', 'egress_https', 'egress_mtls']);
    expect((await attache('check', config)).stdout).toMatch(/0 errors, 0 warnings/);
  });

  it('add the key to a request of whoever connects, where no certificate is asked for', async () => {
    expect(await get('egress_https', { path: '/without' })).toBe(200);

    const line = await stack.envoy.accessLog.find(({ path }) => path === '/without');
    expect(line).toMatchObject({ caller: '127.0.0.1', caller_uri: null, status: 200 });
  });

  it('let in who holds a certificate, and record whose', async () => {
    expect(await get('egress_mtls', { path: '/with', ...identity('agents-build') })).toBe(200);

    const line = await stack.envoy.accessLog.find(({ path }) => path === '/with');
    expect(line).toMatchObject({ caller_uri: BUILD, status: 200, attache: { integration: 'stripe' } });
  });

  it('refuse in the handshake who holds none, one of another CA, or one of a server', async () => {
    const stranger = await (await createAuthority()).issue([BUILD]);
    const before = seen();

    expect(await get('egress_mtls')).toMatch(REFUSED);
    expect(await get('egress_mtls', { cert: stranger.certificate, key: stranger.key })).toMatch(REFUSED);
    expect(await get('egress_mtls', { cert: text('server.pem'), key: text('server.key') })).toMatch(REFUSED);

    expect(seen()).toBe(before);
    const counted = Object.entries(await stack.envoy.stats(/ssl\.fail_verify/));
    expect(counted.filter(([, count]) => count > 0)).toEqual([
      [expect.stringMatching(/fail_verify_error$/), 2],
      [expect.stringMatching(/fail_verify_no_cert$/), 1],
    ]);
  });

  it('prove by the CA that they are the host that is called', async () => {
    for (const host of ['stripe.int', 'openai.int', 'anthropic.int.localhost']) {
      expect(await get('egress_https', { host, path: '/v1/models' })).toBe(200);
    }
    expect(await get('egress_https', { ca: 'other' })).toMatch(/VERIFY|SELF_SIGNED|ISSUER/);
    expect(await get('egress_https', { host: 'elsewhere.int' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('speak HTTP/2, as gRPC needs', async () => {
    const session = connect(`https://127.0.0.1:${stack.envoy.ports.get('egress_mtls')}`, {
      ca: certificates.ca,
      servername: 'stripe.int',
      ...identity('agents-build'),
    });
    try {
      const status = await new Promise((resolve, reject) => {
        session.on('error', reject);
        const stream = session.request({ ':path': '/v1/customers', ':authority': 'stripe.int' });
        stream.on('response', (headers) => resolve(headers[':status']));
        stream.resume();
      });
      expect(status).toBe(200);
    } finally {
      session.destroy();
    }
  });

  it('let in a client that is added later, without a restart', async () => {
    await attache('certs', folder, '--client', REVIEW);

    expect(await get('egress_mtls', { path: '/later', ...identity('agents-review') })).toBe(200);
    const line = await stack.envoy.accessLog.find(({ path }) => path === '/later');
    expect(line.caller_uri).toBe(REVIEW);
  });
});
