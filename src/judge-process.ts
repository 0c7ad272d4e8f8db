// The process in which a file is judged, one edit after the other: it gets the bytes, and answers.
import { ruleProblems } from './check/check-file.ts';
import { answerParent } from './configuration/in-child.ts';
import { judge } from './configuration/judge.ts';
import type { ToJudge } from './configuration/read-configuration.ts';

answerParent(({ file, version, bytes, fetchDeadline }: ToJudge) =>
  judge(file, version, bytes, (examined) => ruleProblems(examined, { fetchDeadline })),
);
