import type { RequestFacts } from '../../../src/processor/request-facts.ts';

/** A first attempt of a plain request, but for what is given. */
export function factsOf(
  integration: string,
  given: Partial<Pick<RequestFacts, 'authority' | 'path'>> = {},
): RequestFacts {
  return {
    integration,
    method: 'GET',
    authority: 'a.example',
    path: '/v1/things?a=1',
    attempt: 1,
    headers: () => [],
    oddNames: () => [],
    before: () => [],
    wasInjected: () => false,
    body: undefined,
    refusedTokens: () => [],
    hasUnreadBody: false,
    givesBodies: false,
    isDiscovery: false,
    caller: { address: '10.1.2.3', uriSan: undefined, claims: undefined },
    ...given,
  };
}
