import { isA } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

/** The header by which clients know a refusal. */
const CODE_HEADER = 'x-attache-error';
const UNKNOWN_HOST = 'unknown_host';

/** Whether what Envoy itself refuses is said in words. */
export function* checkRefusals({ source, maps }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const routeConfig = routeConfigOf(source, manager);
    const isUsed = passages.some(({ asks, route }) => asks && route.routeConfig === routeConfig);
    const mappers = source.get(manager, 'local_reply_config', 'mappers');
    const codes = source
      .items(mappers)
      .flatMap((mapper) => source.items(source.get(mapper, 'headers_to_add')))
      .map((option) => source.get(option, 'header'))
      .filter((header) => textOf(source.get(header, 'key')) === CODE_HEADER)
      .map((header) => textOf(source.get(header, 'value')));
    if (routeConfig === undefined || !isUsed || codes.includes(UNKNOWN_HOST)) continue;
    yield source.warning(
      mappers ?? manager,
      'what Envoy itself refuses, a host without a route first of all, comes without a code and without a word on what may be used',
      'copy local_reply_config from the envoy.yaml that comes with Attaché',
    );
  }
}
