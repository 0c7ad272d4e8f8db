// The process in which a file is judged: it gets the bytes, answers once, and is ended.
import { ruleProblems } from './check/check-file.ts';
import { answerParent } from './configuration/in-child.ts';
import { judge } from './configuration/judge.ts';
import type { ToJudge } from './configuration/read-configuration.ts';

answerParent(({ file, version, bytes, fetchDeadline }: ToJudge) =>
  judge(file, version, bytes, (examined) => ruleProblems(examined, { fetchDeadline })),
);
