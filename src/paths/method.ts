/** What a method is made of (RFC 9110, sections 5.6.2 and 9.1). */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;

/** Methods by which a server sends back what it got, the key with it, or opens itself to its debugger. */
const SENT_BACK = new Set(['TRACE', 'TRACK', 'DEBUG']);

/** What is a method in the shape of the protocol alone: a tunnel, and the beginning of HTTP/2. */
const NO_REQUEST = new Set(['CONNECT', 'PRI']);

/**
 * Why a request with this method goes nowhere, whatever the rules allow, as a sentence for the caller; undefined when it may. The case
 * of methods matters (RFC 9110, section 9.1), but not every server knows that: what must not arrive must not arrive in any case.
 *
 * @param method `:method`; empty when Envoy does not show it.
 */
export function methodFault(method: string): string | undefined {
  if (method === '')
    return 'Attaché is not shown the method of this request. Let forward_rules of the filter pass :method.';
  if (!TOKEN.test(method)) return 'The method of this request is none of HTTP. Send GET, POST or another one.';
  const capitals = method.toUpperCase();
  if (SENT_BACK.has(capitals))
    return `${capitals} would send the key back, so it is never allowed, in any case of its letters.`;
  if (NO_REQUEST.has(capitals))
    return `${capitals} is no request for an API, so it is never allowed. Send GET, POST or another method.`;
  return undefined;
}

/** Whether it is one of the methods that are never allowed, in any case of its letters. */
export function isForbidden(method: string): boolean {
  const capitals = method.toUpperCase();
  return SENT_BACK.has(capitals) || NO_REQUEST.has(capitals);
}
