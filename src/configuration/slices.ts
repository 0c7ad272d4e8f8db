import { setImmediate } from 'node:timers/promises';

/** How long work may go on before others have their turn, in ms. */
const SLICE = 4;

/** How work is cut into slices. */
export interface Slicing {
  /** What time it is, in ms. */
  readonly now?: () => number;
  /** Lets others have their turn. */
  readonly pause?: () => Promise<unknown>;
  /** Whether the result is still wanted; asked after each pause. */
  readonly isWanted?: () => boolean;
}

/**
 * Does work that consists of short steps, and lets others have their turn every {@link SLICE} ms.
 *
 * @returns undefined when the result was not wanted any more.
 */
export async function inSlices<T>(
  steps: Generator<undefined, T>,
  { now = () => performance.now(), pause = () => setImmediate(), isWanted = () => true }: Slicing = {},
): Promise<T | undefined> {
  let began = now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (now() - began < SLICE) continue;
    await pause();
    if (!isWanted()) return undefined;
    began = now();
  }
}
