import type { Node, YAMLMap } from 'yaml';
import { isA } from '../integrations/envoy-filters.ts';
import { isHolder } from '../integrations/live-routes.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';
import type { Readable } from './readable.ts';

/** An HTTP connection manager of a file, and the listener in which it stands. */
export interface Manager {
  readonly node: YAMLMap;
  readonly listener: string;
  readonly prefix: string;
  /** The first port of that listener; undefined for a socket, or where it does not say. */
  readonly port: number | undefined;
  /** Whether only programs of the same machine reach it. */
  readonly isLocal: boolean;
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
        if (isHolder(source, node)) return [];
        seen.add(node);
        return [
          {
            node,
            listener: textOf(source.get(listener, 'name')) ?? '',
            prefix: textOf(source.get(node, 'stat_prefix')) ?? '',
            port: numberOf(source.get(listener, 'address', 'socket_address', 'port_value')),
            isLocal: isLoopback(textOf(source.get(listener, 'address', 'socket_address', 'address')) ?? ''),
            isTls: source.get(chain, 'transport_socket') !== undefined,
          },
        ];
      }),
    );
  });
}

/** Whether an address is one by which a machine reaches itself alone. */
export function isLoopback(address: string): boolean {
  return /^(?:127\.|::1$)/.test(address);
}

/** The URL under which programs reach a host by a listener: `http://stripe.int:8081`. */
export function urlOf(host: string, manager: Manager | undefined): string {
  const [scheme, usual] = manager?.isTls === true ? ['https', 443] : ['http', 80];
  const port = manager?.port === undefined || manager.port === usual ? '' : `:${manager.port}`;
  return `${scheme}://${host}${port}`;
}
