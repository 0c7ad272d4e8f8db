import { now } from './clock.ts';

/**
 * The moment until which a decision may wait, whatever it waits for: callers, a secret, a token, one after the other. It is
 * passed down, so that waits never add up.
 */
export class Deadline {
  /** How long after its beginning it is, in ms. */
  readonly ms: number;
  /** When it is, in ms on the {@link now clock}. */
  readonly at: number;

  /** @param ms from now. */
  constructor(ms: number) {
    this.ms = ms;
    this.at = now() + ms;
  }

  /** Milliseconds until then; 0 when it has passed. */
  get left(): number {
    return Math.max(0, this.at - now());
  }

  /**
   * Settles as `work` does, or rejects with what `late` returns once the time has come. The work itself goes on: whoever shares it
   * still gets its result.
   */
  wait<T>(work: Promise<T>, late: (ms: number) => Error): Promise<T> {
    return withDeadline(work, this.left, () => late(this.ms));
  }

  /** Settles when `work` has, well or not, or when the time has come. */
  async patiently(work: Promise<unknown>): Promise<void> {
    await this.wait(work, () => new Error('too late')).catch(() => undefined);
  }
}

/**
 * Settles as `work` does, or rejects with what `late` returns once `ms` milliseconds have passed. The work itself goes on:
 * whoever shares it still gets its result.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
