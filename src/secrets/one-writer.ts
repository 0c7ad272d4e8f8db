import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../cache/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Lease } from './lease.ts';
import { mayBeReplaced } from './new-version.ts';
import { SecretError } from './secret-error.ts';
import type { SecretVersion } from './secret-version.ts';
import type { SecretsManager } from './secrets-manager.ts';

/** How long a lease that another process holds is waited for, and how long until the next look, in ms. */
const LEASE_PATIENCE = 15_000;
const LEASE_PAUSE = 250;

/** Lets one process at a time put a new value in the place of a secret's current one, over all processes and machines. */
export class OneWriter {
  readonly #source: SecretsManager;
  readonly #lease: Lease;
  readonly #log: Log;
  readonly #replacing = new Set<Promise<unknown>>();

  constructor(source: SecretsManager, lease: Lease, log: Log) {
    this.#source = source;
    this.#lease = lease;
    this.#log = log;
  }

  /**
   * Runs `renew` while no other process renews the same secret.
   *
   * @param from the version that is about to be replaced.
   * @param renew gets a new value and stores it, which gives the lease back; undefined when there was nothing to store, and the
   *   lease was given back. It is called once at most, and only when the secret may be written. `inherited`: whoever was about to
   *   renew the same version has ended without a word, and may have used it up.
   * @returns the version that is current now: the stored one, or the one that another process has put there meanwhile. Unless it
   *   is `from`, the caller is its owner.
   * @throws SecretError when that could not be found out; and what `renew` throws, after which the lease is given back.
   */
  async replace(
    secretId: string,
    from: SecretVersion,
    renew: (inherited: boolean) => Promise<SecretVersion | undefined>,
  ): Promise<SecretVersion> {
    mayBeReplaced(secretId, from);
    const lease = await this.#take(secretId, from.id);
    if (lease === 'replaced') return this.#source.fetch(secretId, true);
    if (lease === 'inherited') this.#log.warn({ secret: secretId }, INHERITED);
    // From here on the value before may be used up at any moment: an end of the process waits.
    const replaced = this.#replace(secretId, from, () => renew(lease === 'inherited'));
    this.#replacing.add(replaced);
    return replaced.finally(() => this.#replacing.delete(replaced));
  }

  /** Settles when nothing is left to be renewed or written. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#replacing);
  }

  async #replace(
    secretId: string,
    from: SecretVersion,
    renew: () => Promise<SecretVersion | undefined>,
  ): Promise<SecretVersion> {
    try {
      return (await renew()) ?? from;
    } catch (error) {
      await this.#lease.release(secretId, from.id);
      throw error;
    }
  }

  /** Whoever holds the lease is done within a second or so, or ten on a busy machine: it is waited for. */
  async #take(secretId: string, current: string): ReturnType<Lease['take']> {
    const until = now() + LEASE_PATIENCE;
    for (;;) {
      try {
        return await this.#lease.take(secretId, current);
      } catch (error) {
        const isHeld = error instanceof SecretError && error.reason === 'lease_held';
        if (!isHeld || now() >= until) throw error;
        await sleep(LEASE_PAUSE);
      }
    }
  }
}

const INHERITED =
  'a process ended while it was about to replace this secret, and may have used it up: it is used once more; if that is refused, authorise anew and store the new refresh token';
