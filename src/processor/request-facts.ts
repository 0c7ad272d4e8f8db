import type { HttpHeaders, ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';

/** What is known of a request, in plain values: all that a decision needs, and nothing of gRPC. */
export interface RequestFacts {
  /** The integration that the route names; undefined when it names none. */
  readonly integration: string | undefined;
  /** 1 for the first attempt, 2 for the first retry, …; 0 when asked before routing. Undefined when Envoy does not say. */
  readonly attempt: number | undefined;
  /** `:authority` as the destination will see it. */
  readonly authority: string | undefined;
  /** The VersionIds that earlier attempts carried, in their order. Read from the message only when it is asked for. */
  readonly tried: () => readonly string[];
}

/** The namespace of the dynamic metadata in which Attaché leaves what it did, for the next attempt and the access log. */
export const NAMESPACE = 'attache';

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
    tried: () => tried(request),
  };
}

function tried(request: ProcessingRequest): readonly string[] {
  const list: unknown = request.metadataContext?.filterMetadata[NAMESPACE]?.tried;
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

function header(headers: HttpHeaders, name: string): string | undefined {
  for (const { key, rawValue } of headers.headers?.headers ?? []) {
    if (key === name) return rawValue.toString('latin1');
  }
  return undefined;
}
