import type { Node, YAMLMap } from 'yaml';
import type { YamlSource } from './yaml-source.ts';
import { booleanOf, textOf } from './yaml-values.ts';

/** An HTTP filter as a list of filters names it. */
export interface Filter {
  /** Where it stands among the filters. */
  readonly item: YAMLMap;
  readonly name: string;
  /** Its `typed_config`. */
  readonly config: YAMLMap;
}

/** Whether a node's `@type` is this message, of whatever version. */
export function isA(source: YamlSource, node: unknown, message: string): boolean {
  return textOf(source.get(node, '@type'))?.endsWith(`.${message}`) ?? false;
}

/** The ext_proc filters of a list of filters. */
export function extProcFilters(source: YamlSource, filters: Node | undefined): Filter[] {
  return source.items(filters).flatMap((node) => {
    const item = source.map(node);
    const config = source.map(source.get(item, 'typed_config'));
    if (item === undefined || config === undefined || !isA(source, config, 'ExternalProcessor')) return [];
    return [{ item, config, name: textOf(source.get(item, 'name')) ?? '' }];
  });
}

/** What a route says about a filter: the settings of the narrowest place that has any. */
export function routeOverride(
  source: YamlSource,
  filter: Filter,
  places: readonly (YAMLMap | undefined)[],
): Node | undefined {
  const found = places
    .map((place) => source.get(place, 'typed_per_filter_config', filter.name))
    .find((node) => node !== undefined);
  // A FilterConfig wraps the settings, and may itself say that the filter is off.
  return source.get(found, 'disabled') === undefined ? (source.get(found, 'config') ?? found) : found;
}

/** Whether a filter is off on a route that has this override. */
export function isDisabled(source: YamlSource, filter: Filter, override: Node | undefined): boolean {
  return booleanOf(source.get(override ?? filter.item, 'disabled')) === true;
}
