import { type ClaimPattern, parseClaim } from './claim.ts';
import type { Fault } from './fault.ts';
import { type Network, parseNetwork } from './network.ts';
import { parseSpiffePattern, type SpiffePattern } from './spiffe.ts';

/** How a caller may be known, as a rule names it. */
export type CallerRule = { readonly kind: 'tag'; readonly text: string; readonly tag: string } | DirectRule;

/** A rule that says by itself who is meant. */
export type DirectRule =
  | { readonly kind: 'network'; readonly text: string; readonly network: Network }
  | { readonly kind: 'spiffe'; readonly text: string; readonly pattern: SpiffePattern }
  | { readonly kind: 'claim'; readonly text: string; readonly claim: ClaimPattern };

/** Hexadecimal digits with a dot or colon among them, or a number, whatever comes after. */
const LIKE_AN_ADDRESS = /^[0-9a-f]*[0-9.:][0-9a-f.:]*(?:[%/].*)?$/i;
const TAG = /^[a-z][a-z0-9_-]{0,62}$/;
const FORMS = 'write tag:NAME, an address, a network such as 10.1.0.0/16, spiffe://… or claim:NAME=VALUE';

/**
 * Reads one rule: `tag:agents`, `10.1.0.0/16`, `192.0.2.7`, `2001:db8::/32`, `spiffe://acme/agents/*`, `claim:groups=agents`.
 * What it returns is frozen.
 */
export function parseCallerRule(text: string): CallerRule | Fault {
  if (text.startsWith('tag:')) return tagRule(text);
  if (text.startsWith('claim:'))
    return ruleOf(parseClaim(text.slice('claim:'.length)), (claim) => ({ kind: 'claim', text, claim }));
  if (text.includes('://')) return ruleOf(parseSpiffePattern(text), (pattern) => ({ kind: 'spiffe', text, pattern }));
  if (!LIKE_AN_ADDRESS.test(text)) {
    return TAG.test(text)
      ? { reason: `"${text}" is no caller`, mend: `write tag:${text} if it is a tag` }
      : { reason: `"${text}" is no caller`, mend: FORMS };
  }
  return ruleOf(parseNetwork(text), (network) => ({ kind: 'network', text, network }));
}

/** What is wrong with the name of a tag; undefined when nothing is. */
export function tagFault(tag: string): Fault | undefined {
  if (TAG.test(tag)) return undefined;
  return {
    reason: `"${tag}" is no name of a tag`,
    mend: 'begin with a lower-case letter and go on with letters, digits, - and _, 63 in all',
  };
}

/** Whether a text could not be read. */
export function isFault(value: object): value is Fault {
  return 'reason' in value;
}

function tagRule(text: string): CallerRule | Fault {
  const tag = text.slice('tag:'.length);
  return tagFault(tag) ?? Object.freeze({ kind: 'tag', text, tag });
}

function ruleOf<T extends object>(parsed: T | Fault, make: (parsed: T) => DirectRule): DirectRule | Fault {
  return isFault(parsed) ? parsed : Object.freeze(make(Object.freeze(parsed)));
}
