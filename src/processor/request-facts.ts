import type { HttpHeaders, ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';

/** What is known of a request, in plain values: all that a decision needs, and nothing of gRPC. */
export interface RequestFacts {
  /** The integration that the route names; undefined when it names none. */
  readonly integration: string | undefined;
  /** 1 for the first attempt, 2 for the first retry, …; 0 when asked before routing. Undefined when Envoy does not say. */
  readonly attempt: number | undefined;
  /** `:authority` as the destination will see it. */
  readonly authority: string | undefined;
}

/** Under this key Envoy sends the attributes, however the filter is named. */
const FILTER = 'envoy.filters.http.ext_proc';

/** The attributes that the filter must be configured to send: each is an expression, and its text is its key. */
export const INTEGRATION_ATTRIBUTE = "xds.route_metadata.filter_metadata['attache']['integration']";
export const ATTEMPT_ATTRIBUTE = 'upstream.request_attempt_count';

/**
 * The facts in a message about request headers.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
 */
export function requestFacts(request: ProcessingRequest, headers: HttpHeaders): RequestFacts {
  const attributes = request.attributes[FILTER];
  const integration: unknown = attributes?.[INTEGRATION_ATTRIBUTE];
  const attempt: unknown = attributes?.[ATTEMPT_ATTRIBUTE];
  return {
    integration: typeof integration === 'string' && integration !== '' ? integration : undefined,
    attempt: typeof attempt === 'number' && Number.isInteger(attempt) && attempt >= 0 ? attempt : undefined,
    authority: header(headers, ':authority'),
  };
}

function header(headers: HttpHeaders, name: string): string | undefined {
  for (const { key, rawValue } of headers.headers?.headers ?? []) {
    if (key === name) return rawValue.toString('latin1');
  }
  return undefined;
}
