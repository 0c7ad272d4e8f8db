// The process in which a file is judged: it gets the bytes, answers once, and is ended.
import { answerParent } from './in-child.ts';
import { judge } from './judge.ts';

/** What the process is given. */
export interface ToJudge {
  readonly file: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

answerParent(({ file, version, bytes }: ToJudge) => judge(file, version, bytes));
