import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Derivation, deriveEnvoyConfig, pathOfCluster } from '../../local/derive-envoy-config.ts';
import { privateFolder } from '../../local/guard.ts';
import { envoyYaml } from '../../local/stack.ts';

const machine: Derivation = {
  listenerPort: 12_345,
  adminPort: 0,
  attacheSockets: ['/private/0.sock', '/private/1.sock'],
};
const original = await readFile(envoyYaml, 'utf8');

/** The paths at which two parsed documents differ, for example "admin.address"; a missing value differs too. */
function differences(a: unknown, b: unknown, path: readonly string[] = []): string[] {
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].flatMap((key) => differences(a[key], b[key], [...path, key]));
  }
  return a === b ? [] : [path.join('.')];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

async function derived(changes: Partial<Derivation> = {}, file = envoyYaml) {
  return parse(await deriveEnvoyConfig(file, { ...machine, ...changes }));
}

async function written(text: string): Promise<string> {
  const file = join(privateFolder(), 'envoy.yaml');
  await writeFile(file, text);
  return file;
}

const addresses = [
  'admin.address.socket_address.port_value',
  'static_resources.listeners.1.address.socket_address.address',
  'static_resources.listeners.1.address.socket_address.port_value',
  'static_resources.clusters.1.load_assignment.endpoints.0.lb_endpoints.0.endpoint.address.pipe.path',
  'static_resources.clusters.1.load_assignment.endpoints.0.lb_endpoints.1.endpoint.address.pipe.path',
  'static_resources.clusters.2.load_assignment.endpoints.0.lb_endpoints.0.endpoint.address.pipe.path',
  'static_resources.clusters.2.load_assignment.endpoints.0.lb_endpoints.1.endpoint.address.pipe.path',
];
/** The clusters that find any destination: one for each lane. */
const destinations = [0, 4].map((index) => `static_resources.clusters.${index}`);
const ca = destinations.map(
  (cluster) => `${cluster}.transport_socket.typed_config.common_tls_context.validation_context.trusted_ca.filename`,
);

describe('the derived copy of envoy.yaml differs only', () => {
  test('in addresses, when the destinations are left alone', async () => {
    expect(differences(parse(original), await derived()).sort()).toEqual([...addresses].sort());
  });

  test('and in where the internet is and whose CA it has, when it is the local upstream', async () => {
    const copy = await derived({ upstreamPort: 8443, upstreamCa: '/private/ca.pem' });
    expect(differences(parse(original), copy).sort()).toEqual(
      [
        ...addresses,
        ...ca,
        ...destinations.flatMap((cluster) =>
          ['cluster_type', 'type', 'lb_policy', 'load_assignment'].map((field) => `${cluster}.${field}`),
        ),
      ].sort(),
    );
  });

  test('and in the CA alone, when destinations are found by DNS', async () => {
    expect(differences(parse(original), await derived({ upstreamCa: '/private/ca.pem' })).sort()).toEqual(
      [...addresses, ...ca].sort(),
    );
  });
});

test('the copy listens on loopback only, its further listeners too', async () => {
  const second = '\n  - name: second\n    address: { socket_address: { address: 0.0.0.0, port_value: 443 } }\n';
  const file = await written(original.replace('\n  clusters:\n', `${second}\n  clusters:\n`));
  const { static_resources: resources, admin } = await derived({}, file);
  expect(resources.listeners.map((listener: { address: unknown }) => listener.address)).toEqual([
    // The one that holds the routes has no port.
    { socket_address: { address: '127.0.0.1', port_value: 1 } },
    { socket_address: { address: '127.0.0.1', port_value: 12_345 } },
    // The one for tunnels, to which only Envoy connects.
    undefined,
    { socket_address: { address: '127.0.0.1', port_value: 0 } },
  ]);
  expect(admin.address.socket_address.address).toBe('127.0.0.1');
});

test('for an Envoy without Attaché, the routes are written into the listener', async () => {
  const { listeners } = (await derived({ written: true })).static_resources;
  const [routes] = parse(original).static_resources.listeners;
  const managerOf = (listener: (typeof listeners)[number]) => listener.filter_chains[0].filters[0].typed_config;
  expect(listeners.map(({ name }: { name: string }) => name)).toEqual(['egress', 'tunnels']);
  expect(managerOf(listeners[0]).rds).toBeUndefined();
  expect(managerOf(listeners[0]).route_config).toEqual(managerOf(routes).route_config);
});

test('a CA file that this machine has not is replaced, one that it has is kept', async () => {
  const systemCa = async () => '/private/system-ca.pem';
  const caOf = async (file: string) => {
    const { clusters } = (await derived({ systemCa }, file)).static_resources;
    return clusters[0].transport_socket.typed_config.common_tls_context.validation_context.trusted_ca.filename;
  };
  const missing = await written(original.replaceAll('/etc/ssl/certs/ca-certificates.crt', '/no/such/ca.pem'));
  expect(await caOf(missing)).toBe('/private/system-ca.pem');
  const present = await written(original.replaceAll('/etc/ssl/certs/ca-certificates.crt', missing));
  expect(await caOf(present)).toBe(missing);
});

test('an edit sees the derived document', async () => {
  const copy = await derived({
    upstreamPort: 8443,
    edit: (document) => {
      expect(document.getIn([...pathOfCluster(document, 'internet'), 'type'])).toBe('STATIC');
      document.setIn([...pathOfCluster(document, 'attache'), 'connect_timeout'], '9s');
    },
  });
  expect(copy.static_resources.clusters[1].connect_timeout).toBe('9s');
});

describe('what cannot be derived from is refused', () => {
  test.each([
    ['no YAML', 'a: [', /envoy\.yaml:1:\d+: /],
    ['no listener', 'static_resources: { clusters: [] }', /no static_resources\.listeners/],
    [
      'no cluster for Attaché',
      'static_resources: { listeners: [{ name: a }], clusters: [{ name: internet }] }',
      /no cluster named "attache"/,
    ],
    [
      'no internet',
      'static_resources: { listeners: [{ name: a }], clusters: [{ name: attache }] }',
      /no cluster named "internet"/,
    ],
  ])('%s', async (_name, text, message) => {
    await expect(deriveEnvoyConfig(await written(text), machine)).rejects.toThrow(message);
  });
});
