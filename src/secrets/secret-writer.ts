import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { Log } from '../telemetry/log.ts';
import { Lease } from './lease.ts';
import { SecretError } from './secret-error.ts';
import { SecretVersion } from './secret-version.ts';
import type { SecretsManager } from './secrets-manager.ts';
import type { WriteBack } from './write-back.ts';

/** The VersionIds that this writes begin so: a UUID follows. */
const OURS = 'attache-';

/** A secret is written at most once in this time, in ms: AWS keeps 100 versions, and none younger than a day is dropped. */
const MOST_OFTEN = 10 * 60_000;

/** How long to wait after a write that failed, in ms: the first time, and at most. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

/** How long a lease that another process holds is waited for, and how long until the next look, in ms. */
const LEASE_PATIENCE = 4_000;
const LEASE_PAUSE = 250;

/**
 * Writes new values into AWS Secrets Manager. It needs `secretsmanager:PutSecretValue`, `DescribeSecret` and
 * `UpdateSecretVersionStage`.
 */
export class SecretWriter implements WriteBack {
  readonly #source: SecretsManager;
  readonly #log: Log;
  readonly #lease: Lease;
  readonly #writing = new Set<Promise<unknown>>();

  constructor(source: SecretsManager, log: Log) {
    this.#source = source;
    this.#log = log;
    this.#lease = new Lease(source);
  }

  async replace(
    secretId: string,
    from: SecretVersion,
    renew: () => Promise<string | undefined>,
  ): Promise<SecretVersion> {
    const age = from.createdAt === undefined ? Number.POSITIVE_INFINITY : Date.now() - from.createdAt;
    if (from.id.startsWith(OURS) && age < MOST_OFTEN)
      throw new SecretError(secretId, 'written_too_often', `written ${Math.round(age / 1_000)} s ago`);
    if ((await this.#take(secretId, from.id)) === 'replaced') return this.#source.fetch(secretId, true);
    let value: string | undefined;
    try {
      value = await renew();
    } catch (error) {
      await this.#lease.release(secretId, from.id);
      throw error;
    }
    if (value === undefined) {
      await this.#lease.release(secretId, from.id);
      return from;
    }
    const written = this.#write(secretId, value);
    this.#writing.add(written);
    return written.finally(() => this.#writing.delete(written));
  }

  /** Settles when nothing is left to be written. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  /** Whoever holds the lease is done within a second or so: it is waited for. */
  async #take(secretId: string, current: string): Promise<'taken' | 'replaced'> {
    const until = performance.now() + LEASE_PATIENCE;
    for (;;) {
      try {
        return await this.#lease.take(secretId, current);
      } catch (error) {
        const isHeld = error instanceof SecretError && error.reason === 'lease_held';
        if (!isHeld || performance.now() >= until) throw error;
        await sleep(LEASE_PAUSE);
      }
    }
  }

  /** The value before is used up, so there is no way back: it is tried until it succeeds. */
  async #write(secretId: string, value: string): Promise<SecretVersion> {
    // The same token makes the same version, however often it is sent.
    const ClientRequestToken = OURS + randomUUID();
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const command = new PutSecretValueCommand({ SecretId: secretId, SecretString: value, ClientRequestToken });
        await this.#source.call(secretId, (client, abortSignal) => client.send(command, { abortSignal }));
        this.#log.info({ secret: secretId, version: ClientRequestToken.slice(0, 16) }, 'secret written back');
        return new SecretVersion(ClientRequestToken, value, { createdAt: Date.now() });
      } catch (error) {
        const { reason, detail } = error as SecretError;
        this.#log.error(
          { secret: secretId, reason, detail },
          'secret cannot be written back, and its old value is used up: trying again',
        );
        await sleep(pause);
      }
    }
  }
}
