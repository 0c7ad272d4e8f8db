import { leadOverAws } from '../aws/aws-clock.ts';
import { now } from '../cache/clock.ts';
import type { Freshness } from '../cache/freshness.ts';
import type { RefreshState } from '../cache/refresh.ts';
import type { LabelMoved } from './label-events.ts';
import { Secret } from './secret.ts';
import type { FailureReason } from './secret-error.ts';
import type { SecretNews } from './secret-machine.ts';
import { currentOf } from './secret-state.ts';
import type { SecretUse } from './secret-use.ts';
import { type SecretVersion, shortVersionId } from './secret-version.ts';
import type { SecretSource } from './secrets-manager.ts';
import { VersionChoice } from './version-choice.ts';

/** How many secrets one process holds: with AWS's limit of 64 KiB a value, 312.5 MiB of current values at most. */
export const MOST_SECRETS = 5_000;

/** A secret as the status page shows it: nothing of its value. */
export interface SecretStatus {
  /** Name or ARN. */
  readonly secret: string;
  readonly state: RefreshState;
  /** First 8 characters of the VersionId in use. */
  readonly version?: string;
  /** Seconds since the last successful check began. */
  readonly checkedSecondsAgo?: number;
  /** Why the last check failed. */
  readonly failure?: FailureReason;
  /** By how much the clock of this machine is ahead of AWS's; negative when it is behind. Absent: they hardly differ. */
  readonly clockAheadSeconds?: number;
}

/**
 * The secrets that the catalogue's integrations use, read ahead and kept fresh for as long as they are named.
 */
export class SecretStore {
  readonly #source: SecretSource;
  readonly #freshness: Freshness;
  readonly #tell: (secretId: string, news: SecretNews) => void;
  readonly #wiped: (() => void) | undefined;
  readonly #secrets = new Map<string, Secret>();
  /** By secret and name: of one name there are two while an integration goes to another secret. */
  readonly #choices = new Map<string, Map<string, VersionChoice>>();

  /**
   * @param tell told of each change of a secret, in the turn in which it happens.
   * @param wiped told whenever a value has been overwritten: what else was made of it must go too.
   */
  constructor(
    source: SecretSource,
    freshness: Freshness,
    tell: (secretId: string, news: SecretNews) => void,
    wiped?: () => void,
  ) {
    this.#wiped = wiped;
    this.#source = source;
    this.#freshness = freshness;
    this.#tell = tell;
  }

  /**
   * Serves these integrations and no others, from this very turn on: secrets that are new are read at once, those no longer named
   * are let go of, and all others stay as they are.
   *
   * @returns settles when each new secret was read or has failed; never rejects.
   */
  async hold(uses: Iterable<SecretUse>): Promise<void> {
    const wanted = Map.groupBy(uses, ({ secretId }) => secretId);
    for (const [secretId, secret] of this.#secrets) {
      if (wanted.has(secretId)) continue;
      this.#secrets.delete(secretId);
      secret.close();
    }
    this.#choices.clear();
    const configured = [...wanted].map(([secretId, its]) => {
      const secret = this.#secret(secretId);
      this.#choices.set(secretId, new Map(its.map(({ name }) => [name, new VersionChoice(name, secret)])));
      return secret.configure(its);
    });
    await Promise.all(configured);
  }

  /**
   * Which version of its secret an integration sends.
   *
   * @throws RangeError for an integration that is not held: the catalogue and the store have parted.
   */
  choice({ secretId, name }: Pick<SecretUse, 'secretId' | 'name'>): VersionChoice {
    const choice = this.#choices.get(secretId)?.get(name);
    if (choice === undefined) throw new RangeError(`the secret of ${name} is not held`);
    return choice;
  }

  /** A version of an integration's secret that is held, by its VersionId. */
  version({ secretId, name }: Pick<SecretUse, 'secretId' | 'name'>, versionId: string): SecretVersion | undefined {
    return this.#choices.get(secretId)?.get(name)?.version(versionId);
  }

  /** AWSCURRENT of a secret is said to have moved: the secret is read at once if it is one of these. */
  moved({ arn, name, versionId }: LabelMoved): void {
    for (const secret of this.#secrets.values()) {
      if (secret.id === arn || secret.id === name) secret.announce(versionId);
    }
  }

  /** How many secrets there are, and how many of them have no usable value. */
  count(): { readonly secrets: number; readonly missing: number } {
    const all = [...this.#secrets.values()];
    return { secrets: all.length, missing: all.filter(({ freshness }) => freshness === 'dead').length };
  }

  /** How each secret is doing. */
  status(): SecretStatus[] {
    const time = now();
    const clockAheadSeconds = leadOverAws();
    return [...this.#secrets.values()].map(({ id, state, freshness }) => {
      const version = currentOf(state, time);
      const { checkedAt, failure } = state.current;
      return {
        secret: id,
        state: freshness,
        ...(version === undefined ? {} : { version: shortVersionId(version) }),
        ...(checkedAt === Number.NEGATIVE_INFINITY
          ? {}
          : { checkedSecondsAgo: Math.round((time - checkedAt) / 1_000) }),
        ...(failure === undefined ? {} : { failure: failure.reason }),
        ...(clockAheadSeconds === 0 ? {} : { clockAheadSeconds }),
      };
    });
  }

  /** Lets go of all. */
  close(): void {
    for (const secret of this.#secrets.values()) secret.close();
    this.#secrets.clear();
    this.#choices.clear();
  }

  #secret(id: string): Secret {
    let secret = this.#secrets.get(id);
    if (secret === undefined) {
      secret = new Secret(id, this.#source, this.#freshness, (news) => this.#tell(id, news), this.#wiped);
      this.#secrets.set(id, secret);
    }
    return secret;
  }
}
