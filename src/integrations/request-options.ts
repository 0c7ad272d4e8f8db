import type { Node } from 'yaml';
import { z } from 'zod';
import { ALWAYS_STRIPPED, ALWAYS_STRIPPED_PARAMETERS } from '../credentials/callers-own.ts';
import { headerName } from '../credentials/headers.ts';
import { type AllowRule, AllowRuleError, parseAllowRule } from '../paths/allow-rule.ts';
import type { Lane } from './description.ts';
import type { Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import type { YamlSource } from './yaml-source.ts';
import { plainOf } from './yaml-values.ts';

/** Which requests an integration takes, and what becomes of the rest of them. */
export interface RequestOptions {
  /** Methods and paths that may be requested. Undefined: all. */
  readonly allow: readonly AllowRule[] | undefined;
  /**
   * What of the caller is passed on although it may be a credential of its own: headers in lower case, and `query:name`. Default
   * none.
   */
  readonly keep: readonly string[];
  /** What of the caller goes no further, besides what never does, in the same words. Default none. */
  readonly strip: readonly string[];
  /** Whether what was injected is taken out of the response. Default false. */
  readonly redact: boolean;
  /** Whether links to the destination in its responses stay as they are. Default false: they lead to where the caller asked. */
  readonly keepsLinks: boolean;
  /** Whether Envoy is given beforehand what requests carry (`express`), or asks about each attempt. Default `ext_proc`. */
  readonly lane: Lane;
}

/** What stands before the name of a parameter of the query, to tell it from that of a header. */
export const IN_QUERY = 'query:';

/** What is held back unless `keep` names it. */
const HELD_BACK = [...ALWAYS_STRIPPED, ...ALWAYS_STRIPPED_PARAMETERS.map((name) => `${IN_QUERY}${name}`)];

/** `x-auth-token` or `query:key`. */
const callersOwn = z.string().transform((name, context) => {
  if (/^query:[\x21-\x7e]*[a-z0-9][\x21-\x7e]*$/i.test(name)) return name;
  const result = headerName.safeParse(name);
  if (result.success) return name.toLowerCase();
  const [issue] = result.error.issues;
  const mend: unknown = issue?.code === 'custom' ? issue.params?.mend : undefined;
  context.addIssue({ code: 'custom', message: issue?.message ?? 'is no name of a header', params: { mend } });
  return z.NEVER;
});

const allowRule = z.string('must be a method and a path').transform((text, context): AllowRule => {
  try {
    return parseAllowRule(text);
  } catch (error) {
    if (!(error instanceof AllowRuleError)) throw error;
    context.addIssue({ code: 'custom', message: error.message, params: { mend: error.mend } });
    return z.NEVER;
  }
});

/** `express`, or nothing. */
function lane(value: unknown, context: z.RefinementCtx): Lane {
  if (value === undefined || value === 'ext_proc') return 'ext_proc';
  if (value === 'express') return 'express';
  context.addIssue({
    code: 'custom',
    message: 'is none that there is',
    params: { mend: 'write lane: express, or leave it out so that Attaché is asked about each attempt' },
  });
  return z.NEVER;
}

/** How many rules an integration may have. */
const MOST_RULES = 1_000;

const OPTIONS = [
  {
    key: 'allow',
    example: 'allow: ["GET /v1/**", "POST /v1/customers"]',
    schema: z
      .array(allowRule)
      .refine((rules) => rules.length > 0, {
        message: 'is empty, so no request may be made',
        params: { mend: 'name at least one: "GET /v1/**"' },
      })
      .refine((rules) => rules.length <= MOST_RULES, {
        message: `has more than ${MOST_RULES} rules`,
        params: { mend: 'let * and ** stand for what they have in common' },
      })
      .optional(),
  },
  {
    key: 'keep',
    example: 'keep: [cookie]',
    schema: z
      .array(
        z
          .string()
          .transform((name) => name.toLowerCase())
          .refine((name) => HELD_BACK.includes(name), {
            message: 'is passed on anyway, unless strip names it',
            params: { mend: `take it out; only these are held back: ${HELD_BACK.join(', ')}` },
          }),
      )
      .default([]),
  },
  { key: 'strip', example: 'strip: [x-auth-token, "query:key"]', schema: z.array(callersOwn).default([]) },
  { key: 'redact', example: 'redact: true', schema: z.boolean().default(false) },
  {
    key: 'links',
    example: 'links: keep',
    schema: z
      .unknown()
      .refine((value) => value === undefined || value === 'keep', {
        message: 'can be keep alone',
        params: { mend: 'write links: keep, or leave it out so that links lead back to the caller' },
      })
      .optional(),
  },
  { key: 'lane', example: 'lane: express', schema: z.unknown().transform(lane) },
] as const;

/** The keys that {@link readRequestOptions} reads. */
export const REQUEST_OPTION_KEYS: readonly string[] = OPTIONS.map(({ key }) => key);

/**
 * Reads the keys `allow`, `keep`, `strip`, `redact`, `links` and `lane` of a block.
 *
 * @param writes the headers that the integration sets: none of them can be kept, and all are replaced anyway.
 */
export function readRequestOptions(
  source: YamlSource,
  block: Node,
  writes: readonly string[],
): { options: RequestOptions; problems: Problem[] } {
  const [allow, keep, strip, redact, links, laneOption] = OPTIONS;
  const problems: Problem[] = [];
  const read = <T>(option: { key: string; example: string; schema: z.ZodType<T> }, otherwise: T): T => {
    const node = source.get(block, option.key);
    const empty = node === undefined ? source.key(block, option.key) : undefined;
    if (empty !== undefined) problems.push(source.error(empty, `${option.key} is empty`, `write ${option.example}`));
    const result = option.schema.safeParse(node === undefined ? undefined : plainOf(source, node));
    if (result.success) return result.data;
    problems.push(...schemaProblems(source, option, node, result.error.issues));
    return otherwise;
  };
  const options = {
    allow: read(allow, undefined),
    keep: read(keep, []),
    strip: read(strip, []),
    redact: read(redact, false),
    keepsLinks: read(links, undefined) === 'keep',
    lane: read<Lane>(laneOption, 'ext_proc'),
  };
  for (const name of options.keep.filter((it) => writes.includes(it))) {
    const node = source.get(block, 'keep');
    problems.push(source.error(node, `keep names ${name}, which this integration sets`, 'take it out of keep'));
  }
  for (const name of options.strip.filter((it) => writes.includes(it) || options.keep.includes(it))) {
    const node = source.get(block, 'strip');
    problems.push(
      options.keep.includes(name)
        ? source.error(node, `strip and keep both name ${name}`, 'take it out of one of the two')
        : source.error(node, `strip names ${name}, which this integration replaces anyway`, 'take it out of strip'),
    );
  }
  return { options: Object.freeze(options), problems };
}
