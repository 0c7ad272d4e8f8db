import { now } from '../cache/clock.ts';
import type { FailureReason } from './secret-error.ts';

/** For how long secrets of a Region are read one by one after BatchGetSecretValue was refused, and after it failed, in ms. */
const AFTER_REFUSAL = 10 * 60_000;
const AFTER_FAILURE = 10_000;

/** AWS was not heard: reading one by one would fail the same way. */
const SILENT: readonly FailureReason[] = ['timeout', 'network', 'aws_credentials'];

/** In which Regions secrets may be read by BatchGetSecretValue, as far as is known: it needs a permission that is not needed otherwise. */
export class Sharing {
  readonly #refusedUntil = new Map<string, number>();

  mayShare(region: string): boolean {
    return now() >= (this.#refusedUntil.get(region) ?? Number.NEGATIVE_INFINITY);
  }

  /**
   * A shared call has failed.
   *
   * @returns whether the secrets are to be read one by one now.
   */
  failed(region: string, reason: FailureReason): boolean {
    const isSilent = SILENT.includes(reason);
    const hasFailed = isSilent || reason === 'aws_error';
    this.#refusedUntil.set(region, now() + (hasFailed ? AFTER_FAILURE : AFTER_REFUSAL));
    return !isSilent;
  }
}
