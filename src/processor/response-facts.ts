import { attemptsBefore, NAMESPACE } from './attempts.ts';
import type { ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { attributesOf, INTEGRATION_ATTRIBUTE, SEALED_NAMESPACE } from './request-facts.ts';

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
  /** What one of them has put into requests, sealed; undefined when it is not told. */
  readonly sealed: (id: string) => readonly string[] | undefined;
}

/** The attribute that tells where a response comes from. */
export const DETAILS_ATTRIBUTE = 'response.code_details';

/**
 * The facts in a message about response headers.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes#response-attributes
 */
export function responseFacts(request: ProcessingRequest): ResponseFacts {
  const attributes = attributesOf(request);
  const integration = attributes?.[INTEGRATION_ATTRIBUTE];
  const metadata = request.metadataContext?.filterMetadata;
  const attempts = attemptsBefore(request);
  return {
    integration: typeof integration === 'string' && integration !== '' ? integration : undefined,
    record:
      metadata?.[NAMESPACE] === undefined
        ? undefined
        : {
            versions: attempts.map(({ version }) => version),
            tokens: attempts.flatMap(({ tokens }) => tokens),
            sealed: (id) => textsIn(metadata[SEALED_NAMESPACE], id),
          },
    isOfDestination: attributes?.[DETAILS_ATTRIBUTE] === 'via_upstream',
  };
}

/** Undefined when there are none under this key. */
function textsIn(record: Readonly<Record<string, unknown>> | undefined, key: string): readonly string[] | undefined {
  if (record === undefined || !Object.hasOwn(record, key)) return undefined;
  const texts = record[key];
  return Array.isArray(texts) ? texts.filter((text) => typeof text === 'string') : [];
}
