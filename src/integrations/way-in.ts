import type { Route } from './envoy-routes.ts';
import { BoundError } from './yaml-bounds.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** One name under which callers reach an integration, as Envoy's routes have it. */
export interface WayIn {
  /** A domain of a virtual host in lower case, with its wildcard or its port if it has one: `stripe.int`, `*.stripe.int`. */
  readonly domain: string;
  /** What a caller puts before the path of the destination, and Envoy takes away again; mostly empty. No slash at its end. */
  readonly prefix: string;
  /** Which paths this way is for, in words: `prefix /v1/admin`. Undefined: all of them. */
  readonly only: string | undefined;
}

/** How many domains a virtual host with integrations may have: each of its routes is reached by all of them. */
const MOST_DOMAINS = 100;

/**
 * The ways to a route: one for each domain of its virtual host. Frozen.
 *
 * @throws BoundError for a virtual host with more than {@link MOST_DOMAINS}.
 */
export function waysInto(source: YamlSource, { route, virtualHost }: Route): readonly WayIn[] {
  const { prefix, only } = pathsOf(source, route);
  const listed = source.items(source.get(virtualHost, 'domains'));
  if (listed.length > MOST_DOMAINS)
    throw new BoundError(
      listed[MOST_DOMAINS]?.range?.[0] ?? 0,
      `a virtual host with integrations has more than ${MOST_DOMAINS} domains`,
      'let a wildcard stand for them, or divide it',
    );
  const domains = listed
    .map((domain) => (textOf(domain) ?? '').toLowerCase().replace(/:\*$/, ''))
    .filter((domain) => domain !== '');
  return Object.freeze([...new Set(domains)].map((domain) => Object.freeze({ domain, prefix, only })));
}

function pathsOf(source: YamlSource, route: Route['route']): Pick<WayIn, 'prefix' | 'only'> {
  const match = source.get(route, 'match');
  const prefix = textOf(source.get(match, 'prefix')) ?? textOf(source.get(match, 'path_separated_prefix'));
  if (prefix === '/') return { prefix: '', only: undefined };
  if (prefix !== undefined && textOf(source.get(route, 'route', 'prefix_rewrite')) === '/')
    return { prefix: prefix.replace(/\/+$/, ''), only: undefined };
  const [kind, text] = [
    ['prefix', prefix] as const,
    ['path', textOf(source.get(match, 'path'))] as const,
    ['regex', textOf(source.get(match, 'safe_regex', 'regex'))] as const,
  ].find(([, it]) => it !== undefined) ?? ['some requests'];
  return { prefix: '', only: text === undefined ? kind : `${kind} ${text}` };
}
