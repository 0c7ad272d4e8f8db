import type { Log } from './log.ts';
import type { LogOutput } from './standard-output.ts';

/** How many entries may wait to be written. */
const MOST_WAITING = 4_096;

/** How long the first one waits for others, in ms. */
const GATHER_FOR = 20;

/**
 * Logs something on every request, off its way: an entry is only put aside, and written with others later. What does not fit,
 * because the log is not read or the process cannot keep up, is dropped and counted.
 *
 * @typeParam T what is put aside: made in the request's own turn, so better a reference than a text.
 */
export class AuditLog<T> {
  readonly #log: Log;
  readonly #output: LogOutput;
  readonly #describe: (entry: T) => object;
  #waiting: T[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  #told = 0;

  /**
   * @param log is written to whatever its level.
   * @param output where that log goes.
   * @param describe the fields of an entry's line.
   */
  constructor(log: Log, output: LogOutput, describe: (entry: T) => object) {
    this.#log = log.child({}, { level: 'info' });
    this.#output = output;
    this.#describe = describe;
  }

  /** How many entries were dropped. */
  get lost(): number {
    return this.#lost;
  }

  add(entry: T): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(entry);
    this.#timer ??= setTimeout(() => this.#write(), GATHER_FOR).unref();
  }

  /** Writes what waits. */
  close(): void {
    clearTimeout(this.#timer);
    this.#write();
  }

  #write(): void {
    this.#timer = undefined;
    const entries = this.#waiting;
    this.#waiting = [];
    const before = this.#output.lost;
    this.#output.batch(() => {
      for (const entry of entries) this.#log.info(this.#describe(entry), 'request decided');
    });
    const dropped = this.#output.lost - before;
    this.#lost += dropped;
    if (dropped > 0 || this.#lost === this.#told) return;
    this.#log.warn(
      { lost: this.#lost - this.#told, sinceStart: this.#lost },
      'audit entries were lost: the log was not read in time',
    );
    this.#told = this.#lost;
  }
}
