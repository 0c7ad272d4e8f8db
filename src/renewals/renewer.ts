import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { hearAhead } from '../tokens/endpoint-clock.ts';
import type { Renewed } from '../tokens/renewal.ts';
import type { TokenOrigin } from '../tokens/token-error.ts';
import { RenewalCutOff } from '../tokens/write-back.ts';
import type { Launch } from '../workers/launch.ts';
import type { FromRenewer, RenewTask, ToRenewer } from './messages.ts';
import { accessOf } from './plain-access.ts';

/** How long the process waits for another task before it is told to end, in ms: renewals often come several at a time. */
const IDLE = 5_000;

/** How long to wait before another process is started to store what the one before has not, in ms. */
const PAUSE = 500;

/** A task that is not done yet. */
interface Open {
  readonly origin: TokenOrigin;
  readonly given: () => void;
  readonly done: (renewed: Renewed) => void;
  readonly failed: (error: Error) => void;
  /** What is still to be stored. From then on this process has it too: one of the two may end. */
  held?: Extract<FromRenewer, { kind: 'given' }>;
}

/**
 * Renews grants in a process of its own, which is there only while it is needed. It goes on when this one ends, and when
 * it ends itself, this one has another store what it was given.
 */
export class Renewer {
  readonly #launch: Launch;
  readonly #log: string;
  readonly #open = new Map<number, Open>();
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #task = 0;

  /**
   * @param launch starts the process.
   * @param log the level of its log.
   */
  constructor(launch: Launch, log: string) {
    this.#launch = launch;
    this.#log = log;
  }

  /** The process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Uses a refresh token, and stores what comes in its place.
   *
   * @param given told as soon as something has come.
   * @throws RenewalCutOff when the process ended before it had told anything: nobody knows what has become of the refresh token.
   */
  renew(origin: TokenOrigin, task: RenewTask, given: () => void): Promise<Renewed> {
    return new Promise((done, failed) => {
      const number = ++this.#task;
      this.#open.set(number, { origin, given, done, failed });
      this.#tell({ kind: 'renew', task: number, ...task });
    });
  }

  #tell(message: ToRenewer): void {
    clearTimeout(this.#idle);
    this.#child ??= this.#start();
    this.#child.send(message, () => undefined);
  }

  #start(): ChildProcess {
    const child = this.#launch();
    child.on('message', (message) => this.#hear(message as FromRenewer));
    const ended = () => {
      // One that was let go of has done everything; another may be there by now.
      if (this.#child === child) this.#ended();
    };
    child.once('exit', ended);
    child.once('error', () => {
      if (child.pid === undefined) ended();
    });
    child.send({ kind: 'start', log: this.#log } satisfies ToRenewer, () => undefined);
    return child;
  }

  #hear(message: FromRenewer): void {
    const open = this.#open.get(message.task);
    if (open === undefined) return;
    const { origin } = open;
    switch (message.kind) {
      case 'given':
        open.held = message;
        hearAhead(origin.endpoint, message.ahead);
        open.given();
        return;
      case 'stored':
        if (open.held !== undefined)
          open.done({ access: accessOf(origin, open.held.access), stored: open.held.version });
        break;
      case 'kept':
        hearAhead(origin.endpoint, message.ahead);
        open.done({
          access: accessOf(origin, message.access),
          isLost: message.isLost === true,
          unanswered: message.unanswered,
        });
        break;
      case 'failed':
        open.failed(new Error(`failed inside (${message.name})`));
        break;
    }
    this.#open.delete(message.task);
    if (this.#open.size === 0) this.#idle = setTimeout(() => this.#letGo(), IDLE);
  }

  /** It ends by itself once nobody can ask for more. */
  #letGo(): void {
    const child = this.#child;
    this.#child = undefined;
    if (child?.connected === true) child.disconnect();
  }

  #ended(): void {
    clearTimeout(this.#idle);
    this.#child = undefined;
    for (const [number, { held, failed }] of this.#open) {
      if (held === undefined) {
        this.#open.delete(number);
        failed(new RenewalCutOff());
      }
    }
    if (this.#open.size > 0) void sleep(PAUSE).then(() => this.#storeHeld());
  }

  #storeHeld(): void {
    for (const [task, { origin, held }] of this.#open) {
      if (held !== undefined) this.#tell({ kind: 'store', task, secretId: origin.secretId, version: held.version });
    }
  }
}
