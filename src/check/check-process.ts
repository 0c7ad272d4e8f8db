// The process in which a text is checked: it gets the text, answers once, and is ended.
import { answerParent } from '../configuration/in-child.ts';
import { judgeText } from './check-file.ts';

/** What the process is given. */
export interface ToCheck {
  readonly file: string;
  readonly text: string;
  /** In ms. */
  readonly fetchDeadline: number;
}

answerParent(({ file, text, fetchDeadline }: ToCheck) => judgeText(file, text, { fetchDeadline }));
