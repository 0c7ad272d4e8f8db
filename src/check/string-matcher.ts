import { RE2JS } from 're2js';
import type { Node } from 'yaml';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { booleanOf, textOf } from '../integrations/yaml-values.ts';

/**
 * A regular expression as Envoy reads it: RE2's syntax, and a match is one of the whole text.
 *
 * @returns undefined when it is none.
 */
export function fullMatcher(regex: string): ((text: string) => boolean) | undefined {
  try {
    const compiled = RE2JS.compile(regex);
    return (text) => compiled.matches(text);
  } catch {
    return undefined;
  }
}

/** Whether Envoy's StringMatcher accepts a text. */
export function matchesString(source: YamlSource, matcher: Node, text: string): boolean {
  const fold = (part: string) => (booleanOf(source.get(matcher, 'ignore_case')) === true ? part.toLowerCase() : part);
  const value = (field: string) => {
    const part = textOf(source.get(matcher, field));
    return part === undefined ? undefined : fold(part);
  };
  const regex = textOf(source.get(matcher, 'safe_regex', 'regex'));
  const whole = fold(text);
  const [exact, prefix, suffix, contains] = ['exact', 'prefix', 'suffix', 'contains'].map(value);
  return (
    exact === whole ||
    (prefix !== undefined && whole.startsWith(prefix)) ||
    (suffix !== undefined && whole.endsWith(suffix)) ||
    (contains !== undefined && whole.includes(contains)) ||
    (regex !== undefined && (fullMatcher(regex)?.(text) ?? false))
  );
}
