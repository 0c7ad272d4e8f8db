import type { YAMLSeq } from 'yaml';
import { configuration } from '../check/configuration.ts';
import { findPassages } from '../check/passages.ts';
import { isA } from '../integrations/envoy-filters.ts';
import { connectionManagers, routeConfigOf } from '../integrations/live-routes.ts';
import { booleanOf, textOf } from '../integrations/yaml-values.ts';
import { AddError } from './add-error.ts';
import type { Readable } from './readable.ts';

/** The name that envoy/envoy.yaml gives its buffer filter. */
const USUAL_NAME = 'whole_body';

/**
 * The name of the filter that holds requests back until their body is whole, so that it can be signed.
 *
 * @param cluster where the new route goes.
 * @param list the virtual hosts that the new one joins; undefined when its lines are only shown.
 * @throws AddError when a listener with these routes has no such filter, or Attaché may not ask for bodies.
 */
export function wholeBodyFilter(examined: Readable, cluster: string, list: YAMLSeq<unknown> | undefined): string {
  const { source, maps } = examined;
  const managers = connectionManagers(source, maps);
  const buffers = managers.map((manager) => ({
    manager,
    hosts: source.get(routeConfigOf(source, manager), 'virtual_hosts'),
    buffer: source
      .items(source.get(manager, 'http_filters'))
      .find((filter) => isA(source, source.get(filter, 'typed_config'), 'buffer.v3.Buffer')),
  }));
  const without = buffers.find(({ hosts, buffer }) => hosts !== undefined && hosts === list && buffer === undefined);
  if (without !== undefined)
    throw new AddError(
      `its requests are signed over their whole body, and the listener at ${source.file}:${source.place(without.manager).line} has no filter that holds them back; copy the filter ${USUAL_NAME} from the envoy.yaml that comes with Attaché to its http_filters`,
    );
  const filter = findPassages(configuration(examined)).find(({ clusterName }) => clusterName === cluster)?.filter;
  if (filter !== undefined && booleanOf(source.get(filter.config, 'allow_mode_override')) !== true)
    throw new AddError(
      `its requests are signed over their whole body, and the filter ${filter.name} (${source.file}:${source.place(filter.item).line}) does not let Attaché ask for it; copy allow_mode_override, allowed_override_modes, request_attributes and forward_rules from the envoy.yaml that comes with Attaché`,
    );
  const found = buffers.find(({ hosts, buffer }) => buffer !== undefined && (list === undefined || hosts === list));
  return textOf(source.get(found?.buffer, 'name')) ?? USUAL_NAME;
}
