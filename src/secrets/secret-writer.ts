import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { awsNow } from '../aws/aws-clock.ts';
import { now } from '../cache/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { Lease } from './lease.ts';
import { SecretError, secretErrorOf } from './secret-error.ts';
import { SecretVersion } from './secret-version.ts';
import type { SecretsManager } from './secrets-manager.ts';
import type { WriteBack } from './write-back.ts';

/** The VersionIds that this writes begin so: a UUID follows. */
const OURS = 'attache-';

/** A secret is written at most once in this time, in ms: AWS keeps 100 versions, and none younger than a day is dropped. */
const MOST_OFTEN = 10 * 60_000;

/** How long to wait after a write that failed, in ms: the first time, and at most; and, after a minute of failures, at most. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
const PATIENT_AFTER = 60_000;
const LONGEST_PATIENT_PAUSE = 60_000;

/** For how long a secret that is gone is tried, in ms: it may be restored, and whoever deletes it by mistake notices soon. */
const GIVE_UP_AFTER = 15 * 60_000;

/** A failure that lasts is told again after this long, in ms. */
const TELL_AGAIN_AFTER = 10 * 60_000;

/** Why a secret can never be written again, unless somebody brings it back. */
const GONE: readonly string[] = ['secret_not_found', 'secret_deleted'];

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
  readonly #replacing = new Set<Promise<unknown>>();

  constructor(source: SecretsManager, log: Log) {
    this.#source = source;
    this.#log = log;
    this.#lease = new Lease(source);
  }

  async replace(
    secretId: string,
    from: SecretVersion,
    renew: (inherited: boolean) => Promise<string | undefined>,
  ): Promise<SecretVersion> {
    const age = from.createdAt === undefined ? Number.POSITIVE_INFINITY : awsNow() - from.createdAt;
    if (from.id.startsWith(OURS) && age < MOST_OFTEN)
      throw new SecretError(secretId, 'written_too_often', `written ${Math.round(age / 1_000)} s ago`);
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
    renew: () => Promise<string | undefined>,
  ): Promise<SecretVersion> {
    let value: string | undefined;
    try {
      value = await renew();
    } catch (error) {
      await this.#lease.release(secretId, from.id);
      throw error;
    }
    if (value !== undefined) return this.#write(secretId, value);
    await this.#lease.release(secretId, from.id);
    return from;
  }

  /** Whoever holds the lease is done within a second or so: it is waited for. */
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

  /**
   * The value before is used up, so there is no way back: it is tried until it succeeds.
   *
   * @throws SecretError when the secret itself has been gone for a quarter of an hour.
   */
  async #write(secretId: string, value: string): Promise<SecretVersion> {
    // The same token makes the same version, however often it is sent.
    const ClientRequestToken = OURS + randomUUID();
    const since = now();
    let told: { readonly reason: string; readonly at: number } | undefined;
    for (let pause = FIRST_PAUSE; ; pause *= 2) {
      try {
        const command = new PutSecretValueCommand({ SecretId: secretId, SecretString: value, ClientRequestToken });
        await this.#source.call(secretId, (client, abortSignal) => client.send(command, { abortSignal }));
        this.#log.info({ secret: secretId, version: ClientRequestToken.slice(0, 16) }, 'secret written back');
        return new SecretVersion(ClientRequestToken, value, { createdAt: awsNow() });
      } catch (error) {
        const failure = secretErrorOf(secretId, error);
        const { reason, detail } = failure;
        const isLost = GONE.includes(reason) && now() - since >= GIVE_UP_AFTER;
        if (isLost || told?.reason !== reason || now() - told.at >= TELL_AGAIN_AFTER) {
          told = { reason, at: now() };
          this.#log.error({ secret: secretId, reason, detail }, isLost ? LOST : NOT_YET);
        }
        if (isLost) throw failure;
        const longest = now() - since < PATIENT_AFTER ? LONGEST_PAUSE : LONGEST_PATIENT_PAUSE;
        await sleep(Math.min(pause, longest));
      }
    }
  }
}

const INHERITED =
  'a process ended while it was about to replace this secret, and may have used it up: it is used once more; if that is refused, authorise anew and store the new refresh token';
const NOT_YET = 'secret cannot be written back, and its old value is used up: trying again';
const LOST =
  'secret is gone, and with it what was to be written back: authorise anew, store the refresh token in a new secret and name that';
