import { Scalar } from 'yaml';
import { isNoTextForEnvoy } from '../integrations/yaml-values.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';
import type { WantedRules } from './wanted.ts';

/** A text as a YAML scalar: plain where no reader of YAML can take it for anything else, otherwise in double quotes. */
export function scalar(text: string): string {
  const node = new Scalar(text);
  node.type = 'PLAIN';
  node.source = text;
  const plain = /^[a-z](?:[a-z0-9./_:@+=-]*[a-z0-9/_])?$/i.test(text) && !isNoTextForEnvoy(node);
  return plain ? text : JSON.stringify(text);
}

/** The kinds whose texts are templates, which always stand in quotes. */
const OF_TEMPLATES: readonly (keyof CredentialBlock)[] = ['bearer', 'basic', 'headers', 'query', 'path'];

/** The lines of a credential, each a key of a block: `bearer: "{{ api_key }}"`. */
export function credentialLines(block: CredentialBlock): string[] {
  return Object.entries(block).map(([key, value]) => `${key}: ${credentialText(key, value)}`);
}

/** What stands under the key of a kind of credential, in one line. */
export function credentialText(kind: string, value: unknown): string {
  return flow(value, OF_TEMPLATES.some((it) => it === kind) ? JSON.stringify : quotedUrl);
}

/** A value in one line, as envoy.yaml has them. */
export function flow(value: unknown, text: (text: string) => string): string {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return `[${value.map((item) => flow(item, text)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${scalar(key)}: ${flow(inner, text)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

function quotedUrl(text: string): string {
  return text.includes('://') ? JSON.stringify(text) : scalar(text);
}

/** The lines of a block that say who may request what, and what becomes of the response. */
export function ruleLines({ callers, allow, keep, strip, redact, lane }: WantedRules): string[] {
  const lists = Object.entries({ callers, allow, keep, strip }).filter(([, items]) => items.length > 0);
  return [
    ...lists.map(([key, items]) => `${key}: [${items.map(scalar).join(', ')}]`),
    ...(redact ? ['redact: true'] : []),
    ...(lane === 'express' ? ['lane: express'] : []),
  ];
}
