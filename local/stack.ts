import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { checkText } from '../src/check/check-file.ts';
import { formatProblem } from '../src/integrations/problem.ts';
import { type ApiName, apiNames, apis, newKeys } from './apis.ts';
import { type Attache, startAttache } from './attache.ts';
import { type LocalAws, localAws, seed, startAws } from './aws.ts';
import { createAuthority, type KeyPair } from './certificates.ts';
import { deriveEnvoyConfig, type EnvoyDocument } from './derive-envoy-config.ts';
import { type Envoy, startEnvoy } from './envoy.ts';
import { privateFolder } from './guard.ts';
import { freePort } from './ports.ts';
import type { Progress } from './python-package.ts';
import { findEnvoy } from './tools.ts';
import { type KeyFinder, startUpstream, type Upstream, upstreamNames } from './upstream-server.ts';

/** The file that everything is about. */
export const envoyYaml = join(import.meta.dirname, '..', 'envoy', 'envoy.yaml');

/** Ports on 127.0.0.1; each one left out is a free one. */
export interface Ports {
  readonly listener?: number;
  readonly envoyAdmin?: number;
  readonly attacheAdmin?: number;
  readonly upstream?: number;
  readonly aws?: number;
}

export interface StackOptions {
  /** The envoy.yaml to run, in a derived copy. Default: the repository's own. */
  readonly config?: string;
  /** Edits the derived copy further; Envoy and Attaché both read the result. */
  readonly edit?: (document: EnvoyDocument) => void;
  /**
   * "envoy": it reads the routes itself when it starts, for an edit in which attache check finds an error, since Attaché gives Envoy
   * none of such a file. Default: Attaché gives them, wherever it reads the same file.
   */
  readonly routes?: 'envoy';
  readonly envoy?: {
    /** Exactly this version. Default: ENVOY_VERSION, else whatever `findEnvoy` finds. */
    readonly version?: string;
    readonly concurrency?: number;
    readonly logLevel?: string;
  };
  /** False starts none: the test serves `sockets` itself, or nobody does. */
  readonly attache?:
    | false
    | {
        readonly env?: Readonly<Record<string, string>>;
        /** What Node runs; src/main.ts unless given. */
        readonly entry?: string;
        /** The envoy.yaml that it reads. Default: the derived copy. */
        readonly config?: string;
      };
  /** How many sockets one Attaché listens on, and Envoy balances over. 1 unless given. */
  readonly sockets?: number;
  /** How many workers Attaché has, each on a socket of its own. Default: ATTACHE_WORKERS in `attache.env`, else 1. */
  readonly workers?: number;
  /**
   * Where Attaché finds Secrets Manager:
   * "ministack" (the default) starts an emulator with the three secrets in it; "empty" starts it with none;
   * "down" is an endpoint where nobody listens; "environment" is the user's own AWS;
   * an object is an emulator that is already running and is not stopped with the stack: it is left as it is, so seed it.
   */
  readonly aws?: 'ministack' | 'empty' | 'down' | 'environment' | LocalAws;
  /**
   * Where Envoy finds the destinations:
   * "upstream" (the default): every host is the local upstream; "dns": found by name as envoy.yaml has it, with the local
   * upstream's CA trusted, for a route to `localhost:<port>`; "internet": as envoy.yaml has it, and no upstream is started.
   */
  readonly destinations?: 'upstream' | 'dns' | 'internet';
  readonly upstream?: {
    /** Further hosts that it plays, with how each is shown its key. */
    readonly hosts?: Readonly<Record<string, KeyFinder>>;
    readonly http2?: boolean;
    /** The names in its certificate. Default: all hosts that it plays, `localhost` and 127.0.0.1. */
    readonly names?: readonly string[];
  };
  readonly ports?: Ports;
  readonly progress?: Progress;
}

/** Envoy, Attaché, the local AWS and the upstream, together. */
export interface Stack extends AsyncDisposable {
  /** Port of Envoy's first listener on 127.0.0.1. */
  readonly port: number;
  readonly envoy: Envoy;
  /** Throws when the stack has none. After `startAttache` it is the new one. */
  readonly attache: Attache;
  /** Throws when there is none: `aws: 'down'` or `'environment'`. */
  readonly aws: LocalAws;
  /** Throws when there is none: `destinations: 'internet'`. */
  readonly upstream: Upstream;
  /** The CA of the upstream's certificate; it can issue more, for example to callers. */
  readonly issue: (names: readonly string[]) => Promise<KeyPair>;
  /** The CA's certificate file. */
  readonly caFile: string;
  /** Where Attaché listens, one path per socket. */
  readonly sockets: readonly string[];
  /** The derived copy that Attaché reads, unless told otherwise; edit it to see it noticed. Envoy has one of its own. */
  readonly attacheConfig: string;
  /** The text of the derived copy. */
  readonly config: string;
  /** The keys of the three APIs as last set by the stack. */
  readonly keys: Readonly<Record<ApiName, string>>;
  /** For example "http://stripe.int.localhost:8080/v1/customers". */
  url(host: string, path?: string): string;
  /** Starts Attaché again after it ended, on the same sockets, with these variables on top of the stack's. */
  startAttache(env?: Readonly<Record<string, string>>): Promise<Attache>;
  /** A new key, in Secrets Manager and at the upstream, which refuses the old one at once. Returns it. */
  rotate(api: ApiName): Promise<string>;
  /** Stops everything the stack started, Envoy first. */
  stop(): Promise<void>;
}

/**
 * Starts the whole stack on loopback. When a part fails to start, those already running are stopped.
 *
 * @throws Error that names the part, with its last lines, or what attache check finds in an edited file
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  await using starting = new AsyncDisposableStack();
  const progress = options.progress ?? (() => {});
  const folder = privateFolder();
  const keys = newKeys();
  const awsKind = options.aws ?? 'ministack';
  const destinations = options.destinations ?? 'upstream';
  const attacheOptions = options.attache === false ? {} : (options.attache ?? {});
  const workers = options.workers ?? Number(attacheOptions.env?.ATTACHE_WORKERS || 1);
  const sockets = Array.from({ length: Math.max(workers, options.sockets ?? 1) }, (_, index) =>
    join(folder, `${index}.sock`),
  );

  const authority = await createAuthority();
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, authority.certificate);

  const [tool, upstream, aws] = await allStarted([
    findEnvoy({ progress, ...(options.envoy?.version === undefined ? {} : { version: options.envoy.version }) }),
    destinations === 'internet' ? undefined : startOwnUpstream(),
    typeof awsKind === 'object' ? awsKind : startOwnAws(),
  ]);

  const attacheConfig = join(folder, 'envoy.yaml');
  const derivation = {
    listenerPort: options.ports?.listener ?? 0,
    adminPort: options.ports?.envoyAdmin ?? 0,
    attacheSockets: sockets,
    systemCa,
    ...(destinations === 'upstream' && upstream !== undefined ? { upstreamPort: upstream.port } : {}),
    ...(destinations === 'internet' ? {} : { upstreamCa: caFile }),
    ...(options.edit === undefined ? {} : { edit: options.edit }),
  };
  const file = options.config ?? envoyYaml;
  // With another file than Envoy's, Attaché has no routes for it.
  const isApart = options.attache === false || (attacheOptions.config ?? options.config) !== options.config;
  const written = isApart || options.routes === 'envoy';
  const config = await deriveEnvoyConfig(file, { ...derivation, written });
  if (!written && options.edit !== undefined) await refuseErrors(attacheConfig, config);
  await writeFile(attacheConfig, config);

  const awsEnvironment = awsKind === 'environment' ? userAws() : (aws ?? (await closedAws())).environment;
  let attache: Attache | undefined;
  const launchAttache = async (env: Readonly<Record<string, string>> = {}): Promise<Attache> => {
    attache = await startAttache({
      sockets: workers > 1 ? [join(folder, '{worker}.sock')] : sockets,
      workers,
      config: attacheOptions.config ?? attacheConfig,
      aws: awsEnvironment,
      env: { ...attacheOptions.env, ...env },
      ...(attacheOptions.entry === undefined ? {} : { entry: attacheOptions.entry }),
      ...(options.ports?.attacheAdmin === undefined ? {} : { adminPort: options.ports.attacheAdmin }),
    });
    return attache;
  };
  starting.defer(async () => {
    await attache?.stop();
  });
  if (options.attache !== false) {
    await launchAttache();
    progress('Attaché is ready');
  }

  const envoy = starting.use(await startEnvoy({ tool, config, ...options.envoy }));
  progress(`Envoy ${tool.version} is ready`);

  const running = starting.move();
  const stop = () => running.disposeAsync();
  return {
    port: envoy.port,
    envoy,
    get attache() {
      return present(attache, 'an Attaché');
    },
    get aws() {
      return present(aws, 'a local AWS');
    },
    get upstream() {
      return present(upstream, 'an upstream');
    },
    issue: authority.issue,
    caFile,
    sockets,
    attacheConfig,
    config,
    keys,
    url: (host, path = '/') => `http://${host}:${envoy.port}${path}`,
    startAttache: launchAttache,
    rotate: async (api) => {
      keys[api] = apis[api].newKey();
      await present(aws, 'a local AWS').put(apis[api].secret, apis[api].secretValue(keys[api]));
      upstream?.accept(api, keys[api]);
      return keys[api];
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };

  async function startOwnUpstream(): Promise<Upstream> {
    const hosts = options.upstream?.hosts ?? {};
    const names = options.upstream?.names ?? [...upstreamNames, ...Object.keys(hosts)];
    const own = starting.use(
      await startUpstream({
        certificate: await authority.issue(names),
        keys,
        hosts,
        ...(options.upstream?.http2 === undefined ? {} : { http2: options.upstream.http2 }),
        ...(options.ports?.upstream === undefined ? {} : { port: options.ports.upstream }),
      }),
    );
    progress('the upstream is ready');
    return own;
  }

  async function startOwnAws(): Promise<LocalAws | undefined> {
    if (awsKind === 'down' || awsKind === 'environment') {
      return undefined;
    }
    const own = starting.use(
      await startAws({ progress, ...(options.ports?.aws === undefined ? {} : { port: options.ports.aws }) }),
    );
    if (awsKind === 'ministack') {
      await seed(own, keys);
    }
    progress(`the local AWS is ready${awsKind === 'ministack' ? `, ${apiNames.length} secrets in it` : ''}`);
    return own;
  }

  /** Node's own list of authorities as a file, for machines that keep theirs elsewhere than envoy.yaml says. */
  async function systemCa(): Promise<string> {
    const file = join(folder, 'system-ca.pem');
    await writeFile(file, getCACertificates('default').join('\n'));
    return file;
  }
}

/** The environment of an emulator that is not there. */
async function closedAws(): Promise<LocalAws> {
  return localAws(`http://127.0.0.1:${await freePort()}`);
}

/** Everything the AWS SDK may read from the user's environment: AWS_…, proxies and CA files. */
function userAws(): Record<string, string> {
  const theirs: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && /^(AWS_|NODE_EXTRA_CA_CERTS$|(https?|no)_proxy$)/i.test(name)) {
      theirs[name] = value;
    }
  }
  return theirs;
}

/** Like Promise.all, but waits for the others when one fails, so that they can be stopped. */
async function allStarted<T extends readonly unknown[]>(parts: readonly [...{ [K in keyof T]: T[K] | Promise<T[K]> }]) {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}

function present<T>(part: T | undefined, name: string): T {
  if (part === undefined) {
    throw new Error(`this stack was started without ${name}`);
  }
  return part;
}

/** @throws Error when attache check finds one in an edited file, so that Attaché would give Envoy no routes. */
async function refuseErrors(file: string, text: string): Promise<void> {
  const errors = (await checkText(file, text)).filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw new Error(
      ["the edit leaves errors; mend them, or start the stack with routes: 'envoy'", ...errors.map(formatProblem)].join(
        '\n',
      ),
    );
}
