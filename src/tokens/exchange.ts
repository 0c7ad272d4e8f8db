import { hearTime, leadInWords } from './endpoint-clock.ts';
import { quotable } from './quotable.ts';
import { retryAfterOf } from './retry-after.ts';
import type { TokenAnswer } from './token-answer.ts';
import { TokenError, type TokenFailureReason, type TokenOrigin } from './token-error.ts';

/** The largest answer that is read, in bytes. */
const LARGEST_ANSWER = 262_144;

/** Codes of fetch that mean time ran out. */
const TIMED_OUT = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

/** Error codes that may pass by themselves, and those that mean that there were too many calls. */
const PASSING = new Set(['temporarily_unavailable', 'server_error', 'internal_error', 'service_unavailable']);
const THROTTLING = /^(slow_down|too_many_requests|ratelimited|rate_?limit_?(ed|exceeded|reached)?)$/i;

/** Statuses below 500 that say nothing of what was sent: 408 Request Timeout, 425 Too Early. */
const PASSING_STATUSES = [408, 425];

/** How a call is made: as `fetch` does. */
export type Fetch = (url: URL | string, init: RequestInit) => Promise<Response>;

/**
 * One HTTP call to an endpoint that gives tokens: follows no redirect, reads a bounded answer, and takes note of the endpoint's time.
 *
 * @returns the answer with its body read, whatever its status.
 * @throws TokenError when there is none: `endpoint_timeout`, `endpoint_unreachable` or `endpoint_failed`.
 */
export async function exchange(
  origin: TokenOrigin,
  url: URL | string,
  init: RequestInit,
  call: Fetch = fetch,
): Promise<Response> {
  const askedAt = Date.now();
  try {
    const response = await call(url, { ...init, redirect: 'manual' });
    hearTime(origin.endpoint, response.headers, askedAt);
    const body = await bounded(response);
    if (body === undefined) throw new TokenError(origin, 'endpoint_failed', 'an answer of more than 256 KiB');
    const isEmpty = [101, 204, 205, 304].includes(response.status);
    return new Response(isEmpty ? null : body, { status: response.status, headers: response.headers });
  } catch (error) {
    throw error instanceof TokenError ? error : failureOf(origin, error);
  }
}

async function bounded(response: Response): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Only names and codes are told: a message may quote what was sent. */
function failureOf(origin: TokenOrigin, error: unknown): TokenError {
  const it = error as { name?: unknown; cause?: { code?: unknown; name?: unknown } } | undefined;
  const code = typeof it?.cause?.code === 'string' ? it.cause.code : '';
  if (it?.name === 'TimeoutError' || it?.name === 'AbortError' || TIMED_OUT.has(code))
    return new TokenError(origin, 'endpoint_timeout', '', code || String(it?.name));
  return new TokenError(origin, 'endpoint_unreachable', '', code || String(it?.name));
}

/**
 * The failure that an answer without a token stands for, whatever its status. Its code is told to callers, what else it says to the
 * log, as far as it repeats nothing of what was sent.
 *
 * @param secrets what was sent and nobody may see.
 */
export function failureOfAnswer(
  origin: TokenOrigin,
  { status, headers }: Response,
  { error, description }: TokenAnswer = {},
  secrets: readonly string[] = [],
): TokenError {
  const retryAfter = retryAfterOf(headers);
  const reason = reasonOf(status, error, retryAfter !== undefined);
  const clock = reason === 'refused' ? leadInWords(origin.endpoint) : '';
  const what = error ?? (status < 300 ? `HTTP ${status}, and neither a token nor an error` : `HTTP ${status}`);
  const said = clock === '' ? what : `${what}; ${clock}`;
  const quoted = description === undefined ? undefined : quotable(description, secrets);
  const detail = [said, error === undefined ? undefined : `HTTP ${status}`, quoted].filter((it) => it !== undefined);
  return new TokenError(origin, reason, said, detail.join(': '), retryAfter);
}

function reasonOf(status: number, code: string | undefined, saysWhen: boolean): TokenFailureReason {
  const isThrottled = status === 429 || (code !== undefined && THROTTLING.test(code)) || (status === 403 && saysWhen);
  if (isThrottled) return 'endpoint_throttled';
  if (status >= 500 || PASSING_STATUSES.includes(status)) return 'endpoint_failed';
  if (code !== undefined) return PASSING.has(code) ? 'endpoint_failed' : 'refused';
  return status < 400 ? 'endpoint_failed' : 'refused';
}
