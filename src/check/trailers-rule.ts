import type { YAMLMap } from 'yaml';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { type Configuration, httpOptions } from './configuration.ts';

/** Whether headers that a caller sends after the body are taken away: Attaché is not asked about those. */
export function* checkTrailers({ source }: Configuration, cluster: YAMLMap): Generator<Problem> {
  const filters = source.get(httpOptions(source, cluster), 'http_filters');
  const removes = source
    .items(filters)
    .flatMap((filter) => source.items(source.get(filter, 'typed_config', 'mutations', 'request_trailers_mutations')))
    .some((mutation) => source.get(mutation, 'remove_on_match') !== undefined);
  if (removes) return;
  yield source.warning(
    filters ?? cluster,
    `cluster ${textOf(source.get(cluster, 'name'))} passes on the trailers of HTTP/2 requests, in which a caller may send a credential of its own`,
    'copy the filter no_trailers from the envoy.yaml that comes with Attaché',
  );
}
