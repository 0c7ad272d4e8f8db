import { isA } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

/** What Envoy refuses of itself though nothing is wrong with it, and what has it taken. What a file says itself, it means. */
const OPTIONS = [
  {
    field: 'ignore_http_11_upgrade',
    refused: 'clients that offer TLS on plain HTTP, as Apache HttpClient for Java does, are refused with 403',
    mend: 'ignore_http_11_upgrade: [{ prefix: TLS }]',
  },
  {
    field: 'accept_http_10',
    refused: 'clients that speak HTTP/1.0, as nginx and ab do, are refused with 426',
    mend: 'accept_http_10: true',
  },
];

/** Whether clients are taken that are merely odd. */
export function* checkOddClients({ source, maps }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const routeConfig = routeConfigOf(source, manager);
    const isUsed = passages.some(({ asks, route }) => asks && route.routeConfig === routeConfig);
    const options = source.get(manager, 'http_protocol_options');
    const lacking = OPTIONS.filter(({ field }) => source.get(options, field) === undefined);
    if (routeConfig === undefined || !isUsed || lacking.length === 0) continue;
    yield source.warning(
      options ?? manager,
      lacking.map(({ refused }) => refused).join(', and '),
      `write http_protocol_options: { ${lacking.map(({ mend }) => mend).join(', ')} }`,
    );
  }
}
