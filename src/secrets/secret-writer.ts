import { setTimeout as sleep } from 'node:timers/promises';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { now } from '../cache/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { NewVersion } from './new-version.ts';
import { secretErrorOf } from './secret-error.ts';
import type { SecretsManager } from './secrets-manager.ts';

/** How long to wait after a write that failed, in ms: the first time, and at most; and, after a minute of failures, at most. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
const PATIENT_AFTER = 60_000;
const LONGEST_PATIENT_PAUSE = 30_000;

/** For how long a secret that is gone is tried, in ms: it may be restored, and whoever deletes it by mistake notices soon. */
const GIVE_UP_AFTER = 15 * 60_000;

/** A failure that lasts is told again after this long, in ms. */
const TELL_AGAIN_AFTER = 10 * 60_000;

/** Why a secret can never be written again, unless somebody brings it back. */
const GONE: readonly string[] = ['secret_not_found', 'secret_deleted'];

/** Writes values into AWS Secrets Manager that exist nowhere else. It needs `secretsmanager:PutSecretValue`. */
export class SecretWriter {
  readonly #source: SecretsManager;
  readonly #log: Log;

  constructor(source: SecretsManager, log: Log) {
    this.#source = source;
    this.#log = log;
  }

  /**
   * Makes a version current. The value before is used up, so there is no way back: it is tried until it succeeds.
   *
   * @throws SecretError when the secret itself has been gone for a quarter of an hour.
   */
  async write(secretId: string, { id, value }: NewVersion): Promise<void> {
    const since = now();
    let told: { readonly reason: string; readonly at: number } | undefined;
    for (let pause = FIRST_PAUSE; ; pause *= 2) {
      try {
        const command = new PutSecretValueCommand({ SecretId: secretId, SecretString: value, ClientRequestToken: id });
        await this.#source.call(secretId, (client, abortSignal) => client.send(command, { abortSignal }));
        this.#log.info({ secret: secretId, version: id.slice(0, 16) }, 'secret written back');
        return;
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

const NOT_YET = 'secret cannot be written back, and its old value is used up: trying again';
const LOST =
  'secret is gone, and with it what was to be written back: authorise anew, store the refresh token in a new secret and name that';
