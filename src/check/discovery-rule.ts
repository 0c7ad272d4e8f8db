import type { Node } from 'yaml';
import { ANSWER_HEADERS, QUESTION_HEADERS } from '../discovery/discover.ts';
import { isA, isDisabled, routeOverride } from '../integrations/envoy-filters.ts';
import type { Route } from '../integrations/envoy-routes.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import { booleanOf, numberOf, textOf } from '../integrations/yaml-values.ts';
import { DISCOVERY_ATTRIBUTE } from '../processor/request-facts.ts';
import { type AttacheFilter, findDiscoveryFilters } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';
import { CALLER_ATTRIBUTES, checkCall } from './filter-rule.ts';
import { isForwarded } from './forward-rule.ts';
import { mayWrite } from './mutation-rule.ts';
import { checkTimeouts } from './timeouts-rule.ts';

/** Where callers ask what they may use: that somebody answers there, and that nothing is forwarded from there. */
export function* checkDiscovery(configuration: Configuration, longest: number): Generator<Problem> {
  const { source, maps, routes } = configuration;
  const answering: Route[] = [];
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const routeConfig = routeConfigOf(source, manager);
    for (const filter of findDiscoveryFilters(source, source.get(manager, 'http_filters'))) {
      yield* checkCall(configuration, filter);
      yield* checkTimeouts(configuration, filter, longest);
      yield* question(configuration, filter);
      yield* headers(configuration, filter);
      if (booleanOf(source.get(filter.item, 'disabled')) !== true) {
        yield source.error(
          filter.item,
          `the filter ${filter.name} is on for every route, so each request is answered with a list and none is forwarded`,
          'write disabled: true beside its name, and switch it on in the typed_per_filter_config of one route',
        );
        continue;
      }
      const on = routes.filter((route) => route.routeConfig === routeConfig && isOn(configuration, filter, route));
      for (const route of on) yield* checkRoute(configuration, filter, route);
      answering.push(...on);
    }
  }
  yield* address(configuration, answering);
}

function isOn({ source }: Configuration, filter: AttacheFilter, { route, virtualHost, routeConfig }: Route): boolean {
  const override = routeOverride(source, filter, [route, virtualHost, routeConfig]);
  return override !== undefined && !isDisabled(source, filter, override);
}

function* checkRoute({ source }: Configuration, { name }: AttacheFilter, { route, block }: Route): Generator<Problem> {
  const forward = source.key(route, 'route') ?? source.key(route, 'redirect');
  if (block !== undefined) {
    yield source.error(
      block.key,
      `the filter ${name} is on for a route with an integration, so its requests are answered with a list`,
      `take ${name} out of its typed_per_filter_config`,
    );
  } else if (forward !== undefined) {
    yield source.error(
      forward,
      `the filter ${name} is on for a route that leads elsewhere`,
      'write direct_response: { status: 503 } instead, so that nothing is forwarded when Attaché does not answer',
    );
  }
  const status = source.get(route, 'direct_response', 'status');
  if ((numberOf(status) ?? 503) < 500) {
    yield source.warning(
      status,
      'without an answer of Attaché, this looks like one',
      'write direct_response: { status: 503 }',
    );
  }
}

function* question({ source }: Configuration, { config, item }: AttacheFilter): Generator<Problem> {
  const list = source.get(config, 'request_attributes');
  const given = source.items(list).map((node) => textOf(node) ?? '');
  const missing = CALLER_ATTRIBUTES.filter((attribute) => !given.includes(attribute));
  if (missing.length > 0) {
    yield source.error(
      list ?? item,
      `request_attributes lacks ${missing.join(', ')}, so callers are not told what is open to them alone`,
      'add it',
    );
  }
  for (const node of source.items(list)) {
    if ([DISCOVERY_ATTRIBUTE, ...CALLER_ATTRIBUTES].includes(textOf(node) ?? '')) continue;
    yield source.warning(node, `Attaché does not use the attribute ${textOf(node)} here`, 'take it away');
  }
}

function* headers({ source }: Configuration, { config, item }: AttacheFilter): Generator<Problem> {
  const rules = source.get(config, 'forward_rules');
  const hidden = [':authority', ':method', ':path', ...QUESTION_HEADERS].filter(
    (name) => !isForwarded(source, config, name),
  );
  if (hidden.length > 0) {
    yield source.error(
      rules ?? item,
      `forward_rules keeps ${hidden.join(', ')} from Attaché, which cannot answer well without`,
      `add ${hidden.map((name) => `{ exact: "${name}" }`).join(', ')} to allowed_headers.patterns`,
    );
  }
  const mutations = source.get(config, 'mutation_rules');
  const may = mayWrite(source, mutations);
  const missing = ANSWER_HEADERS.filter((name) => !may(name));
  if (missing.length > 0) {
    yield source.error(
      source.get(mutations, 'allow_expression', 'regex') ?? mutations ?? item,
      `mutation_rules does not let Attaché write ${missing.join(', ')}, so its answers come without`,
      `add |${missing.join('|')} to allow_expression.regex`,
    );
  }
}

/** Refusals name the address; somebody should be there. */
function* address({ source, catalogue, routes }: Configuration, answering: readonly Route[]): Generator<Problem> {
  const { discovery } = catalogue;
  // Without routes in this file, they are elsewhere.
  if (discovery === undefined || routes.length === 0) return;
  const { hostname } = new URL(discovery);
  const isThere = answering.some(({ virtualHost }) =>
    source.items(source.get(virtualHost, 'domains')).some((domain) => isMeant(domain, hostname)),
  );
  if (isThere) return;
  yield source.warning(
    source.get(source.root, 'node', 'metadata', 'attache', 'discovery'),
    `refusals name ${discovery}, and no route with that domain has the filter for discovery`,
    'copy the virtual host attache and the filter discovery from the envoy.yaml that comes with Attaché, or take this line away',
  );
}

/** Whether a domain of Envoy's takes a host: the same name, or a wildcard at one of its ends. */
function isMeant(domain: Node, host: string): boolean {
  const text = (textOf(domain) ?? '').toLowerCase().replace(/:(?:\d+|\*)$/, '');
  if (text === '*' || text === host) return true;
  if (text.startsWith('*')) return host.endsWith(text.slice(1));
  return text.endsWith('*') && host.startsWith(text.slice(0, -1));
}
