import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait and what for. */
export interface UntilOptions {
  /** Completes "… within 60000 ms": for example "Envoy was not ready". */
  readonly failure: string;
  /** Milliseconds, 60,000 unless given. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks, 25 unless given. */
  readonly everyMs?: number;
}

/**
 * Calls `look` again and again until it gives something other than `undefined` or `false`, and returns that.
 * An exception in `look` counts as "not yet" and is told in the error when time runs out.
 *
 * @throws Error "<failure> within <timeoutMs> ms"
 */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: UntilOptions,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const found = await look();
      if (found !== undefined && found !== false) {
        return found;
      }
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(options.everyMs ?? 25);
  } while (performance.now() < deadline);
  throw new Error(`${options.failure} within ${timeoutMs} ms${last instanceof Error ? `: ${last.message}` : ''}`, {
    cause: last,
  });
}
