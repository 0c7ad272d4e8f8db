import type { Node, YAMLMap } from 'yaml';
import { hostFault } from './host.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** The host to which a route is pinned, and where it is named. */
export interface PinnedHost {
  readonly host: string;
  readonly node: Node;
}

/** Where Envoy may take a host from other than the route itself. */
const OTHER_HOSTS = ['host_rewrite_header', 'host_rewrite_path_regex', 'host_rewrite', 'auto_host_rewrite'];

/** Where Envoy may take a cluster from other than the file. */
const OTHER_CLUSTERS = ['cluster_header', 'cluster_specifier_plugin', 'inline_cluster_specifier_plugin'];

/** What a route does when it does not forward. */
const OTHER_ACTIONS = ['redirect', 'direct_response', 'filter_action', 'non_forwarding_action'];

/** The one host to which a route with an integration may send, or every reason why there is none. */
export function pinnedHost(source: YamlSource, route: YAMLMap): PinnedHost | readonly Problem[] {
  const action = source.map(source.get(route, 'route'));
  if (action === undefined) {
    const other = OTHER_ACTIONS.map((name) => source.key(route, name)).find((key) => key !== undefined);
    return [
      source.error(
        other ?? route,
        'a route with an integration forwards nothing',
        'give it route: { cluster: …, host_rewrite_literal: … }, or take its attache block away',
      ),
    ];
  }
  const problems = [
    ...OTHER_HOSTS.filter((name) => source.get(action, name) !== undefined).map((name) =>
      source.error(
        source.key(action, name),
        `${name} does not pin the host, so the secret could go to another`,
        'write host_rewrite_literal: <host> instead',
      ),
    ),
    ...OTHER_CLUSTERS.filter((name) => source.get(action, name) !== undefined).map((name) =>
      source.error(
        source.key(action, name),
        `${name} leaves open which cluster the secret goes to`,
        'write cluster: <name> instead',
      ),
    ),
    ...source
      .items(source.get(action, 'weighted_clusters', 'clusters'))
      .flatMap((cluster) =>
        ['host_rewrite_literal', 'cluster_header']
          .filter((name) => source.get(cluster, name) !== undefined)
          .map((name) =>
            source.error(
              source.key(cluster, name),
              `${name} in a weighted cluster takes the place of what the route is pinned to`,
              'leave it out here',
            ),
          ),
      ),
  ];
  const node = source.get(action, 'host_rewrite_literal');
  if (node === undefined) {
    return problems.length > 0
      ? problems
      : [
          source.error(
            action,
            'no pinned host: the client would choose where the secret goes',
            'add host_rewrite_literal: <host of the API> to this route',
          ),
        ];
  }
  const host = textOf(node) ?? '';
  const fault = hostFault(host);
  if (fault !== undefined) problems.push(source.error(node, fault.reason, fault.mend));
  return problems.length > 0 ? problems : { host, node };
}
