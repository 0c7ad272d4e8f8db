import type { Examined } from '../integrations/examine.ts';
import { liveRoutes } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';

/** Routes that Attaché gives to Envoy, as bytes of an `envoy.config.route.v3.RouteConfiguration`, by name. */
export type LiveRoutes = ReadonlyMap<string, Uint8Array>;

/**
 * Encodes all routes of a file that Attaché gives to Envoy. What it takes for that is loaded only where there are any.
 *
 * @returns no routes when there is a fault in any of them.
 */
export async function encodeLive({
  source,
  maps,
}: Pick<Examined, 'source' | 'maps'>): Promise<{ readonly routes: LiveRoutes; readonly faults: readonly Problem[] }> {
  const live = source === undefined ? [] : liveRoutes(source, maps);
  if (source === undefined || live.length === 0) return { routes: new Map(), faults: [] };
  const { encodeRoutes } = await import('./encode-routes.ts');
  const routes = new Map<string, Uint8Array>();
  const faults: Problem[] = [];
  for (const { name, routeConfig } of live) {
    const encoded = encodeRoutes(source, routeConfig);
    if (encoded.kind === 'encoded') routes.set(name, encoded.bytes);
    else faults.push(...encoded.problems);
  }
  return faults.length > 0 ? { routes: new Map(), faults } : { routes, faults };
}
