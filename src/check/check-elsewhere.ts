import { extname } from 'node:path';
import { CHILD_LIMITS, ChildError, type ChildLimits, inChild } from '../configuration/in-child.ts';
import { unjudged } from '../configuration/read-configuration.ts';
import { CatalogueError, type Problem, sortProblems } from '../integrations/problem.ts';
import { readText } from '../integrations/read-catalogue.ts';
import { YamlSource } from '../integrations/yaml-source.ts';
import { type Answer, askEnvoy } from './ask-envoy.ts';
import { type CheckOptions, type Judged, withSecrets } from './check-file.ts';
import type { ToCheck } from './check-process.ts';
import { envoyVerdict } from './envoy-verdict.ts';

/** Beside this file, and of the same kind: `.ts` in the source tree, `.js` when built. */
const PROGRAM = new URL(`./check-process${extname(import.meta.url)}`, import.meta.url);

/**
 * Everything about a file that would fail later, in its order. Problems with the file itself are among them.
 *
 * @param options.envoy an Envoy that is asked too, where the file is one with which it can be started. Default: none.
 */
export async function checkFile(
  file: string,
  { envoy, ...options }: CheckOptions & { readonly envoy?: string | undefined } = {},
): Promise<Checked> {
  try {
    const text = readText(file);
    const asked = envoy === undefined ? undefined : ask(envoy, file, text);
    const checked = await checkedElsewhere(file, text, options, CHILD_LIMITS);
    const verdict = await asked;
    return verdict === undefined ? checked : withVerdict(file, text, checked, verdict);
  } catch (error) {
    if (error instanceof CatalogueError) return { problems: error.problems, remark: undefined };
    throw error;
  }
}

/** What came of checking a file. */
export type Checked = { readonly problems: readonly Problem[] } & Pick<Judged, 'remark'> & {
    /** The version of the Envoy that was asked and takes the file. */
    readonly takenBy?: string;
  };

/** What Envoy can be started with: it tells YAML from JSON by the ending. */
const NAMED_FOR_ENVOY = /\.(?:ya?ml|json)$/i;
const BOOTSTRAP = /^[\s{]*["']?(?:static_?resources|dynamic_?resources)["']?[ \t]*:/im;

function ask(envoy: string, file: string, text: string): Promise<Answer | undefined> | undefined {
  if (!NAMED_FOR_ENVOY.test(file) || !BOOTSTRAP.test(text)) return undefined;
  return askEnvoy(envoy, file, { needsNode: !/^[\s{]*["']?node["']?[ \t]*:/m.test(text) });
}

/** What was found, and what Envoy says besides: nothing, where a mistake was found already that may be the one that it means. */
function withVerdict(file: string, text: string, checked: Checked, verdict: Answer): Checked {
  if (verdict.kind === 'takes') return { ...checked, takenBy: verdict.version };
  if (verdict.kind === 'late') {
    const late: Problem = {
      ...{ file, line: 1, column: 1, severity: 'warning' },
      reason: `Envoy ${verdict.version} has not said within a minute whether it would start with this file`,
      mend: 'type envoy --mode validate --config-path yourself, or leave it out with --no-envoy',
    };
    return { ...checked, problems: sortProblems([...checked.problems, late]) };
  }
  const source = new YamlSource(file, text);
  const problem = envoyVerdict(source, text, verdict.words, verdict.version);
  const isKnown = checked.problems.some(({ severity, line }) => severity === 'error' && line === problem.line);
  if (source.problems.length > 0 || isKnown) return checked;
  return { ...checked, problems: sortProblems([...checked.problems, problem]) };
}

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
