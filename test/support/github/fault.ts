import type { Answer } from './answer.ts';
import type { Incoming } from './call.ts';

/**
 * What happens to a call instead of its answer: it is never answered (`hang`), its connection is cut, or it gets another answer.
 * `{ delayMs }` answers as usual, only later.
 */
export type Fault = 'hang' | 'cut' | { readonly delayMs: number } | Answer;

/** A 500 in JSON. */
export const serverError: Answer = { status: 500, body: { message: 'Server Error', status: '500' } };

/** A 502 from the load balancer in front, which speaks HTML. */
export const badGateway: Answer = {
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: '<html><head><title>Unicorn!</title></head><body>502 Bad Gateway</body></html>',
};

/**
 * Too many calls; GitHub says so with either status.
 *
 * @param retryAfter in s; undefined sends no such header
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export function rateLimited(status: 403 | 429, retryAfter?: number): Answer {
  return {
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
    body: { message: 'You have exceeded a secondary rate limit.', documentation_url: 'https://docs.github.com/rest' },
  };
}

/** Ends the connection that a call came on, with all other calls on it. */
export function cut(incoming: Incoming): void {
  if ('stream' in incoming && incoming.stream !== undefined) incoming.stream.session?.destroy();
  else incoming.socket.destroy();
}
