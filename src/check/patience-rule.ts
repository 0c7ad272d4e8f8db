import { isA } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

/** Whether a call may be silent for as long as a model thinks. What a file says itself, it means. */
export function* checkPatience({ source, maps }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const asking = passages.filter(({ asks }) => asks);
  for (const { route } of new Set(asking)) {
    const action = source.get(route.route, 'route');
    if (source.get(action, 'timeout') !== undefined) continue;
    yield source.warning(
      action,
      'Envoy ends calls of this route after 15 s, which is what it does unless told otherwise',
      'write timeout: 0s',
    );
  }
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const routeConfig = routeConfigOf(source, manager);
    const mine = asking.filter(({ route }) => route.routeConfig === routeConfig && routeConfig !== undefined);
    const isSaid = mine.every(({ route }) => source.get(route.route, 'route', 'idle_timeout') !== undefined);
    if (source.get(manager, 'stream_idle_timeout') !== undefined || isSaid) continue;
    yield source.warning(
      manager,
      'Envoy ends a call in which nothing is said for 5 minutes, as while a model thinks or events are waited for',
      'write stream_idle_timeout: 7200s',
    );
  }
}
