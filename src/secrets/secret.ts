import { Cell, type CellEvent, type Freshness } from './cell.ts';
import { CheckBudget } from './check-budget.ts';
import { SecretError } from './secret-error.ts';
import type { SecretVersion } from './secret-version.ts';
import type { SecretSource } from './secrets-manager.ts';
import { StagedVersion } from './staged-version.ts';
import { withDeadline } from './with-deadline.ts';

/** For how long after a rotation the version before it is a candidate, in ms. */
const PREVIOUS_FOR = 10 * 60_000;

/** After how many ms a version that was announced is looked for again. */
const EXPECT_AGAIN_AFTER = [200, 500, 1_000, 2_000, 5_000, 10_000, 10_000];

/** A secret's own name for the value that it holds. */
export type SecretEvent = CellEvent<SecretVersion, SecretError>;

/** Which versions may be tried when the current one is refused. */
export interface RotationOptions {
  /** AWSPENDING: the destination already takes the key that AWS is about to make current. Default true. */
  readonly pending: boolean;
  /** AWSPREVIOUS, up to ten minutes after a rotation: the destination does not take the new key yet. Default true. */
  readonly previous: boolean;
}

/** How the current version of a secret is read. */
export interface SecretPlace {
  /** Regions that hold replicas of it. */
  readonly replicas: readonly string[];
  /** Whether its owner is asked where it may go. Default false. */
  readonly readsHosts?: boolean;
}

/**
 * A secret with its versions: the current one, kept fresh, and around a rotation the one before and the one to come.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_how.html
 */
export class Secret {
  /** Name or ARN. */
  readonly id: string;
  /** The current version. */
  readonly cell: Cell<SecretVersion, SecretError>;
  readonly #budget = new CheckBudget();
  readonly #listeners = new Set<(event: SecretEvent) => void>();
  readonly #fetchDeadline: number;
  readonly #pending: StagedVersion;
  readonly #replaced: StagedVersion;
  /** What is known of the newest version that was current; it outlives the value. */
  #latest: { readonly id: string; readonly createdAt: number | undefined } | undefined;
  #hosts: readonly string[] | undefined;
  #previous: SecretVersion | undefined;
  #changedAt: number | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #expecting: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(id: string, where: SecretPlace, source: SecretSource, freshness: Freshness) {
    this.id = id;
    this.#fetchDeadline = freshness.fetchDeadline;
    this.#pending = new StagedVersion(() => source.fetch(id, true, { stage: 'AWSPENDING' }));
    this.#replaced = new StagedVersion(() => source.fetch(id, true, { stage: 'AWSPREVIOUS' }));
    this.cell = new Cell<SecretVersion, SecretError>(
      {
        load: async (urgent) => {
          const read = this.#unlessBehind(id, await source.fetch(id, urgent, where));
          // The tag may change while the version does not.
          this.#hosts = read.hosts;
          return read;
        },
        same: (a, b) => a.id === b.id,
        notify: (event) => this.#notify(event),
        failure: (cause) => (cause instanceof SecretError ? cause : new SecretError(id, 'aws_error', String(cause))),
        late: (ms) => new SecretError(id, 'timeout', `no answer in ${ms} ms`),
      },
      freshness,
    );
  }

  /** The hosts to which it may go, as of the last check; undefined when its owner does not say, or is not asked. */
  get hosts(): readonly string[] | undefined {
    return this.#hosts;
  }

  /** Calls `listener` with each change of the current version, after this object has taken it in. */
  subscribe(listener: (event: SecretEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * A version to try after others were refused: the first of the current one, the pending one and the previous one that is not
   * among them. All are checked anew for it, as far as the budget for checks allows.
   *
   * @param tried ids of the versions that were refused.
   * @returns undefined when none is left.
   * @throws SecretError when there is no usable current version, and thus nothing to compare with.
   */
  async untried(tried: readonly string[], options: RotationOptions): Promise<SecretVersion | undefined> {
    const checked = this.#check(tried, options);
    // A check that takes longer goes on without this request, which makes do with what is known.
    await withDeadline(checked, this.#fetchDeadline, () => new Error('checked too late')).catch(() => undefined);
    const candidates = [
      await this.cell.get(),
      options.pending ? this.#pending.known : undefined,
      options.previous ? this.replaced : undefined,
    ];
    return candidates.find((version) => version !== undefined && !tried.includes(version.id));
  }

  /** A version that is held, by its VersionId. */
  version(id: string): SecretVersion | undefined {
    return [this.cell.peek(), this.replaced, this.#pending.known].find((version) => version?.id === id);
  }

  /** Milliseconds for which the version before the current one may still be used; 0 or less when it may not. */
  get replacedFor(): number {
    if (this.#changedAt !== undefined) return this.#changedAt + PREVIOUS_FOR - performance.now();
    // No rotation was seen since the start, but there may have been one shortly before.
    const createdAt = this.#latest?.createdAt;
    return createdAt === undefined ? 0 : createdAt + PREVIOUS_FOR - Date.now();
  }

  /** The version before the current one, for ten minutes after a rotation. */
  get replaced(): SecretVersion | undefined {
    if (this.replacedFor <= 0) return undefined;
    return this.#changedAt === undefined ? this.#replaced.known : this.#previous;
  }

  /**
   * A version is said to be current: reads until it is, since the word may come before the version can be read. Gives up
   * after half a minute; the usual check finds it then.
   */
  expect(versionId: string): void {
    clearTimeout(this.#expecting);
    const look = async (delays: readonly number[]) => {
      if (this.cell.peek()?.id === versionId) return;
      await this.cell.check();
      const [delay, ...later] = delays;
      if (delay === undefined || this.cell.peek()?.id === versionId) return;
      this.#expecting = setTimeout(() => void look(later), delay);
      this.#expecting.unref();
    };
    void look(EXPECT_AGAIN_AFTER);
  }

  /** Milliseconds until refusals may make the secret be checked again. */
  get checkAgainIn(): number {
    return this.#budget.wait;
  }

  /** Refusals are news again: they may make the secret be checked as often as at first. */
  renewBudget(): void {
    this.#budget.renew();
  }

  /** Lets go of all versions, overwriting them. */
  close(): void {
    clearTimeout(this.#forgetting);
    clearTimeout(this.#expecting);
    this.#listeners.clear();
    this.cell.peek()?.wipe();
    this.cell.close();
    this.#pending.forget();
    this.#replaced.forget();
    this.#forgetPrevious();
  }

  /** A replica that lags behind does not bring an older version back. */
  #unlessBehind(id: string, read: SecretVersion): SecretVersion {
    const latest = this.#latest;
    if (!read.fromReplica || latest === undefined || read.id === latest.id) return read;
    if (read.createdAt !== undefined && latest.createdAt !== undefined && read.createdAt > latest.createdAt)
      return read;
    throw new SecretError(id, 'replica_behind', 'a replica has an older version than the one that is held');
  }

  /** One check runs at a time; whoever asks while it runs waits for its end and for the next one. */
  async #check(tried: readonly string[], options: RotationOptions): Promise<void> {
    const since = performance.now();
    await this.#checking;
    if (this.#checkedAt >= since) return;
    if (this.#checking === undefined) {
      if (!this.#budget.take()) return;
      this.#checking = this.#lookAround(tried, options).finally(() => {
        this.#checking = undefined;
      });
    }
    await this.#checking;
  }

  /** Reads the current version and, when that has been refused, the others. */
  async #lookAround(tried: readonly string[], options: RotationOptions): Promise<void> {
    const since = performance.now();
    await this.cell.check();
    const current = this.cell.peek();
    if (current !== undefined && tried.includes(current.id)) {
      await Promise.all([
        options.pending ? this.#pending.look() : undefined,
        options.previous && this.#changedAt === undefined && this.replacedFor > 0 ? this.#replaced.look() : undefined,
      ]);
    }
    this.#checkedAt = since;
  }

  #notify(event: SecretEvent): void {
    if (event.kind === 'loaded') this.#loaded(event.value, event.previous);
    if (event.kind === 'purged') {
      event.value.wipe();
      this.#pending.forget();
      this.#replaced.forget();
      this.#forgetPrevious();
    }
    for (const listener of this.#listeners) listener(event);
  }

  #loaded(value: SecretVersion, previous: SecretVersion | undefined): void {
    this.#latest = { id: value.id, createdAt: value.createdAt };
    this.#budget.renew();
    if (this.#pending.known?.id === value.id) this.#pending.forget();
    if (previous === undefined) return;
    this.#forgetPrevious();
    this.#previous = previous;
    this.#changedAt = performance.now();
    clearTimeout(this.#forgetting);
    this.#forgetting = setTimeout(() => this.#forgetPrevious(), PREVIOUS_FOR);
    this.#forgetting.unref();
  }

  #forgetPrevious(): void {
    this.#previous?.wipe();
    this.#previous = undefined;
  }
}
