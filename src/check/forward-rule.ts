import type { YAMLMap } from 'yaml';
import { ALWAYS_STRIPPED } from '../credentials/callers-own.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import type { AttacheFilter } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';
import { matchesString } from './string-matcher.ts';

/** What Attaché is shown of a request: enough to decide, and none of the client's own credentials. */
export function* checkForwarding(
  { source, catalogue }: Configuration,
  { config, item }: AttacheFilter,
): Generator<Problem> {
  const rules = source.get(config, 'forward_rules');
  const passes = (name: string) => isForwarded(source, config, name);
  const lacking = [':authority', ':method', ':path'].filter((name) => !passes(name));
  if (lacking.length > 0) {
    yield source.error(
      rules ?? item,
      `forward_rules keeps ${lacking.join(', ')} from Attaché, which refuses what it cannot judge`,
      `add ${lacking.map((name) => `{ exact: "${name}" }`).join(', ')} to allowed_headers.patterns`,
    );
  }
  const unseen = [...new Set([...catalogue].flatMap(({ appends }) => appends))].filter((name) => !passes(name));
  if (unseen.length > 0) {
    yield source.warning(
      rules ?? item,
      `forward_rules keeps ${unseen.join(', ')} from Attaché, which then appends in a line of its own, also what the list has already`,
      `add ${unseen.map((name) => `{ exact: ${name} }`).join(', ')} to allowed_headers.patterns`,
    );
  }
  const needless = ALWAYS_STRIPPED.filter(passes);
  if (needless.length > 0) {
    yield source.warning(
      rules ?? item,
      `Attaché is shown headers that it does not need: ${needless.join(', ')}`,
      'write forward_rules: { allowed_headers: { patterns: [{ exact: ":authority" }, { exact: ":method" }, { exact: ":path" }] } }',
    );
  }
}

/** Whether Envoy shows a header to Attaché, by the settings of the filter. */
export function isForwarded(source: YamlSource, config: YAMLMap, name: string): boolean {
  const patterns = (field: string) => source.items(source.get(config, 'forward_rules', field, 'patterns'));
  const allowed = patterns('allowed_headers');
  return (
    !patterns('disallowed_headers').some((matcher) => matchesString(source, matcher, name)) &&
    (allowed.length === 0 || allowed.some((matcher) => matchesString(source, matcher, name)))
  );
}
