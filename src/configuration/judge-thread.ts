// The thread in which a file is judged: it gets the bytes, answers once, and is ended.
import { parentPort, workerData } from 'node:worker_threads';
import { judge } from './judge.ts';

/** What the thread is given. */
export interface ToJudge {
  readonly file: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

const { file, version, bytes } = workerData as ToJudge;
parentPort?.postMessage(judge(file, version, bytes));
