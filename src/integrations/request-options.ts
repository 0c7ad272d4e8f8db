import type { Node } from 'yaml';
import { z } from 'zod';
import { ALWAYS_STRIPPED } from '../credentials/injector.ts';
import { type AllowRule, AllowRuleError, parseAllowRule } from '../paths/allow-rule.ts';
import type { Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import type { YamlSource } from './yaml-source.ts';
import { plainOf } from './yaml-values.ts';

/** Which requests an integration takes, and what becomes of the rest of them. */
export interface RequestOptions {
  /** Methods and paths that may be requested. Undefined: all. */
  readonly allow: readonly AllowRule[] | undefined;
  /** Headers of the caller that are passed on although they may hold a credential of its own. Default none. */
  readonly keep: readonly string[];
  /** Whether what was injected is taken out of the response. Default false. */
  readonly redact: boolean;
  /** Whether links to the destination in its responses stay as they are. Default false: they lead to where the caller asked. */
  readonly keepsLinks: boolean;
}

const allowRule = z.string('must be a method and a path').transform((text, context): AllowRule => {
  try {
    return parseAllowRule(text);
  } catch (error) {
    if (!(error instanceof AllowRuleError)) throw error;
    context.addIssue({ code: 'custom', message: error.message, params: { mend: error.mend } });
    return z.NEVER;
  }
});

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
          .refine((name) => ALWAYS_STRIPPED.includes(name), {
            message: 'is passed on anyway',
            params: { mend: `take it out; only these are held back: ${ALWAYS_STRIPPED.join(', ')}` },
          }),
      )
      .default([]),
  },
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
] as const;

/** The keys that {@link readRequestOptions} reads. */
export const REQUEST_OPTION_KEYS: readonly string[] = OPTIONS.map(({ key }) => key);

/**
 * Reads the keys `allow`, `keep`, `redact` and `links` of a block.
 *
 * @param writes the headers that the integration sets: none of them can be kept.
 */
export function readRequestOptions(
  source: YamlSource,
  block: Node,
  writes: readonly string[],
): { options: RequestOptions; problems: Problem[] } {
  const [allow, keep, redact, links] = OPTIONS;
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
    redact: read(redact, false),
    keepsLinks: read(links, undefined) === 'keep',
  };
  for (const name of options.keep.filter((it) => writes.includes(it))) {
    const node = source.get(block, 'keep');
    problems.push(source.error(node, `keep names ${name}, which this integration sets`, 'take it out of keep'));
  }
  return { options: Object.freeze(options), problems };
}
