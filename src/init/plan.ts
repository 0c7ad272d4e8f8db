import { Document, isMap, type Node, Scalar, YAMLMap } from 'yaml';
import { AddError } from '../add/add-error.ts';
import { domainsOf, RETRY_ANCHOR } from '../add/blocks.ts';
import { asksAttache } from '../add/envoy-place.ts';
import { isLoopback, type Manager, managers, urlOf } from '../add/listeners.ts';
import type { Readable } from '../add/readable.ts';
import { needsPorts, withPorts } from '../add/surroundings.ts';
import { findDiscoveryFilters } from '../check/attache-filter.ts';
import { configuration } from '../check/configuration.ts';
import { isBootstrap } from '../integrations/envoy-file.ts';
import { isA } from '../integrations/envoy-filters.ts';
import { hasOtherListeners, routeConfigOf } from '../integrations/live-routes.ts';
import { booleanOf, numberOf, textOf } from '../integrations/yaml-values.ts';
import { type Growth, growthAt, type Leaf } from './growth.ts';
import { type ListenAt, listenAt } from './listen-at.ts';
import { managerNamed } from './manager-named.ts';
import { MANAGER, Shipped } from './shipped.ts';

/** What is typed behind `attache init FILE` that changes what is added. */
export interface PlanOptions {
  /** Name or stat_prefix of a listener that is there, to which integrations are added. Default: a new one. */
  readonly listener?: string;
  /** Where the new listener is. */
  readonly listen?: string;
}

/** One thing that a file needs. */
export interface Step {
  readonly what: string;
  /** What it is for. */
  readonly why: string;
  /** What must be put where; undefined when it is there. */
  readonly growth: (readable: Readable) => Growth | undefined;
}

/** All that a file needs, in the order in which it is put in, and where callers ask what they may use. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly discovery: string;
}

/**
 * What a file needs so that integrations can be added to it.
 *
 * @throws AddError for options that do not fit the file.
 */
export function planFor(readable: Readable, options: PlanOptions): Plan {
  if (options.listener !== undefined && options.listen !== undefined)
    throw new AddError(
      '--listener names a listener that is there, and --listen is where a new one is; leave one of them out',
    );
  const { source } = readable;
  if (!readable.isEnvoy || !isBootstrap(source))
    throw new AddError(
      readable.isEnvoy
        ? `${source.file} is a file of resources that Envoy gets by xDS; name the one with which Envoy is started`
        : `${source.file} is a plain list of integrations, which Attaché reads as it is; name the file with which Envoy is started`,
    );
  const there = managers(readable).find(({ node }) => hasDiscovery(readable, node));
  const wished = options.listener === undefined ? there : managerNamed(readable, options.listener);
  if (there !== undefined && wished !== undefined && there.node !== wished.node)
    throw new AddError(`integrations are added to the listener ${there.listener} already; leave --listener out`);
  const at = wished === undefined ? listenAt(readable, options.listen) : undefined;
  const discovery = at === undefined ? urlOf('attache.int', wished) : `http://attache.int${local(at)}:${at.port}`;
  return {
    steps: [
      ...clusters(readable),
      ...(wished === undefined ? [] : existing(readable, wished)),
      ...(at === undefined ? [] : ownListener(readable, at)),
      {
        what: 'node.metadata.attache',
        why: 'where refusals say that callers may ask what they may use',
        growth: inFile(['node', 'metadata', 'attache', 'discovery'], () => ({ value: new Scalar(discovery) })),
      },
      ...runtime(readable),
    ],
    discovery,
  };
}

function hasDiscovery({ source }: Readable, manager: YAMLMap): boolean {
  return findDiscoveryFilters(source, source.get(manager, 'http_filters')).length > 0;
}

/** A name under `.localhost` reaches the loopback address from anywhere on the machine. */
function local({ address }: ListenAt): string {
  return isLoopback(address) ? '.localhost' : '';
}

function inFile(path: readonly string[], leaf: () => Leaf): Step['growth'] {
  return ({ source }) => growthAt(source, source.root, path, leaf());
}

function clusters(readable: Readable): Step[] {
  const { source } = readable;
  const { clusters: given } = configuration(readable);
  const add = (what: string, why: string, make: () => YAMLMap): Step => ({
    what: `the cluster ${what}`,
    why,
    growth: inFile(['static_resources', 'clusters'], () => ({ item: make() })),
  });
  const steps: Step[] = [];
  if (!given.has('attache'))
    steps.push(add('attache', 'where Attaché is: the sockets of its workers', () => new Shipped().cluster('attache')));
  if (!given.has('attache_responses'))
    steps.push(
      add(
        'attache_responses',
        'the same on connections of its own, for responses that are searched (redact: true)',
        () => new Shipped().cluster('attache_responses'),
      ),
    );
  if (![...given.values()].some((cluster) => asksAttache(source, cluster))) {
    const name = free(readable, ['internet', 'attache_internet']);
    steps.push(
      add(
        name,
        'every destination with a key: found by its name, over TLS, and Attaché is asked for each attempt',
        () => named(new Shipped().cluster('internet'), name),
      ),
    );
  }
  return steps;
}

/** The first name that stands nowhere in the file, neither of a cluster nor of what clusters share. */
function free({ source, maps }: Readable, names: readonly string[]): string {
  const taken = new Set(maps.map((map) => textOf(source.get(map, 'name'))));
  const found = names.find((name) => !taken.has(name));
  if (found === undefined) throw new AddError(`the names ${names.join(' and ')} are taken; give one of them another`);
  return found;
}

function named(cluster: YAMLMap, name: string): YAMLMap {
  cluster.set('name', name);
  cluster.setIn(['cluster_type', 'typed_config', 'dns_cache_config', 'name'], name);
  return cluster;
}

/** A listener of Attaché's own, whose routes stand beside it, so that they are in use while Envoy runs. */
function ownListener(readable: Readable, { address, port }: ListenAt): Step[] {
  const name = free(readable, ['attache', 'attache_egress']);
  const standing = free(readable, ['routes', 'attache_routes']);
  return [
    ...['id', 'cluster'].map(
      (field): Step => ({
        what: `node.${field}`,
        why: 'a name, without which Envoy asks nobody for routes; what is typed behind --service-node and --service-cluster goes before it',
        growth: inFile(['node', field], () => ({ value: new Scalar('attache') })),
      }),
    ),
    {
      what: `the listener ${standing}`,
      why: 'where the routes with integrations stand, without a port: Attaché gives them to the next one, edits included',
      growth: inFile(['static_resources', 'listeners'], () => {
        const shipped = new Shipped();
        const listener = shipped.routes();
        listener.set('name', standing);
        listener.setIn([...MANAGER, 'stat_prefix'], standing);
        listener.setIn([...MANAGER, 'route_config', 'name'], name);
        // An anchor for the routes below it. Envoy does not look at it.
        const policy = shipped.retryPolicy();
        if (isMap(policy)) policy.anchor = RETRY_ANCHOR;
        const metadata = new YAMLMap();
        metadata.setIn(['filter_metadata'], pair('shared', pair('retry_policy', policy)));
        listener.items.splice(1, 0, ...pair('metadata', metadata).items);
        return { item: listener };
      }),
    },
    {
      what: `the listener ${name}`,
      why: `where programs send the requests that get a key, ${address}:${port}; the listeners that are there stay as they are`,
      growth: inFile(['static_resources', 'listeners'], () => {
        const listener = new Shipped().listener();
        listener.set('name', name);
        listener.setIn(['address', 'socket_address', 'address'], address);
        listener.setIn(['address', 'socket_address', 'port_value'], port);
        listener.setIn([...MANAGER, 'stat_prefix'], name);
        listener.setIn([...MANAGER, 'rds', 'route_config_name'], name);
        // While Envoy waits for them, no listener answers, and the others have nothing to do with Attaché.
        if (hasOtherListeners(readable.source))
          listener.setIn([...MANAGER, 'rds', 'config_source', 'initial_fetch_timeout'], patience());
        return { item: listener };
      }),
    },
  ];
}

function patience(): Scalar {
  const seconds = new Scalar('5s');
  seconds.comment =
    ' without Attaché, the other listeners open after that; this one then answers 404 until it is there';
  return seconds;
}

function pair(key: string, value: Node): YAMLMap {
  const map = new YAMLMap();
  map.set(key, value);
  return map;
}

/** What a listener needs that somebody wrote for other purposes. Off where it would change what becomes of other requests. */
const FILTERS: readonly {
  readonly name: string;
  readonly why: string;
  readonly first?: boolean;
  readonly off?: boolean;
}[] = [
  { name: 'caller_path', why: 'keeps the address that the caller used, for links', first: true },
  {
    name: 'repeatable',
    why: 'says what is sent again when its connection breaks; off but for integrations',
    off: true,
  },
  { name: 'links', why: 'leads links of a destination back through here; it changes no response of another cluster' },
  { name: 'whole_body', why: 'holds a request back until it can be signed for AWS; off but for routes that name it' },
  { name: 'websocket_over_http1', why: 'has a WebSocket go on over HTTP/1.1; off but for integrations', off: true },
  { name: 'redact', why: 'takes secrets out of responses; off but for routes that name it' },
  { name: 'discovery', why: 'asks Attaché what a caller may use; off but for the virtual host attache' },
];

function existing(readable: Readable, manager: Manager): Step[] {
  if (hasDiscovery(readable, manager.node)) return [];
  const index = managers(readable).findIndex(({ node }) => node === manager.node);
  /** The same one in a text that has grown. */
  const here = (now: Readable) => managers(now)[index]?.node;
  const filters = FILTERS.map(
    ({ name, why, first, off }): Step => ({
      what: `the filter ${name}, in the listener ${manager.listener}`,
      why,
      growth: (now) => {
        const { source } = now;
        const list = source.items(source.get(here(now), 'http_filters'));
        if (list.some((filter) => textOf(source.get(filter, 'name')) === name))
          throw new AddError(
            `the listener ${manager.listener} has a filter named ${name} already (${source.file}:${source.place(here(now)).line}); give it another name`,
          );
        const router = list.findIndex((filter) => isA(source, source.get(filter, 'typed_config'), 'router.v3.Router'));
        const item = new Shipped().filter(name);
        if (off === true) item.items.splice(1, 0, ...pair('disabled', new Scalar(true)).items);
        return growthAt(source, here(now), ['http_filters'], {
          item,
          index: first === true ? 0 : router < 0 ? list.length : router,
        });
      },
    }),
  );
  return [
    ...filters,
    {
      what: `the virtual host attache, in the listener ${manager.listener}`,
      why: 'where callers ask Attaché what they may use; nothing is forwarded from there',
      growth: (now) => {
        const item = discoveryHost(now, here(now));
        // They may stand in another listener, which Attaché gives to this one.
        const routes = routeConfigOf(now.source, here(now));
        return routes === undefined
          ? growthAt(now.source, here(now), ['route_config', 'virtual_hosts'], { item })
          : growthAt(now.source, routes, ['virtual_hosts'], { item });
      },
    },
    {
      what: `an answer of its own for a missing Attaché, in the listener ${manager.listener}`,
      why: 'so that callers learn by a code why they got a 503',
      growth: (now) =>
        growthAt(now.source, here(now), ['local_reply_config', 'mappers'], {
          item: new Shipped().mapper('attache_unavailable'),
          index: 0,
        }),
    },
  ];
}

function discoveryHost(now: Readable, manager: YAMLMap | undefined): Node {
  const host = new Shipped().routes().getIn([...MANAGER, 'route_config', 'virtual_hosts', 0], true);
  if (!isMap(host)) throw new Error('the virtual host of the shipped file is no map');
  if (needsPorts(now.source, manager)) host.set('domains', new Document(withPorts(domainsOf('attache'))).contents);
  return host;
}

const GRACEFUL_CLOSE = 'envoy.reloadable_features.ext_proc_graceful_grpc_close';
const PROGRAM_SIZE = 're2.max_program_size.error_level';

function runtime({ source, maps }: Readable): Step[] {
  const layers = source.items(source.get(source.root, 'layered_runtime', 'layers'));
  const values = layers.map((layer) => source.get(layer, 'static_layer'));
  const isThere = values.some(
    (layer) =>
      booleanOf(source.get(layer, GRACEFUL_CLOSE)) !== undefined &&
      numberOf(source.get(layer, PROGRAM_SIZE)) !== undefined,
  );
  if (isThere) return [];
  // Envoy crashes when it traces calls by Zipkin and ends them by closing.
  const isZipkin = maps.some((map) => isA(source, map, 'ZipkinConfig'));
  return [
    {
      what: 'a layer of layered_runtime',
      why: isZipkin
        ? 'has Envoy take a list of as many headers as Attaché may write'
        : 'has Envoy end its calls to Attaché by closing them, and take a list of as many headers as Attaché may write',
      growth: (now) => {
        const layer = new Shipped().layer();
        layer.set('name', 'attache');
        if (isZipkin) layer.deleteIn(['static_layer', GRACEFUL_CLOSE]);
        return growthAt(now.source, now.source.root, ['layered_runtime', 'layers'], { item: layer });
      },
    },
    ...(layers.length > 0 ? [] : [ADMIN_LAYER]),
  ];
}

/** Envoy has this layer as long as it is told of no other. */
const ADMIN_LAYER: Step = {
  what: 'a second layer',
  why: "for what is changed by Envoy's admin page, which it has by itself as long as no layer is named",
  growth: (now) => {
    const layer = pair('name', new Scalar('admin'));
    layer.set('admin_layer', new YAMLMap());
    return growthAt(now.source, now.source.root, ['layered_runtime', 'layers'], { item: layer });
  },
};
