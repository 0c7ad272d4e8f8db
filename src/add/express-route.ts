import { configuration } from '../check/configuration.ts';
import { expressOverride, pushedBy } from '../check/express-route.ts';
import { ALWAYS_STRIPPED } from '../credentials/callers-own.ts';
import { EXPRESS_HEADER } from '../express/encode-express.ts';
import { IN_QUERY } from '../integrations/request-options.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { credentialsIn } from './credentials-in.ts';
import { attacheFilter, hasAnchor } from './envoy-place.ts';
import type { Readable } from './readable.ts';
import type { Wanted } from './wanted.ts';
import { flow } from './yaml-text.ts';

/** What `lane: express` needs beside a route. */
export interface ExpressRoute {
  /** Headers of a caller that Envoy takes away, since Attaché is not asked. */
  readonly remove: readonly string[];
  /** What the route says about the filter `pushed`, in one line. */
  readonly override: string;
}

/** The anchor under which envoy/envoy.yaml says where Envoy gets what is pushed. */
const PUSHED_ANCHOR = 'pushed_by_attache';

/** @param before an offset: anchors in front of it can be referred to. */
export function expressRoute(examined: Readable, wanted: Wanted, cluster: string, before: number): ExpressRoute {
  const { source } = examined;
  const filter = attacheFilter(source, configuration(examined).clusters.get(cluster));
  const asked = textOf(source.get(filter?.config, 'grpc_service', 'envoy_grpc', 'cluster_name')) ?? 'attache';
  const alias = `*${PUSHED_ANCHOR}`;
  const from = hasAnchor(source, PUSHED_ANCHOR, before) ? alias : pushedBy(asked);
  const { keep, strip } = wanted.rules;
  const sets = credentialsIn(wanted.credential).flatMap(({ writes }) => writes);
  const headers = [...ALWAYS_STRIPPED.filter((name) => !keep.includes(name)), ...strip].filter(
    (name) => !name.startsWith(IN_QUERY),
  );
  return {
    remove: [...new Set([EXPRESS_HEADER, ...sets, ...headers])],
    override: flow(expressOverride(wanted.name, from), (text) => (text === alias ? text : JSON.stringify(text))),
  };
}
