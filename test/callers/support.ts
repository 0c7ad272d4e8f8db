import type { Caller } from '../../src/callers/caller.ts';
import { CallerPolicy, type Verdict } from '../../src/callers/caller-policy.ts';
import { type CallerRule, type DirectRule, isFault, parseCallerRule } from '../../src/callers/caller-rule.ts';
import { CallerTable } from '../../src/callers/caller-table.ts';
import { soon } from '../support/deadline.ts';

/** A caller of whom nothing is known but this. */
export function caller(known: Partial<Caller>): Caller {
  return { address: undefined, uriSan: undefined, claims: undefined, ...known };
}

export function rule(text: string): CallerRule {
  const parsed = parseCallerRule(text);
  if (isFault(parsed)) throw new Error(`${text}: ${parsed.reason}`);
  return parsed;
}

/** A policy of these rules, with tags of these. */
export function policy(rules: readonly string[], tags: Readonly<Record<string, readonly string[]>> = {}): CallerPolicy {
  const entries = Object.entries(tags).flatMap(([tag, callers]) =>
    callers.map((text) => [rule(text) as DirectRule, tag] as const),
  );
  return new CallerPolicy(rules.map(rule), new CallerTable(entries));
}

/** By which rule these rules let a caller in; false when they do not. */
export function by(known: Partial<Caller>, rules: readonly string[], tags?: Record<string, string[]>): string | false {
  const verdict = policy(rules, tags).decide(caller(known), soon()) as Verdict;
  return verdict.allowed && verdict.by;
}
