import { now } from '../cache/clock.ts';
import type { FailureReason } from './secret-error.ts';

/** For how long secrets of a Region are read one by one after BatchGetSecretValue was refused, and after it has failed, in ms. */
const AFTER_REFUSAL = 10 * 60_000;
const AFTER_FAILURE = 10_000;

/** How many shared calls in a row must have had no answer: reading one by one would make a slow AWS slower. */
const SILENT_CALLS = 3;

/** AWS was not heard: reading one by one would fail the same way. */
const SILENT: readonly FailureReason[] = ['timeout', 'network', 'aws_credentials'];

/** In which Regions secrets may be read by BatchGetSecretValue, as far as is known: it needs a permission that is not needed otherwise. */
export class Sharing {
  readonly #refusedUntil = new Map<string, number>();
  readonly #silent = new Map<string, number>();

  mayShare(region: string): boolean {
    return now() >= (this.#refusedUntil.get(region) ?? Number.NEGATIVE_INFINITY);
  }

  /** A shared call was answered. */
  succeeded(region: string): void {
    this.#silent.delete(region);
  }

  /**
   * A shared call has failed.
   *
   * @returns whether the secrets are to be read one by one now.
   */
  failed(region: string, reason: FailureReason): boolean {
    const isSilent = SILENT.includes(reason);
    const silent = isSilent ? (this.#silent.get(region) ?? 0) + 1 : 0;
    this.#silent.set(region, silent % SILENT_CALLS);
    const hasFailed = isSilent || reason === 'aws_error';
    if (!isSilent || silent === SILENT_CALLS)
      this.#refusedUntil.set(region, now() + (hasFailed ? AFTER_FAILURE : AFTER_REFUSAL));
    return !isSilent;
  }
}
