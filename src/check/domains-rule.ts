import type { YAMLMap } from 'yaml';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

/** Whether a virtual host with an integration takes requests for hosts that nobody has meant for it. */
export function* checkDomains({ source }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const told = new Set<YAMLMap>();
  for (const { asks, integration, route } of passages) {
    if (!asks || integration === undefined || told.has(route.virtualHost)) continue;
    told.add(route.virtualHost);
    const any = source.items(source.get(route.virtualHost, 'domains')).find((domain) => textOf(domain) === '*');
    if (any === undefined) continue;
    yield source.warning(
      any,
      `whatever host a program with http_proxy asks for, its request goes to ${integration.host} with the key of ${integration.name}`,
      `name the domains, such as ${integration.name}.int`,
    );
  }
}
