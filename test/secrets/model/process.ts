import { FULL } from '../../../src/cache/check-budget.ts';
import { SecretError } from '../../../src/secrets/secret-error.ts';
import { type SecretEvent, step } from '../../../src/secrets/secret-machine.ts';
import {
  currentOf,
  defaultOf,
  nextWake,
  type SecretRules,
  type SecretState,
  unreadSecret,
  untriedOf,
} from '../../../src/secrets/secret-state.ts';
import { STAGED, type Stage } from '../../../src/secrets/stage.ts';
import { Promises } from './promises.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** A request under way: what it has carried, and when its destination's word comes. */
interface Request {
  readonly use: string;
  readonly tried: string[];
  readonly answerAt: number;
  /** Since when it waits for reads, once it was refused. */
  since?: number;
}

interface Reading {
  readonly stage: Stage;
  readonly beganAt: number;
  readonly endsAt: number;
  readonly readHosts: boolean;
}

/** Attempts that a request has, as envoy.yaml grants them. */
const ATTEMPTS = 3;

/** One process of Attaché: the machine, with the simplest shell around it that carries out what it says. */
export class Process {
  readonly promises: Promises;
  readonly #world: World;
  readonly #random: Random;
  readonly #rules: SecretRules;
  #state: SecretState = unreadSecret(FULL);
  #reading: Reading[] = [];
  #requests: Request[] = [];
  /** How late the next timer rings. */
  #lateness = 0;

  constructor(world: World, random: Random, freshness: { readonly refreshAfter: number; readonly maxStale: number }) {
    this.#world = world;
    this.#random = random;
    this.promises = new Promises(world, freshness.maxStale);
    this.#rules = {
      ...freshness,
      fits: (use, id) => world.uses.get(use)?.unfit.has(id) === false,
      behind: new SecretError('s', 'replica_behind', ''),
    };
  }

  configure(readsHosts: boolean): void {
    const uses = new Map([...this.#world.uses].map(([name, { options }]) => [name, options]));
    this.#requests = this.#requests.filter(({ use }) => uses.has(use));
    this.promises.configured();
    this.#step({ kind: 'configured', uses, readsHosts });
  }

  announce(id: string): void {
    this.#step({ kind: 'announced', id });
  }

  /** A request comes in. */
  request(use: string): void {
    const { now } = this.#world;
    this.#step({ kind: 'asked' });
    const id = defaultOf(this.#state, use, now, this.#rules);
    if (id === undefined) return;
    this.promises.used(use, id, this.#state);
    this.#step({ kind: 'used', use });
    this.#send(use, [id]);
  }

  /** When something is due next: a read ends, a destination answers, a timer rings. */
  get nextAt(): number {
    const reads = this.#reading.map(({ endsAt }) => endsAt);
    const answers = this.#requests.map(({ answerAt }) => answerAt);
    return Math.min(...reads, ...answers, nextWake(this.#state, this.#world.now, this.#rules) + this.#lateness);
  }

  /** What is due by now happens. */
  pass(): void {
    const { now } = this.#world;
    const ended = this.#reading.filter(({ endsAt }) => endsAt <= now);
    this.#reading = this.#reading.filter(({ endsAt }) => endsAt > now);
    for (const reading of ended) this.#end(reading);
    const answered = this.#requests.filter(({ answerAt }) => answerAt <= now);
    this.#requests = this.#requests.filter(({ answerAt }) => answerAt > now);
    for (const request of answered) this.#answer(request);
    if (nextWake(this.#state, now, this.#rules) + this.#lateness > now) return;
    this.#lateness = this.#random.chance(0.1) ? this.#random.below(2_000) : 0;
    this.#step({ kind: 'woken' });
  }

  /** The machine slept: what was under way is lost. */
  sleep(): void {
    this.#requests = [];
  }

  #send(use: string, tried: string[]): void {
    // Within the time after which silence counts as acceptance.
    this.#requests.push({ use, tried, answerAt: this.#world.now + 1 + this.#random.below(150) });
  }

  #answer(request: Request): void {
    const { use, tried } = request;
    if (request.since === undefined) {
      if (this.#world.takes(use, tried.at(-1) ?? '') || tried.length >= ATTEMPTS) return;
      this.#step({ kind: 'refused', use, tried });
    }
    const since = request.since ?? this.#world.now;
    this.#look('AWSCURRENT', since);
    const current = currentOf(this.#state, this.#world.now);
    if (current !== undefined && tried.includes(current)) for (const stage of STAGED) this.#look(stage, since);
    const isDue = since + 2_000 <= this.#world.now;
    if (
      !isDue &&
      this.#reading.some(({ stage }) => stage === 'AWSCURRENT' || (current !== undefined && tried.includes(current)))
    ) {
      this.#requests.push({ ...request, since, answerAt: this.#world.now + 20 });
      return;
    }
    const id = untriedOf(this.#state, use, tried, this.#world.now, this.#rules);
    if (current !== undefined) this.promises.tried(use, tried, id);
    if (id === undefined) {
      this.#step({ kind: 'exhausted', use });
      return;
    }
    this.promises.used(use, id, this.#state);
    this.#step({ kind: 'sent', use, id, attempt: tried.length + 1 });
    this.#send(use, [...tried, id]);
  }

  #look(stage: Stage, since: number): void {
    const before = this.#reading.length;
    this.#step({ kind: 'look', stage, since });
    if (this.#reading.length > before) this.promises.forced(stage);
  }

  #end({ stage, beganAt, readHosts }: Reading): void {
    const read = this.#world.read(stage, readHosts);
    if (read instanceof SecretError) {
      if (read.reason === 'secret_not_found') this.promises.notThere(stage);
      this.#step({ kind: 'failed', stage, error: read });
      return;
    }
    this.promises.read(stage, read, beganAt);
    this.#step({ kind: 'read', stage, version: read });
    if (!this.#state.versions.has(read.id)) this.promises.dropped(read.id);
    this.promises.settled(this.#state);
  }

  #step(event: SecretEvent): void {
    const { now } = this.#world;
    const [state, effects] = step(this.#state, event, now, this.#rules);
    this.#state = state;
    for (const effect of effects) {
      if (effect.do === 'read') {
        const endsAt = now + this.#random.below(this.#random.chance(0.02) ? 5_000 : 300);
        this.#reading.push({ stage: effect.stage, beganAt: now, endsAt, readHosts: state.readsHosts });
      } else if (effect.do === 'wipe') this.promises.wiped(effect.id);
      else if (effect.news.kind === 'loaded') this.promises.loaded(effect.news.id, effect.news.previous);
      else if (effect.news.kind === 'purged') this.promises.purged();
      else if (effect.news.kind === 'learnt') this.promises.learnt(effect.news.use, effect.news.id);
    }
    if (event.kind !== 'read') this.promises.settled(state);
  }
}
