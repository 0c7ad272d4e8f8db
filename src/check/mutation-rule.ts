import type { Node } from 'yaml';
import { ALWAYS_STRIPPED } from '../credentials/callers-own.ts';
import type { Integration } from '../integrations/integration.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { booleanOf, numberOf, textOf } from '../integrations/yaml-values.ts';
import type { AttacheFilter } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';
import { fullMatcher } from './string-matcher.ts';

/** Headers of Attaché's own refusals. */
export const OF_REFUSALS = ['content-type', 'retry-after', 'x-attache-error'];

/** Headers that steer a message or say who sent it, and one that nobody has heard of, which only a wildcard lets pass. */
const NEVER = [
  ...[
    'host',
    ':authority',
    ':method',
    ':scheme',
    ':path',
    'content-length',
    'transfer-encoding',
    'connection',
    'te',
    'upgrade',
  ],
  ...['x-envoy-original-path', 'x-forwarded-for', 'x-forwarded-proto', 'x-anything-at-all'],
];

/** Envoy takes expressions that compile to at most 100 steps, unless its runtime says otherwise; each character makes about one. */
const LONGEST_EXPRESSION = 105;

/** @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/regex.proto */
function allowsLong({ source }: Configuration): boolean {
  return source
    .items(source.get(source.root, 'layered_runtime', 'layers'))
    .some((layer) => (numberOf(source.get(layer, 'static_layer', 're2.max_program_size.error_level')) ?? 0) >= 1_000);
}

/** What Attaché may write: the headers that its integrations need, and nothing more. */
export function* checkMutations(
  configuration: Configuration,
  { config, item }: AttacheFilter,
  integrations: readonly Integration[],
): Generator<Problem> {
  const { source } = configuration;
  const rules = source.get(config, 'mutation_rules');
  const expressions = ['allow_expression', 'disallow_expression'].map((field) => source.get(rules, field, 'regex'));
  const invalid = expressions.filter((node) => node !== undefined && fullMatcher(textOf(node) ?? '') === undefined);
  for (const node of invalid)
    yield source.error(
      node,
      'this is no regular expression of RE2',
      'mend it; look-around and back-references do not exist there',
    );
  if (invalid.length > 0) return;

  for (const node of expressions) {
    const text = textOf(node) ?? '';
    if (text.length <= LONGEST_EXPRESSION || allowsLong(configuration)) continue;
    yield source.error(
      node,
      `Envoy does not start with a regular expression of ${text.length} characters unless it is told to`,
      'write re2.max_program_size.error_level: 10000 in a static_layer of layered_runtime',
    );
  }

  const silent = source.get(rules, 'disallow_is_error');
  if (booleanOf(silent) !== true) {
    yield source.error(
      silent ?? rules ?? item,
      'a header that Attaché may not write is left out in silence, so the request goes out without its key',
      'write disallow_is_error: true in mutation_rules',
    );
  }
  const may = mayWrite(source, rules);
  const written = integrations.flatMap(({ mutates }) => mutates);
  const needed = [...new Set([...ALWAYS_STRIPPED, ...written, ...OF_REFUSALS])];
  const missing = needed.filter((name) => !may(name));
  const [allow, disallow] = expressions;
  if (missing.length > 0) {
    const forbidden = disallow !== undefined && missing.some((name) => fullMatcher(textOf(disallow) ?? '')?.(name));
    const node = (forbidden ? disallow : allow) ?? rules ?? item;
    yield source.error(
      node,
      `mutation_rules does not let Attaché write ${missing.join(', ')}, so requests are refused`,
      forbidden ? 'take them out of disallow_expression' : `add |${missing.join('|')} to allow_expression.regex`,
    );
  }
  const wide = NEVER.filter((name) => !needed.includes(name) && may(name));
  if (wide.length === 0) return;
  const all = source.get(rules, 'disallow_all');
  const closed = booleanOf(all) === true;
  yield source.warning(
    (closed ? allow : all) ?? rules ?? item,
    `mutation_rules lets Attaché write ${wide.join(', ')}, which no integration needs`,
    closed ? 'name the headers in allow_expression.regex one by one' : 'write disallow_all: true in mutation_rules',
  );
}

/**
 * Whether Envoy lets a header be set, by its mutation rules.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/common/mutation_rules/v3/mutation_rules.proto
 */
export function mayWrite(source: YamlSource, rules: Node | undefined): (name: string) => boolean {
  const on = (field: string) => booleanOf(source.get(rules, field)) === true;
  const matcher = (field: string) => {
    const regex = textOf(source.get(rules, field, 'regex'));
    return (regex === undefined ? undefined : fullMatcher(regex)) ?? (() => false);
  };
  const [disallowed, allowed] = [matcher('disallow_expression'), matcher('allow_expression')];
  return (name) => {
    if (disallowed(name)) return false;
    if (allowed(name)) return true;
    if (on('disallow_all')) return false;
    if (['host', ':authority', ':scheme', ':method'].includes(name)) return on('allow_all_routing');
    if (name.startsWith(':')) return !on('disallow_system');
    return !name.startsWith('x-envoy-') || on('allow_envoy');
  };
}
