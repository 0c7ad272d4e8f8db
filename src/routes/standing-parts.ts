import { standingRoutes } from '../integrations/live-routes.ts';
import { shortHash } from '../integrations/short-hash.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { envoyJson, envoyJsonObject } from './envoy-json.ts';

/** What Envoy reads when it starts and never again, by name (`cluster internet`), with a hash of what it says. */
export type StandingParts = Readonly<Record<string, string>>;

/** Metadata of the node that only this file and Attaché use. */
const NOT_ENVOYS = ['shared', 'attache'];

/** All parts of a file that are not routes which Attaché gives to Envoy. */
export function standingParts(source: YamlSource): StandingParts {
  const holders = new Set(standingRoutes(source).map(({ listener }) => listener));
  const parts: [string, unknown][] = [];
  for (const { key, value } of source.pairs(source.root)) {
    if (key === 'static_resources') {
      for (const list of source.pairs(value)) {
        const kind = list.key.replace(/s$/, '');
        for (const item of source.items(list.value)) {
          const name = textOf(source.get(item, 'name')) ?? '';
          if (!holders.has(item)) parts.push([`${kind} ${name}`, envoyJson(source, item)]);
        }
      }
    } else if (key === 'node') parts.push([key, nodeJson(source, value)]);
    else parts.push([key, envoyJson(source, value)]);
  }
  return Object.fromEntries(parts.map(([name, json]) => [name, shortHash(JSON.stringify(json))]));
}

/** The names of the parts that differ, in the order of the newer ones. */
export function changedParts(before: StandingParts, after: StandingParts): string[] {
  return [...new Set([...Object.keys(after), ...Object.keys(before)])].filter((name) => before[name] !== after[name]);
}

/** One hash for all parts. */
export function fingerprintOf(parts: StandingParts): string {
  return shortHash(JSON.stringify(Object.entries(parts).sort()));
}

function nodeJson(source: YamlSource, node: unknown): unknown {
  const found = source.map(node);
  if (found === undefined) return null;
  const { metadata, ...others } = envoyJsonObject(source, found);
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return others;
  const rest = Object.entries(metadata).filter(([name]) => !NOT_ENVOYS.includes(name));
  return { ...others, metadata: Object.fromEntries(rest) };
}
