import { expect, test } from 'vitest';
import type { AccessLogEntry } from '../../local/access-log.ts';
import { requestHeading, requestLine } from '../../local/request-line.ts';

const injected: AccessLogEntry = {
  time: '2026-01-02T03:04:05.678Z',
  caller: '127.0.0.1',
  peer: '127.0.0.1',
  caller_uri: null,
  caller_sub: null,
  method: 'GET',
  host: 'api.stripe.com',
  path: '/v1/customers',
  status: 200,
  why: 'via_upstream',
  attempts: 2,
  attache: { integration: 'stripe', secret: 'prod/stripe', version: '0dbde874' },
  attache_us: '1273',
  upstream_ms: 5,
  ms: 8,
};

/** The cells of a line, the request being one. */
function cells(entry: AccessLogEntry): string[] {
  return requestLine(entry).split(/ {2,}/).slice(1);
}

test('a request that got its credential', () => {
  expect(cells(injected)).toEqual(['stripe', 'GET /v1/customers', 'injected', '0dbde874', '2', '200', '1273']);
});

test('a denial: the destination was not asked', () => {
  const denied = {
    ...injected,
    status: 403,
    why: 'attache',
    attempts: 1,
    attache: { code: 'caller_not_allowed', integration: 'stripe', reason: 'no_match' },
  };
  expect(cells(denied)).toEqual([
    'stripe',
    'GET /v1/customers',
    'caller_not_allowed',
    '-',
    '1',
    '-',
    '1273',
    'no_match',
  ]);
});

test('no Attaché', () => {
  const alone = { ...injected, status: 503, why: 'ext_proc_error_gRPC_error_14{…}', attempts: 1, attache: null };
  expect(cells(alone)).toEqual(['api.stripe.…', 'GET /v1/customers', 'attache_unavailable', '-', '1', '-', '1273']);
});

test('injected but never sent', () => {
  const unsent = { ...injected, status: 503, why: 'upstream_reset_before_response_started{TLS_error}' };
  expect(requestLine(unsent)).toMatch(/ - +1273 {2}not sent: upstream_reset_before_response_started\{TLS_error\}$/);
});

test('columns stay aligned whatever the request is', () => {
  const long = requestLine({
    ...injected,
    path: `/${'long/'.repeat(50)}`,
    attache: { ...injected.attache, integration: 'a-rather-long-name' },
  });
  for (const line of [long, requestLine(injected)]) {
    expect(line.indexOf('injected')).toBe(requestHeading.indexOf('decision'));
    expect(line).toHaveLength(requestHeading.length);
  }
});
