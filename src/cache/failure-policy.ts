/** What Attaché does about a failure to read something over the network. All times are in milliseconds. */
export interface FailurePolicy {
  /** Whether it is an answer: what is asked for cannot be used as it is (502). Otherwise it cannot be had just now (503). */
  readonly isVerdict: boolean;
  /** For how long a cold cell (no usable value) does not ask again: the first time, and at most. */
  readonly coldRetry: { readonly first: number; readonly most: number };
  /** How soon a warm value is checked again after the first, second, … failure in a row; the last one repeats. */
  readonly warmRetry: readonly number[];
  /**
   * After how many failures in a row, and for how long at least, a warm value is purged. Absent: it is served for as long as it
   * may be used, because the failure is no verdict on it.
   */
  readonly purge?: { readonly afterFailures: number; readonly afterMs: number };
}

/** It may pass by itself. */
export const TRANSIENT: FailurePolicy = {
  isVerdict: false,
  coldRetry: { first: 1_000, most: 1_000 },
  warmRetry: [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000],
};

/** Whoever is asked refuses. */
export const VERDICT: FailurePolicy = {
  isVerdict: true,
  coldRetry: { first: 10_000, most: 60_000 },
  warmRetry: [5_000, 10_000, 15_000],
  purge: { afterFailures: 3, afterMs: 30_000 },
};

/** What stands until somebody mends it, and does not speak against a value that is held. */
export const STANDING: FailurePolicy = {
  isVerdict: true,
  coldRetry: VERDICT.coldRetry,
  warmRetry: [5_000, 10_000, 15_000, 30_000, 60_000],
};
