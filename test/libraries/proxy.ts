import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvoyDocument } from '../../local/derive-envoy-config.ts';
import { privateFolder } from '../../local/guard.ts';
import { freePort } from '../../local/ports.ts';
import { envoyYaml, type Stack, startStack } from '../../local/stack.ts';
import { add } from '../../src/add/add-command.ts';
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
}

/** A running stack in which each API of the cases is an integration. */
export interface Proxy extends AsyncDisposable {
  readonly stack: Stack;
  readonly places: ReadonlyMap<string, Place>;
}

/**
 * Adds the APIs with `attache add` and starts Envoy, Attaché, AWS and a destination that bears all their names.
 *
 * @throws Error when an API cannot be added or a part does not start
 */
export async function startProxy(cases: readonly Case[], progress: (line: string) => void): Promise<Proxy> {
  const file = join(privateFolder(), 'envoy.yaml');
  copyFileSync(envoyYaml, file);
  const port = await freePort();
  const options = new Map(cases.map((it) => [it.api, it.options ?? {}]));
  const places = new Map<string, Place>();
  for (const [api, given] of options) {
    const known = VENDORS.get(api);
    if (known === undefined) throw new Error(`the catalogue has no ${api}`);
    const vendor = inRegion(known, REGION);
    const regional = vendor.host === known.host ? {} : { region: REGION };
    // Those that envoy.yaml has already are added under another name, so that the command prints their lines too.
    const name = PRESENT.has(api) ? `${api}-too` : api;
    const { code, printed } = await printedBy(() =>
      add(api, { file, name, secret: `prod/${api}`, ...regional, ...given }),
    );
    if (code !== 0) throw new Error(`attache add ${api} failed: ${printed}`);
    const credential = newCredential(given.basic === undefined ? vendor.credential : basicOf(given.basic));
    places.set(api, { vendor, credential, printed, host: `127.0.1.${places.size + 1}:${port}` });
  }
  const stack = await startStack({
    config: file,
    attache: false,
    ports: { listener: port },
    upstream: { hosts: Object.fromEntries([...places.values()].map(({ vendor }) => [vendor.host, () => undefined])) },
    edit: (document) => giveAddresses(document, places),
    progress,
  });
  for (const [api, { credential }] of places) await stack.aws.put(`prod/${api}`, credential.secret);
  await stack.startAttache();
  return { stack, places, [Symbol.asyncDispose]: () => stack.stop() };
}

const PRESENT: ReadonlySet<string> = new Set(['stripe', 'openai', 'anthropic']);

function basicOf(pair: string): { basic: { username: string; password: string } } {
  const [username = '', password = ''] = pair.split(/:(.*)/s);
  return { basic: { username, password } };
}

/** Lets each integration answer at its own loopback address, too. */
function giveAddresses(document: EnvoyDocument, places: ReadonlyMap<string, Place>): void {
  const listener = ['static_resources', 'listeners', 0];
  const hosts = [...places.values()].map(({ host }) => {
    const [address, port] = host.split(':');
    return { address: { socket_address: { address, port_value: Number(port) } } };
  });
  document.setIn([...listener, 'additional_addresses'], document.createNode(hosts));
  const path = [...listener, 'filter_chains', 0, 'filters', 0, 'typed_config', 'route_config', 'virtual_hosts'];
  const virtualHosts = document.getIn(path) as { items: unknown[] };
  for (const [index] of virtualHosts.items.entries()) {
    const name = String(document.getIn([...path, index, 'name']));
    const place = places.get(name.replace(/-too$/, ''));
    if (place === undefined || (PRESENT.has(name) && !name.endsWith('-too'))) continue;
    document.addIn([...path, index, 'domains'], place.host.split(':')[0]);
  }
}

async function printedBy(work: () => Promise<number>): Promise<{ code: number; printed: string }> {
  const { write } = process.stdout;
  const pieces: string[] = [];
  process.stdout.write = ((piece: string) => pieces.push(piece) > 0) as typeof write;
  try {
    return { code: await work(), printed: pieces.join('') };
  } finally {
    process.stdout.write = write;
  }
}
