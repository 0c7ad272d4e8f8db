import { METHODS } from 'node:http';
import { canonicalSegments } from './canonical-path.ts';
import { isForbidden } from './method.ts';

/** A rule that cannot be read: the message gives the reason, `mend` what to write instead. */
export class AllowRuleError extends Error {
  readonly mend: string;

  constructor(message: string, mend: string) {
    super(message);
    this.name = 'AllowRuleError';
    this.mend = mend;
  }
}

/** Methods and paths that may be requested, read from a text such as `GET /v1/**`. */
export interface AllowRule {
  /** The rule as it was written. */
  readonly text: string;
  /** The only method that it allows; undefined when it allows each. */
  readonly method: string | undefined;
  /** The canonical segments that a path must have, in order; undefined stands for any one that is not empty. */
  readonly segments: readonly (string | undefined)[];
  /** Whether further segments may follow, any number of them. */
  readonly open: boolean;
}

const KNOWN_METHODS = new Set(METHODS.filter((method) => !isForbidden(method)));

/**
 * Reads a rule: a method and a path, with a blank between them.
 *
 * The method is one in capital letters, or `*` for any. `GET` does not allow HEAD: a rule allows what it says. The path is read as
 * a request's is, by {@link canonicalSegments}, so `%20` is a blank and `%2A` an asterisk. A segment `*` stands for exactly one
 * segment that is not empty, and `**` at the end for any number of segments, also none: `/v1/**` allows `/v1`, `/v1/` and all below.
 * A slash at the end belongs to the path: `/v1/charges` does not allow `/v1/charges/`.
 *
 * `**` elsewhere than at the end is an error, since what comes after it could then stand behind anything; so is a `*` beside
 * other characters in a segment.
 *
 * @throws AllowRuleError
 */
export function parseAllowRule(text: string): AllowRule {
  const [, method = '', path] = /^(\S+)(?:\s+(.*))?$/su.exec(text.trim()) ?? [];
  if (method.startsWith('/')) {
    throw new AllowRuleError(
      `the rule "${text}" names no method`,
      `write "GET ${text.trim()}", or "* …" for any method`,
    );
  }
  if (path === undefined) {
    throw new AllowRuleError(`the rule "${text}" has no path`, 'write a method and a path, as in "GET /v1/**"');
  }
  checkMethod(method, path, text);
  const { segments, open } = readPath(path, text);
  return Object.freeze({ text, method: method === '*' ? undefined : method, segments: Object.freeze(segments), open });
}

/**
 * Whether any of the rules allows the request. The query plays no part. A path that servers could read in more than one way
 * is allowed by none; neither is anything when there are no rules.
 *
 * It takes time proportional to the length of the path plus the segments of the rules.
 *
 * @param method `:method`, of which case matters (RFC 9110, section 9.1).
 * @param path `:path` as bytes decoded as latin1, one character a byte, as the caller sent it: without a prefix of ours.
 */
export function matches(rules: readonly AllowRule[], method: string, path: string): boolean {
  const segments = canonicalSegments(path);
  return segments !== undefined && rules.some((rule) => allows(rule, method, segments));
}

function allows(rule: AllowRule, method: string, segments: readonly string[]): boolean {
  if (rule.method !== undefined && rule.method !== method) return false;
  const { length } = rule.segments;
  if (rule.open ? segments.length < length : segments.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    const wanted = rule.segments[index];
    if (wanted === undefined ? segments[index] === '' : segments[index] !== wanted) return false;
  }
  return true;
}

function checkMethod(method: string, path: string, text: string): void {
  if (method === '*' || KNOWN_METHODS.has(method)) return;
  if (KNOWN_METHODS.has(method.toUpperCase())) {
    throw new AllowRuleError(
      `the rule "${text}" has its method in small letters, and methods differ by case`,
      `write "${method.toUpperCase()} ${path}"`,
    );
  }
  if (isForbidden(method)) {
    throw new AllowRuleError(
      `the rule "${text}" has the method ${method}, which is never allowed`,
      'take the rule out: such a request would send the key back, or is none for an API',
    );
  }
  if (/[,|]/.test(method)) {
    throw new AllowRuleError(
      `the rule "${text}" names several methods`,
      'write a rule for each, or "*" for any method',
    );
  }
  throw new AllowRuleError(
    `the rule "${text}" has the method ${method}, which there is not`,
    'write GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS or another of HTTP, or "*" for any',
  );
}

function readPath(path: string, text: string): Pick<AllowRule, 'segments' | 'open'> {
  if (!path.startsWith('/')) {
    throw new AllowRuleError(
      `the rule "${text}" has a path that does not begin with /`,
      'write the path alone, as in "GET /v1/**", without scheme and host',
    );
  }
  if (path.includes('?')) {
    throw new AllowRuleError(
      `the rule "${text}" has a query, which plays no part in rules`,
      'leave out the ? and what follows it',
    );
  }
  const written = path.slice(1).split('/');
  const open = written.at(-1) === '**';
  if (open) written.pop();
  for (const segment of written) {
    if (segment === '**') {
      throw new AllowRuleError(
        `the rule "${text}" has ** before its end, where it would allow anything in between`,
        'put ** at the end, and * for each single segment before it',
      );
    }
    if (segment !== '*' && segment.includes('*')) {
      throw new AllowRuleError(
        `the rule "${text}" has * beside other characters in a segment`,
        'write * for a whole segment, or %2A for an asterisk itself',
      );
    }
  }
  if (written.length === 0) return { segments: [], open };
  const canonical = canonicalSegments(Buffer.from(`/${written.join('/')}`, 'utf8').toString('latin1'));
  if (canonical === undefined || (open && canonical.at(-1) === '')) {
    throw new AllowRuleError(
      `the rule "${text}" has a path that servers read in more than one way, so that no request could match it`,
      'leave out empty and dot segments, backslashes, semicolons and #, also escaped; write a blank as %20 and a percent sign as %25',
    );
  }
  return { segments: canonical.map((segment, index) => (written[index] === '*' ? undefined : segment)), open };
}
