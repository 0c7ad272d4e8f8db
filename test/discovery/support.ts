import { discover } from '../../src/discovery/discover.ts';
import { examine } from '../../src/integrations/examine.ts';
import type { RequestFacts } from '../../src/processor/request-facts.ts';
import { caller } from '../callers/support.ts';
import { request } from '../credentials/support.ts';
import { soon } from '../support/deadline.ts';

/** A route of a virtual host of its own. */
export function virtualHost(name: string, block: object, more: object = {}, domains = [`${name}.int`]): object {
  return {
    name,
    domains,
    routes: [
      {
        match: { prefix: '/' },
        route: { cluster: 'internet', host_rewrite_literal: `api.${name}.example` },
        metadata: { filter_metadata: { attache: { integration: name, secret: `prod/held/${name}`, ...block } } },
        ...more,
      },
    ],
  };
}

/** The catalogue of an Envoy configuration with these virtual hosts, whatever else it lacks. */
export function catalogueOf(virtualHosts: readonly object[], serverWide: object = {}) {
  const file = { node: { metadata: { attache: serverWide } }, static_resources: {}, virtual_hosts: virtualHosts };
  return examine('envoy.yaml', JSON.stringify(file)).catalogue;
}

/** A question about what may be used, as it should be but for what is given. */
export function question(
  given: Partial<RequestFacts> = {},
  headers: Readonly<Record<string, string>> = {},
): RequestFacts {
  return {
    ...request(),
    method: 'GET',
    path: '/',
    authority: 'attache.int',
    headers: () => Object.entries({ ':scheme': 'http', ...headers }),
    integration: undefined,
    attempt: undefined,
    hasUnreadBody: false,
    givesBodies: false,
    isDiscovery: true,
    caller: caller({ address: '10.1.2.3' }),
    before: () => [],
    ...given,
  };
}

/** What such a question is answered. */
export async function answered(
  catalogue: Parameters<typeof discover>[1]['catalogue'],
  facts: RequestFacts = question(),
  instances: Parameters<typeof discover>[1]['instances'] = undefined,
) {
  const reply = await discover(facts, { catalogue, instances, deadline: soon() });
  return { ...reply, json: () => JSON.parse(reply.body) };
}
