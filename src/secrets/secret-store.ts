import type { CellState, Freshness } from './cell.ts';
import type { LabelMoved } from './label-events.ts';
import { Rotation, type RotationEvent, type SecretUse } from './rotation.ts';
import { Secret, type SecretEvent } from './secret.ts';
import type { FailureReason } from './secret-error.ts';
import type { SecretVersion } from './secret-version.ts';
import type { SecretSource } from './secrets-manager.ts';

/** How many secrets one process holds: with AWS's limit of 64 KiB a value, 62.5 MiB of current values at most. */
export const MOST_SECRETS = 1_000;

/** Who is told of what happens to secrets. */
export interface SecretObserver {
  secret(secretId: string, event: SecretEvent): void;
  rotation(event: RotationEvent): void;
}

/** A secret as the status page shows it: nothing of its value. */
export interface SecretStatus {
  /** Name or ARN. */
  readonly secret: string;
  readonly state: CellState;
  /** First 8 characters of the VersionId in use. */
  readonly version?: string;
  /** Seconds since the last successful check began. */
  readonly checkedSecondsAgo?: number;
  /** Why the last check failed. */
  readonly failure?: FailureReason;
}

/**
 * The secrets that the catalogue's integrations use, read ahead and kept fresh for as long as they are named.
 */
export class SecretStore {
  readonly #source: SecretSource;
  readonly #freshness: Freshness;
  readonly #observer: SecretObserver;
  readonly #secrets = new Map<string, Secret>();
  readonly #rotations = new Map<string, Rotation>();

  constructor(source: SecretSource, freshness: Freshness, observer: SecretObserver) {
    this.#source = source;
    this.#freshness = freshness;
    this.#observer = observer;
  }

  /**
   * Serves these integrations and no others: secrets that are new are read at once, those no longer named are let go of.
   *
   * @returns settles when each new secret was read or has failed.
   * @throws RangeError for more than {@link MOST_SECRETS}.
   */
  async hold(uses: Iterable<SecretUse>): Promise<void> {
    const wanted = new Map([...uses].map((use) => [use.name, use]));
    const secrets = new Map([...wanted.values()].map((use) => [keyOf(use), use]));
    if (secrets.size > MOST_SECRETS)
      throw new RangeError(`${secrets.size} secrets: one Attaché holds at most ${MOST_SECRETS}`);
    for (const rotation of this.#rotations.values()) rotation.close();
    this.#rotations.clear();
    for (const [key, secret] of this.#secrets) {
      if (secrets.has(key)) continue;
      this.#secrets.delete(key);
      secret.close();
    }
    const added: Secret[] = [];
    for (const use of wanted.values()) {
      let secret = this.#secrets.get(keyOf(use));
      if (secret === undefined) {
        secret = this.#secret(use);
        added.push(secret);
      }
      this.#rotations.set(
        use.name,
        new Rotation(use, secret, this.#freshness, (event) => this.#observer.rotation(event)),
      );
    }
    await Promise.all(added.map((secret) => secret.cell.refresh()));
  }

  /**
   * Which version of its secret an integration sends.
   *
   * @throws RangeError for an integration that is not held: the catalogue and the store have parted.
   */
  rotation(integration: string): Rotation {
    const rotation = this.#rotations.get(integration);
    if (rotation === undefined) throw new RangeError(`the secret of ${integration} is not held`);
    return rotation;
  }

  /** A version of an integration's secret that is held, by its VersionId. */
  version(integration: string, versionId: string): SecretVersion | undefined {
    return this.#rotations.get(integration)?.version(versionId);
  }

  /** AWSCURRENT of a secret is said to have moved: the secret is read at once if it is one of these. */
  moved({ arn, name, versionId }: LabelMoved): void {
    for (const secret of this.#secrets.values()) {
      if (secret.id === arn || secret.id === name) secret.expect(versionId);
    }
  }

  /** How each secret is doing. */
  status(): SecretStatus[] {
    return [...this.#secrets.values()].map(({ id, cell }) => {
      const version = cell.peek();
      return {
        secret: id,
        state: cell.state,
        ...(version === undefined ? {} : { version: version.shortId }),
        ...(cell.age === Number.POSITIVE_INFINITY ? {} : { checkedSecondsAgo: Math.round(cell.age / 1_000) }),
        ...(cell.failure === undefined ? {} : { failure: cell.failure.reason }),
      };
    });
  }

  /** Lets go of all. */
  close(): void {
    void this.hold([]);
  }

  #secret(use: SecretUse): Secret {
    const { secretId, replicas, readsHosts = false } = use;
    const secret = new Secret(secretId, { replicas, readsHosts }, this.#source, this.#freshness);
    secret.subscribe((event) => this.#observer.secret(secretId, event));
    this.#secrets.set(keyOf(use), secret);
    return secret;
  }
}

/** Integrations share what they read from the same place. */
function keyOf({ secretId, replicas, readsHosts = false }: SecretUse): string {
  return [secretId, readsHosts, ...replicas].join(' ');
}
