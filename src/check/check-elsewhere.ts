import { extname } from 'node:path';
import { CHILD_LIMITS, ChildError, type ChildLimits, inChild } from '../configuration/in-child.ts';
import { unjudged } from '../configuration/read-configuration.ts';
import { CatalogueError, type Problem } from '../integrations/problem.ts';
import { readText } from '../integrations/read-catalogue.ts';
import { type CheckOptions, type Judged, withSecrets } from './check-file.ts';
import type { ToCheck } from './check-process.ts';

/** Beside this file, and of the same kind: `.ts` in the source tree, `.js` when built. */
const PROGRAM = new URL(`./check-process${extname(import.meta.url)}`, import.meta.url);

/** Everything about a file that would fail later, in its order. Problems with the file itself are among them. */
export async function checkFile(file: string, options: CheckOptions = {}): Promise<Checked> {
  try {
    return await checkedElsewhere(file, readText(file), options, CHILD_LIMITS);
  } catch (error) {
    if (error instanceof CatalogueError) return { problems: error.problems, remark: undefined };
    throw error;
  }
}

/** What came of checking a file. */
export type Checked = { readonly problems: readonly Problem[] } & Pick<Judged, 'remark'>;

/** Checks a text as {@link checkText} does, in a process that is given up when it takes too long or too much. */
export async function checkElsewhere(
  file: string,
  text: string,
  options: CheckOptions = {},
  limits: ChildLimits = CHILD_LIMITS,
): Promise<readonly Problem[]> {
  return (await checkedElsewhere(file, text, options, limits)).problems;
}

async function checkedElsewhere(
  file: string,
  text: string,
  options: CheckOptions,
  limits: ChildLimits,
): Promise<Checked> {
  const data: ToCheck = { file, text, fetchDeadline: options.fetchDeadline ?? 2_000 };
  try {
    const { problems, description, remark } = await inChild<Judged>(PROGRAM, data, limits);
    return { problems: await withSecrets(problems, description, options), remark };
  } catch (error) {
    if (error instanceof ChildError) return { problems: [unjudged(file, error)], remark: undefined };
    throw error;
  }
}
