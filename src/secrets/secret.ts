import { FULL } from '../cache/check-budget.ts';
import { now } from '../cache/clock.ts';
import type { Deadline } from '../cache/deadline.ts';
import { type Freshness, jittered } from '../cache/freshness.ts';
import { type RefreshState, stateOf } from '../cache/refresh.ts';
import { Waker } from '../cache/waker.ts';
import { isLookedInto, UNSEEN } from './acceptance.ts';
import { SecretError, secretErrorOf } from './secret-error.ts';
import { type SecretEvent, type SecretNews, step } from './secret-machine.ts';
import {
  currentOf,
  defaultOf,
  nextWake,
  previousUntil,
  type SecretRules,
  type SecretState,
  unreadSecret,
  untriedOf,
} from './secret-state.ts';
import type { SecretUse } from './secret-use.ts';
import type { SecretVersion } from './secret-version.ts';
import type { SecretSource } from './secrets-manager.ts';
import { STAGED, type Stage } from './stage.ts';
import { VersionTable } from './version-table.ts';

/** What requests may carry for a while. */
export interface Outlook {
  readonly version: SecretVersion;
  /** When the last read of the current version that succeeded began; monotonic, in ms, as is `until`. */
  readonly checkedAt: number;
  readonly until: number;
}

/**
 * A secret with its versions, as the integrations use it that name it: carries out what the secret's machine says, and owns the
 * values. Only this file knows both.
 */
export class Secret {
  /** Name or ARN. */
  readonly id: string;
  readonly #source: SecretSource;
  readonly #tell: (news: SecretNews) => void;
  readonly #rules: SecretRules;
  readonly #versions: VersionTable;
  readonly #waker = new Waker(() => this.#step({ kind: 'woken' }));
  readonly #reading = new Map<Stage, Promise<void>>();
  #uses: ReadonlyMap<string, SecretUse> = new Map();
  #replicas: readonly string[] = [];
  #state: SecretState = unreadSecret(FULL);
  #closed = false;

  /**
   * @param tell told of each change, in the turn in which it happens.
   * @param wiped told whenever a value has been overwritten.
   */
  constructor(
    id: string,
    source: SecretSource,
    freshness: Freshness,
    tell: (news: SecretNews) => void,
    wiped: () => void = () => undefined,
  ) {
    this.#versions = new VersionTable(wiped);
    this.id = id;
    this.#source = source;
    this.#tell = tell;
    this.#rules = {
      ...jittered(freshness),
      fits: (use, versionId) => this.#fits(use, versionId),
      behind: new SecretError(id, 'replica_behind', 'a replica has an older version than the one that is held'),
    };
  }

  /**
   * Serves these integrations from now on, and no others. What is held and what was learnt stays.
   *
   * @returns settles when a read that this makes necessary has ended, well or not.
   */
  async configure(uses: readonly SecretUse[]): Promise<void> {
    this.#uses = new Map(uses.map((use) => [use.name, use]));
    this.#replicas = [...new Set(uses.flatMap(({ replicas }) => replicas))];
    const options = new Map(uses.map(({ name, rotation }) => [name, rotation]));
    this.#step({ kind: 'configured', uses: options, readsHosts: uses.some(({ readsHosts }) => readsHosts === true) });
    await this.#reading.get('AWSCURRENT');
  }

  /** What is known of it, which holds no value. */
  get state(): SecretState {
    return this.#state;
  }

  /**
   * The version for a first attempt, at once when there is a usable one.
   *
   * @throws SecretError (or rejects with it) when there is none in time; at once when a read has just failed.
   */
  first(use: string, deadline: Deadline): SecretVersion | Promise<SecretVersion> {
    const time = now();
    if (time >= this.#state.current.staleAt || this.#state.hosts === 'unknown') this.#step({ kind: 'asked' });
    const id = defaultOf(this.#state, use, time, this.#rules);
    const version = id === undefined ? undefined : this.#versions.get(id);
    if (version !== undefined) {
      if (this.#state.uses.get(use)?.acceptance.since !== Number.NEGATIVE_INFINITY) this.#step({ kind: 'used', use });
      return version;
    }
    const reading = this.#reading.get('AWSCURRENT');
    if (reading === undefined) throw this.#missing(deadline.ms);
    return this.#afterwards(use, reading, deadline);
  }

  /**
   * The version for an attempt that follows refused ones.
   *
   * @param tried ids of the versions that the earlier attempts carried, in their order; empty when Envoy did not keep them.
   * @returns one that was not tried; when none is left the default one, so that the destination's own answer stands.
   * @throws SecretError when there is no usable version.
   */
  async next(use: string, tried: readonly string[], deadline: Deadline): Promise<SecretVersion> {
    const since = now();
    this.#step({ kind: 'refused', use, tried });
    await this.#look('AWSCURRENT', since, deadline);
    const current = currentOf(this.#state, now());
    if (current !== undefined && tried.includes(current)) {
      const stages = STAGED.filter((stage) => this.#mayTry(use, stage));
      await Promise.all(stages.map((stage) => this.#look(stage, since, deadline)));
    }
    // A read that takes longer goes on without this request, which makes do with what is known.
    const id = untriedOf(this.#state, use, tried, now(), this.#rules);
    const version = id === undefined ? undefined : this.#versions.get(id);
    if (version === undefined) {
      this.#step({ kind: 'exhausted', use });
      return this.first(use, deadline);
    }
    this.#step({ kind: 'sent', use, id: version.id, attempt: tried.length + 1 });
    return version;
  }

  /**
   * The version for an attempt that follows one which ended for another reason than its key: nothing is learnt, and nothing read.
   *
   * @param refused ids of the versions that earlier attempts carried and that were refused.
   * @returns one that was not refused; when none is left the default one.
   * @throws SecretError (or rejects with it) when there is no usable version.
   */
  again(use: string, refused: readonly string[], deadline: Deadline): SecretVersion | Promise<SecretVersion> {
    const id = untriedOf(this.#state, use, refused, now(), this.#rules);
    return (id === undefined ? undefined : this.#versions.get(id)) ?? this.first(use, deadline);
  }

  /**
   * What the first attempt of any request may carry now, without a decision on each: nothing is read for it, and what was
   * seen of refusals long ago is forgotten, since from now on nobody tells of those that are taken.
   *
   * @returns `asked` when each request must be decided on: while refusals are being looked into, and when AWS has taken the secret
   *   away; undefined when it is not known.
   */
  outlook(use: string): Outlook | 'asked' | undefined {
    const time = now();
    const it = this.#state.uses.get(use);
    if (it === undefined || time < it.hopelessUntil || isLookedInto(it.acceptance, time)) return 'asked';
    const id = defaultOf(this.#state, use, time, this.#rules);
    const version = id === undefined ? undefined : this.#versions.get(id);
    if (version === undefined) return this.#state.current.failure?.policy.isVerdict === true ? 'asked' : undefined;
    if (it.acceptance !== UNSEEN) this.#step({ kind: 'unheard', use });
    const { checkedAt, deadAt } = this.#state.current;
    const found = this.#state.versions.get(version.id)?.checkedAt ?? Number.NEGATIVE_INFINITY;
    const until = Math.min(deadAt, found + this.#rules.maxStale, it.instead?.until ?? Number.POSITIVE_INFINITY);
    return { version, checkedAt, until };
  }

  /** Whether a refusal of what an integration sends now would be final: a retry would only bother the destination. */
  isHopeless(use: string): boolean {
    const until = this.#state.uses.get(use)?.hopelessUntil ?? Number.NEGATIVE_INFINITY;
    return until !== Number.NEGATIVE_INFINITY && now() < until;
  }

  /** A version that is held, by its VersionId. */
  version(id: string): SecretVersion | undefined {
    return this.#versions.get(id);
  }

  /** The hosts to which it may go, as of the last read; undefined when its owner does not say, or is not asked. */
  get hosts(): readonly string[] | undefined {
    const { hosts } = this.#state;
    return hosts === 'unknown' ? [] : hosts;
  }

  /** Milliseconds until a request makes a secret without a usable value be read again. */
  get retryAfter(): number {
    return Math.max(0, this.#state.current.askAgainAt - now());
  }

  /** Whether there is a usable current version, and how old it is. */
  get freshness(): RefreshState {
    return stateOf(this.#state.current, now());
  }

  /** AWS is asked anew which version is current, as far as the budget allows. */
  confirm(): void {
    this.#step({ kind: 'look', stage: 'AWSCURRENT', since: now() });
  }

  /** A version is said to be current: it is looked for until it is. */
  announce(versionId: string): void {
    this.#step({ kind: 'announced', id: versionId });
  }

  /** Lets go of all versions. */
  close(): void {
    this.#closed = true;
    this.#waker.stop();
    this.#state = unreadSecret(FULL);
    this.#uses = new Map();
    this.#versions.clear();
  }

  /** A read that fails late is followed by another one, as long as there is time. */
  async #afterwards(use: string, first: Promise<void>, deadline: Deadline): Promise<SecretVersion> {
    for (let reading: Promise<void> | undefined = first; reading !== undefined; ) {
      this.#source.hurry?.(this.id);
      await deadline.wait(reading, (ms) => late(this.id, ms));
      const id = defaultOf(this.#state, use, now(), this.#rules);
      const version = id === undefined ? undefined : this.#versions.get(id);
      if (version !== undefined) return version;
      if (this.#state.current.failure?.policy.isVerdict === true) break;
      this.#step({ kind: 'asked' });
      reading = this.#reading.get('AWSCURRENT');
    }
    throw this.#missing(deadline.ms);
  }

  /** What was read no earlier than `since`, as far as budget and time allow. */
  async #look(stage: Stage, since: number, deadline: Deadline): Promise<void> {
    // One that is under way began too early: it is waited for, and then there is another one.
    for (let reads = 0; reads < 2; reads += 1) {
      this.#step({ kind: 'look', stage, since });
      const reading = this.#reading.get(stage);
      if (reading === undefined || deadline.left === 0) return;
      await deadline.patiently(reading);
    }
  }

  /** Whether a version with this label may be tried, and is not known without being looked up. */
  #mayTry(use: string, stage: (typeof STAGED)[number]): boolean {
    const options = this.#state.uses.get(use)?.options;
    if (stage === 'AWSPENDING') return options?.pending === true;
    return options?.previous === true && this.#state.replaced === undefined && now() < previousUntil(this.#state);
  }

  #missing(ms: number): SecretError {
    return this.#state.current.failure ?? late(this.id, ms);
  }

  #fits(use: string, versionId: string): boolean {
    const version = this.#versions.get(versionId);
    return version !== undefined && this.#uses.get(use)?.accepts(version) === true;
  }

  #step(event: SecretEvent): void {
    if (this.#closed) return;
    const time = now();
    const [state, effects] = step(this.#state, event, time, this.#rules);
    this.#state = state;
    for (const effect of effects) {
      switch (effect.do) {
        case 'read':
          this.#reading.set(effect.stage, this.#read(effect.stage, effect.urgent));
          break;
        case 'wipe':
          this.#versions.drop(effect.id);
          break;
        case 'tell':
          this.#tell(effect.news);
      }
    }
    this.#waker.wakeAt(nextWake(state, time, this.#rules));
  }

  async #read(stage: Stage, urgent: boolean): Promise<void> {
    const { readsHosts } = this.#state;
    const event = await this.#fetch(stage, urgent, readsHosts);
    this.#reading.delete(stage);
    this.#step(event);
    if (event.kind === 'read' && !this.#state.versions.has(event.version.id)) this.#versions.drop(event.version.id);
  }

  async #fetch(stage: Stage, urgent: boolean, readsHosts: boolean): Promise<SecretEvent> {
    try {
      const options =
        stage === 'AWSCURRENT' ? { replicas: this.#replicas, ...(readsHosts ? { readsHosts } : {}) } : { stage };
      const version = await this.#source.fetch(this.id, urgent, options);
      if (this.#closed) version.discard();
      else this.#versions.adopt(version);
      const { id, createdAt, fromReplica, hosts } = version;
      const bornAt = createdAt === undefined ? undefined : now() - (Date.now() - createdAt);
      return { kind: 'read', stage, version: { id, createdAt, bornAt, fromReplica, hosts, readHosts: readsHosts } };
    } catch (error) {
      return { kind: 'failed', stage, error: secretErrorOf(this.id, error) };
    }
  }
}

function late(id: string, ms: number): SecretError {
  return new SecretError(id, 'timeout', `no answer in ${ms} ms`);
}
