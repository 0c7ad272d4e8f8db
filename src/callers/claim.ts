import type { Fault } from './fault.ts';

/** Under this name Envoy's filter jwt_authn leaves what it has verified, as dynamic metadata. */
export const JWT_NAMESPACE = 'envoy.filters.http.jwt_authn';

/**
 * What a provider of jwt_authn must have as `payload_in_metadata` for Attaché to read its tokens. Tokens of other providers are not
 * looked at: one that is trusted for something else says nothing here.
 */
export const PAYLOAD_KEY = 'attache';

/** The payload of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a claim must be. */
export interface ClaimPattern {
  /** Names, one inside the other. */
  readonly path: readonly string[];
  readonly value: string;
}

/**
 * The claims that Envoy has verified. Undefined when there are none.
 *
 * @param filterMetadata the dynamic metadata of a request, by namespace.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto
 */
export function claimsOf(filterMetadata: unknown): Claims | undefined {
  const payload = own(own(filterMetadata, JWT_NAMESPACE), PAYLOAD_KEY);
  return isObject(payload) ? payload : undefined;
}

/** Reads `NAME=VALUE`. A name that begins with a slash is a JSON pointer (RFC 6901) to a claim inside of others. */
export function parseClaim(text: string): ClaimPattern | Fault {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? '' : text.slice(at + 1);
  if (name === '')
    return { reason: 'claim: names no claim', mend: 'write claim:NAME=VALUE, for example claim:groups=agents' };
  if (value === '') return { reason: `claim:${name} has no value`, mend: `write claim:${name}=VALUE` };
  if (!name.startsWith('/')) return { path: [name], value };
  if (/~(?![01])/.test(name)) {
    return { reason: `claim:${name} is no JSON pointer`, mend: 'write ~0 for a tilde and ~1 for a slash in a name' };
  }
  return {
    path: name
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
    value,
  };
}

/** Whether a claim is this value, or a list with this value in it. Texts, booleans and whole numbers count; case matters. */
export function hasClaim(claims: Claims, { path, value }: ClaimPattern): boolean {
  let found: unknown = claims;
  for (const name of path) found = own(found, name);
  return Array.isArray(found) ? found.some((item) => textOf(item) === value) : textOf(found) === value;
}

/** A number beyond 2^53 has lost digits on its way through protobuf, so it could be another one. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined;
}

/** A token chooses the names of its claims: only an object's own ones count, never `__proto__` and its like. */
function own(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
