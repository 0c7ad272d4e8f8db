import type { GivenAccess } from '../tokens/oauth2.ts';
import { TokenError, type TokenOrigin } from '../tokens/token-error.ts';
import type { PlainAccess } from './messages.ts';

/** What was given, as it crosses the border of a process. */
export function plainAccess(access: GivenAccess | TokenError): PlainAccess {
  if (!(access instanceof TokenError)) return access;
  const { reason, said, detail, retryAfter } = access;
  return { failure: { reason, said, detail, retryAfter } };
}

/** The same, back from there. */
export function accessOf(origin: TokenOrigin, access: PlainAccess): GivenAccess | TokenError {
  if (!('failure' in access)) return access;
  const { reason, said, detail, retryAfter } = access.failure;
  return new TokenError(origin, reason, said, detail, retryAfter);
}
