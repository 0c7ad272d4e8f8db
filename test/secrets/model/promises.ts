import type { ReadFacts } from '../../../src/secrets/secret-machine.ts';
import type { SecretState } from '../../../src/secrets/secret-state.ts';
import type { Stage } from '../../../src/secrets/stage.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;

/** What the model says is broken. */
export class BrokenPromise extends Error {}

function demand(holds: boolean, promise: string): void {
  if (!holds) throw new BrokenPromise(promise);
}

/** The label that was read last, when that read began, and what it found. */
interface Look {
  readonly id: string;
  readonly at: number;
}

/**
 * What is promised of a secret, told by somebody who knows nothing of how it is done: lists and times of what was read, and no
 * more. One for each process.
 */
export class Promises {
  readonly #world: World;
  readonly #maxStale: number;
  /** When the last read began that found a version. */
  readonly #confirmed = new Map<string, number>();
  readonly #looks = new Map<Stage, Look>();
  readonly #held = new Set<string>();
  /** The version that was current before the one that is, and when that was seen. */
  #replaced: { readonly id: string; readonly at: number } | undefined;
  #current: string | undefined;
  /** The newest that was current; it outlives a purge. */
  #latest: string | undefined;
  /** The last good version, for integrations to which the current one is of no use. */
  readonly #kept = new Map<string, { readonly id: string; readonly until: number }>();
  /** The version that each integration was last heard to use. */
  readonly #learnt = new Map<string, string>();
  #uses: ReadonlySet<string> = new Set();
  #forced: { readonly at: number; readonly stage: Stage }[] = [];
  #news: number[] = [];

  constructor(world: World, maxStale: number) {
    this.#world = world;
    this.#maxStale = maxStale;
  }

  read(stage: Stage, { id, fromReplica }: ReadFacts, beganAt: number): void {
    this.#held.add(id);
    // A replica that lags behind has nothing to say.
    const latest = this.#latest;
    const bornAt = (version: string) => this.#world.bornAt.get(version) ?? 0;
    if (stage === 'AWSCURRENT' && fromReplica && latest !== undefined && id !== latest && bornAt(id) <= bornAt(latest))
      return;
    this.#confirmed.set(id, Math.max(beganAt, this.#confirmed.get(id) ?? 0));
    this.#looks.set(stage, { id, at: beganAt });
  }

  notThere(stage: Stage): void {
    this.#looks.delete(stage);
  }

  configured(): void {
    for (const [use, { id }] of this.#kept) {
      const unfit = this.#world.uses.get(use)?.unfit;
      const isNeeded = unfit?.has(id) === false && unfit.has(this.#current ?? '');
      if (!this.#uses.has(use) || !isNeeded) this.#kept.delete(use);
    }
    this.#uses = new Set(this.#world.uses.keys());
  }

  loaded(id: string, previous: string | undefined): void {
    demand(id !== previous, 'a version does not replace itself');
    demand(previous === undefined || previous === this.#current, 'what is replaced was current before');
    this.#news.push(this.#world.now);
    for (const [use, { unfit }] of this.#world.uses) {
      const learnt = this.#learnt.get(use);
      this.#learnt.delete(use);
      const isGood = (it: string | undefined) => it !== undefined && !unfit.has(it) && this.#isYoung(it);
      if (previous === undefined || !unfit.has(id) || !isGood(previous)) {
        this.#kept.delete(use);
        continue;
      }
      // The one that was learnt before it is kept in its place.
      const kept = [previous, learnt].filter(isGood).map((it) => (this.#confirmed.get(it ?? '') ?? 0) + this.#maxStale);
      this.#kept.set(use, { id: previous, until: Math.min(...kept) });
    }
    if (previous !== undefined) this.#replaced = { id: previous, at: this.#world.now };
    this.#current = id;
    this.#latest = id;
  }

  purged(): void {
    this.#current = undefined;
    this.#replaced = undefined;
    this.#looks.clear();
    this.#kept.clear();
    this.#learnt.clear();
  }

  wiped(id: string): void {
    demand(this.#held.delete(id), `${id} is wiped once, and only when it is held`);
  }

  /** A value that was read and is not wanted is overwritten at once. */
  dropped(id: string): void {
    this.#held.delete(id);
  }

  /** A value was handed out. */
  used(use: string, id: string, { hosts }: SecretState): void {
    demand(hosts !== 'unknown', `${id} is used before its owner has said where it may go`);
    demand(this.#held.has(id), `${id} is used after it was wiped`);
    demand(this.#isYoung(id), `${id} is used when it is older than it may be`);
    const kept = this.#kept.get(use);
    const isOfNoUse = this.#world.uses.get(use)?.unfit.has(id) === true;
    demand(
      !isOfNoUse || kept === undefined || this.#world.now >= kept.until,
      `${id} is of no use, and ${kept?.id} was dropped`,
    );
  }

  /** A refused request got this one, or none that it had not tried. */
  tried(use: string, tried: readonly string[], got: string | undefined): void {
    if (got === undefined) {
      const skipped = this.#candidates(use).filter((id) => !tried.includes(id));
      demand(skipped.length === 0, `${skipped.join()} was not tried after ${tried.join()}`);
      return;
    }
    demand(!tried.includes(got), `${got} was tried before`);
    demand(this.#candidates(use).includes(got), `${got} is none that may be tried`);
  }

  /** A read that refused requests have led to. */
  forced(stage: Stage): void {
    const { now } = this.#world;
    this.#forced.push({ at: now, stage });
    if (this.#forced.length % 64 !== 0) return;
    this.#forced = this.#forced.filter(({ at }) => at > now - 10 * MINUTE);
    this.#news = this.#news.filter((at) => at > now - 10 * MINUTE);
    // Twenty-two while it is news: a new version, two quiet minutes, or once more for each integration; later ever fewer.
    const occasions = 1 + this.#news.length + 5 + 4 * this.#world.uses.size;
    const most = 22 * occasions + 17;
    const count = this.#forced.filter((it) => it.stage === stage).length;
    demand(count <= most, `${count} reads of ${stage} in ten minutes because of refusals, and ${most} are allowed`);
  }

  /** Another version was learnt to be the one that is taken. */
  learnt(use: string, id: string): void {
    // It takes the place of a version that was kept.
    const until = (this.#confirmed.get(id) ?? 0) + this.#maxStale;
    if (this.#kept.has(use)) this.#kept.set(use, { id, until });
    this.#learnt.set(use, id);
    const taken = this.#world.taken.get(use);
    const isSteady = taken !== undefined && this.#world.now - taken.since > 11_000;
    demand(!isSteady || this.#world.takes(use, id), `${id} was learnt, and ${use} does not take it`);
  }

  /** What is held is what somebody may still need. */
  settled(state: SecretState): void {
    demand(
      this.#held.size === state.versions.size && [...this.#held].every((id) => state.versions.has(id)),
      'what is held and what is known are the same',
    );
    demand(this.#held.size <= 3 + state.uses.size, `${this.#held.size} versions are held`);
    for (const id of this.#held)
      demand(id === this.#current || this.#isYoung(id), `${id} is held though nobody may use it`);
  }

  #isYoung(id: string): boolean {
    return this.#world.now - (this.#confirmed.get(id) ?? Number.NEGATIVE_INFINITY) < this.#maxStale;
  }

  #candidates(use: string): string[] {
    const it = this.#world.uses.get(use);
    if (it === undefined) return [];
    const { now } = this.#world;
    const pending = this.#looks.get('AWSPENDING');
    const previous = this.#looks.get('AWSPREVIOUS');
    const bornAt = this.#world.bornAt.get(this.#current ?? '') ?? 0;
    const before =
      this.#replaced !== undefined && now < this.#replaced.at + 10 * MINUTE
        ? this.#replaced.id
        : previous !== undefined && now < previous.at + 10 * MINUTE && now < bornAt + 10 * MINUTE
          ? previous.id
          : undefined;
    const ids = [
      this.#current,
      it.options.pending && pending !== undefined && now < pending.at + 10 * MINUTE ? pending.id : undefined,
      it.options.previous ? before : undefined,
    ];
    return ids.filter((id) => id !== undefined && !it.unfit.has(id) && this.#isYoung(id)) as string[];
  }
}
