import type { Node, YAMLMap } from 'yaml';
import { type Filter, isA } from '../integrations/envoy-filters.ts';
import { shortHash } from '../integrations/short-hash.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { envoyJson } from '../routes/envoy-json.ts';

/** The name that envoy/envoy.yaml gives to the filter that gets what Attaché pushes; each route says of which integration. */
export const PUSHED_FILTER = 'pushed';

/**
 * What the filters say that stand before the one that asks Attaché, and that one around the ext_proc filter, as hashes. They decide
 * when Attaché is not asked, so no others are known.
 */
const KNOWN: readonly string[] = ['7d2217f362ce8041', 'a1083651e9dd0dd4', '3f4b7e427a4d18ab'];

/** The ext_proc filter of a list of filters in which Envoy asks Attaché only where it has nothing to send itself. */
export function findExpressFilter(source: YamlSource, filters: Node | undefined): Filter | undefined {
  const items = source.items(filters);
  const at = items.findIndex((item) => askingIn(source, item) !== undefined);
  if (at < 0 || !areKnown(expressHashes(source, items.slice(0, at + 1)))) return undefined;
  const item = source.map(items[at]);
  const config = askingIn(source, items[at]);
  return item && config && { item, config, name: textOf(source.get(item, 'name')) ?? '' };
}

/** Whether filters decide whether Attaché is asked, be they those that are known or others. */
export function mayNotAsk(source: YamlSource, filters: Node | undefined): boolean {
  return source.items(filters).some((item) => askingIn(source, item) !== undefined);
}

/** Hashes of what these filters say, but for the ext_proc filter itself. */
export function expressHashes(source: YamlSource, items: readonly Node[]): string[] {
  return items.map((item) => {
    const asking = askingIn(source, item);
    const json = JSON.stringify(envoyJson(source, item));
    return shortHash(asking === undefined ? json : json.replace(JSON.stringify(envoyJson(source, asking)), '{}'));
  });
}

function areKnown(hashes: readonly string[]): boolean {
  return hashes.length === KNOWN.length && hashes.every((hash, index) => hash === KNOWN[index]);
}

/** The settings of an ext_proc filter that is met where nothing else matches. */
function askingIn(source: YamlSource, item: Node | undefined): YAMLMap | undefined {
  const config = source.get(item, 'typed_config');
  if (!isA(source, config, 'ExtensionWithMatcher')) return undefined;
  const action = source.get(config, 'xds_matcher', 'on_no_match', 'action', 'typed_config');
  const asking = source.map(source.get(action, 'typed_config', 'typed_config'));
  return asking !== undefined && isA(source, asking, 'ExternalProcessor') ? asking : undefined;
}
