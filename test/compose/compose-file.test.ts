import { basename, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultEnvoy } from '../../local/tools.ts';
import { readSettings, SETTINGS } from '../../src/settings.ts';
import { proxyLine, THIS_MACHINE } from '../../src/vendors/proxy-line.ts';
import { addressesOf } from '../../src/workers/addresses.ts';
import { type Compose, serviceOf } from './support/compose-file.ts';
import { imageConfig, instructionsOf } from './support/dockerfile.ts';
import { dockerfile, envoyFile, local, production, textOf } from './support/files.ts';

const header = textOf('docker-compose.yml').split('\nname:')[0] ?? '';

describe.each([
  ['with the AWS of the user', production],
  ['with the local one', local],
] as const)('docker compose %s', (_, compose) => {
  const attache = serviceOf(compose, 'attache');
  const envoy = serviceOf(compose, 'envoy');
  const [uid, gid] = (imageConfig(dockerfile, 'attache').user ?? '').split(':');

  test("publishes Envoy's listener and the status page, on the loopback address alone", () => {
    expect(envoy.ports.map(({ target }) => target)).toEqual(envoyFile.listenerPorts);
    expect(attache.ports.map(({ target }) => target)).toEqual([settingsOf(compose).admin.port]);
    for (const { published } of [...envoy.ports, ...attache.ports]) {
      expect(header).toContain(`:${published}`);
    }
    // The other services are reached from inside only. That a port is on 127.0.0.1, readCompose has seen to.
    expect(Object.values(compose.services).filter(({ ports }) => ports.length > 0)).toEqual([attache, envoy]);
  });

  test('has programs find every name by http_proxy, as it says for a shell of this machine too', () => {
    const inside = Object.fromEntries(serviceOf(compose, 'example').environment);
    const { http_proxy: address = '', ...others } = inside;
    expect(envoy.networks.get('programs')).toContain(new URL(address).host);
    expect(proxyLine(new URL(address).host)).toBe(
      `export http_proxy=${address} no_proxy=${others.no_proxy} NODE_USE_ENV_PROXY=${others.NODE_USE_ENV_PROXY}`,
    );
    expect(header).toContain(proxyLine(THIS_MACHINE));
    expect(envoy.ports).toContainEqual(expect.objectContaining({ published: 8080 }));
  });

  test('gives programs that read no http_proxy one name for each domain of envoy.yaml', () => {
    const inside = envoyFile.domains.filter((domain) => !domain.includes('localhost'));
    expect(envoy.networks.get('programs')).toEqual(inside);
    expect(serviceOf(compose, 'example').command?.join(' ')).toContain('http://stripe.int/');
    expect(envoyFile.domains).toContain('stripe.int.localhost');
    expect(header).toContain('http://stripe.int.localhost:');
  });

  test('keeps Attaché off every network that a program or Envoy is on', () => {
    expect([...attache.networks.keys()]).toEqual(['aws']);
    expect([...envoy.networks.keys()]).toEqual(['programs', 'internet']);
    expect([...serviceOf(compose, 'example').networks.keys()]).toEqual(['programs']);
    expect(compose.networks).toEqual({ programs: { internal: true }, internet: {}, aws: {} });
    expect(header).toContain('name: attache_programs');
  });

  test('shows both the same folder of configuration, which neither can write', () => {
    const folders = [attache, envoy].map(({ volumes }) => volumes.find(({ source }) => source === './envoy'));
    expect(folders).toEqual(Array(2).fill({ source: './envoy', target: '/etc/envoy', readOnly: true, copy: true }));
    expect(settingsOf(compose).config).toBe('/etc/envoy/envoy.yaml');
    expect(envoy.command).toEqual(expect.arrayContaining(['--config-path', '/etc/envoy/envoy.yaml']));
    const others = envoyFile.files.filter((file) => !file?.startsWith('/etc/envoy/'));
    // The system's own CAs, which Envoy's image brings along.
    expect(new Set(others)).toEqual(new Set(['/etc/ssl/certs/ca-certificates.crt']));
  });

  test('lets both meet at the socket that envoy.yaml names', () => {
    const { listen } = settingsOf(compose);
    expect(envoyFile.sockets.flatMap((_, worker) => addressesOf(listen, worker))).toEqual(
      envoyFile.sockets.map((path) => ({ path })),
    );
    const folder = dirname(envoyFile.sockets[0] ?? '');
    const [its, envoys] = [attache, envoy].map(({ volumes }) => volumes.find(({ source }) => source === 'socket'));
    expect(its).toMatchObject({ target: folder, readOnly: false });
    expect(envoys).toMatchObject({ target: folder, readOnly: true });
    expect(
      Object.values(compose.services).filter(({ volumes }) => volumes.some((it) => it.source === 'socket')),
    ).toEqual([attache, envoy]);
  });

  test('gives the folder of the socket to Attaché, lets its group read it, and puts Envoy into that group', () => {
    const options = new URLSearchParams(compose.volumes.socket?.driver_opts?.o.replaceAll(',', '&'));
    expect(Object.fromEntries(options)).toMatchObject({ uid, gid, mode: '0750' });
    const made = instructionsOf(dockerfile, 'attache').filter(({ keyword }) => keyword === 'RUN');
    expect(made.map(({ text }) => text)).toEqual([`install -d -o ${uid} -g ${gid} -m 0750 /run/attache`]);
    expect(envoy.group_add).toEqual([gid]);
    expect(envoy.user?.split(':')).not.toContain(gid);
    expect(envoy.user?.split(':')).not.toContain('0');
  });

  test('starts each service when those that it needs are healthy', () => {
    expect(envoy.depends_on).toEqual({ attache: { condition: 'service_healthy' } });
    for (const { depends_on: needed } of Object.values(compose.services)) {
      for (const name of Object.keys(needed)) {
        const { healthcheck, build } = serviceOf(compose, name);
        const own = build === undefined ? undefined : imageConfig(dockerfile, build.target).healthcheck;
        expect(healthcheck?.test ?? own, name).toBeDefined();
      }
    }
    expect(envoy.healthcheck?.test.join(' ')).toContain(`/127.0.0.1/${envoyFile.adminPort} `);
  });

  test('leaves Attaché the time to answer the calls under way', () => {
    expect(attache.stop_grace_period).toBeGreaterThan(10);
  });

  test('takes from Attaché and Envoy what they do not need', () => {
    for (const service of [attache, envoy]) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        ulimits: { core: 0 },
        restart: 'unless-stopped',
      });
    }
    // Every service that listens below 1024 does so without a capability.
    expect(envoy.sysctls).toEqual({ 'net.ipv4.ip_unprivileged_port_start': '0' });
  });

  test('knows every setting of Attaché, and invents none', () => {
    const names = [...attache.environment.keys()].filter((name) => name.startsWith('ATTACHE_'));
    const settings = SETTINGS.map(({ variable }) => variable);
    // Where it listens is no choice: envoy.yaml names the socket, and it is the default. Nothing is set up from inside: its file is
    // mounted to be read, and its admin address is reached from the machine around it.
    const fixed = ['ATTACHE_LISTEN', 'ATTACHE_EDIT'];
    expect(names.toSorted()).toEqual(settings.filter((name) => !fixed.includes(name)).toSorted());
  });

  test('runs tools of the versions that the tests run', () => {
    expect(envoy.image).toBe(`envoyproxy/envoy:v${defaultEnvoy}`);
    expect(serviceOf(compose, 'example').image).toBe(dockerfile.get('node')?.from);
  });
});

test('the AWS of the user is passed on as it is, and only where it is set', () => {
  const aws = [...serviceOf(production, 'attache').environment].filter(([name]) => name.startsWith('AWS_'));
  expect(aws.map(([name]) => name)).toEqual(
    expect.arrayContaining(['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']),
  );
  expect(aws.filter(([, value]) => value !== undefined)).toEqual([]);
});

test('with the local AWS, nothing of the AWS of the user reaches any container', () => {
  const variables = Object.values(local.services).flatMap(({ environment }) => [...environment]);
  expect(variables.filter(([name, value]) => name.startsWith('AWS_') && value === undefined)).toEqual([]);
  expect(Object.fromEntries(serviceOf(local, 'attache').environment)).toMatchObject({
    AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://ministack:4566',
  });
  expect([...serviceOf(local, 'ministack').networks.keys()]).toEqual(['aws']);
});

test('with the local AWS, the upstream stands where envoy.yaml sends requests', () => {
  const upstream = serviceOf(local, 'upstream');
  expect(upstream.networks.get('internet')).toEqual(envoyFile.destinations);
  expect(upstream.environment.get('UPSTREAM_LISTEN')).toBe('0.0.0.0:443');
  expect(upstream.sysctls).toEqual({ 'net.ipv4.ip_unprivileged_port_start': '0' });
});

test('with the local AWS, Envoy finds the CA of the upstream where envoy.yaml looks for CAs, and cannot change it', () => {
  const ca = '/etc/ssl/certs/ca-certificates.crt';
  expect(envoyFile.files).toContain(ca);
  const [its] = serviceOf(local, 'upstream').volumes;
  expect(its).toMatchObject({ target: serviceOf(local, 'upstream').environment.get('UPSTREAM_CERTIFICATES') });
  expect(serviceOf(local, 'envoy').volumes).toContainEqual({
    source: its?.source,
    target: dirname(ca),
    readOnly: true,
    copy: false,
  });
  const commands = instructionsOf(dockerfile, 'local').map(({ text }) => text);
  expect(commands.join('\n')).toContain(`ln -s ca.pem ${its?.target}/${basename(ca)}`);
  // Without the local AWS there is no such volume: the CA of a test is never trusted with real keys.
  expect(Object.keys(production.volumes)).toEqual(['socket']);
});

/** What Attaché makes of its variables, the user's shell being empty. */
function settingsOf(compose: Compose): ReturnType<typeof readSettings> {
  const variables = [...serviceOf(compose, 'attache').environment].filter(([name]) => name.startsWith('ATTACHE_'));
  return readSettings(Object.fromEntries(variables));
}
