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

/** How many problems that are alike are told one by one; of more than that one is told, and the others are counted. */
const MOST_ALIKE = 5;

/** How many lines are named of those that are counted. */
const MOST_LINES = 5;

/**
 * Problems in the order of the file, each one once: {@link MOST_PROBLEMS} at most, errors before warnings, and how many more there are.
 * One mistake that shows in many places is one of them.
 */
export function foremost(problems: Iterable<Problem>): Problem[] {
  const sorted = sortProblems(alike(sortProblems(problems)));
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

/** The same with one problem for all that are alike, where those are many. */
function alike(problems: readonly Problem[]): Problem[] {
  const groups = Map.groupBy(problems, kindOf);
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group;
    if (first === undefined || group.length <= MOST_ALIKE) return group;
    const lines = [...new Set(others.map(({ line }) => line))].filter((line) => line !== first.line);
    const named = lines.slice(0, MOST_LINES).join(', ');
    const where = lines.length === 0 ? 'this line' : `lines ${named}${lines.length > MOST_LINES ? ', …' : ''}`;
    return [{ ...first, reason: `${first.reason} (and ${others.length} more alike, ${where})` }];
  });
}

/** What a problem says, whatever it says it of: names of integrations and clusters, what stands in quotes, and numbers do not count. */
function kindOf({ severity, reason, mend }: Problem): string {
  const bare = (sentence: string) =>
    sentence
      .replaceAll(/"[^"]*"/g, '""')
      .replaceAll(/\b(integration|cluster|secret|host|domain|filter|into which) \S+/g, '$1')
      .replaceAll(/\d+/g, '0');
  return [severity, bare(reason), bare(mend)].join('\n');
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
