import type { ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { attributesOf, INTEGRATION_ATTRIBUTE, listed, NAMESPACE } from './request-facts.ts';

/** What is known of a response, as far as it tells what may stand in it. */
export interface ResponseFacts {
  /** The integration that the route names; undefined when it names none. */
  readonly integration: string | undefined;
  /** What Attaché has left about the request. Undefined: Attaché was not asked, or Envoy does not show it. */
  readonly record: InjectionRecord | undefined;
  /** Whether it comes from the destination, and not from Envoy itself. */
  readonly isOfDestination: boolean;
}

/** What the attempts of a request carried; empty lists for one that was refused. */
export interface InjectionRecord {
  /** VersionIds of the secret. */
  readonly versions: readonly string[];
  /** Ids of tokens. */
  readonly tokens: readonly string[];
}

/** The attribute that tells where a response comes from. */
const DETAILS_ATTRIBUTE = 'response.code_details';

/**
 * The facts in a message about response headers.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes#response-attributes
 */
export function responseFacts(request: ProcessingRequest): ResponseFacts {
  const attributes = attributesOf(request);
  const integration = attributes?.[INTEGRATION_ATTRIBUTE];
  const isRecorded = request.metadataContext?.filterMetadata[NAMESPACE] !== undefined;
  return {
    integration: typeof integration === 'string' && integration !== '' ? integration : undefined,
    record: isRecorded ? { versions: listed(request, 'tried'), tokens: listed(request, 'tokens') } : undefined,
    isOfDestination: attributes?.[DETAILS_ATTRIBUTE] === 'via_upstream',
  };
}
