import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { sumCounts } from '../admin/counts.ts';
import type { Overview } from '../admin/report.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { LabelMoved } from '../secrets/label-events.ts';
import { LIFELINE } from './launch.ts';
import type { ToWorker } from './messages.ts';
import { ROLLING_LIMITS, type RollingLimits, rollingRestart } from './rolling-restart.ts';
import { Rollout } from './rollout.ts';
import { Spare } from './spare.ts';
import type { StartFailure } from './worker-life.ts';
import { type SlotOptions, WorkerSlot } from './worker-slot.ts';

/** How long things may take, in ms. */
export interface Limits extends RollingLimits {
  /** All workers together to end. */
  readonly end: number;
  /** What a worker has left behind to end, after that. */
  readonly leftBehind: number;
}

const LIMITS: Limits = { ...ROLLING_LIMITS, end: 9_000, leftBehind: 25_000 };

/** What a supervisor needs. */
export interface SupervisorOptions extends Omit<SlotOptions, 'start' | 'onStart' | 'onReady' | 'onFailed'> {
  /** What the first workers answer by. */
  readonly configuration: Configuration;
  /** The message that has a worker start, with what it answers by. */
  readonly start: (worker: number, configuration: Configuration) => ToWorker;
  /** How many workers. */
  readonly workers: number;
  /** Other limits than usual, in ms. */
  readonly limits?: Partial<Limits>;
}

/** Keeps a number of workers running. It holds no secret: workers answer Envoy, and tell it how they are doing. */
export class Supervisor {
  readonly #slots: readonly WorkerSlot[];
  readonly #options: SupervisorOptions;
  readonly #limits: Limits;
  readonly #spare: Spare;
  readonly #rollout: Rollout;
  /** Settle when a process is gone, with all that it has left behind. */
  readonly #left = new Set<Promise<void>>();
  readonly #failed = Promise.withResolvers<StartFailure>();
  #rolling: Promise<void> | undefined;
  #rollAgain = false;
  /** Whether all workers have been ready at a time. */
  #complete = false;
  #ending = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#spare = new Spare(options.launch);
    this.#rollout = new Rollout(options.configuration, () => this.#slots, options.log);
    const slot: SlotOptions = {
      ...options,
      start: (worker) => options.start(worker, this.#rollout.inUse),
      onStart: (started) => this.#rollout.joined(started),
      launch: () => this.#follow(this.#spare.take()),
      onReady: () => this.#prepareSpare(),
      onFailed: (failure: StartFailure) => this.#failed.resolve(failure),
    };
    this.#slots = Array.from({ length: options.workers }, (_, worker) => new WorkerSlot(worker, slot));
  }

  /**
   * Starts the workers.
   *
   * @returns undefined when all have become ready; otherwise why one says that it cannot. Later, such a worker is tried again
   *   and again.
   */
  async start(): Promise<StartFailure | undefined> {
    for (const slot of this.#slots) slot.start();
    const ready = Promise.all(this.#slots.map((slot) => slot.whenReady())).then(() => undefined);
    return Promise.race([ready, this.#failed.promise]);
  }

  /** Whether at least one worker can answer Envoy. */
  get ready(): boolean {
    return !this.#ending && this.#slots.some(({ ready }) => ready);
  }

  /** The process that waits to take over; undefined while there is none. */
  get sparePid(): number | undefined {
    return this.#spare.pid;
  }

  /** Has all workers take another configuration over. */
  configure(configuration: Configuration): Promise<void> {
    return this.#rollout.take(configuration);
  }

  /** Tells all workers that AWSCURRENT of a secret has moved. */
  moved(event: LabelMoved): void {
    for (const slot of this.#slots) slot.moved(event);
  }

  /** Asks all workers how they are doing. */
  async overview(): Promise<Overview> {
    const workers = await Promise.all(this.#slots.map((slot) => slot.view()));
    return {
      ready: this.ready,
      uptimeSeconds: Math.round(process.uptime()),
      supervisorMemoryBytes: process.memoryUsage.rss(),
      workers,
      counts: sumCounts(this.#slots.map(({ counts }) => counts)),
    };
  }

  /**
   * Replaces the workers one after the other: each goes when the one before is ready again and Envoy has come back to it. Asked
   * again meanwhile, it does so once more afterwards. Never rejects.
   */
  roll(): Promise<void> {
    this.#rollAgain = this.#rolling !== undefined;
    this.#rolling ??= this.#roll();
    return this.#rolling;
  }

  /**
   * Ends the workers one after the other, calls under way answered, all within ten seconds: one that takes longer than its
   * share of the time goes on ending while the next one begins. Where one has left a process behind that stores a refresh token,
   * that is waited for, half a minute longer at most.
   */
  async end(): Promise<void> {
    this.#ending = true;
    this.#spare.discard();
    for (const slot of this.#slots) slot.retire();
    const deadline = performance.now() + this.#limits.end;
    const ends: Promise<void>[] = [];
    for (const [index, slot] of this.#slots.entries()) {
      const left = Math.max(0, deadline - performance.now());
      const end = slot.end(left);
      ends.push(end);
      await Promise.race([end, sleep(left / (this.#slots.length - index), undefined, { ref: false })]);
    }
    await Promise.all(ends);
    const allGone = Promise.all(this.#left).then(() => true);
    const isGone = await Promise.race([allGone, sleep(this.#limits.leftBehind, false, { ref: false })]);
    if (!isGone)
      this.#options.log.error('ending before a refresh token is stored; a process that is left does it if it can');
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#ending = true;
    this.#spare.discard();
    for (const slot of this.#slots) slot.kill();
  }

  #follow(child: ChildProcess): ChildProcess {
    const left = leftNothing(child).then(() => {
      this.#left.delete(left);
    });
    this.#left.add(left);
    return child;
  }

  /** Not at the start, while the workers themselves load. */
  #prepareSpare(): void {
    this.#complete ||= this.#slots.every(({ ready }) => ready);
    if (this.#complete && !this.#ending) this.#spare.prepare();
  }

  async #roll(): Promise<void> {
    do {
      this.#rollAgain = false;
      // The program on the disk may be another by now.
      this.#spare.discard();
      this.#spare.prepare();
      try {
        await rollingRestart(this.#slots, this.#limits, this.#options.log, () => this.#ending);
      } catch (error) {
        this.#options.log.error({ err: error }, 'rolling restart stops: the others stay');
      }
    } while (this.#rollAgain && !this.#ending);
    this.#rolling = undefined;
  }
}

/** Settles when a process is gone, with all to which it has passed on its lifeline. */
function leftNothing(child: ChildProcess): Promise<void> {
  const lifeline = child.stdio[LIFELINE];
  if (!(lifeline instanceof Readable)) return new Promise((resolve) => child.once('exit', () => resolve()));
  // Nothing is ever written to it: it ends when nobody has the other end any more.
  lifeline.resume();
  return new Promise((resolve) => lifeline.once('close', () => resolve()));
}
