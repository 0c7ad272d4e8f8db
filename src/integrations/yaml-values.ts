import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { BoundError } from './yaml-bounds.ts';
import type { YamlSource } from './yaml-source.ts';

/** More values than any key of a block has. */
const MOST_VALUES = 10_000;

/** How long a text may be of which something is read: longer than any name, path, template or ARN. */
const LONGEST_TEXT = 8_192;

/** What Envoy's parser takes for a boolean when it stands without quotes (YAML 1.1), or for nothing at all. */
const ENVOY_BOOLEAN = /^(?:y|n|yes|no|on|off|true|false)$/i;
const ENVOY_NULL = /^(?:null|~|)$/i;

/** Whether Envoy reads this scalar as a boolean or as nothing, although it may be meant as a text. */
export function isNoTextForEnvoy(node: Node | undefined): boolean {
  if (!isScalar(node) || node.type !== 'PLAIN') return false;
  const text = node.source ?? '';
  return ENVOY_BOOLEAN.test(text) || ENVOY_NULL.test(text);
}

/** The text of a scalar, also of one that is written without quotes and looks like a number. */
export function textOf(node: Node | undefined): string | undefined {
  if (!isScalar(node) || node.value === null) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

/** A boolean as Envoy reads it: `yes`, `on` and `y` are true. */
export function booleanOf(node: Node | undefined): boolean | undefined {
  const text = textOf(node)?.toLowerCase();
  return text !== undefined && ENVOY_BOOLEAN.test(text) ? /^(?:y|yes|on|true)$/.test(text) : undefined;
}

/** A number, also one in quotes, as protobuf's JSON form allows. */
export function numberOf(node: Node | undefined): number | undefined {
  const text = textOf(node);
  return text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** A duration of protobuf's JSON form, such as `0.25s`, in milliseconds. */
export function millisecondsOf(node: Node | undefined): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(textOf(node) ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/**
 * A node as plain values, aliases written out.
 *
 * @param most how many values it may stand for.
 * @throws BoundError for more than that, or a text of more than {@link LONGEST_TEXT} characters.
 */
export function plainOf(source: YamlSource, node: Node | undefined, most = MOST_VALUES): unknown {
  let left = most;
  const convert = (value: unknown): unknown => {
    const here = source.follow(value);
    left -= 1;
    if (left < 0) throw beyond(node, `this stands for more than ${most} values`);
    if (isScalar(here) && (here.source ?? '').length > LONGEST_TEXT)
      throw beyond(here, `a text of more than ${LONGEST_TEXT} characters`);
    if (isMap(here)) return Object.fromEntries(source.pairs(here).map((pair) => [pair.key, convert(pair.value)]));
    if (isSeq(here)) return source.items(here).map(convert);
    return isScalar(here) ? here.value : null;
  };
  return convert(node);
}

function beyond(node: Node | undefined, reason: string): BoundError {
  return new BoundError(node?.range?.[0] ?? 0, reason, 'write it plainer; nothing that Attaché reads needs so much');
}
