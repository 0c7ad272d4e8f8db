// The process that reads the file for the page, works out drafts and judges them: Attaché goes on answering meanwhile.
import { answerParent } from '../configuration/in-child.ts';
import { type TextTask, textWork } from './text-work.ts';

/** What the process is given. */
export interface ToWork {
  readonly file: string;
  readonly task: TextTask;
}

answerParent(({ file, task }: ToWork) => textWork(file, task));
