import type { Log } from './log.ts';

/** By how much more a clock must be off, in s, before that is told anew. */
const TOLD_ANEW = 30;

/** Tells when a clock is off: when it is noticed, when it goes further off, and when it is right again. */
export class ClockLog {
  readonly #log: Log;
  /** By how many seconds the clock was ahead when that was told last, by whose clock it was held against. */
  readonly #told = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param aheadSeconds negative when the clock of this machine is behind; 0 when they hardly differ. */
  tell(endpoint: string, aheadSeconds: number): void {
    const before = this.#told.get(endpoint) ?? 0;
    if (Math.abs(aheadSeconds - before) < TOLD_ANEW && (aheadSeconds === 0) === (before === 0)) return;
    this.#told.set(endpoint, aheadSeconds);
    const what = { endpoint, aheadSeconds };
    if (aheadSeconds === 0) this.#log.info(what, 'the clock of this machine is right again');
    else this.#log.warn(what, 'the clock of this machine is wrong, or that of the endpoint: set it by NTP');
  }
}
