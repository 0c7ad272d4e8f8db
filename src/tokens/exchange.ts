import { TokenError, type TokenOrigin } from './token-error.ts';

/** The largest answer that is read, in bytes. */
const LARGEST_ANSWER = 262_144;

/** Codes of fetch that mean time ran out. */
const TIMED_OUT = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

/**
 * One HTTP call to an endpoint that gives tokens: follows no redirect, reads a bounded answer.
 *
 * @returns the answer with its body read, whatever its status.
 * @throws TokenError when there is none: `endpoint_timeout`, `endpoint_unreachable` or `endpoint_failed`.
 */
export async function exchange(origin: TokenOrigin, url: URL | string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual' });
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

/** The failure that an answer stands for which is not a good one and not of the endpoint's own protocol. */
export function failureOfStatus(origin: TokenOrigin, { status }: Response): TokenError {
  if (status === 429) return new TokenError(origin, 'endpoint_throttled', `HTTP ${status}`);
  if (status < 300) return new TokenError(origin, 'endpoint_failed', `HTTP ${status}, and no answer of its protocol`);
  if (status >= 500 || status < 400) return new TokenError(origin, 'endpoint_failed', `HTTP ${status}`);
  return new TokenError(origin, 'refused', `HTTP ${status}`);
}
