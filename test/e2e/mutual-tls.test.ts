import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { envoyYaml, startStack } from '../../local/stack.ts';

describe('the listener for callers with a certificate, switched on as envoy.yaml says', () => {
  it('lets in who holds one, and nobody else', async () => {
    const folder = privateFolder();
    const config = join(folder, 'mtls.yaml');
    const block = /^ {2}# (- name: egress_mtls\n(?: {2}# .*\n)+)/m;
    const switchedOn = readFileSync(envoyYaml, 'utf8').replace(block, (lines) => lines.replaceAll(/^ {2}# /gm, '  '));
    writeFileSync(
      config,
      switchedOn
        .replaceAll('/etc/envoy/', `${folder}/`)
        .replace('0.0.0.0, port_value: 443', '127.0.0.1, port_value: 0'),
    );
    expect(switchedOn).toMatch(/^ {2}- name: egress_mtls$/m);
    await using first = await startStack();
    const server = await first.issue(['stripe.int']);
    const caller = await first.issue(['caller']);
    writeFileSync(join(folder, 'server.pem'), server.certificate);
    writeFileSync(join(folder, 'server.key'), server.key);
    writeFileSync(join(folder, 'callers.pem'), readFileSync(first.caFile));
    await using stack = await startStack({ config });
    const ca = readFileSync(first.caFile);
    const port = stack.envoy.ports.get('egress_mtls');

    const get = (identity: object) =>
      new Promise<number | string>((resolve) => {
        const outgoing = request(
          {
            host: '127.0.0.1',
            port,
            path: '/v1/customers',
            headers: { host: 'stripe.int' },
            servername: 'stripe.int',
            ca,
            ...identity,
          },
          (incoming) => {
            incoming.resume();
            resolve(incoming.statusCode ?? 0);
          },
        );
        outgoing.on('error', () => resolve('refused'));
        outgoing.end();
      });

    expect(await get({ cert: caller.certificate, key: caller.key })).toBe(200);
    expect(await get({})).toBe('refused');
  });
});
