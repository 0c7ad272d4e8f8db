/**
 * What happens to a token request instead of its answer: it is never answered (`hang`), its connection is reset before
 * the endpoint sees it (`cut`) or after the endpoint did its work (`cut-after`: a rotated refresh token is then lost on
 * the way), or it gets this answer. `{ delayMs }` answers as usual, only later; `{ alter }` changes the JSON of the
 * usual answer.
 */
export type TokenFault =
  | 'hang'
  | 'cut'
  | 'cut-after'
  | { readonly delayMs: number }
  | { readonly alter: (body: Readonly<Record<string, unknown>>) => object }
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

const JSON_TYPE = { 'content-type': 'application/json' };

/** An error as OAuth words it. */
export function oauthError(error: string, description = 'made up by a test', status = 400): TokenFault {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ error, error_description: description }) };
}

/** 429 with `retry-after` in seconds. */
export function tooManyRequests(retryAfterSeconds: number): TokenFault {
  const headers = { ...JSON_TYPE, 'retry-after': String(retryAfterSeconds) };
  return { status: 429, headers, body: JSON.stringify({ error: 'slow_down' }) };
}

/** 500 with the JSON of a server that broke. */
export const internalError: TokenFault = { status: 500, headers: JSON_TYPE, body: '{"error":"server_error"}' };

/** 503 with the page of a load balancer. */
export const unavailable: TokenFault = {
  status: 503,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<!DOCTYPE html><html><body><h1>503 Service Unavailable</h1></body></html>',
};
