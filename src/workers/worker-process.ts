import type { ChildProcess } from 'node:child_process';
import { NO_COUNTS } from '../admin/counts.ts';
import type { Counts, Report } from '../admin/report.ts';
import { withDeadline } from '../cache/deadline.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Verdict } from '../processor/route-discovery.ts';
import type { LabelMoved } from '../secrets/label-events.ts';
import { Delivery } from './delivery.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import type { WorkerEnd, WorkerListener } from './worker-life.ts';

/** How a worker is watched. */
export interface Watch {
  /** How often a sign of life is asked for, in ms. */
  readonly pingEvery: number;
  /** After how many questions without an answer it counts as hung. */
  readonly hungAfter: number;
  /** The same for one that has not answered at all yet: it loads its program, which takes long on a busy machine. */
  readonly silentAfter: number;
}

/**
 * A worker that has not answered for 10 s hangs, and one that has not answered at all for two minutes. Questions are counted, not
 * time: the machine itself may have slept.
 */
export const WATCH: Watch = { pingEvery: 1_000, hungAfter: 10, silentAfter: 120 };

/** How long a worker may take to tell of itself, in ms. */
const REPORT_PATIENCE = 1_000;

/** How long after its grace a worker that was told to end is killed, in ms. */
const AFTER_GRACE = 500;

/** The process of one worker as the supervisor sees it: from its start to its end. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #listener: WorkerListener;
  readonly #startedAt = performance.now();
  readonly #watch: Watch;
  readonly #pinger: NodeJS.Timeout;
  readonly #delivery = new Delivery((page) => this.#tell(page));
  readonly #questions = new Map<number, (report: Report) => void>();
  #killer: NodeJS.Timeout | undefined;
  #prepared: ({ readonly version: string } & PromiseWithResolvers<string | undefined>) | undefined;
  #used: ({ readonly version: string } & PromiseWithResolvers<undefined>) | undefined;
  #published: ({ readonly version: string } & PromiseWithResolvers<Verdict>) | undefined;
  #question = 0;
  #unanswered = 0;
  #heard = false;
  #ready = false;
  #wasReady = false;
  #asked = false;
  #hung = false;
  #counts = NO_COUNTS;
  /** Settles when the process is gone. */
  readonly ended: Promise<WorkerEnd>;

  constructor(child: ChildProcess, start: ToWorker, listener: WorkerListener, watch: Watch = WATCH) {
    this.#child = child;
    this.#listener = listener;
    this.#watch = watch;
    this.#pinger = setInterval(() => this.#ping(), watch.pingEvery);
    child.on('message', (message) => this.#hear(message as FromWorker));
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#ready = false;
        clearInterval(this.#pinger);
        clearTimeout(this.#killer);
        resolve({
          code,
          signal,
          lived: performance.now() - this.#startedAt,
          wasReady: this.#wasReady,
          asked: this.#asked,
          hung: this.#hung,
        });
      };
      child.once('exit', end);
      // A process that could not be made at all has no exit; other errors come from messages to one that is about to go.
      child.on('error', () => {
        if (child.pid === undefined) end(null, null);
      });
    });
    this.#tell(start);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it can answer Envoy. */
  get ready(): boolean {
    return this.#ready;
  }

  /** What it has last told of its counts. */
  get counts(): Counts {
    return this.#counts;
  }

  /** What it tells of itself; undefined when it does not within a second. */
  async report(): Promise<Report | undefined> {
    const question = ++this.#question;
    const answer = new Promise<Report>((resolve) => this.#questions.set(question, resolve));
    this.#tell({ kind: 'report', question });
    return withDeadline(answer, REPORT_PATIENCE, () => new Error('no report'))
      .catch(() => undefined)
      .finally(() => this.#questions.delete(question));
  }

  /**
   * Gives it another configuration than the one that it was started with, to make it ready.
   *
   * @returns why it cannot be used; undefined when it is ready, when the process has ended, and when another one is given meanwhile.
   */
  prepare(configuration: Configuration): Promise<string | undefined> {
    this.#prepared?.resolve(undefined);
    const prepared = { version: configuration.version, ...Promise.withResolvers<string | undefined>() };
    this.#prepared = prepared;
    this.#delivery.begin(configuration);
    return Promise.race([prepared.promise, this.ended.then(() => undefined)]);
  }

  /** Has it answer by the configuration of this version, which it has made ready. Settles when it does, or has ended. */
  async use(version: string): Promise<void> {
    const used = { version, ...Promise.withResolvers<undefined>() };
    this.#used = used;
    this.#tell({ kind: 'use', version });
    await Promise.race([used.promise, this.ended]);
  }

  /** Has it give the routes of that to Envoy. @returns what Envoy makes of them. */
  async publish(version: string): Promise<Verdict> {
    const published = { version, ...Promise.withResolvers<Verdict>() };
    this.#published = published;
    this.#tell({ kind: 'publish', version });
    return Promise.race([published.promise, this.ended.then((): Verdict => ({ kind: 'unheard' }))]);
  }

  /** Has it refuse new requests to what that has taken away. */
  settle(): void {
    this.#tell({ kind: 'settle' });
  }

  /** Tells it that AWSCURRENT of a secret has moved. */
  moved(event: LabelMoved): void {
    this.#tell({ kind: 'moved', event });
  }

  /** Has it answer the calls under way and end, within `grace` ms; soon after that it is killed. */
  drain(grace: number): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#ready = false;
    this.#tell({ kind: 'drain', grace });
    this.#killer = setTimeout(() => this.kill(), grace + AFTER_GRACE);
  }

  /** Ends it at once. Envoy takes its calls under way as failed and asks another worker. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hear(message: FromWorker): void {
    this.#unanswered = 0;
    this.#heard = true;
    switch (message.kind) {
      case 'pong':
        this.#counts = message.counts;
        break;
      case 'report':
        this.#counts = message.report.counts;
        this.#questions.get(message.question)?.(message.report);
        break;
      case 'page':
        this.#delivery.got(message);
        break;
      case 'prepared':
        if (message.version === this.#prepared?.version) this.#prepared.resolve(message.problem);
        break;
      case 'used':
        if (message.version === this.#used?.version) this.#used.resolve(undefined);
        break;
      case 'published':
        if (message.version === this.#published?.version) this.#published.resolve(message.verdict);
        break;
      case 'rejected':
        this.#listener.onRejected(message.reason);
        break;
      case 'ready':
        this.#wasReady = true;
        this.#ready = !this.#asked;
        if (this.#ready) this.#listener.onReady();
        break;
      case 'failed':
        this.#listener.onFailed({ sentence: message.sentence, settings: message.settings });
        this.#letGo();
        break;
      case 'drained':
        this.#counts = message.counts;
        this.#letGo();
        break;
    }
  }

  #ping(): void {
    if (this.#unanswered >= (this.#heard ? this.#watch.hungAfter : this.#watch.silentAfter)) {
      this.#hung = true;
      this.kill();
      return;
    }
    this.#unanswered += 1;
    this.#tell({ kind: 'ping' });
  }

  #tell(message: ToWorker): void {
    // With a callback, a channel that has just closed is no exception: the end of the process is told by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #letGo(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
