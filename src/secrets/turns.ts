import { now } from '../cache/clock.ts';
import { called, type Pace, type PaceLimits, paceOf, rateOf, slowed, waitFor } from '../cache/pace.ts';

/** How many calls are under way at a time. */
export const MOST_AT_ONCE = 10;

/** How many secrets one BatchGetSecretValue reads at most. */
export const MOST_TOGETHER = 20;

/**
 * How fast calls are made, well below what AWS allows an account in a Region (10,000 and 100 a second), so that a fleet of these
 * fits; where it does not, AWS says so, and each becomes slower.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
const ALONE: PaceLimits = { first: 200, least: 2, most: 500, growth: 0.1, burst: 40 };
const TOGETHER: PaceLimits = { first: 40, least: 0.5, most: 80, growth: 0.1, burst: 10 };

/** What waits for its turn to call AWS. */
export interface Turn {
  readonly secretId: string;
  /** Whether a request waits for it: it then goes first. */
  urgent: boolean;
  /** Those that say the same may share one call. Undefined: it needs one of its own. */
  shares: string | undefined;
}

/** How a call has ended, as far as the pace goes. */
export type Ending = 'answered' | 'throttled';

/**
 * The order in which AWS is called, and how fast: what a request waits for before all else, at most {@link MOST_AT_ONCE} calls at a
 * time, and when more wait than that, those that may share a call do. It becomes slower when AWS throttles.
 */
export class Turns<T extends Turn> {
  readonly #run: (turns: readonly T[]) => Promise<Ending>;
  readonly #mayShare: (key: string) => boolean;
  readonly #urgent = new Set<T>();
  readonly #others = new Set<T>();
  readonly #underWay = new Set<T>();
  #running = 0;
  #alone: Pace = paceOf(ALONE, now());
  #together: Pace = paceOf(TOGETHER, now());
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param run makes one call, for one turn or for several that share it; never rejects.
   * @param mayShare whether turns with this key may share a call just now.
   */
  constructor(run: (turns: readonly T[]) => Promise<Ending>, mayShare: (key: string) => boolean) {
    this.#run = run;
    this.#mayShare = mayShare;
  }

  /** Waits for its turn, behind those that are as urgent. */
  add(turn: T): void {
    (turn.urgent ? this.#urgent : this.#others).add(turn);
    // Those that are added in the same turn of the event loop are seen together.
    queueMicrotask(() => this.#go());
  }

  /** A request waits for a secret now: what waits for it goes first. */
  hurry(secretId: string): void {
    // One that is under way may have to wait for another turn.
    for (const turn of this.#underWay) if (turn.secretId === secretId) turn.urgent = true;
    for (const turn of this.#others) {
      if (turn.secretId !== secretId) continue;
      this.#others.delete(turn);
      turn.urgent = true;
      this.add(turn);
    }
  }

  /** Makes no more calls. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #go(): void {
    clearTimeout(this.#timer);
    while (!this.#closed && this.#running < MOST_AT_ONCE) {
      const next = first(this.#urgent) ?? first(this.#others);
      if (next === undefined) return;
      const time = now();
      const group = this.#groupOf(next, time);
      const wait = waitFor(group.length > 1 ? this.#together : this.#alone, time);
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#go(), Math.ceil(wait));
        return;
      }
      this.#start(group, time);
    }
  }

  /** Those that go with the next one: none unless many wait and sharing is the faster way. */
  #groupOf(next: T, time: number): T[] {
    const { shares } = next;
    const isCrowded = this.#urgent.size + this.#others.size > MOST_AT_ONCE - this.#running;
    if (shares === undefined || !isCrowded || !this.#mayShare(shares)) return [next];
    const isFaster = rateOf(this.#together, time) * MOST_TOGETHER > rateOf(this.#alone, time);
    // What a request waits for does not wait for others to be read.
    if (!isFaster || (next.urgent && waitFor(this.#together, time) > waitFor(this.#alone, time))) return [next];
    const group: T[] = [];
    for (const waiting of [this.#urgent, this.#others]) {
      for (const turn of waiting) {
        if (turn.shares === shares) group.push(turn);
        if (group.length === MOST_TOGETHER) return group;
      }
    }
    return group;
  }

  #start(group: readonly T[], time: number): void {
    for (const turn of group) {
      this.#urgent.delete(turn);
      this.#others.delete(turn);
      this.#underWay.add(turn);
    }
    const isShared = group.length > 1;
    if (isShared) this.#together = called(this.#together, time);
    else this.#alone = called(this.#alone, time);
    this.#running += 1;
    this.#run(group).then((ending) => {
      this.#running -= 1;
      for (const turn of group) this.#underWay.delete(turn);
      if (ending === 'throttled') {
        if (isShared) this.#together = slowed(this.#together, now());
        else this.#alone = slowed(this.#alone, now());
      }
      this.#go();
    });
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  return set.values().next().value;
}
