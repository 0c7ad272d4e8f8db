import { structuredPatch } from 'diff';
import { AddError } from '../add/add-error.ts';
import { type Addition, addToText } from '../add/add-to-text.ts';
import { changeInText, standingIn } from '../add/change-in-text.ts';
import { examineReadable, type Readable } from '../add/readable.ts';
import { removeFromText } from '../add/remove-from-text.ts';
import { renameInText } from '../add/rename-in-text.ts';
import { type Shape, secretShape, shapeOf } from '../add/secret-shape.ts';
import { notesOn, type Usage, usageOf } from '../add/usage.ts';
import { type Wanted, wanted } from '../add/wanted.ts';
import { judgeText } from '../check/check-file.ts';
import { CatalogueError, formatProblem, type Problem } from '../integrations/problem.ts';
import { shortHash } from '../integrations/short-hash.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';
import { fieldOf } from './field-of.ts';
import { type Form, optionsOfForm } from './form.ts';

/** What is to become of the file: the form's integration added, or put in the place of the one that is named; or one taken away. */
export type Wish =
  | { readonly kind: 'add'; readonly form: Form }
  | { readonly kind: 'change'; readonly name: string; readonly form: Form }
  | { readonly kind: 'remove'; readonly name: string };

/** Something about a draft, at a field of the form where it is about one. */
export interface Remark {
  readonly severity: 'error' | 'warning';
  readonly field?: string | undefined;
  readonly message: string;
}

/** Lines of the file that change, with those around them: each begins with a blank, `+` or `-`. */
export interface Hunk {
  /** Of the first line, in the file as it would be. */
  readonly line: number;
  readonly lines: readonly string[];
}

/** The integration that a form stands for, with all that was left out filled in. */
export interface Meant {
  readonly name: string;
  readonly host: string;
  readonly secret: string;
  readonly credential: CredentialBlock;
  /** What the secret must hold, as an example, and as a sentence. */
  readonly shape: Shape;
  readonly shapeText: string;
  readonly documentation: string | undefined;
  readonly notes: readonly string[];
}

/** The file as it would be. */
export interface Edit {
  readonly before: string;
  readonly after: string;
  readonly hunks: readonly Hunk[];
  /** Whether Envoy gets its routes of Attaché while it runs. */
  readonly isLive: boolean;
  /** Headers that Attaché may write only after a restart of Envoy. */
  readonly widened: readonly string[];
  readonly usage: Usage | undefined;
}

/** A wish, worked out and judged: {@link Edit} only where it can be written down, right or wrong. */
export interface Draft {
  readonly meant?: Meant | undefined;
  readonly edit?: Edit | undefined;
  readonly remarks: readonly Remark[];
}

/**
 * Works out what becomes of a text, by what `attache add`, `remove` and `rename` do, and judges it as `attache check` does. Never
 * throws for what a person typed.
 */
export async function draftOf(
  file: string,
  text: string,
  wish: Wish,
  { fetchDeadline }: { readonly fetchDeadline: number },
): Promise<Draft> {
  let meant: Wanted | undefined;
  try {
    if (wish.kind === 'remove') {
      const { text: after, isLive } = removeFromText(file, text, wish.name);
      const edit = { before: text, after, hunks: hunksOf(text, after), isLive, widened: [], usage: undefined };
      return { edit, remarks: await remarksOn(file, after, undefined, fetchDeadline) };
    }
    meant = wantedBy(file, text, wish);
    const addition = changed(file, text, wish, meant);
    const edit = {
      before: text,
      after: addition.text,
      hunks: hunksOf(text, addition.text),
      isLive: addition.isLive,
      widened: addition.widened?.headers ?? [],
      usage: usageOf(meant, addition),
    };
    const remarks = await remarksOn(file, addition.text, meant.name, fetchDeadline);
    return { meant: described(meant), edit, remarks };
  } catch (error) {
    return { meant: meant && described(meant), remarks: remarksOf(error) };
  }
}

function wantedBy(file: string, text: string, wish: Exclude<Wish, { kind: 'remove' }>): Wanted {
  const kept = wish.kind === 'change' ? standingIn(examineReadable(file, text), wish.name).credential : undefined;
  const { entry, options } = optionsOfForm(wish.form, kept);
  return wanted(entry, options);
}

function changed(file: string, text: string, wish: Exclude<Wish, { kind: 'remove' }>, meant: Wanted): Addition {
  if (wish.kind === 'add') return addToText(file, text, meant);
  const renamed = wish.name === meant.name ? text : renamedText(file, text, wish.name, meant.name);
  return changeInText(file, renamed, meant.name, meant);
}

function renamedText(file: string, text: string, name: string, next: string): string {
  try {
    return renameInText(file, text, name, next).text;
  } catch (error) {
    if (!(error instanceof AddError)) throw error;
    throw new AddError(error.message, error.inForm ?? { field: 'name', message: error.message });
  }
}

function described(meant: Wanted): Meant {
  const { name, host, secret, credential, documentation } = meant;
  return {
    name,
    host,
    secret,
    credential,
    shape: shapeOf(credential),
    shapeText: secretShape(credential),
    documentation,
    notes: notesOn(meant),
  };
}

/** Every error of the file as it would be, and the warnings that are about the integration. */
async function remarksOn(
  file: string,
  after: string,
  name: string | undefined,
  fetchDeadline: number,
): Promise<Remark[]> {
  const { problems } = await judgeText(file, after, { fetchDeadline });
  if (problems.length === 0) return [];
  const readable = examinedOrNot(file, after);
  return problems.flatMap((problem): Remark[] => {
    const place = readable && name !== undefined ? fieldOf(readable, name, problem) : undefined;
    if (place === undefined && problem.severity === 'warning') return [];
    return [remark(problem, place)];
  });
}

function remark(problem: Problem, place: { readonly field: string | undefined } | undefined): Remark {
  const { severity, reason, mend } = problem;
  return {
    severity,
    field: place?.field,
    // Elsewhere in the file its line must be told.
    message: place === undefined ? formatProblem(problem) : `${reason}; ${mend}`,
  };
}

function examinedOrNot(file: string, text: string): Readable | undefined {
  try {
    return examineReadable(file, text);
  } catch {
    return undefined;
  }
}

/** @throws what is no answer to a wish. */
export function remarksOf(error: unknown): Remark[] {
  if (error instanceof AddError)
    return [{ severity: 'error', field: error.inForm?.field, message: error.inForm?.message ?? error.message }];
  if (error instanceof CatalogueError) return error.problems.map((problem) => remark(problem, undefined));
  throw error;
}

function hunksOf(before: string, after: string): Hunk[] {
  const { hunks } = structuredPatch('', '', before, after, '', '', { context: 2 });
  return hunks.map(({ newStart, lines }) => ({ line: newStart, lines }));
}

/** What an edit was made of, so that another one of the same file in between is noticed. */
export function versionOf(value: unknown): string {
  return shortHash(JSON.stringify(value));
}
