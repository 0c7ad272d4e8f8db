import { isA } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import type { AttacheFilter } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';
import { isForwarded } from './forward-rule.ts';
import { mayWrite } from './mutation-rule.ts';
import type { Passage } from './passages.ts';
import { fullMatcher } from './string-matcher.ts';

/** Names that stand for all that servers may take for `x-api-key`. */
const LOOKALIKES = ['x_api_key', 'x_api-key', '_x-api-key'];

/** What shows such names, and what lets them be removed. Both are regular expressions that match whole names. */
const ODD_NAMES = '.*[^a-z0-9:-].*';

/** Whether a header that a server may take for a credential, as it does `x_api_key`, is kept from passing. */
export function* checkLookalikes(
  { source, maps }: Configuration,
  { config, item }: AttacheFilter,
  passages: readonly Passage[],
): Generator<Problem> {
  const routeConfigs = new Set(passages.map(({ route }) => route.routeConfig));
  const open = maps.find(
    (map) =>
      isA(source, map, 'HttpConnectionManager') &&
      routeConfigs.has(routeConfigOf(source, map)) &&
      !['REJECT_REQUEST', '1', 'DROP_HEADER', '2'].includes(
        textOf(source.get(map, 'common_http_protocol_options', 'headers_with_underscores_action')) ?? '',
      ),
  );
  if (open === undefined) return;
  const effect = "so a caller's x_api_key reaches destinations that take it for x-api-key";
  if (!LOOKALIKES.every((name) => isForwarded(source, config, name))) {
    yield source.error(
      source.get(config, 'forward_rules') ?? item,
      `forward_rules keeps headers with underscores from Attaché, ${effect}`,
      `add { safe_regex: { regex: "${ODD_NAMES}" } } to allowed_headers.patterns, or write common_http_protocol_options: { headers_with_underscores_action: REJECT_REQUEST } in the connection manager`,
    );
  }
  const expression = source.get(config, 'mutation_rules', 'allow_expression', 'regex');
  const isValid = fullMatcher(textOf(expression) ?? '') !== undefined;
  if (isValid && !LOOKALIKES.every(mayWrite(source, source.get(config, 'mutation_rules')))) {
    yield source.error(
      expression ?? source.get(config, 'mutation_rules') ?? item,
      'mutation_rules does not let Attaché remove headers with underscores, so requests with x_api_key are refused',
      `add |${ODD_NAMES} to allow_expression.regex`,
    );
  }
}
