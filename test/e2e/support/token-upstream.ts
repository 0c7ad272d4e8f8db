import type { Stack } from '../../../local/stack.ts';

/** The host that the upstream plays for integrations that send tokens. */
export const TOKEN_HOST = 'api.example.com';

/** What the upstream says to a token that it does not take: its own word, as callers must see it. */
export const REFUSAL = { error: 'invalid_token' };

/** Lets the upstream take the bearer tokens that `isGood` takes, and no others; any path under `/never` takes none. */
export function takeTokens(stack: Stack, isGood: (token: string) => boolean | Promise<boolean>): void {
  stack.upstream.answerWith(async ({ host, headers, path }) => {
    if (host !== TOKEN_HOST) return undefined;
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
    const good = token !== undefined && !path.startsWith('/never') && (await isGood(token));
    return good ? { status: 200, body: { ok: true } } : { status: 401, body: REFUSAL };
  });
}

/** The bearer tokens that arrived at the upstream, oldest first, each once. */
export function arrivedTokens(stack: Stack): string[] {
  const all = stack.upstream.requests.entries.map(({ headers }) => headers.authorization?.replace('Bearer ', '') ?? '');
  return [...new Set(all)];
}
