import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { booleanOf, isNoTextForEnvoy, textOf } from '../integrations/yaml-values.ts';

const DECIMAL = /^[-+]?(?:0|[1-9]\d*)$/;
const FRACTION = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
/** What Envoy's reader takes for a number of another base than ten. */
const OTHER_BASE = /^[-+]?0(?:\d+|[xX][0-9a-fA-F]+)$/;

/** A node as protobuf's JSON, aliases written out, each word as Envoy's own reader of YAML takes it. */
export function envoyJson(source: YamlSource, value: unknown): JsonValue {
  const node = source.follow(value);
  if (isMap(node)) return envoyJsonObject(source, node);
  if (isSeq(node)) return source.items(node).map((item) => envoyJson(source, item));
  return isScalar(node) ? scalarJson(node) : null;
}

/** The same for a map. */
export function envoyJsonObject(source: YamlSource, map: Node): JsonObject {
  return Object.fromEntries(source.pairs(map).map(({ key, value }) => [key, envoyJson(source, value)]));
}

function scalarJson(node: Scalar): JsonValue {
  if (node.type !== 'PLAIN') return node.value === null ? null : String(node.value);
  if (isNoTextForEnvoy(node)) return booleanOf(node) ?? null;
  const text = node.source ?? '';
  if (DECIMAL.test(text)) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : text;
  }
  if (OTHER_BASE.test(text)) return ofOtherBase(text);
  if (FRACTION.test(text)) return Number(text);
  return text;
}

/** A number whose first digit is a zero, as C reads it. */
function ofOtherBase(text: string): JsonValue {
  const [, sign, hexadecimal, octal] = /^([-+]?)0(?:[xX]([0-9a-fA-F]+)|([0-7]+))$/.exec(text) ?? [];
  if (hexadecimal === undefined && octal === undefined) return text;
  const number = hexadecimal === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hexadecimal, 16);
  return sign === '-' ? -number : number;
}

/** Whether Envoy reads a number of base eight or sixteen here, which is hardly what is meant. */
export function hasOtherBase(node: Node | undefined): boolean {
  return isScalar(node) && node.type === 'PLAIN' && OTHER_BASE.test(textOf(node) ?? '');
}
