import { setTimeout as sleep } from 'node:timers/promises';
import { NO_COUNTS, sumCounts } from '../admin/counts.ts';
import type { Counts, Report, WorkerView } from '../admin/report.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Verdict } from '../processor/route-discovery.ts';
import type { LabelMoved } from '../secrets/label-events.ts';
import type { Log } from '../telemetry/log.ts';
import { BackOff, WAITS, type Waits } from './back-off.ts';
import type { Launch } from './launch.ts';
import type { ToWorker } from './messages.ts';
import type { Member } from './rollout.ts';
import type { StartFailure, WorkerEnd } from './worker-life.ts';
import { WATCH, type Watch, WorkerProcess } from './worker-process.ts';

/** What a slot needs to run its worker. */
export interface SlotOptions {
  /** The process that becomes the worker. */
  readonly launch: Launch;
  /** The message that has a worker start. */
  readonly start: (worker: number) => ToWorker;
  /** Told of each process that has started in the slot. */
  readonly onStart: (slot: WorkerSlot) => void;
  readonly log: Log;
  /** Told of each rejection of routes, in Envoy's words. */
  readonly onRejected: (reason: string) => void;
  readonly onReady: () => void;
  /** Told when a worker says that it cannot start. */
  readonly onFailed: (failure: StartFailure) => void;
  readonly waits?: Waits;
  readonly watch?: Watch;
}

/** The place of one worker: there is a process in it, or one will be started, until the slot is ended. */
export class WorkerSlot implements Member {
  readonly worker: number;
  readonly #options: SlotOptions;
  readonly #log: Log;
  readonly #backOff: BackOff;
  #process: WorkerProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  #restarts = 0;
  #past = NO_COUNTS;
  #retired = false;

  constructor(worker: number, options: SlotOptions) {
    this.worker = worker;
    this.#options = options;
    this.#log = options.log.child({ worker });
    this.#backOff = new BackOff(options.waits ?? WAITS);
  }

  get ready(): boolean {
    return this.#process?.ready ?? false;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Counts of the processes that this slot has had, the one in it included. */
  get counts(): Counts {
    return sumCounts([this.#past, this.#process?.counts ?? NO_COUNTS]);
  }

  /** @see WorkerProcess.prepare */
  async prepare(configuration: Configuration): Promise<string | undefined> {
    return this.#process?.prepare(configuration);
  }

  /** @see WorkerProcess.use */
  async use(version: string): Promise<void> {
    await this.#process?.use(version);
  }

  /** @see WorkerProcess.publish */
  async publish(version: string): Promise<Verdict> {
    return this.#process?.publish(version) ?? { kind: 'unheard' };
  }

  /** @see WorkerProcess.settle */
  settle(): void {
    this.#process?.settle();
  }

  /** Tells the worker that AWSCURRENT of a secret has moved. */
  moved(event: LabelMoved): void {
    this.#process?.moved(event);
  }

  /** Starts a process, unless there is one or the slot was retired. */
  start(): void {
    if (this.#process !== undefined || this.#retired) return;
    const started = new WorkerProcess(
      this.#options.launch(),
      this.#options.start(this.worker),
      {
        onReady: () => this.#becomeReady(),
        onFailed: (failure) => this.#fail(failure),
        onRejected: (reason) => this.#options.onRejected(reason),
      },
      this.#options.watch ?? WATCH,
    );
    this.#process = started;
    this.#options.onStart(this);
    started.ended.then((end) => this.#leave(started, end));
  }

  /** Settles when a worker is ready; at once when one is. */
  whenReady(): Promise<void> {
    return this.ready ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whether a worker is ready within so many ms. */
  readyWithin(ms: number): Promise<boolean> {
    return Promise.race([this.whenReady().then(() => true), sleep(ms, false, { ref: false })]);
  }

  /** What the worker tells of itself; undefined when there is none or it does not answer. */
  async report(): Promise<Report | undefined> {
    return this.#process?.report();
  }

  /** The worker as the status shows it. */
  async view(): Promise<WorkerView> {
    const report = await this.report();
    return {
      worker: this.worker,
      ...(this.pid === undefined ? {} : { pid: this.pid }),
      ready: this.ready,
      restarts: this.#restarts,
      ...(report === undefined ? {} : { report }),
    };
  }

  /**
   * Has another process take the place of the one that is there. The new one starts when the old one is gone, so the socket is
   * free by then.
   *
   * @param grace ms for the calls under way.
   * @param patience ms for the new one to become ready.
   * @returns whether it did.
   */
  async replace(grace: number, patience: number): Promise<boolean> {
    const old = this.#process;
    old?.drain(grace);
    await old?.ended;
    return this.readyWithin(patience);
  }

  /** Nobody takes the place of the process any more, whenever it ends. */
  retire(): void {
    this.#retired = true;
    clearTimeout(this.#timer);
  }

  /** Ends the process, its calls under way answered within `grace` ms. Settles when it is gone. */
  async end(grace: number): Promise<void> {
    this.retire();
    this.#process?.drain(grace);
    await this.#process?.ended;
  }

  /** Ends the process at once. */
  kill(): void {
    this.retire();
    this.#process?.kill();
  }

  #becomeReady(): void {
    this.#log.info({ process: this.pid }, 'worker is ready');
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#options.onReady();
  }

  #fail(failure: StartFailure): void {
    this.#log.error({ explanation: failure.sentence }, 'worker cannot start');
    this.#options.onFailed(failure);
  }

  #leave(gone: WorkerProcess, { code, signal, lived, wasReady, asked, hung }: WorkerEnd): void {
    this.#past = sumCounts([this.#past, gone.counts]);
    this.#process = undefined;
    if (this.#retired) return;
    this.#restarts += 1;
    if (asked) {
      this.start();
      return;
    }
    const restartInMs = this.#backOff.after({ lived, wasReady, killed: signal === 'SIGKILL' && !hung });
    const how = hung ? 'worker hung and was killed' : 'worker ended';
    this.#log.error({ process: gone.pid, code, signal, livedMs: Math.round(lived), restartInMs }, how);
    this.#timer = setTimeout(() => this.start(), restartInMs);
  }
}
