import type { Node, YAMLMap } from 'yaml';
import { AddError } from '../add/add-error.ts';
import type { Readable } from '../add/readable.ts';
import { isA } from '../integrations/envoy-filters.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';

/** An HTTP connection manager of a file, and the listener in which it stands. */
export interface Manager {
  readonly node: YAMLMap;
  readonly listener: string;
  readonly prefix: string;
  /** The first port of that listener; undefined for a socket, or where it does not say. */
  readonly port: number | undefined;
  /** Whether callers speak TLS there. */
  readonly isTls: boolean;
}

/** Every connection manager, each one once, however many aliases it has. */
export function managers({ source }: Readable): Manager[] {
  const seen = new Set<Node>();
  return source.items(source.get(source.root, 'static_resources', 'listeners')).flatMap((listener) => {
    const chains = [
      ...source.items(source.get(listener, 'filter_chains')),
      ...[source.get(listener, 'default_filter_chain')].filter((chain) => chain !== undefined),
    ];
    return chains.flatMap((chain) =>
      source.items(source.get(chain, 'filters')).flatMap((filter): Manager[] => {
        const node = source.map(source.get(filter, 'typed_config'));
        if (node === undefined || !isA(source, node, 'HttpConnectionManager') || seen.has(node)) return [];
        seen.add(node);
        return [
          {
            node,
            listener: textOf(source.get(listener, 'name')) ?? '',
            prefix: textOf(source.get(node, 'stat_prefix')) ?? '',
            port: numberOf(source.get(listener, 'address', 'socket_address', 'port_value')),
            isTls: source.get(chain, 'transport_socket') !== undefined,
          },
        ];
      }),
    );
  });
}

/**
 * The connection manager that is meant by the name of its listener or by its stat_prefix.
 *
 * @throws AddError when there is none, when there are several, or when its routes do not stand in the file.
 */
export function managerNamed(readable: Readable, name: string): Manager {
  const { source } = readable;
  const all = managers(readable);
  const list = all
    .map(
      ({ listener, prefix, node }) => `${listener} (stat_prefix ${prefix}, ${source.file}:${source.place(node).line})`,
    )
    .join(', ');
  const [found, other] =
    [all.filter(({ listener }) => listener === name), all.filter(({ prefix }) => prefix === name)]
      .toSorted((one, two) => one.length - two.length)
      .filter((them) => them.length > 0)[0] ?? [];
  if (found === undefined)
    throw new AddError(
      all.length === 0
        ? `${source.file} has no listener with an HTTP connection manager; leave --listener out, and one is added`
        : `no listener with an HTTP connection manager has the name or the stat_prefix ${name}; there are ${list}`,
    );
  if (other !== undefined)
    throw new AddError(`${name} stands for several connection managers; name one by its stat_prefix: ${list}`);
  const elsewhere = ['rds', 'scoped_routes'].find((field) => source.get(found.node, field) !== undefined);
  if (elsewhere !== undefined)
    throw new AddError(
      `the routes of ${name} come by ${elsewhere} (${source.file}:${source.place(source.get(found.node, elsewhere)).line}), so no integration can be added here; leave --listener out, and one with routes of its own is added`,
    );
  return found;
}
