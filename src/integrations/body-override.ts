import type { Node, YAMLMap } from 'yaml';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { booleanOf, textOf } from './yaml-values.ts';

/**
 * A constant that a filter with `allow_mode_override: true` sends. Without that option Envoy ignores the wish for a body and
 * sends the request on as it is; this word of the running filter itself is how Attaché knows that it may ask.
 */
export const BODIES_ATTRIBUTE = "'allow_mode_override'";

/**
 * The mode by which Attaché asks for a whole body, each field by its name and its number in Envoy's API. Envoy compares all of
 * them with `allowed_override_modes`, but not `request_header_mode`. Trailers are asked for since a request that has them and
 * no body would otherwise be sent on before anything is signed.
 */
const WHOLE_BODY = [
  { field: 'response_header_mode', name: 'SKIP', number: '2' },
  { field: 'request_body_mode', name: 'BUFFERED', number: '2' },
  { field: 'response_body_mode', name: 'NONE', number: '0' },
  { field: 'request_trailer_mode', name: 'SEND', number: '1' },
  { field: 'response_trailer_mode', name: 'SKIP', number: '2' },
];

/** How {@link WHOLE_BODY} stands in a list of modes. */
export const ALLOWED_MODE = `{ ${WHOLE_BODY.map(({ field, name }) => `${field}: ${name}`).join(', ')} }`;

/**
 * What makes Envoy ignore the wish of Attaché for a body although the filter says that it may be asked for: each is an error,
 * for the request would go out unsigned.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_proc/v3/ext_proc.proto
 */
export function bodyOverrideProblems(source: YamlSource, maps: readonly YAMLMap[]): Problem[] {
  return maps.flatMap((filter) => {
    const attribute = source
      .items(source.get(filter, 'request_attributes'))
      .find((node) => textOf(node) === BODIES_ATTRIBUTE);
    return attribute === undefined ? [] : ignored(source, filter, attribute);
  });
}

function ignored(source: YamlSource, filter: YAMLMap, attribute: Node): Problem[] {
  const problems: Problem[] = [];
  const allow = source.get(filter, 'allow_mode_override');
  if (booleanOf(allow) !== true) {
    problems.push(
      source.error(
        allow ?? attribute,
        `the filter tells Attaché ${BODIES_ATTRIBUTE} without having it, so requests with a body would go out unsigned`,
        'write allow_mode_override: true, or take that attribute away',
      ),
    );
  }
  const early = source.get(filter, 'send_body_without_waiting_for_header_response');
  if (booleanOf(early) === true) {
    problems.push(
      source.error(
        early,
        'send_body_without_waiting_for_header_response has Envoy ignore the wish of Attaché for a body, so requests would go out unsigned',
        'take it away or write false',
      ),
    );
  }
  const modes = source.get(filter, 'allowed_override_modes');
  const listed = source.items(modes);
  if (listed.length > 0 && !listed.some((mode) => isWholeBody(source, mode))) {
    problems.push(
      source.error(
        modes,
        'allowed_override_modes lacks the mode by which Attaché asks for a body, so requests with one would go out unsigned',
        `add ${ALLOWED_MODE}, in all its fields`,
      ),
    );
  }
  return problems;
}

function isWholeBody(source: YamlSource, mode: Node): boolean {
  return WHOLE_BODY.every(({ field, name, number }) =>
    [name, number].includes(textOf(source.get(mode, field)) ?? (number === '0' ? number : '')),
  );
}
