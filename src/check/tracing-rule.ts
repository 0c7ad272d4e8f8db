import { isA } from '../integrations/envoy-filters.ts';
import type { Problem } from '../integrations/problem.ts';
import { booleanOf, numberOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';

/** Ends each call to Attaché by closing it, not by a reset. */
const GRACEFUL_CLOSE = 'envoy.reloadable_features.ext_proc_graceful_grpc_close';

/** What traces of Envoy would show, and what they do to it. */
export function* checkTracing({ source, maps, catalogue }: Configuration): Generator<Problem> {
  const inPath = [...catalogue].find(({ writes }) => writes.includes(':path'))?.name;
  const graceful = maps.map((map) => source.get(map, GRACEFUL_CLOSE)).find((node) => booleanOf(node) === true);
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const tracing = source.get(manager, 'tracing');
    if (tracing === undefined) continue;
    // Envoy writes the tag http.url when the request is over, so with what Attaché has put into the path.
    if (inPath !== undefined && numberOf(source.get(tracing, 'max_path_tag_length')) !== 0) {
      yield source.error(
        source.key(manager, 'tracing'),
        `traces name the URL, into which ${inPath} puts its credential`,
        'write max_path_tag_length: 0 in tracing',
      );
    }
    if (graceful !== undefined && isA(source, source.get(tracing, 'provider', 'typed_config'), 'ZipkinConfig')) {
      yield source.error(
        source.key(manager, 'tracing'),
        'Envoy crashes when it traces calls to Attaché by Zipkin and ends them by closing (seen with 1.40.0)',
        `write ${GRACEFUL_CLOSE}: false in layered_runtime, or trace by OpenTelemetry`,
      );
    }
  }
}
