import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node, YAMLSeq } from 'yaml';
import { createAuthority, type KeyPair } from '../../local/certificates.ts';
import { type EnvoyDocument, pathOfRoutes } from '../../local/derive-envoy-config.ts';
import { privateFolder } from '../../local/guard.ts';
import { freePort } from '../../local/ports.ts';
import { envoyYaml, type Stack, startStack } from '../../local/stack.ts';
import { addToText } from '../../src/add/add-to-text.ts';
import { instructions } from '../../src/add/instructions.ts';
import { wanted } from '../../src/add/wanted.ts';
import { inRegion } from '../../src/vendors/region.ts';
import type { Vendor } from '../../src/vendors/vendor.ts';
import { VENDORS } from '../../src/vendors/vendors.ts';
import { newCredential, type RealCredential } from './credential.ts';
import type { Case } from './rows.ts';

const REGION = 'eu-west-1';

/** An integration that `attache add` made, and where it answers. */
export interface Place {
  readonly vendor: Vendor;
  readonly credential: RealCredential;
  /** What `attache add` printed. */
  readonly printed: string;
  /** In place of `openai.int`, which nobody here resolves: a loopback address of its own, with the port. */
  readonly host: string;
  /** The same at the HTTPS listener. */
  readonly https: string;
}

/** A running stack in which each API of the cases is an integration. */
export interface Proxy extends AsyncDisposable {
  readonly stack: Stack;
  readonly places: ReadonlyMap<string, Place>;
  /** The file with the authority of the HTTPS listener's certificate. */
  readonly authority: string;
  /** Envoy's own address. */
  readonly listener: string;
}

/**
 * Adds the APIs as `attache add` does and starts Envoy, Attaché, AWS and a destination that bears all their names.
 *
 * @throws Error when an API cannot be added or a part does not start
 */
export async function startProxy(cases: readonly Case[], progress: (line: string) => void): Promise<Proxy> {
  const folder = privateFolder();
  const file = join(folder, 'envoy.yaml');
  let text = readFileSync(envoyYaml, 'utf8');
  const port = await freePort();
  const httpsPort = await freePort();
  const options = new Map(cases.map((it) => [it.api, it.options ?? {}]));
  const places = new Map<string, Place>();
  for (const [api, given] of options) {
    const known = VENDORS.get(api);
    if (known === undefined) throw new Error(`the catalogue has no ${api}`);
    const vendor = inRegion(known, REGION);
    const regional = vendor.host === known.host ? {} : { region: REGION };
    // Those that envoy.yaml has already are added under another name, so that their lines are printed too.
    const name = PRESENT.has(api) ? `${api}-too` : api;
    const integration = wanted(api, { name, secret: secretOf(api), ...regional, ...given });
    const addition = addToText(file, text, integration);
    text = addition.text;
    const printed = instructions(file, integration, addition);
    const credential = newCredential(integration.credential);
    const address = `127.0.1.${places.size + 1}`;
    places.set(api, { vendor, credential, printed, host: `${address}:${port}`, https: `${address}:${httpsPort}` });
  }
  writeFileSync(file, text);
  const ca = await createAuthority();
  const authority = join(folder, 'ca.pem');
  writeFileSync(authority, ca.certificate);
  const pair = await ca.issue([...places.values()].map(({ host }) => host.split(':')[0] ?? ''));
  const stack = await startStack({
    config: file,
    attache: false,
    ports: { listener: port },
    upstream: { hosts: Object.fromEntries([...places.values()].map(({ vendor }) => [vendor.host, () => undefined])) },
    edit: (document) => {
      giveAddresses(document, places);
      addHttps(document, pair, places);
    },
    progress,
  });
  for (const [api, { credential }] of places) await stack.aws.put(secretOf(api), credential.secret);
  await stack.startAttache();
  return { stack, places, authority, listener: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => stack.stop() };
}

/** A secret's name that AWS cannot take for the end of an ARN, whatever the API is called. */
function secretOf(api: string): string {
  return `prod/${api}/key`;
}

const PRESENT: ReadonlySet<string> = new Set(['stripe', 'openai', 'anthropic']);

/** Lets each integration answer at its own loopback address, too. */
function giveAddresses(document: EnvoyDocument, places: ReadonlyMap<string, Place>): void {
  const listener = ['static_resources', 'listeners', 1];
  const addresses = [...places.values()].map(({ host }) => ({ address: addressOf(host) }));
  document.setIn([...listener, 'additional_addresses'], document.createNode(addresses));
  const path = [...pathOfRoutes, 'virtual_hosts'];
  const virtualHosts = document.getIn(path) as { items: unknown[] };
  for (const [index] of virtualHosts.items.entries()) {
    const name = String(document.getIn([...path, index, 'name']));
    const place = places.get(name.replace(/-too$/, ''));
    if (place === undefined || (PRESENT.has(name) && !name.endsWith('-too'))) continue;
    document.addIn([...path, index, 'domains'], place.host.split(':')[0]);
  }
}

/** Adds what envoy.yaml has in comments: the same routes over TLS. */
function addHttps(document: EnvoyDocument, { certificate, key }: KeyPair, places: ReadonlyMap<string, Place>): void {
  const filters = document.getIn(['static_resources', 'listeners', 1, 'filter_chains', 0, 'filters'], true);
  const [first, ...others] = [...places.values()].map(({ https }) => addressOf(https));
  const listener = {
    name: 'egress_https',
    address: first,
    additional_addresses: others.map((address) => ({ address })),
    filter_chains: [
      {
        filters: document.createAlias(filters as Node & YAMLSeq),
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
            common_tls_context: {
              alpn_protocols: ['h2', 'http/1.1'],
              tls_certificates: [
                { certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } },
              ],
            },
          },
        },
      },
    ],
  };
  document.addIn(['static_resources', 'listeners'], document.createNode(listener));
}

function addressOf(host: string) {
  const [address, port] = host.split(':');
  return { socket_address: { address, port_value: Number(port) } };
}
