import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { now } from '../cache/clock.ts';
import { SecretError } from './secret-error.ts';
import type { SecretsManager } from './secrets-manager.ts';

/** The staging label that is the lease. */
const LABEL = 'attache-lease';

/** The version that bears the label when nobody holds the lease: 32 to 64 characters, the same for everybody. */
const PARKED = 'attache-lease-parked-0000000000000000';

/** The staging label that whoever takes the lease of a dead holder moves, so that others who have watched as long see that. */
const TURN = 'attache-lease-turn';

/** A version that is written anew each time, which changes nothing, to see that the secret may be written at all. */
const PROBE = { label: 'attache-probe', version: 'attache-probe-00000000000000000000000' };

/** A holder that has done nothing for this long, in ms, is taken for dead. */
const DEAD_AFTER = 120_000;

/** For how long whoever has taken it can be sure that nobody else has, in ms. */
const SURE_FOR = 100_000;

/** Time between two looks counts no longer than this, in ms: while AWS cannot be reached the holder can do nothing either. */
const LONGEST_LOOK = 5_000;

/**
 * One process at a time replaces a version of a secret, over all processes and machines, with nothing but Secrets Manager. The
 * lease is a staging label: whoever moves it onto the current version holds it. Moving a label away from a named version
 * fails when it is no longer there, so only one of many succeeds. Writing the next version releases it: the label stays behind.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 */
export class Lease {
  readonly #source: SecretsManager;
  readonly #seen = new Map<string, { readonly state: string; at: number; for: number }>();

  /** When the lease of a secret was last taken here. */
  readonly #taken = new Map<string, number>();

  constructor(source: SecretsManager) {
    this.#source = source;
  }

  /**
   * Takes the lease on the current version.
   *
   * @returns `taken`; `inherited` when it was taken from a holder that is dead; `replaced` when another version is current by now.
   * @throws SecretError `lease_held` while another process has it; otherwise for what AWS says, for example when the label may
   *   not be moved or the secret not be written.
   */
  async take(secretId: string, current: string): Promise<'taken' | 'inherited' | 'replaced'> {
    const { labelled, turn, isCurrent } = await this.#look(secretId, current);
    if (!isCurrent) return 'replaced';
    const isHeld = labelled === current;
    if (isHeld && !this.#isDead(secretId, `${current} ${turn}`)) throw held(secretId);
    if (isHeld) await this.#move(secretId, TURN, turn, turn === PROBE.version ? current : PROBE.version);
    else await this.#move(secretId, LABEL, labelled, current);
    this.#seen.delete(secretId);
    this.#taken.set(secretId, now());
    if (await this.#isCurrent(secretId, current)) return isHeld ? 'inherited' : 'taken';
    // Somebody has had it, has written and given it back between the look and the move.
    await this.release(secretId, current);
    return 'replaced';
  }

  /**
   * Gives the lease back without a new version. A failure is no harm: the lease is taken for dead later. One that was taken here so
   * long ago that another process may have it by now is left alone.
   */
  async release(secretId: string, current: string): Promise<void> {
    if (now() - (this.#taken.get(secretId) ?? now()) > SURE_FOR) return;
    await this.#move(secretId, LABEL, current, PARKED).catch(() => undefined);
  }

  async #look(secretId: string, current: string): Promise<{ labelled: string; turn: string; isCurrent: boolean }> {
    await this.#put(secretId, PROBE.version, PROBE.label);
    const versions = await this.#stages(secretId);
    const bearing = (label: string) => Object.keys(versions).find((version) => versions[version]?.includes(label));
    const [labelled, turn] = [bearing(LABEL), bearing(TURN)];
    if (labelled === undefined) {
      // Whoever comes first; the same version with the same value is the same for all who come at once. AWS ignores one that is
      // there already, so that the label, if somebody took it away, is put there by itself.
      await this.#put(secretId, PARKED, LABEL);
      await this.#move(secretId, LABEL, undefined, PARKED);
    }
    if (turn === undefined) await this.#move(secretId, TURN, undefined, PROBE.version);
    const isCurrent = versions[current]?.includes('AWSCURRENT') ?? false;
    return { labelled: labelled ?? PARKED, turn: turn ?? PROBE.version, isCurrent };
  }

  async #isCurrent(secretId: string, version: string): Promise<boolean> {
    return (await this.#stages(secretId))[version]?.includes('AWSCURRENT') ?? false;
  }

  async #stages(secretId: string): Promise<Record<string, string[]>> {
    const { VersionIdsToStages: versions = {} } = await this.#source.call(secretId, (client, abortSignal) =>
      client.send(new DescribeSecretCommand({ SecretId: secretId }), { abortSignal }),
    );
    return versions;
  }

  async #put(secretId: string, version: string, label: string): Promise<void> {
    const command = new PutSecretValueCommand({
      SecretId: secretId,
      ClientRequestToken: version,
      SecretString: `{"attache":"This version only bears the label ${label}. It holds no secret."}`,
      VersionStages: [label],
    });
    await this.#source.call(secretId, (client, abortSignal) => client.send(command, { abortSignal }));
  }

  async #move(secretId: string, label: string, from: string | undefined, to: string): Promise<void> {
    const command = new UpdateSecretVersionStageCommand({
      SecretId: secretId,
      VersionStage: label,
      RemoveFromVersionId: from,
      MoveToVersionId: to,
    });
    try {
      await this.#source.call(secretId, (client, abortSignal) => client.send(command, { abortSignal }));
    } catch (error) {
      throw error instanceof SecretError && error.reason === 'bad_request' ? held(secretId) : error;
    }
  }

  /** @param state what says that it is the same holder still. */
  #isDead(secretId: string, state: string): boolean {
    const time = now();
    const seen = this.#seen.get(secretId);
    if (seen?.state !== state) {
      this.#seen.set(secretId, { state, at: time, for: 0 });
      return false;
    }
    seen.for += Math.min(time - seen.at, LONGEST_LOOK);
    seen.at = time;
    return seen.for >= DEAD_AFTER;
  }
}

function held(secretId: string): SecretError {
  return new SecretError(
    secretId,
    'lease_held',
    `another process has moved the label ${LABEL} onto the current version`,
  );
}
