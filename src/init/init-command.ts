import { constants, copyFileSync, existsSync, realpathSync, renameSync } from 'node:fs';
import { AddError } from '../add/add-error.ts';
import { writeAtomically } from '../add/write-atomically.ts';
import { checkElsewhere } from '../check/check-elsewhere.ts';
import { formatProblem, type Problem } from '../integrations/problem.ts';
import { readText } from '../integrations/read-catalogue.ts';
import { type Initiated, initText } from './init-text.ts';
import type { PlanOptions } from './plan.ts';
import { told } from './told.ts';

/** What is typed behind `attache init FILE`. */
export interface InitOptions extends PlanOptions {
  /** Show every line, and write nothing. */
  readonly print?: boolean;
  /** Put the file back as it was. */
  readonly undo?: boolean;
}

/**
 * `attache init`: puts into an Envoy configuration what Attaché needs, and says each step. The file as it was stays beside it.
 *
 * @returns the exit code: 1 when nothing was done, for a reason that was printed.
 * @throws CatalogueError when the file cannot be read, or is no Envoy configuration of version 3.
 */
export async function init(file: string, { print, undo, ...options }: InitOptions): Promise<number> {
  try {
    process.stdout.write(undo === true ? putBack(file) : await initFile(file, options, print === true));
    return 0;
  } catch (error) {
    if (!(error instanceof AddError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function initFile(file: string, options: PlanOptions, print: boolean): Promise<string> {
  const before = readText(file);
  const initiated = initText(file, before, options);
  if (initiated.steps.length === 0)
    return `${file} has all that Attaché needs, and is left as it is. Type attache add NAME --file ${file}, or attache check ${file}.\n`;
  const problems = await newProblems(file, before, initiated.text);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw new AddError(
      [`${file} would not be valid with Attaché, so it is left as it was:`, ...errors.map(formatProblem)].join('\n'),
    );
  if (print) return told(file, initiated, { whole: true });
  const backup = keep(file);
  writeAtomically(file, initiated.text);
  return summary(file, backup, initiated, problems);
}

/** What a check finds afterwards and did not find before, but for the lack of integrations. */
async function newProblems(file: string, before: string, after: string): Promise<Problem[]> {
  const problems = (await checkElsewhere(file, after)).filter(
    ({ reason }) => !reason.startsWith('the file has no integration'),
  );
  if (problems.length === 0) return [];
  const known = new Set((await checkElsewhere(file, before)).map(({ reason }) => reason));
  return problems.filter(({ reason }) => !known.has(reason));
}

function backupOf(file: string): string {
  return `${realpathSync(file)}.before-attache`;
}

/** @throws AddError when there is a file as it was before already. */
function keep(file: string): string {
  const backup = backupOf(file);
  if (existsSync(backup))
    throw new AddError(
      `${backup} is there already, from another attache init: put it back with attache init ${file} --undo, or take it away`,
    );
  copyFileSync(realpathSync(file), backup, constants.COPYFILE_EXCL);
  return backup;
}

/** Puts the file back as it was; what it was like until now stays beside it. */
function putBack(file: string): string {
  if (!existsSync(file)) throw new AddError(`there is no file ${file}`);
  const backup = backupOf(file);
  if (!existsSync(backup))
    throw new AddError(`there is no ${backup}, which attache init leaves, so nothing can be put back`);
  const kept = `${realpathSync(file)}.with-attache`;
  copyFileSync(realpathSync(file), kept);
  renameSync(backup, realpathSync(file));
  return `${file} is as it was before attache init. What it was like until now, with all that was added since, is ${kept}.\n`;
}

function summary(file: string, backup: string, initiated: Initiated, problems: readonly Problem[]): string {
  return [
    told(file, initiated, { whole: false }),
    `All else in ${file} is as it was, to the byte. The file as it was is ${backup};`,
    `attache init ${file} --undo puts it back. attache init --print shows every line.`,
    ...(problems.length === 0 ? [] : ['', 'What could be better:', ...problems.map(formatProblem)]),
    '',
    'Next:',
    `  attache add NAME --file ${file}    # an integration; attache add --list has those that are known`,
    `  attache --config ${file}    # Attaché, on the machine of Envoy: both find the sockets in /run/attache`,
    `  restart Envoy, and ask ${initiated.discovery}/ what may be used`,
    '',
  ].join('\n');
}
