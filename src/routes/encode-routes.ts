import { fromJson, toBinary } from '@bufbuild/protobuf';
import { isMap, isSeq, type Node } from 'yaml';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { envoyMessages } from './descriptors.ts';
import { envoyJson } from './envoy-json.ts';
import { findFaults, typeNameOf } from './find-faults.ts';

const ROUTE_CONFIGURATION = 'envoy.config.route.v3.RouteConfiguration';

/** Routes as Envoy takes them by RDS, or all that keeps them from being so. */
export type EncodedRoutes =
  | { readonly kind: 'encoded'; readonly bytes: Uint8Array }
  | { readonly kind: 'faulty'; readonly problems: readonly Problem[] };

/**
 * Encodes a list of routes as an `envoy.config.route.v3.RouteConfiguration`: all of it or nothing. Fields and types that are not known
 * are no less a fault than values that do not fit.
 */
export function encodeRoutes(source: YamlSource, routeConfig: Node): EncodedRoutes {
  const registry = envoyMessages([ROUTE_CONFIGURATION, ...typesIn(source, routeConfig)]);
  const message = registry.getMessage(ROUTE_CONFIGURATION);
  if (message === undefined) throw new Error(`the descriptors lack ${ROUTE_CONFIGURATION}; type npm run proto:envoy`);
  try {
    const routes = fromJson(message, envoyJson(source, routeConfig), { registry });
    return { kind: 'encoded', bytes: toBinary(message, routes) };
  } catch {
    const problems = findFaults(source, routeConfig, message, registry);
    return { kind: 'faulty', problems: problems.length > 0 ? problems : [unknown(source, routeConfig)] };
  }
}

function unknown(source: YamlSource, routeConfig: Node): Problem {
  return source.error(
    routeConfig,
    'these routes cannot be given to Envoy while it runs',
    'write them into their listener (route_config in place of rds), where Envoy reads them when it starts',
  );
}

/** The names of all messages that stand in an `Any`. */
function typesIn(source: YamlSource, root: Node): Set<string> {
  const found = new Set<string>();
  const seen = new Set<Node>();
  const look = (value: unknown) => {
    const node = source.follow(value);
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    if (isMap(node)) {
      for (const pair of source.pairs(node)) {
        if (pair.key === '@type') found.add(typeNameOf(textOf(source.follow(pair.value)) ?? ''));
        look(pair.value);
      }
    }
    if (isSeq(node)) for (const item of node.items) look(item);
  };
  look(root);
  return found;
}
