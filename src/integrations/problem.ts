/** A place in a file. Line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What is wrong at a place, and what to do about it. */
export interface Problem extends Place {
  /** An `error` leaks, fails open or cannot work; a `warning` works less well than it could. */
  readonly severity: 'error' | 'warning';
  /** Names the thing and the reason. */
  readonly reason: string;
  readonly mend: string;
}

/** The problem on one line, in the form that editors and terminals make a link of: `file:line:column: severity: …`. */
export function formatProblem({ file, line, column, severity, reason, mend }: Problem): string {
  return `${file}:${line}:${column}: ${severity}: ${reason}; ${mend}`;
}

/** Problems in the order of the file, each one once. */
export function sortProblems(problems: Iterable<Problem>): Problem[] {
  const distinct = new Map([...problems].map((problem) => [formatProblem(problem), problem]));
  return [...distinct.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** How many problems are told of one file; those beyond are counted. */
export const MOST_PROBLEMS = 100;

/** Problems in the order of the file, each one once: {@link MOST_PROBLEMS} at most, errors before warnings, and how many more there are. */
export function foremost(problems: Iterable<Problem>): Problem[] {
  const sorted = sortProblems(problems);
  const last = sorted[MOST_PROBLEMS];
  if (last === undefined) return sorted;
  const errors = sorted.filter(({ severity }) => severity === 'error');
  return [
    ...sortProblems([...errors, ...sorted.filter(({ severity }) => severity === 'warning')].slice(0, MOST_PROBLEMS)),
    {
      ...last,
      severity: errors.length > 0 ? 'error' : 'warning',
      reason: `${sorted.length - MOST_PROBLEMS} more problems are not listed`,
      mend: 'mend those above first',
    },
  ];
}

/** A file whose integrations cannot be used. The message lists every problem, a line each. */
export class CatalogueError extends Error {
  /** In the order of the file; at least one is an error. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'CatalogueError';
    this.problems = problems;
  }
}
