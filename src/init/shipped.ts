import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isSeq, type Node, parseDocument, visit, type YAMLMap } from 'yaml';
import { AddError } from '../add/add-error.ts';

/** The envoy.yaml that comes with Attaché: what `attache init` puts into other files is taken out of it, with its comments. */
const FILE = new URL('../../envoy/envoy.yaml', import.meta.url);

/** Where a connection manager stands in its listener. */
export const MANAGER = ['filter_chains', 0, 'filters', 0, 'typed_config'];

/** Read when it is first asked for. */
let shipped: Document | undefined;

/** The whole of it with its aliases written out, for other files have no such anchors. */
function read(): Document {
  const document: Document = parseDocument(shippedText());
  visit(document, {
    Alias: (_, alias) => {
      const copy = alias.resolve(document)?.clone() as Node;
      copy.comment = null;
      return copy;
    },
  });
  visit(document, {
    Node: (_, node) => {
      if ('anchor' in node) delete node.anchor;
    },
  });
  return document;
}

/** @throws AddError where it does not come along, as in the image of a container. */
function shippedText(): string {
  try {
    return readFileSync(FILE, 'utf8');
  } catch {
    throw new AddError(
      `${FILE.pathname} is not there, out of which attache init takes what it adds; run it where Attaché is installed with all its files, and not in its container`,
    );
  }
}

/** The parts of it that other files need: each object has a copy of its own, which may be changed. */
export class Shipped {
  readonly #document: Document;

  constructor() {
    shipped ??= read();
    this.#document = shipped.clone();
  }

  /** A cluster, by its name. */
  cluster(name: string): YAMLMap {
    return named(this.#get('static_resources', 'clusters'), name);
  }

  /** The listener through which requests come, which asks Attaché for its routes. */
  listener(): YAMLMap {
    return named(this.#get('static_resources', 'listeners'), 'egress');
  }

  /** The listener without a port in which the routes stand, without integrations: only the virtual host of Attaché itself. */
  routes(): YAMLMap {
    const routes = named(this.#get('static_resources', 'listeners'), 'routes');
    const hosts = routes.getIn([...MANAGER, 'route_config', 'virtual_hosts'], true);
    if (!isSeq(hosts)) throw missing('virtual_hosts');
    hosts.items.splice(1);
    hosts.comment = null;
    return routes;
  }

  /** A filter of that listener, by its name. */
  filter(name: string): YAMLMap {
    return named(this.#manager().get('http_filters', true), name);
  }

  /** What is told apart of Envoy's own answers, by the name of its condition. */
  mapper(name: string): YAMLMap {
    const mappers = this.#manager().getIn(['local_reply_config', 'mappers'], true);
    const found = isSeq(mappers)
      ? mappers.items.find((it) => isMap(it) && it.getIn(['filter', 'extension_filter', 'name']) === name)
      : undefined;
    if (!isMap(found)) throw missing(name);
    return found;
  }

  /** The policy by which a request whose key was refused is sent again. */
  retryPolicy(): Node {
    return this.#get('node', 'metadata', 'shared', 'retry_policy');
  }

  /** What Envoy's runtime is told, as a layer. */
  layer(): YAMLMap {
    return named(this.#get('layered_runtime', 'layers'), 'static');
  }

  #manager(): YAMLMap {
    const manager = this.listener().getIn(MANAGER, true);
    if (!isMap(manager)) throw missing('a connection manager');
    return manager;
  }

  #get(...path: (string | number)[]): Node {
    const node = this.#document.getIn(path, true);
    if (!isNode(node)) throw missing(path.join('.'));
    return node;
  }
}

function named(list: unknown, name: string): YAMLMap {
  const found = isSeq(list) ? list.items.find((it) => isMap(it) && it.get('name') === name) : undefined;
  if (!isMap(found)) throw missing(name);
  return found;
}

function missing(what: string): Error {
  return new Error(`${FILE.pathname} has not got ${what}: put back the file that comes with Attaché`);
}
