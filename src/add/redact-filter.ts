import type { YAMLSeq } from 'yaml';
import { extProcFilters } from '../integrations/envoy-filters.ts';
import { connectionManagers, routeConfigOf } from '../integrations/live-routes.ts';
import { isRedactFilter, REDACT_FILTER } from '../integrations/redaction-filter.ts';
import { AddError } from './add-error.ts';
import type { Readable } from './readable.ts';

/**
 * The name of the filter that takes secrets out of responses.
 *
 * @param list the virtual hosts that the new one joins; undefined when its lines are only shown.
 * @throws AddError when a listener with these routes has no such filter.
 */
export function redactFilter({ source, maps }: Readable, list: YAMLSeq<unknown> | undefined): string {
  const managers = connectionManagers(source, maps).filter(
    (map) => list === undefined || source.get(routeConfigOf(source, map), 'virtual_hosts') === list,
  );
  const names = managers.map((manager) => {
    const filters = extProcFilters(source, source.get(manager, 'http_filters'));
    return { manager, name: filters.find((filter) => isRedactFilter(source, filter))?.name };
  });
  const without = names.find(({ name }) => name === undefined);
  if (without !== undefined && list !== undefined)
    throw new AddError(
      `the listener at ${source.file}:${source.place(without.manager).line} has no filter that takes secrets out of responses; copy the filter ${REDACT_FILTER} and the cluster attache_responses from the envoy.yaml that comes with Attaché`,
    );
  return names.find(({ name }) => name !== undefined)?.name ?? REDACT_FILTER;
}
