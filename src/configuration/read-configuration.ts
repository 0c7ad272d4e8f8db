import { extname } from 'node:path';
import type { Problem } from '../integrations/problem.ts';
import type { Reading } from './configuration.ts';
import { CHILD_LIMITS, ChildError, type ChildLimits, inChild } from './in-child.ts';
import { type Bytes, readBytes } from './read-bytes.ts';
import { SpareChild } from './spare-child.ts';

/** Above this file, and of the same kind: `.ts` in the source tree, `.js` when built. */
const PROGRAM = new URL(`../judge-process${extname(import.meta.url)}`, import.meta.url);

/** What the process is given in which a file is judged. */
export interface ToJudge {
  readonly file: string;
  readonly version: string;
  readonly bytes: Uint8Array;
  /** How long Attaché waits for a secret, in ms. */
  readonly fetchDeadline: number;
}

/** How a file is read. */
export interface ReadingOptions {
  readonly limits?: ChildLimits;
  /** How long Attaché waits for a secret (ATTACHE_FETCH_DEADLINE), in ms. Default 2000. */
  readonly fetchDeadline?: number;
  /** Gives the reading up; it is then a bad one. */
  readonly signal?: AbortSignal | undefined;
  /** What {@link spareJudge} keeps. Default: a process for this file alone. */
  readonly judge?: SpareChild | undefined;
}

/**
 * Reads a file and judges it in a process of its own, so that whoever asks can go on answering. Never rejects: a process that fails
 * is a problem of the file too.
 */
export async function readConfiguration(file: string, options: ReadingOptions = {}): Promise<Reading> {
  return judgeBytes(file, await readBytes(file), options);
}

/** The same for a file whose bytes were read already. */
export async function judgeBytes(
  file: string,
  read: Bytes,
  { limits, signal, fetchDeadline = 2_000, judge }: ReadingOptions = {},
): Promise<Reading> {
  if ('problem' in read) return { kind: 'bad', problems: [read.problem] };
  try {
    const data: ToJudge = { file, fetchDeadline, ...read };
    return await inChild<Reading>(PROGRAM, data, limits ?? CHILD_LIMITS, signal, judge);
  } catch (error) {
    if (error instanceof ChildError) return { kind: 'bad', problems: [unjudged(file, error)] };
    throw error;
  }
}

/** Keeps a process at hand in which a file is judged. */
export function spareJudge({ memory }: ChildLimits = CHILD_LIMITS): SpareChild {
  return new SpareChild(PROGRAM, memory, { givesWay: true });
}

/** Why a file could not be judged. */
export function unjudged(file: string, { message }: ChildError): Problem {
  return {
    file,
    line: 1,
    column: 1,
    severity: 'error',
    reason: `reading the file ${message}`,
    mend: 'let attache check read it; if it is large, share the integrations out among several Attachés',
  };
}
