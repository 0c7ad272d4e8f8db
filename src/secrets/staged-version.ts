import { type FailureReason, SecretError } from './secret-error.ts';
import type { SecretVersion } from './secret-version.ts';

/** For how long a version that was found is a candidate without being looked up again, in ms. */
const KNOWN_FOR = 10 * 60_000;

/** There is no version with the label: no failure, just the answer. */
const NONE: readonly FailureReason[] = ['secret_not_found', 'unusable_value', 'bad_request'];

/** The version that has a label such as AWSPENDING, looked up only when it is needed. */
export class StagedVersion {
  readonly #fetch: () => Promise<SecretVersion>;
  #version: SecretVersion | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(fetch: () => Promise<SecretVersion>) {
    this.#fetch = fetch;
  }

  /** What was found last, if that is not too long ago. */
  get known(): SecretVersion | undefined {
    return performance.now() - this.#lookedAt < KNOWN_FOR ? this.#version : undefined;
  }

  /** Looks it up. A look-up that fails leaves what was known. */
  async look(): Promise<void> {
    const since = performance.now();
    try {
      const found = await this.#fetch();
      if (found.id !== this.#version?.id) this.#version = found;
      this.#lookedAt = since;
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      if (!NONE.includes(error.reason)) return;
      this.#version = undefined;
      this.#lookedAt = since;
    }
  }

  /** Lets go of what was found, overwriting it. */
  forget(): void {
    this.#version?.wipe();
    this.#version = undefined;
  }
}
